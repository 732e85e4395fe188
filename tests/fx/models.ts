// Models for tests of fx, the same in record.py; each with a function that makes its inputs.
import { cat, flatten, matmul, nn, ones, randint, randn, relu, softmax, type Tensor } from '../../src';

const F = nn.functional;

class Mlp extends nn.Module {
  fc1 = new nn.Linear(4, 8);
  fc2 = new nn.Linear(8, 3);
  override forward(x: Tensor): Tensor {
    return F.logSoftmax(this.fc2(F.relu(this.fc1(x))), 1);
  }
}

class Lenet extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 5);
  conv2 = new nn.Conv2d(6, 16, 5);
  drop = new nn.Dropout(0.5);
  fc = new nn.Linear(256, 10);
  override forward(x: Tensor): Tensor {
    const y = F.maxPool2d(relu(this.conv1(x)), 2);
    return this.fc(this.drop(flatten(F.maxPool2d(relu(this.conv2(y)), 2), 1)));
  }
}

class Block extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  relu = new nn.ReLU();
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  downsample: nn.Module | null = null;
  constructor(n: number, out: number, stride: number) {
    super();
    this.conv1 = new nn.Conv2d(n, out, 3, stride, 1, { bias: false });
    this.bn1 = new nn.BatchNorm2d(out);
    this.conv2 = new nn.Conv2d(out, out, 3, 1, 1, { bias: false });
    this.bn2 = new nn.BatchNorm2d(out);
    if (stride !== 1 || n !== out) {
      this.downsample = new nn.Sequential(new nn.Conv2d(n, out, 1, stride, { bias: false }), new nn.BatchNorm2d(out));
    }
  }
  override forward(x: Tensor): Tensor {
    let out: Tensor = this.relu(this.bn1(this.conv1(x)));
    out = this.bn2(this.conv2(out));
    const identity = this.downsample === null ? x : (this.downsample(x) as Tensor);
    return this.relu(out.add(identity));
  }
}

class Resnet extends nn.Module {
  conv1 = new nn.Conv2d(3, 4, 7, 2, 3, { bias: false });
  bn1 = new nn.BatchNorm2d(4);
  relu = new nn.ReLU();
  maxpool = new nn.MaxPool2d(3, 2, 1);
  layer1 = new nn.Sequential(new Block(4, 4, 1), new Block(4, 4, 1));
  layer2 = new nn.Sequential(new Block(4, 8, 2), new Block(8, 8, 1));
  avgpool = new nn.AdaptiveAvgPool2d([1, 1]);
  fc = new nn.Linear(8, 10);
  override forward(x: Tensor): Tensor {
    const y = this.maxpool(this.relu(this.bn1(this.conv1(x))));
    return this.fc(flatten(this.avgpool(this.layer2(this.layer1(y))), 1));
  }
}

class Inverted extends nn.Module {
  conv: nn.Sequential;
  constructor(n: number, out: number, stride: number, t: number) {
    super();
    const h = n * t;
    this.residual = stride === 1 && n === out;
    const layers: nn.Module[] = [];
    if (t !== 1) {
      layers.push(new nn.Sequential(new nn.Conv2d(n, h, 1, { bias: false }), new nn.BatchNorm2d(h), new nn.ReLU6()));
    }
    layers.push(
      new nn.Sequential(
        new nn.Conv2d(h, h, 3, stride, 1, { groups: h, bias: false }),
        new nn.BatchNorm2d(h),
        new nn.ReLU6(),
      ),
      new nn.Conv2d(h, out, 1, { bias: false }),
      new nn.BatchNorm2d(out),
    );
    this.conv = new nn.Sequential(...layers);
  }
  private readonly residual: boolean;
  override forward(x: Tensor): Tensor {
    return this.residual ? x.add(this.conv(x)) : this.conv(x);
  }
}

class Mobilenet extends nn.Module {
  features = new nn.Sequential(
    new nn.Sequential(new nn.Conv2d(3, 4, 3, 2, 1, { bias: false }), new nn.BatchNorm2d(4), new nn.ReLU6()),
    new Inverted(4, 4, 1, 1),
    new Inverted(4, 6, 2, 3),
    new Inverted(6, 6, 1, 3),
  );
  classifier = new nn.Sequential(new nn.Dropout(0.2), new nn.Linear(6, 5));
  override forward(x: Tensor): Tensor {
    return this.classifier(flatten(F.adaptiveAvgPool2d(this.features(x), [1, 1]), 1));
  }
}

class Squeeze extends nn.Module {
  squeeze = new nn.Conv2d(3, 2, 1);
  expand1 = new nn.Conv2d(2, 4, 1);
  expand3 = new nn.Conv2d(2, 4, 3, { padding: 1 });
  act = new nn.ReLU();
  override forward(x: Tensor): Tensor {
    const y = this.act(this.squeeze(x));
    return cat([this.act(this.expand1(y)), this.act(this.expand3(y))], 1);
  }
}

