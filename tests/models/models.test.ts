// Whole models against PyTorch: made with the same seed they have the same keys, shapes and values, and three steps of training
// give the same losses. recorded.json is what record.py prints with PyTorch 1.13.
import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { arange, manualSeed, nn, optim, shutdown, type Tensor } from '../../src';
import { mismatch } from '../harness/allclose';
import { GPT } from './gpt';
import recorded from './recorded.json';
import { ResNet18 } from './resnet';

const F = nn.functional;

interface Recorded {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly sha256: Readonly<Record<string, string>>;
  readonly samples: Readonly<Record<string, readonly number[]>>;
  readonly losses: readonly number[];
}

afterAll(() => {
  shutdown();
});

/** Numbers that need no generator: exact in float32. */
function ramp(...shape: number[]): Tensor {
  const i = arange(shape.reduce((product, size) => product * size, 1));
  const whole = i.mul(i).mul(7).add(i.mul(3)).add(1).remainder(4093);
  return whole.float().div(4096).sub(0.5).mul(2).view(shape);
}

const labels = (count: number, classes: number): Tensor => arange(count).mul(5).add(2).remainder(classes);

async function checkInit(net: nn.Module, { shapes, sha256, samples }: Recorded): Promise<void> {
  const state = net.stateDict();
  expect(Object.fromEntries(Object.entries(state).map(([key, { shape }]) => [key, shape]))).toEqual(shapes);
  expect(Object.keys(state)).toEqual(Object.keys(shapes));
  for (const [key, hash] of Object.entries(sha256)) {
    const bytes = new Uint8Array((await state[key].data()).buffer);
    expect(createHash('sha256').update(bytes).digest('hex'), key).toBe(hash);
  }
  for (const [key, values] of Object.entries(samples)) {
    const first = await state[key].reshape(-1).narrow(0, 0, values.length).data();
    // Normal draws may differ in the last places.
    expect(mismatch(first, values, { rtol: 1e-6, atol: 1e-9 }), key).toBeNull();
  }
}

async function checkTraining(optimizer: optim.Optimizer, lossOf: () => Tensor, { losses }: Recorded): Promise<void> {
  for (const expected of losses) {
    const loss = lossOf();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    expect(Math.abs((await loss.item()) / expected - 1)).toBeLessThan(1e-4);
  }
}

describe('models as in PyTorch', () => {
  it('ResNet-18', async () => {
    manualSeed(7);
    const net = new ResNet18(10);
    await checkInit(net, recorded.resnet18);
    const [images, classes] = [ramp(4, 3, 64, 64), labels(4, 10)];
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 1e-4 });
    await checkTraining(optimizer, () => F.crossEntropy(net(images), classes), recorded.resnet18);
    // 2 seconds on an idle machine.
  }, 120_000);

  it('a small GPT', async () => {
    manualSeed(7);
    const net = new GPT();
    await checkInit(net, recorded.gpt);
    const [tokens, targets] = [labels(32, 65).view(2, 16), labels(33, 65).narrow(0, 1, 32)];
    const optimizer = new optim.AdamW(net.parameters(), { lr: 1e-3, betas: [0.9, 0.95], weightDecay: 0.1 });
    await checkTraining(optimizer, () => F.crossEntropy(net(tokens).view(32, 65), targets), recorded.gpt);
  });
});
