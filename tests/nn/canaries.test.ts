// Modules trained beside tensors that nothing refers to: a kernel that writes past its output changes them.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';

const F = k.nn.functional;

beforeEach(() => void k.manualSeed(1));
afterAll(() => {
  k.shutdown();
});

/** Values that no kernel writes by accident. */
const canary = (size: number): Tensor => k.arange(1000, 1000 + size);

/** Runs beside small tensors, with holes between them that the next tensors fall into; they must be as they were made. */
async function besideCanaries(run: () => unknown): Promise<void> {
  const kept = k.scope(() => {
    const all = [1, 3, 16, 17, 100, 1000].flatMap((size) => [canary(size), canary(size), canary(size)]);
    return all.filter((_, i) => i % 3 !== 1);
  });
  await run();
  for (const tensor of kept) expect(await tensor.tolist()).toEqual(await canary(tensor.numel()).tolist());
}

/** Every choice among some optional parameters: present (true), absent, or present but needing no gradient (null). */
const CHOICES = [true, false, null].flatMap((weight) => [true, false, null].map((bias) => ({ weight, bias })));

describe.each(CHOICES)('normalization with weight $weight and bias $bias', ({ weight, bias }) => {
  const n = 64;
  const parameter = (choice: boolean | null): Tensor | null =>
    choice === false ? null : k.ones([n], { requiresGrad: choice === true });

  it.each([
    ['layerNorm', (x: Tensor, w: Tensor | null, b: Tensor | null) => F.layerNorm(x, [n], w, b)],
    ['groupNorm', (x: Tensor, w: Tensor | null, b: Tensor | null) => F.groupNorm(x, 4, w, b)],
    ['batchNorm', (x: Tensor, w: Tensor | null, b: Tensor | null) => F.batchNorm(x, null, null, w, b, true)],
  ] as const)('%s writes its own gradients alone', async (_name, norm) => {
    await besideCanaries(async () => {
      const x = k.randn([8, n], { requiresGrad: true });
      const [w, b] = [parameter(weight), parameter(bias)];
      norm(x, w, b).square().sum().backward();
      expect(x.grad?.shape).toEqual([8, n]);
      for (const p of [w, b]) if (p !== null) expect(p.grad?.shape).toEqual(p.requiresGrad ? [n] : undefined);
      await k.synchronize();
    });
  });
});
