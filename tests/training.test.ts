// Whole training loops as users write them: the same bits in every mode, bad data that harms nothing, memory that
// does not grow.
import { afterEach, describe, expect, it } from 'vitest';
import * as k from '../src';
import type { InitOptions, Tensor } from '../src';

const { nn, optim } = k;
const F = nn.functional;

afterEach(() => {
  k.shutdown();
});

/** Every way to run the engine. */
const MODES: [name: string, options: InitOptions][] = [
  ['inline', { mode: 'inline' }],
  ['without shared memory', { mode: 'batch' }],
  ...[1, 2, 3, 5].map((threads): [string, InitOptions] => [`${threads} workers`, { mode: 'shared', threads }]),
];

/** The demo's network, smaller. */
function makeNet() {
  return new nn.Sequential(
    new nn.Conv2d(1, 8, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(8, 16, 3),
    new nn.BatchNorm2d(16),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Dropout(0.25),
    new nn.Linear(16 * 6 * 6, 10),
  );
}

const floatBits = (values: Float32Array): number[] => [...new Uint32Array(values.buffer)];

async function lossesOf(options: InitOptions, steps: number): Promise<number[]> {
  await k.init(options);
  k.manualSeed(0);
  const net = makeNet();
  const optimizer = new optim.Adam(net.parameters(), { lr: 1e-3 });
  const losses: Tensor[] = [];
  for (let step = 0; step < steps; step++) {
    const x = k.rand(32, 1, 28, 28);
    const y = k.randint(0, 10, [32]);
    const loss = F.crossEntropy(net(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(loss.detach());
  }
  const bits = floatBits((await k.stack(losses).data()) as Float32Array);
  k.shutdown();
  return bits;
}

describe('losses', () => {
  it('are the same bits in every mode', async () => {
    const steps = 8;
    const [[, first], ...others] = MODES;
    const expected = await lossesOf(first, steps);
    expect(new Set(expected).size).toBe(steps);
    for (const [name, options] of others) expect([name, await lossesOf(options, steps)]).toEqual([name, expected]);
  }, 120_000);

  it('fall', async () => {
    k.manualSeed(1);
    const net = new nn.Sequential(new nn.Linear(2, 16), new nn.Tanh(), new nn.Linear(16, 2));
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.2, momentum: 0.9 });
    const x = k.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]); // prettier-ignore
    const y = k.tensor([0, 1, 1, 0], { dtype: 'int64' });
    let loss = F.crossEntropy(net(x), y);
    for (let step = 0; step < 300; step++) {
      optimizer.zeroGrad();
      loss = F.crossEntropy(net(x), y);
      loss.backward();
      optimizer.step();
    }
    expect(await loss.item()).toBeLessThan(0.02);
    expect(await net(x).argmax(1).tolist()).toEqual([0, 1, 1, 0]);
  });
});

/** Parameters and optimizer state, as numbers. */
async function stateOf(net: k.nn.Module, optimizer: k.optim.Optimizer): Promise<number[][]> {
  const { state } = optimizer.stateDict();
  const tensors = [...Object.values(net.stateDict()), ...Object.values(state).flatMap((entry) => Object.values(entry))];
  const values: number[][] = [];
  for (const t of tensors) values.push(t instanceof k.Tensor ? Array.from(await t.data(), Number) : [Number(t)]);
  return values;
}

/** A loop that reads its loss every 50 steps and may meet a bad value at step 10. */
interface Loop {
  readonly net: k.nn.Module;
  readonly optimizer: k.optim.Optimizer;
  step(bad: boolean): Tensor;
}

function classifier(): Loop {
  k.manualSeed(0);
  const net = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 3));
  const optimizer = new optim.Adam(net.parameters(), { lr: 0.01 });
  return {
    net,
    optimizer,
    step: (bad) => {
      const loss = F.crossEntropy(net(k.rand(4, 4)), k.tensor([0, 1, bad ? 7 : 2, 1], { dtype: 'int64' }));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss;
    },
  };
}

function embedder(): Loop {
  k.manualSeed(0);
  const net = new nn.Embedding(5, 3);
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.1, momentum: 0.9 });
  return {
    net,
    optimizer,
    step: (bad) => {
      const loss = net(k.tensor([0, bad ? 70000 : 4, 2], { dtype: 'int64' }))
        .pow(2)
        .sum();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss;
    },
  };
}

describe.each([
  ['label', classifier, 'crossEntropy: label 7 is out of range for 3 classes'],
  ['embedding index', embedder, 'embedding: index 70000 is out of range [0, 5)'],
])('a bad %s', (_name, make, message) => {
  it.each(MODES.filter(([name]) => !name.startsWith('3') && !name.startsWith('5')))(
    'harms nothing (%s)',
    async (_mode, options) => {
      await k.init(options);
      const clean = make();
      for (let step = 0; step < 10; step++) clean.step(false);
      const before = await stateOf(clean.net, clean.optimizer);

      const loop = make();
      let loss = loop.step(false);
      for (let step = 1; step < 50; step++) loss = loop.step(step === 10);
      await expect(loss.item()).rejects.toThrow(message);
      expect(await stateOf(loop.net, loop.optimizer)).toEqual(before);

      const first = await loop.step(false).item();
      for (let step = 0; step < 100; step++) loss = loop.step(false);
      expect(await loss.item()).toBeLessThan(first);
      expect(await stateOf(loop.net, loop.optimizer)).not.toEqual(before);
    },
  );
});
