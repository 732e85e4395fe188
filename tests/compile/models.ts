// Small models and their training steps, made twice from one seed: one runs as it is, the other compiled.
import { compile, manualSeed, nn, optim, randn, arange, randint, ones, zeros, cat, type Tensor } from '../../src/index';

const { functional: F } = nn;

/** A step, what it is called with, what happens between steps, and the tensors to compare. */
export interface Case {
  readonly step: (...args: Tensor[]) => Tensor;
  readonly inputs: () => Tensor[];
  readonly between: () => void;
  readonly state: () => Iterable<Tensor>;
}

export class Cnn extends nn.Module {
  conv1 = new nn.Conv2d(1, 4, 3, { padding: 1 });
  norm = new nn.BatchNorm2d(4);
  conv2 = new nn.Conv2d(4, 8, 3);
  drop = new nn.Dropout(0.3);
  out = new nn.Linear(8 * 2 * 2, 10);
  override forward(x: Tensor): Tensor {
    const a = F.maxPool2d(F.relu(this.norm(this.conv1(x))), 2);
    const b = F.relu(this.conv2(a)).flatten(1);
    return this.out(this.drop(b));
  }
}

export function cnn(): Case {
  const net = new Cnn();
  const optimizer = new optim.Adam(net.parameters(), { lr: 1e-3 });
  const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, 50);
  return {
    step: (x, y) => {
      optimizer.zeroGrad();
      const loss = F.crossEntropy(net(x), y);
      loss.backward();
      optimizer.step();
      return loss;
    },
    inputs: () => [randn(6, 1, 8, 8), randint(10, [6])],
    between: () => scheduler.step(),
    state: () => [...net.parameters(), ...net.buffers()],
  };
}

class Gpt extends nn.Module {
  tokens = new nn.Embedding(11, 16);
  positions = new nn.Embedding(6, 16);
  layers = new nn.TransformerEncoder(
    new nn.TransformerEncoderLayer(16, 2, 32, 0.1, { batchFirst: true, normFirst: true }),
    2,
  );
  head = new nn.Linear(16, 11);
  override forward(x: Tensor): Tensor {
    const length = x.shape[1];
    const at = arange(length);
    const h = this.tokens(x).add(this.positions(at));
    const mask = nn.Transformer.generateSquareSubsequentMask(length);
    return this.head(this.layers(h, { mask, isCausal: true }));
  }
}

export function gpt(): Case {
  const net = new Gpt();
  const optimizer = new optim.AdamW(net.parameters(), { lr: 1e-2 });
  const scheduler = new optim.lrScheduler.OneCycleLR(optimizer, 0.01, { totalSteps: 400 });
  return {
    step: (x, y) => {
      optimizer.zeroGrad();
      const loss = F.crossEntropy(net(x).reshape(-1, 11), y.reshape(-1));
      loss.backward();
      nn.utils.clipGradNorm_(net.parameters(), 1);
      optimizer.step();
      return loss;
    },
    inputs: () => [randint(11, [3, 6]), randint(11, [3, 6])],
    between: () => scheduler.step(),
    state: () => net.parameters(),
  };
}

class Recurrent extends nn.Module {
  lstm = new nn.LSTM(5, 8, 2, { batchFirst: true, dropout: 0.2 });
  out = new nn.Linear(8, 3);
  override forward(x: Tensor): Tensor {
    const [h] = this.lstm(x);
    return this.out(h.select(1, -1));
  }
}

export function lstm(): Case {
  const net = new Recurrent();
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 1e-4 });
  const scheduler = new optim.lrScheduler.StepLR(optimizer, 30, { gamma: 0.5 });
  return {
    step: (x, y) => {
      const loss = F.mseLoss(net(x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.detach();
    },
    inputs: () => [randn(4, 5, 5), randn(4, 3)],
    between: () => scheduler.step(),
    state: () => net.parameters(),
  };
}

/** A generator and a discriminator with an optimizer each; the noise is drawn in the step. */
export function dcgan(): Case {
  const generator = new nn.Sequential(
    new nn.ConvTranspose2d(4, 8, 4, { bias: false }), new nn.BatchNorm2d(8), new nn.ReLU(),
    new nn.ConvTranspose2d(8, 1, 4, 2, 1, { bias: false }), new nn.Tanh(),
  ); // prettier-ignore
  const discriminator = new nn.Sequential(
    new nn.Conv2d(1, 8, 4, 2, 1), new nn.LeakyReLU(0.2), new nn.Dropout(0.25),
    new nn.Conv2d(8, 1, 4), new nn.Flatten(),
  ); // prettier-ignore
  const first = new optim.Adam(generator.parameters(), { lr: 2e-3, betas: [0.5, 0.999] });
  const second = new optim.RMSprop(discriminator.parameters(), { lr: 1e-3 });
  return {
    step: (real) => {
      const fake = generator(randn(real.shape[0], 4, 1, 1));
      second.zeroGrad();
      const onReal = F.binaryCrossEntropyWithLogits(discriminator(real), ones(real.shape[0], 1));
      const onFake = F.binaryCrossEntropyWithLogits(discriminator(fake.detach()), zeros(real.shape[0], 1));
      const loss = onReal.add(onFake);
      loss.backward();
      second.step();
      first.zeroGrad();
      const fooled = F.binaryCrossEntropyWithLogits(discriminator(fake), ones(real.shape[0], 1));
      fooled.backward();
      first.step();
      return cat([loss.detach().reshape(1), fooled.detach().reshape(1)]);
    },
    inputs: () => [randn(5, 1, 8, 8)],
    between: () => undefined,
    state: () => [...generator.parameters(), ...discriminator.parameters(), ...generator.buffers()],
  };
}

/** What a run of `steps` gives: all results, and the state at the end. */
export async function train(make: () => Case, steps: number, isCompiled: boolean): Promise<number[][]> {
  manualSeed(7);
  const { step, inputs, between, state } = make();
  const run = isCompiled ? compile(step) : step;
  const values: number[][] = [];
  for (let i = 0; i < steps; i++) {
    const loss = run(...inputs());
    values.push(Array.from(await loss.data(), Number));
    between();
  }
  for (const t of state()) values.push(Array.from(await t.data(), Number));
  return values;
}
