// The whole models of cases/models/models.py, with the same names of submodules, so that recorded state dicts load by key.
import { arange, cat, full, nn, rand, stack, type Tensor } from '../../src';
import { findModule, present } from './names';

const { functional: F } = nn;

type Options = Readonly<Record<string, unknown>>;

/** One hidden layer, ReLU. */
class MLP extends nn.Module {
  hidden: nn.Linear;
  out: nn.Linear;

  constructor({ nIn = 20, nHidden = 32, nOut = 10 } = {}) {
    super();
    this.hidden = new nn.Linear(nIn, nHidden);
    this.out = new nn.Linear(nHidden, nOut);
  }

  override forward(x: Tensor): Tensor {
    return this.out(F.relu(this.hidden(x)));
  }
}

/** The classic network of tutorials, for [N, 1, 14, 14]. */
class Net extends nn.Module {
  conv1: nn.Conv2d;
  conv2: nn.Conv2d;
  fc1: nn.Linear;
  fc2: nn.Linear;

  constructor({ c1 = 4, c2 = 6, hidden = 20, nOut = 10 } = {}) {
    super();
    this.conv1 = new nn.Conv2d(1, c1, 3);
    this.conv2 = new nn.Conv2d(c1, c2, 3);
    this.fc1 = new nn.Linear(c2 * 2 * 2, hidden);
    this.fc2 = new nn.Linear(hidden, nOut);
  }

  override forward(x: Tensor): Tensor {
    let y = F.maxPool2d(F.relu(this.conv1(x)), 2);
    y = F.maxPool2d(F.relu(this.conv2(y)), 2);
    y = F.relu(this.fc1(y.flatten(1)));
    return F.logSoftmax(this.fc2(y), 1);
  }
}

/** A Sequential inside a module. */
class NestMLP extends nn.Module {
  net: nn.Module;
  linear = new nn.Linear(12, 8);

  constructor({ nIn = 20 } = {}) {
    super();
    this.net = new nn.Sequential(new nn.Linear(nIn, 24), new nn.ReLU(), new nn.Linear(24, 12), new nn.ReLU());
  }

  override forward(x: Tensor): Tensor {
    return this.linear(this.net(x) as Tensor);
  }
}

/** A constant, a layer used twice, and control flow that depends on data, hence asynchronous. */
class FixedHiddenMLP extends nn.Module {
  linear: nn.Linear;

  constructor({ n = 20 } = {}) {
    super();
    this.registerBuffer('rand_weight', rand(n, n));
    this.linear = new nn.Linear(n, n);
  }

  override async forward(x: Tensor): Promise<Tensor> {
    const constant = this.getBuffer('rand_weight');
    let y = F.relu(this.linear(x).mm(constant).add(1));
    y = this.linear(y);
    while ((await y.abs().sum().item()) > 1) y = y.div(2);
    return y.sum();
  }
}

class Chimera extends nn.Module {
  seq: nn.Module = new nn.Sequential(new NestMLP(), new nn.Linear(8, 20), new FixedHiddenMLP());

  override forward(x: Tensor): Promise<Tensor> {
    return this.seq(x) as Promise<Tensor>;
  }
}

/** LeNet-5 on [N, 1, 28, 28]. */
class LeNet extends nn.Module {
  features: nn.Module;
  classifier: nn.Module;

  constructor({ act = 'sigmoid', c = [6, 16], f = [120, 84], nOut = 10 } = {}) {
    super();
    const smooth = act === 'sigmoid';
    const activation = (): nn.Module => (smooth ? new nn.Sigmoid() : new nn.ReLU());
    const pool = (): nn.Module => (smooth ? new nn.AvgPool2d(2, 2) : new nn.MaxPool2d(2, 2));
    const second = new nn.Conv2d(c[0], c[1], 5);
    const first = new nn.Conv2d(1, c[0], 5, { padding: 2 });
    this.features = new nn.Sequential(first, activation(), pool(), second, activation(), pool());
    const layers = [new nn.Linear(c[1] * 25, f[0]), new nn.Linear(f[0], f[1]), new nn.Linear(f[1], nOut)];
    this.classifier = new nn.Sequential(new nn.Flatten(), layers[0], activation(), layers[1], activation(), layers[2]);
  }

  override forward(x: Tensor): Tensor {
    return this.classifier(this.features(x) as Tensor) as Tensor;
  }
}

