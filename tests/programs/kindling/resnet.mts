// A ResNet as torchvision has it, on digits: basic blocks, Kaiming initialisation, SGD with momentum, MultiStepLR.
import { data, manualSeed, nn, noGrad, optim, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

class BasicBlock extends nn.Module {
  static expansion = 1;
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  relu: nn.ReLU;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  downsample: nn.Module | null;
  constructor(inplanes: number, planes: number, stride = 1, downsample: nn.Module | null = null) {
    super();
    this.conv1 = new nn.Conv2d(inplanes, planes, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(planes);
    this.relu = new nn.ReLU({ inplace: true });
    this.conv2 = new nn.Conv2d(planes, planes, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(planes);
    this.downsample = downsample;
  }
  forward(x: Tensor) {
    let identity = x;
    let out = this.conv1(x);
    out = this.bn1(out);
    out = this.relu(out);
    out = this.conv2(out);
    out = this.bn2(out);
    if (this.downsample !== null) identity = this.downsample(x);
    out = out.add(identity);
    return this.relu(out);
  }
}

class ResNet extends nn.Module {
  inplanes = 8;
  conv1 = new nn.Conv2d(1, 8, { kernelSize: 3, stride: 1, padding: 1, bias: false });
  bn1 = new nn.BatchNorm2d(8);
  relu = new nn.ReLU({ inplace: true });
  maxpool = new nn.MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 });
  layer1: nn.Sequential;
  layer2: nn.Sequential;
  avgpool: nn.AdaptiveAvgPool2d;
  fc: nn.Linear;
  constructor(block: typeof BasicBlock, layers: number[], numClasses = 10, zeroInitResidual = true) {
    super();
    this.layer1 = this._makeLayer(block, 8, layers[0]);
    this.layer2 = this._makeLayer(block, 16, layers[1], 2);
    this.avgpool = new nn.AdaptiveAvgPool2d([1, 1]);
    this.fc = new nn.Linear(16 * block.expansion, numClasses);
    for (const m of this.modules()) {
      if (m instanceof nn.Conv2d) {
        nn.init.kaimingNormal_(m.weight, { mode: 'fan_out', nonlinearity: 'relu' });
      } else if (m instanceof nn.BatchNorm2d || m instanceof nn.GroupNorm) {
        nn.init.constant_(m.weight!, 1);
        nn.init.constant_(m.bias!, 0);
      }
    }
    if (zeroInitResidual) {
      for (const m of this.modules()) if (m instanceof BasicBlock) nn.init.constant_(m.bn2.weight!, 0);
    }
  }
  _makeLayer(block: typeof BasicBlock, planes: number, blocks: number, stride = 1) {
    let downsample: nn.Module | null = null;
    if (stride !== 1 || this.inplanes !== planes * block.expansion) {
      downsample = new nn.Sequential(
        new nn.Conv2d(this.inplanes, planes * block.expansion, 1, stride, { bias: false }),
        new nn.BatchNorm2d(planes * block.expansion),
      );
    }
    const layers = [new block(this.inplanes, planes, stride, downsample)];
    this.inplanes = planes * block.expansion;
    for (let i = 1; i < blocks; i++) layers.push(new block(this.inplanes, planes));
    return new nn.Sequential(...layers);
  }
  forward(x: Tensor) {
    x = this.relu(this.bn1(this.conv1(x)));
    x = this.maxpool(x);
    x = this.layer1(x);
    x = this.layer2(x);
    x = this.avgpool(x);
    x = x.flatten(1);
    return this.fc(x);
  }
}

manualSeed(0);
const device = 'cpu';
const model = new ResNet(BasicBlock, [1, 1]).to(device);
const trainloader = new data.DataLoader(new data.TensorDataset(...mnist(true, 512)), {
  batchSize: 64,
  shuffle: true,
  numWorkers: 2,
  pinMemory: true,
});
const criterion = new nn.CrossEntropyLoss().to(device);
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-4 });
const scheduler = new optim.lrScheduler.MultiStepLR(optimizer, { milestones: [1, 2], gamma: 0.1 });
console.log(
  'parameters',
  model.parameters().reduce((n, p) => n + p.numel(), 0),
);
for (let epoch = 0; epoch < 3; epoch++) {
  model.train();
  let trainLoss = 0,
    correct = 0,
    total = 0;
  for await (let [inputs, targets] of trainloader) {
    [inputs, targets] = [inputs.to(device, { nonBlocking: true }), targets.to(device)];
    optimizer.zeroGrad();
    const outputs = model(inputs);
    const loss = criterion(outputs, targets);
    loss.backward();
    optimizer.step();
    trainLoss += await loss.item();
    const [, predicted] = outputs.max(1);
    total += targets.size(0);
    correct += await predicted.eq(targets).sum().item();
  }
  scheduler.step();
  console.log(
    `epoch ${epoch} loss ${(trainLoss / trainloader.length).toFixed(3)} acc ${(correct / total).toFixed(2)} lr ${optimizer.paramGroups[0].lr.toFixed(4)}`,
  );
}
const [testX] = mnist(false, 4);
model.eval();
console.log(
  (
    await noGrad(() => model(testX))
      .mean()
      .item()
  ).toFixed(3),
);