class Lstm extends nn.Module {
  embedding = new nn.Embedding(10, 4);
  lstm = new nn.LSTM(4, 6, { batchFirst: true });
  out = new nn.Linear(6, 10);
  override forward(ids: Tensor): Tensor {
    return this.out(this.lstm(this.embedding(ids))[0].select(1, -1));
  }
}

class Attention extends nn.Module {
  query = new nn.Linear(8, 8);
  key = new nn.Linear(8, 8);
  value = new nn.Linear(8, 8);
  mask = this.registerBuffer('mask', ones(5, 5).triu(1).bool());
  scale = new nn.Parameter(ones(1));
  override forward(x: Tensor): Tensor {
    const q = this.query(x).reshape(2, 5, 2, 4).transpose(1, 2);
    const k = this.key(x).reshape(2, 5, 2, 4).transpose(1, 2);
    const v = this.value(x).reshape(2, 5, 2, 4).transpose(1, 2);
    let scores = matmul(q, k.transpose(2, 3)).mul(this.scale);
    scores = scores.maskedFill(this.mask, -Infinity);
    return matmul(softmax(scores, -1), v).transpose(1, 2).flatten(2);
  }
}

class Encoder extends nn.Module {
  norm1 = new nn.LayerNorm(8);
  attention = new nn.MultiheadAttention(8, 2, { batchFirst: true });
  norm2 = new nn.LayerNorm(8);
  mlp = new nn.Sequential(new nn.Linear(8, 16), new nn.GELU(), new nn.Linear(16, 8));
  override forward(x: Tensor): Tensor {
    const y = this.norm1(x);
    const z = x.add(this.attention(y, y, y)[0]);
    return z.add(this.mlp(this.norm2(z)));
  }
}

class Autoencoder extends nn.Module {
  encoder = new nn.Sequential(new nn.Linear(6, 4), new nn.Tanh());
  mean = new nn.Linear(4, 2);
  logvar = new nn.Linear(4, 2);
  decoder = new nn.Sequential(new nn.Linear(2, 4), new nn.Tanh(), new nn.Linear(4, 6), new nn.Sigmoid());
  override forward(x: Tensor, noise: Tensor): Tensor[] {
    const h = this.encoder(x);
    const [mean, logvar] = [this.mean(h), this.logvar(h)];
    return [this.decoder(mean.add(logvar.mul(0.5).exp().mul(noise))), mean, logvar];
  }
}

class Unet extends nn.Module {
  down = new nn.Conv2d(1, 2, 3, { padding: 1 });
  pool = new nn.MaxPool2d(2);
  middle = new nn.Conv2d(2, 4, 3, { padding: 1 });
  up = new nn.ConvTranspose2d(4, 2, 2, 2);
  out = new nn.Conv2d(4, 1, 1);
  override forward(x: Tensor): Tensor {
    const a = F.silu(this.down(x));
    const b = F.silu(this.middle(this.pool(a)));
    const c = F.interpolate(b, { scaleFactor: 2 });
    const d = cat([this.up(b), a], 1);
    return this.out(d)
      .sigmoid()
      .add(c.mean(1, { keepdim: true }));
  }
}

class Generator extends nn.Module {
  main = new nn.Sequential(
    new nn.ConvTranspose2d(5, 4, 4, 1, 0, { bias: false }),
    new nn.BatchNorm2d(4),
    new nn.ReLU(),
    new nn.ConvTranspose2d(4, 1, 4, 2, 1, { bias: false }),
    new nn.Tanh(),
  );
  override forward(z: Tensor): Tensor {
    return this.main(z);
  }
}

/** A model and its inputs. */
type Case = readonly [make: () => nn.Module, inputs: () => Tensor[]];

export const MODELS: Readonly<Record<string, Case>> = {
  Mlp: [() => new Mlp(), () => [randn(2, 4)]],
  Lenet: [() => new Lenet(), () => [randn(2, 1, 28, 28)]],
  Resnet: [() => new Resnet(), () => [randn(2, 3, 32, 32)]],
  Mobilenet: [() => new Mobilenet(), () => [randn(2, 3, 16, 16)]],
  Squeeze: [() => new Squeeze(), () => [randn(2, 3, 5, 5)]],
  Lstm: [() => new Lstm(), () => [randint(0, 10, [2, 4])]],
  Attention: [() => new Attention(), () => [randn(2, 5, 8)]],
  Encoder: [() => new Encoder(), () => [randn(2, 5, 8)]],
  Autoencoder: [() => new Autoencoder(), () => [randn(3, 6), randn(3, 2)]],
  Unet: [() => new Unet(), () => [randn(1, 1, 8, 8)]],
  Generator: [() => new Generator(), () => [randn(2, 5, 1, 1)]],
};