class BasicBlock extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  relu = new nn.ReLU();
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  downsample: nn.Module | null = null;

  constructor(cin: number, cout: number, stride = 1) {
    super();
    this.conv1 = new nn.Conv2d(cin, cout, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(cout);
    this.conv2 = new nn.Conv2d(cout, cout, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(cout);
    if (stride !== 1 || cin !== cout) {
      const shortcut = new nn.Conv2d(cin, cout, 1, { stride, bias: false });
      this.downsample = new nn.Sequential(shortcut, new nn.BatchNorm2d(cout));
    }
  }

  override forward(x: Tensor): Tensor {
    const identity = this.downsample === null ? x : (this.downsample(x) as Tensor);
    const y = this.bn2(this.conv2(this.relu(this.bn1(this.conv1(x)))));
    return this.relu(y.add(identity));
  }
}

class SmallResNet extends nn.Module {
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  layer1: nn.Module;
  layer2: nn.Module;
  avgpool = new nn.AdaptiveAvgPool2d(1);
  fc: nn.Linear;

  constructor({ width = 6, nOut = 5 } = {}) {
    super();
    this.conv1 = new nn.Conv2d(3, width, 3, { padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(width);
    this.layer1 = new nn.Sequential(new BasicBlock(width, width));
    this.layer2 = new nn.Sequential(new BasicBlock(width, 2 * width, 2));
    this.fc = new nn.Linear(2 * width, nOut);
  }

  override forward(x: Tensor): Tensor {
    const y = this.layer1(F.relu(this.bn1(this.conv1(x)))) as Tensor;
    return this.fc(this.avgpool(this.layer2(y) as Tensor).flatten(1));
  }
}

/** Sinusoids that are added to embeddings. */
class PositionalEncoding extends nn.Module {
  constructor(dModel: number, maxLen = 16) {
    super();
    const position = arange(maxLen).unsqueeze(1).to('float32');
    const frequency = arange(0, dModel, 2)
      .to('float32')
      .mul(-Math.log(10000) / dModel)
      .exp();
    const angle = position.mul(frequency);
    this.registerBuffer('pe', stack([angle.sin(), angle.cos()], -1).reshape(maxLen, 1, dModel));
  }

  override forward(x: Tensor): Tensor {
    return x.add(this.getBuffer('pe').narrow(0, 0, x.size(0)));
  }
}

/** A module of this name, which kindling may not have yet. */
const make = (name: string, ...args: unknown[]): nn.Module => new (present(findModule(name), `nn.${name}`))(...args);

/** A small language model: a TransformerEncoder with a causal mask. */
class TransformerLM extends nn.Module {
  embedding: nn.Embedding;
  pos_encoder: PositionalEncoding;
  encoder: nn.Module;
  decoder: nn.Linear;

  constructor({
    vocab = 11,
    dModel = 8,
    nhead = 2,
    dimFeedforward = 16,
    numLayers = 2,
    activation = 'relu',
    normFirst = false,
  } = {}) {
    super();
    this.embedding = new nn.Embedding(vocab, dModel);
    this.pos_encoder = new PositionalEncoding(dModel);
    const options = { dropout: 0, activation, normFirst };
    const layer = make('TransformerEncoderLayer', dModel, nhead, dimFeedforward, options);
    this.encoder = make('TransformerEncoder', layer, numLayers);
    this.decoder = new nn.Linear(dModel, vocab);
  }

  override forward(ids: Tensor): Tensor {
    const length = ids.size(0);
    const mask = full([length, length], -Infinity).triu(1);
    const x = this.pos_encoder(this.embedding(ids).mul(Math.sqrt(this.embedding.embeddingDim)));
    return this.decoder(this.encoder(x, mask) as Tensor);
  }
}

/** Embedding, LSTM, Linear; gives [logits, [h, c]]. */
class LSTMLM extends nn.Module {
  encoder: nn.Embedding;
  rnn: nn.Module;
  decoder: nn.Linear;

  constructor({ vocab = 9, emb = 6, hidden = 7, numLayers = 2, tied = false } = {}) {
    super();
    this.encoder = new nn.Embedding(vocab, emb);
    this.rnn = make('LSTM', emb, hidden, numLayers);
    this.decoder = new nn.Linear(hidden, vocab);
    if (tied) this.decoder.weight = this.encoder.weight;
  }

  override forward(ids: Tensor): [Tensor, [Tensor, Tensor]] {
    const [out, state] = this.rnn(this.encoder(ids)) as [Tensor, [Tensor, Tensor]];
    return [this.decoder(out), state];
  }
}

class ConvAutoencoder extends nn.Module {
  encoder: nn.Module;
  decoder: nn.Module;

  constructor({ c = 4 } = {}) {
    super();
    const half = { stride: 2, padding: 1 };
    this.encoder = new nn.Sequential(
      new nn.Conv2d(1, c, 3, half),
      new nn.ReLU(),
      new nn.Conv2d(c, 2 * c, 3, half),
      new nn.ReLU(),
    );
    this.decoder = new nn.Sequential(
      make('ConvTranspose2d', 2 * c, c, 3, { ...half, outputPadding: 1 }),
      new nn.ReLU(),
      make('ConvTranspose2d', c, 1, 2, { stride: 2 }),
      new nn.Sigmoid(),
    );
  }

  override forward(x: Tensor): Tensor {
    return this.decoder(this.encoder(x) as Tensor) as Tensor;
  }
}

/** The last hidden states of both directions of a GRU. */
class GRUClassifier extends nn.Module {
  gru: nn.Module;
  fc: nn.Linear;

  constructor({ nIn = 3, hidden = 5, nOut = 4 } = {}) {
    super();
    this.gru = make('GRU', nIn, hidden, { batchFirst: true, bidirectional: true });
    this.fc = new nn.Linear(2 * hidden, nOut);
  }

  override forward(x: Tensor): Tensor {
    const [, h] = this.gru(x) as [Tensor, Tensor];
    return this.fc(cat([h.select(0, 0), h.select(0, 1)], 1));
  }
}

/** The models by name, made with the recorded options. */
export const MODELS: Readonly<Record<string, (options: Options) => nn.Module>> = {
  MLP: (options) => new MLP(options),
  Net: (options) => new Net(options),
  NestMLP: (options) => new NestMLP(options),
  FixedHiddenMLP: (options) => new FixedHiddenMLP(options),
  Chimera: () => new Chimera(),
  LeNet: (options) => new LeNet(options),
  SmallResNet: (options) => new SmallResNet(options),
  TransformerLM: (options) => new TransformerLM(options),
  LSTMLM: (options) => new LSTMLM(options),
  ConvAutoencoder: (options) => new ConvAutoencoder(options),
  GRUClassifier: (options) => new GRUClassifier(options),
};
