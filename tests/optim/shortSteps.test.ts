// Memory that runs out at any point of a step, of any optimizer, leaves parameters and state as they were, and the step can be
// taken again with the result that it would have had.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';
import { instruments } from '../../src/device/instruments';
import { Allocator, type Block } from '../../src/device/wasm/engine/allocator';

// The checking mode has a heap of its own.
instruments.current = null;

const { optim } = k;

beforeEach(() => k.init({ threads: 0 }));
afterEach(() => {
  vi.restoreAllMocks();
  k.shutdown();
});

/** Lets `blocks` be handed out and then no more, until the result is called. */
function shortAfter(blocks: number): () => void {
  let left = blocks;
  const take = (then: (heap: Allocator, bytes: number) => Block) =>
    function (this: Allocator, bytes: number): Block {
      if (left-- > 0) return then(this, bytes);
      throw new k.OutOfMemoryError(null, 'none is left');
    };
  // The methods themselves, bound by hand.
  const { allocate } = Allocator.prototype; // eslint-disable-line @typescript-eslint/unbound-method
  const spy = vi
    .spyOn(Allocator.prototype, 'allocate')
    .mockImplementation(take((heap, bytes) => allocate.call(heap, bytes)));
  return () => {
    spy.mockRestore();
  };
}

/** The values of whatever is in it, deep in lists and objects. */
async function valuesOf(value: unknown): Promise<unknown> {
  if (value instanceof k.Tensor) return value.tolist();
  if (Array.isArray(value)) return Promise.all(value.map(valuesOf));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(async ([name, item]) => [name, await valuesOf(item)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

const stateOf = (optimizer: k.optim.Optimizer, params: readonly Tensor[]): Promise<unknown> =>
  valuesOf(params.map((p) => optimizer.state.get(p) ?? null));

type Step = k.optim.Optimizer & { step(): unknown };
type OptimizerClass = new (params: readonly Tensor[], options?: Readonly<Record<string, unknown>>) => Step;

/** Options by which a step has all the state that it can have, where there are any. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  Adadelta: { weightDecay: 0.1 },
  Adagrad: { initialAccumulatorValue: 0.25, lrDecay: 0.1 },
  Adam: { amsgrad: true },
  AdamW: { amsgrad: true },
  RMSprop: { momentum: 0.9, centered: true },
  SGD: { momentum: 0.9 },
};
/** Base classes, and one whose step calls a closure. */
const OTHERS = ['ElementwiseOptimizer', 'TensorOptimizer', 'LBFGS'];

/** Every optimizer whose step is synchronous. */
const OPTIMIZERS = Object.entries(optim as Readonly<Record<string, unknown>>).filter(
  (entry): entry is [string, OptimizerClass] =>
    typeof entry[1] === 'function' && entry[1].prototype instanceof optim.Optimizer && !OTHERS.includes(entry[0]),
);

it('the optimizers are found', () => {
  expect(OPTIMIZERS.length).toBeGreaterThan(10);
});

/** A matrix of one row, as Muon takes no others. */
const leaf = (values: number[], dtype: 'float32' | 'float64' = 'float32'): Tensor => {
  const p = k.tensor([values], { dtype, requiresGrad: true });
  p.grad = k.tensor([values], { dtype }).mul(0.5);
  return p;
};

describe.each(OPTIMIZERS)('%s', (name, Optimizer) => {
  /** Two steps, of which the second finds state of some parameters; before each, memory runs out after so many blocks. */
  async function run(blocks: number | null): Promise<{ failures: number; values: unknown }> {
    const first = [leaf([1, 2, 3]), leaf([4, 5], 'float64')];
    const later = [leaf([6]), leaf([7, 8], 'float64')];
    const params = [...first, ...later];
    const optimizer = new Optimizer(first, { lr: 0.5, ...OPTIONS[name] });
    let failures = 0;
    for (const round of [0, 1]) {
      if (round === 1) optimizer.addParamGroup({ params: later });
      if (blocks !== null) {
        const before = [await valuesOf(params), await stateOf(optimizer, params)];
        const end = shortAfter(blocks);
        try {
          optimizer.step();
          end();
          continue;
        } catch (error) {
          end();
          expect(error).toBeInstanceOf(k.OutOfMemoryError);
          failures++;
        }
        expect([await valuesOf(params), await stateOf(optimizer, params)]).toEqual(before);
      }
      optimizer.step();
    }
    return { failures, values: [await valuesOf(params), await stateOf(optimizer, params)] };
  }

  it('whatever block is the first that is not to be had', async () => {
    const wanted = (await run(null)).values;
    for (let blocks = 0; ; blocks++) {
      const { failures, values } = await run(blocks);
      expect(values).toEqual(wanted);
      if (failures > 0) continue;
      expect(blocks).toBeGreaterThan(0);
      break;
    }
  });
});

describe.each([null, 'strong_wolfe'] as const)('LBFGS with line search %s', (lineSearchFn) => {
  async function run(blocks: number | null): Promise<{ isFailed: boolean; values: unknown }> {
    const params = [leaf([1, -2, 3]), leaf([0.5, 4])];
    const optimizer = new optim.LBFGS(params, { lr: 0.1, maxIter: 3, historySize: 2, lineSearchFn });
    const closure = (): Tensor => {
      optimizer.zeroGrad();
      const loss = params[0].square().sum().add(params[1].pow(4).sum());
      loss.backward();
      return loss;
    };
    await optimizer.step(closure);
    let isFailed = false;
    if (blocks !== null) {
      const before = [await valuesOf(params), await stateOf(optimizer, params)];
      const end = shortAfter(blocks);
      const error: unknown = await optimizer.step(closure).catch((reason: unknown) => reason);
      end();
      isFailed = error instanceof k.OutOfMemoryError;
      if (isFailed) expect([await valuesOf(params), await stateOf(optimizer, params)]).toEqual(before);
      else expect(error).toBeInstanceOf(k.Tensor);
    }
    if (blocks === null || isFailed) await optimizer.step(closure);
    return { isFailed, values: [await valuesOf(params), await stateOf(optimizer, params)] };
  }

  it('whatever block is the first that is not to be had', { timeout: 120_000 }, async () => {
    const wanted = (await run(null)).values;
    for (let blocks = 0; ; blocks++) {
      const { isFailed, values } = await run(blocks);
      expect(values).toEqual(wanted);
      if (isFailed) continue;
      expect(blocks).toBeGreaterThan(10);
      break;
    }
  });
});
