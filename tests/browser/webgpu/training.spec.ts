// Training on webgpu: the losses of wasm, and bounded memory in a plain loop.
import type * as Kindling from '../../../src';
import { expect, test } from './fixtures';

declare const kindling: typeof Kindling;

const STEPS = 100;

function expectSameLosses(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...actual.map((loss, i) => Math.abs(loss - expected[i]) / Math.abs(expected[i])));
  console.log(`greatest relative difference of ${actual.length} losses: ${worst.toExponential(1)}`);
  expect(worst).toBeLessThan(1e-4);
}

/** What a network is trained on, and how its layers are made. */
type Build = 'mlp' | 'cnn' | 'transformer';

/** Losses of `steps` steps of Adam on one random batch, and the bytes held after each. */
async function train({ device, build, steps }: { device: 'wasm' | 'webgpu'; build: Build; steps: number }): Promise<{
  losses: number[];
  live: number[];
}> {
  const { nn, optim, randn, randint, memory } = kindling;
  kindling.shutdown();
  await kindling.init({ device });
  kindling.manualSeed(0);
  const CLASSES = 10;
  const tasks = {
    mlp: () => ({
      net: new nn.Sequential(new nn.Linear(784, 64), new nn.ReLU(), new nn.Dropout(0.3), new nn.Linear(64, CLASSES)),
      input: () => randn(16, 784),
      labels: [16],
    }),
    cnn: () => ({
      net: new nn.Sequential(
        new nn.Conv2d(1, 8, 3, { padding: 1 }),
        new nn.BatchNorm2d(8),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Conv2d(8, 16, 3, { padding: 1 }),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
        new nn.Flatten(),
        new nn.Linear(16 * 9, CLASSES),
      ),
      input: () => randn(16, 1, 12, 12),
      labels: [16],
    }),
    /** Two encoder layers between an embedding and a linear layer; a token for each place. */
    transformer: () => ({
      net: new nn.Sequential(
        new nn.Embedding(20, 32),
        new nn.TransformerEncoder(
          new nn.TransformerEncoderLayer({ dModel: 32, nhead: 4, dimFeedforward: 64, dropout: 0.1, batchFirst: true }),
          2,
        ),
        new nn.Linear(32, CLASSES),
      ),
      input: () => randint(0, 20, [4, 12]),
      labels: [4, 12],
    }),
  };
  const { net, input, labels: shape } = tasks[build]();
  const optimizer = new optim.Adam(net.parameters(), { lr: 1e-3 });
  const x = input();
  const labels = randint(0, CLASSES, shape).flatten();
  const losses: number[] = [];
  const live: number[] = [];
  for (let step = 0; step < steps; step++) {
    const loss = nn.functional.crossEntropy(net(x).view(-1, CLASSES), labels);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(await loss.item());
    live.push(memory().live);
  }
  return { losses, live };
}

for (const build of ['mlp', 'cnn', 'transformer'] as const) {
  test(`the ${build} trains with the losses of wasm, in bounded memory`, async ({ gpuPage }) => {
    const wasm = await gpuPage.evaluate(train, { device: 'wasm' as const, build, steps: STEPS });
    const webgpu = await gpuPage.evaluate(train, { device: 'webgpu' as const, build, steps: STEPS });
    expectSameLosses(webgpu.losses, wasm.losses);
    // Nobody frees anything: what a step leaves is collected some steps later.
    expect(Math.max(...webgpu.live)).toBeLessThan(128 * 2 ** 20);
  });
}

test('a dispatch of more groups than one dimension takes', async ({ gpuPage }) => {
  const result = await gpuPage.evaluate(async () => {
    await kindling.init({ device: 'webgpu' });
    const n = 20_000_000;
    const ones = kindling.ones(n);
    const last = ones.add(1).narrow(0, n - 3, 3);
    return { last: await last.tolist(), sum: await ones.sum().item() };
  });
  expect(result).toEqual({ last: [2, 2, 2], sum: 20_000_000 });
});
