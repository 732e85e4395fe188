// Training on the engine by the public API: what bad data leave behind, and the same losses in every mode.
import { afterEach, describe, expect, test } from 'vitest';
import { init, manualSeed, nn, optim, shutdown, tensor, type Tensor } from '../../../src';
import { MODES } from './harness';

const F = nn.functional;

afterEach(() => {
  shutdown();
});

const CLASSES = 10;

/** Inputs and labels that depend on the step alone; the label at `badStep` is none. */
function batch(step: number, badStep: number): [x: Tensor, labels: Tensor] {
  const x = Float32Array.from({ length: 8 * 16 }, (_, i) => Math.sin(step * 131 + i));
  const labels = Int32Array.from({ length: 8 }, (_, i) => (step * 7 + i) % CLASSES);
  if (step === badStep) labels[3] = 12;
  return [tensor(x).view([8, 16]), tensor(labels)];
}

class Net extends nn.Module {
  first = new nn.Linear(16, 32);
  second = new nn.Linear(32, CLASSES);
  override forward(x: Tensor): Tensor {
    return this.second(F.relu(this.first(x)));
  }
}

/** A model and its optimizer, from the same weights every time. */
function make(): { net: Net; optimizer: optim.Adam } {
  manualSeed(0);
  const net = new Net();
  return { net, optimizer: new optim.Adam(net.parameters(), { lr: 0.01 }) };
}

function step({ net, optimizer }: ReturnType<typeof make>, number: number, badStep = -1): Tensor {
  const [x, labels] = batch(number, badStep);
  optimizer.zeroGrad();
  const loss = F.crossEntropy(net(x), labels);
  loss.backward();
  optimizer.step();
  return loss;
}

async function parametersOf({ net }: ReturnType<typeof make>): Promise<unknown[]> {
  return Promise.all([...net.parameters()].map((parameter) => parameter.tolist()));
}

describe.each(MODES)('%s', (_, settings) => {
  test('a bad label at step 10, the loss read every 50 steps', async () => {
    await init(settings);
    const clean = make();
    for (let i = 1; i <= 9; i++) step(clean, i);
    const expected = await parametersOf(clean);

    const run = make();
    let loss = step(run, 1);
    for (let i = 2; i <= 50; i++) loss = step(run, i, 10);
    await expect(loss.item()).rejects.toThrow('crossEntropy: label 12 is out of range for 10 classes');
    expect(await parametersOf(run)).toEqual(expected);

    // The optimizer's state, its step count with it, is that of step 9 too: both go on alike.
    for (let i = 51; i <= 60; i++) {
      const [a, b] = [step(clean, i), step(run, i)];
      expect(await a.item()).toBe(await b.item());
    }
    expect(await parametersOf(run)).toEqual(await parametersOf(clean));
  });

  test('a bad label in a loop that reads every loss', async () => {
    await init(settings);
    const run = make();
    const failures: string[] = [];
    for (let i = 1; i <= 20; i++) {
      await step(run, i, 10)
        .item()
        .catch((error: Error) => failures.push(`${i}: ${error.message}`));
    }
    expect(failures).toEqual(['10: crossEntropy: label 12 is out of range for 10 classes']);
  });
});

test('the losses of a small CNN are the same bits in every mode', async () => {
  const runs: number[][] = [];
  for (const [, settings] of MODES) {
    await init({ ...settings, build: 'baseline' });
    manualSeed(1);
    const net = new nn.Sequential(
      new nn.Conv2d(1, 8, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Conv2d(8, 16, 3, { padding: 1 }),
      new nn.BatchNorm2d(16),
      new nn.ReLU(),
      new nn.Flatten(),
      new nn.Linear(16 * 14 * 14, CLASSES),
    );
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.05, momentum: 0.9 });
    const losses: number[] = [];
    for (let i = 0; i < 5; i++) {
      const x = tensor(Float32Array.from({ length: 16 * 784 }, (_, j) => Math.cos(i * 17 + j * 0.37)));
      const labels = tensor(Int32Array.from({ length: 16 }, (_, j) => (i + j) % CLASSES));
      optimizer.zeroGrad();
      const loss = F.crossEntropy(net(x.view([16, 1, 28, 28])), labels);
      loss.backward();
      optimizer.step();
      losses.push(await loss.item());
    }
    runs.push(losses);
    shutdown();
  }
  expect(runs[0]?.every(Number.isFinite)).toBe(true);
  for (const losses of runs) expect(losses).toEqual(runs[0]);
});
