// Loops that await nothing, as people write them, for environments of every kind. What is sent to a page as text sees nothing
// but its argument and the global `kindling`.
import type * as Kindling from 'kindling';

declare const kindling: typeof Kindling;

/** The loops that `runLoop` knows. */
export const LOOPS = [
  'mlp',
  'cnn',
  'gpt',
  'gan',
  'wgan-gp',
  'fgsm',
  'by hand',
  'own modules',
  'inference',
  'replaced',
  'unused',
] as const;
export type LoopName = (typeof LOOPS)[number];

/** Which loop, and how long. */
export interface LoopOptions {
  readonly name: LoopName;
  readonly steps: number;
  /** Settings of the engine; by default it chooses. */
  readonly init?: Kindling.InitOptions;
}

/** What came of it. */
export interface LoopResult {
  /** Greatest number of bytes in use. */
  readonly live: number;
  /** Bytes that the engine has taken for itself. */
  readonly reserved: number;
  /** Milliseconds of the loop, up to its last step and up to when its values are there. */
  readonly scheduling: number;
  readonly total: number;
  /** The longest step, and the longest task of the page once the loop is over. Milliseconds. */
  readonly longestStep: number;
  readonly longestTask: number;
  /** What the last step gives. */
  readonly value: number;
}

/** Runs a loop in one task. */
export async function runLoop({ name, steps, init }: LoopOptions): Promise<LoopResult> {
  const { nn, optim, autograd, manualSeed, randn, rand, randint, arange, ones, noGrad, tanh, memory } = kindling;
  const F = nn.functional;
  type Tensor = Kindling.Tensor;
  kindling.shutdown();
  await kindling.init(init);
  manualSeed(0);

  const trained = (optimizer: Kindling.optim.Optimizer, loss: Tensor): Tensor => {
    optimizer.zeroGrad();
    loss.backward();
    void optimizer.step();
    return loss;
  };
  const perceptron = (from: number, width: number, to: number): Kindling.nn.Module =>
    new nn.Sequential(
      new nn.Linear(from, width),
      new nn.ReLU(),
      new nn.Linear(width, width),
      new nn.ReLU(),
      new nn.Linear(width, to),
    );
  const call = (net: Kindling.nn.Module, x: Tensor): Tensor => (net as unknown as (x: Tensor) => Tensor)(x);

  const makers: Record<LoopName, () => (i: number) => Tensor> = {
    mlp: () => {
      const net = perceptron(64, 256, 10);
      const optimizer = new optim.Adam(net.parameters());
      return () => trained(optimizer, F.crossEntropy(call(net, randn(512, 64)), randint(10, [512])));
    },
    cnn: () => {
      const net = new nn.Sequential(
        new nn.Conv2d(1, 16, 3, { padding: 1 }),
        new nn.BatchNorm2d(16),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Conv2d(16, 32, 3, { padding: 1 }),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Flatten(),
        new nn.Linear(32 * 7 * 7, 10),
      );
      const optimizer = new optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 });
      return () => trained(optimizer, F.crossEntropy(net(randn(32, 1, 28, 28)), randint(10, [32])));
    },
    gpt: () => {
      const [vocabulary, width, length, batch] = [65, 128, 64, 16];
      class GPT extends nn.Module {
        readonly wte = new nn.Embedding(vocabulary, width);
        readonly wpe = new nn.Embedding(length, width);
        readonly h = new nn.TransformerEncoder(
          new nn.TransformerEncoderLayer(width, 4, 4 * width, { dropout: 0, batchFirst: true, normFirst: true }),
          4,
        );
        readonly head = new nn.Linear(width, vocabulary);
        override forward(ids: Tensor): Tensor {
          const x = this.wte(ids).add(this.wpe(arange(length)));
          return this.head(this.h(x, { mask: nn.Transformer.generateSquareSubsequentMask(length) }));
        }
      }
      const model = new GPT();
      const data = randint(vocabulary, [10000]);
      const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-3 });
      return () => {
        const ix = randint(10000 - length - 1, [batch, 1]).add(arange(length));
        const [x, y] = [data.at(ix), data.at(ix.add(1))];
        return trained(optimizer, F.crossEntropy(model(x).view(-1, vocabulary), y.view(-1)));
      };
    },
    gan: () => {
      const [generator, critic] = [perceptron(16, 128, 64), perceptron(64, 128, 1)];
      const [forGenerator, forCritic] = [generator, critic].map(
        (net) => new optim.Adam(net.parameters(), { lr: 2e-4 }),
      );
      const lossOf = (x: Tensor, label: number): Tensor =>
        F.binaryCrossEntropyWithLogits(call(critic, x), ones(256, 1).mul(label));
      return () => {
        const fake = call(generator, randn(256, 16));
        trained(forCritic, lossOf(randn(256, 64), 1).add(lossOf(fake.detach(), 0)));
        return trained(forGenerator, lossOf(fake, 1));
      };
    },
    'wgan-gp': () => {
      const [generator, critic] = [perceptron(16, 64, 32), perceptron(32, 64, 1)];
      const options = { lr: 1e-3, betas: [0, 0.9] as [number, number] };
      const [forGenerator, forCritic] = [generator, critic].map((net) => new optim.Adam(net.parameters(), options));
      const penalty = (real: Tensor, fake: Tensor): Tensor => {
        const alpha = rand(real.size(0), 1).expandAs(real);
        const between = real.mul(alpha).add(fake.mul(alpha.neg().add(1))).detach().requiresGrad_(); // prettier-ignore
        const score = call(critic, between);
        const [gradient] = autograd.grad(score, between, { gradOutputs: ones(score.size()), createGraph: true });
        return gradient.view(gradient.size(0), -1).norm(2, 1).sub(1).pow(2).mean();
      };
      return () => {
        const real = randn(256, 32).mul(0.5).add(1);
        const fake = call(generator, randn(256, 16)).detach();
        trained(forCritic, call(critic, fake).mean().sub(call(critic, real).mean()).add(penalty(real, fake)));
        return trained(forGenerator, call(critic, call(generator, randn(256, 16))).mean().neg()); // prettier-ignore
      };
    },
    fgsm: () => {
      const net = perceptron(784, 128, 10);
      const [images, labels] = [rand(128, 784), randint(10, [128])];
      return () => {
        const x = images.clone().detach().requiresGrad_();
        F.crossEntropy(call(net, x), labels).backward();
        const attacked = x.add((x.grad as Tensor).sign().mul(0.1)).clamp(0, 1);
        return call(net, attacked).argmax(1).eq(labels).float().mean();
      };
    },
    'by hand': () => {
      const w = randn(64, 64).mul(0.1).requiresGrad_();
      const v = randn(64, 1).mul(0.1).requiresGrad_();
      const x = randn(2048, 64);
      const y = x.at(':', ':1').mul(0.5);
      return () => {
        const loss = x.matmul(w).tanh().matmul(v).sub(y).square().mean();
        loss.backward();
        noGrad(() => {
          for (const p of [w, v]) {
            if (p.grad !== null) p.sub_(p.grad.mul(0.1));
            p.grad = null;
          }
        });
        return loss;
      };
    },
    'own modules': () => {
      class Block extends nn.Module {
        readonly qkv = new nn.Linear(64, 192);
        readonly out = new nn.Linear(64, 64);
        readonly norm = new nn.LayerNorm(64);
        override forward(x: Tensor): Tensor {
          const [q, key, v] = this.qkv(this.norm(x)).chunk(3, -1);
          const weights = F.softmax(q.matmul(key.transpose(-2, -1)).mul(1 / 8), -1);
          return x.add(F.gelu(this.out(weights.matmul(v))));
        }
      }
      const net = new nn.Sequential(new Block(), new Block(), new Block());
      const optimizer = new optim.SGD(net.parameters(), { lr: 0.01 });
      return () => {
        const x = randn(16, 64, 64);
        return trained(optimizer, net(x).sub(x.mul(0.5)).square().mean());
      };
    },
    inference: () => {
      const net = perceptron(256, 1024, 10);
      return () => noGrad(() => call(net, randn(512, 256)).argmax(1).float().mean()); // prettier-ignore
    },
    replaced: () => {
      const net = new nn.Linear(256, 256);
      let x = randn(4096, 256);
      return () => (x = noGrad(() => tanh(net(x)))).at(0, 0);
    },
    unused: () => {
      const x = ones(256, 1024);
      return (i) => x.mul(i).at(0, 0);
    },
  };

  const step = makers[name]();
  let [live, reserved, longestStep, longestTask] = [0, 0, 0, 0];
  const sample = (): void => {
    const now = memory();
    live = Math.max(live, now.live);
    reserved = Math.max(reserved, now.reserved);
  };
  // Warm: compilers, workers, shapes that are met for the first time.
  for (let i = 0; i < 3; i++) await step(i).item();
  const begin = performance.now();
  let last: Tensor | null = null;
  for (let i = 0; i < steps; i++) {
    const start = performance.now();
    last = step(i);
    longestStep = Math.max(longestStep, performance.now() - start);
    sample();
  }
  const scheduling = performance.now() - begin;
  let value: number | null = null;
  void last?.item().then((result) => (value = result));
  const { port1, port2 } = new MessageChannel();
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      port1.onmessage = () => {
        resolve();
      };
      port2.postMessage(null);
    });
  // The first turn begins when the loop's own task has ended.
  await turn();
  for (let before = performance.now(); value === null; before = performance.now()) {
    await turn();
    longestTask = Math.max(longestTask, performance.now() - before);
    sample();
  }
  port1.close();
  const total = performance.now() - begin;
  return { live, reserved, scheduling, total, longestStep, longestTask, value };
}
