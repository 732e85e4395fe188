// A step that runs out of memory leaves parameters and state as they were; one that does not may be awaited.
import { afterEach, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';

const { optim } = k;
const MEGABYTE = 2 ** 20;
const ROWS = 2048;

afterEach(() => {
  k.shutdown();
});

/** Two parameters of 2 MB with gradients, in groups of their own. */
async function parameters(): Promise<Tensor[]> {
  await k.init({ threads: 0, maxMemory: 64 * MEGABYTE });
  return [1, 2].map((value) => {
    const p = k.full([ROWS, 256], value).requiresGrad_();
    p.grad = k.onesLike(p);
    return p;
  });
}

/** Takes what memory there is, but for `left` MB; gives it back when it is called. */
function fill(left: number): () => void {
  const hold: Tensor[] = [];
  try {
    for (;;) hold.push(k.keep(k.zeros(128, 1024)));
  } catch {
    for (const t of hold.splice(0, 2 * left)) t.release();
  }
  return () => {
    for (const t of hold) t.release();
  };
}

it.each([
  [
    'Adam',
    (params: Tensor[]) =>
      new optim.Adam(
        params.map((p) => ({ params: [p] })),
        { lr: 0.5 },
      ),
  ],
  [
    'SGD',
    (params: Tensor[]) =>
      new optim.SGD(
        params.map((p) => ({ params: [p] })),
        { lr: 0.5, momentum: 0.9 },
      ),
  ],
] as const)('%s', async (_, make) => {
  const params = await parameters();
  const optimizer = make(params);
  const giveBack = fill(3);
  expect(() => optimizer.step()).toThrow(k.OutOfMemoryError);
  expect(optimizer.state.size).toBe(0);
  giveBack();
  expect(await Promise.all(params.map((p) => p.mean().item()))).toEqual([1, 2]);
  await optimizer.step();
  for (const [i, p] of params.entries()) expect(await p.mean().item()).toBeCloseTo(i + 0.5, 5);
  expect(optimizer.state.size).toBe(2);
});

it.each([null, 'strong_wolfe'] as const)('LBFGS, line search: %s', async (lineSearchFn) => {
  const [p] = await parameters();
  const optimizer = new optim.LBFGS([p], { lr: 0.1, maxIter: 4, lineSearchFn });
  let giveBack = (): void => undefined;
  let calls = 0;
  const closure = (): Tensor => {
    optimizer.zeroGrad();
    const loss = k.scope(() => p.square().mean());
    loss.backward();
    if (++calls === 3) giveBack = fill(1);
    return loss;
  };
  await expect(optimizer.step(closure)).rejects.toThrow(k.OutOfMemoryError);
  giveBack();
  expect(calls).toBe(3);
  expect(await p.sub(1).abs().amax().item()).toBe(0);
  expect(optimizer.state.size).toBe(0);
  expect(await optimizer.step(closure).then((loss) => loss.item())).toBe(1);
  expect(await p.mean().item()).toBeLessThan(1);

  // The state of the step before is that of the next.
  const [state, mean] = [optimizer.stateDict(), await p.mean().item()];
  calls = 0;
  await expect(optimizer.step(closure)).rejects.toThrow(k.OutOfMemoryError);
  giveBack();
  expect(await p.mean().item()).toBe(mean);
  const [now, then] = [optimizer.stateDict().state[0], state.state[0]] as Record<string, unknown>[];
  for (const name of ['func_evals', 'n_iter', 'H_diag', 't', 'prev_loss']) expect(now[name]).toBe(then[name]);
});

it('a step gives the page a turn if it is awaited', async () => {
  const [p] = await parameters();
  const optimizer = new optim.SGD([p], { lr: 1 });
  let turned = false;
  setImmediate(() => (turned = true));
  await Promise.resolve();
  expect(turned).toBe(false);
  await optimizer.step();
  expect(turned).toBe(true);
});
