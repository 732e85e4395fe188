// ResNet-18 (https://arxiv.org/abs/1512.03385) with torchvision's names and initialisation.
import { nn, type Tensor } from '../../src';

class BasicBlock extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  relu = new nn.ReLU({ inplace: true });
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  downsample: nn.Sequential | null;

  constructor(inplanes: number, planes: number, stride: number, downsample: nn.Sequential | null) {
    super();
    this.conv1 = new nn.Conv2d(inplanes, planes, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(planes);
    this.conv2 = new nn.Conv2d(planes, planes, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(planes);
    this.downsample = downsample;
  }

  override forward(x: Tensor): Tensor {
    const identity = this.downsample === null ? x : this.downsample(x);
    const out = this.relu(this.bn1(this.conv1(x)));
    return this.relu(this.bn2(this.conv2(out)).add(identity));
  }
}

/** Shape: images [N, 3, H, W] -> logits [N, numClasses]. */
export class ResNet18 extends nn.Module {
  private inplanes = 64;
  conv1 = new nn.Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false });
  bn1 = new nn.BatchNorm2d(64);
  relu = new nn.ReLU({ inplace: true });
  maxpool = new nn.MaxPool2d(3, 2, 1);
  layer1 = this.makeLayer(64, 2);
  layer2 = this.makeLayer(128, 2, 2);
  layer3 = this.makeLayer(256, 2, 2);
  layer4 = this.makeLayer(512, 2, 2);
  avgpool = new nn.AdaptiveAvgPool2d([1, 1]);
  fc: nn.Linear;

  constructor(numClasses = 1000) {
    super();
    this.fc = new nn.Linear(512, numClasses);
    for (const module of this.modules()) {
      if (module instanceof nn.Conv2d) {
        nn.init.kaimingNormal_(module.weight, { mode: 'fan_out', nonlinearity: 'relu' });
      }
    }
  }

  private makeLayer(planes: number, blocks: number, stride = 1): nn.Sequential {
    const { inplanes } = this;
    const changes = stride !== 1 || inplanes !== planes;
    const downsample = changes
      ? new nn.Sequential(new nn.Conv2d(inplanes, planes, 1, { stride, bias: false }), new nn.BatchNorm2d(planes))
      : null;
    const layers: nn.Module[] = [new BasicBlock(inplanes, planes, stride, downsample)];
    this.inplanes = planes;
    for (let i = 1; i < blocks; i++) layers.push(new BasicBlock(planes, planes, 1, null));
    return new nn.Sequential(...layers);
  }

  override forward(images: Tensor): Tensor {
    const x = this.maxpool(this.relu(this.bn1(this.conv1(images))));
    const features = this.layer4(this.layer3(this.layer2(this.layer1(x))));
    return this.fc(this.avgpool(features).flatten(1));
  }
}
