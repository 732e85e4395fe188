// Cases of the kind `rng`: what is drawn after a seed, in order.
import { data, Generator, manualSeed, zeros } from '../../../src';
import { Tensor } from '../../../src/core/tensor';
import { mismatch } from '../../harness/allclose';
import type { AnyCase, Call, Named, RecordedTensor } from '../cases';
import { findFunction, findModule, present } from '../names';
import { decodeNumbers, reviveArguments } from '../values';

interface Step extends Call {
  readonly fn: string;
  readonly exact: boolean;
  readonly expect: {
    readonly out?: RecordedTensor;
    readonly state?: Named<RecordedTensor>;
    readonly epochs?: readonly (readonly number[])[][];
    readonly indices?: readonly (readonly number[])[];
  };
}

export interface RngCase extends AnyCase {
  readonly seed: number;
  readonly steps: readonly Step[];
}

/** Sums of products, whose rounding errors do not scale with a result near zero: closeness in absolute terms. */
const ABSOLUTE: Readonly<Record<string, number>> = { 'nn.init.orthogonal_': 2e-6 };

/** PyTorch computes the Box-Muller transform with vector polynomials: 8 units in the last place, or 1e-6 relative. */
function closeTo(
  actual: ArrayLike<number | bigint>,
  expected: readonly number[],
  exact: boolean,
  absolute: number,
): string | null {
  if (exact) return mismatch(actual, expected, { rtol: 0, atol: 0 });
  const index = expected.findIndex((e, i) => {
    const ulp = 2 ** Math.max(Math.floor(Math.log2(Math.abs(e))) - 23, -149);
    return Math.abs(Number(actual[i]) - e) > Math.max(8 * ulp, 1e-6 * Math.abs(e), absolute);
  });
  return index < 0 ? null : `at index ${index}: expected ${expected[index]}, got ${actual[index]}`;
}

async function compareDrawn(what: string, actual: unknown, expected: RecordedTensor, exact: boolean): Promise<void> {
  if (!(actual instanceof Tensor) || String(actual.shape) !== String(expected.shape)) {
    throw new Error(`${what}: expected [${expected.shape.join(', ')}], got ${String(actual)}`);
  }
  const found = closeTo(await actual.data(), decodeNumbers(expected), exact, ABSOLUTE[what] ?? 0);
  if (found !== null) throw new Error(`${what}: ${found}`);
}

/** The batches of two epochs over 0 .. n-1, shuffled. */
async function orders(n: number, batchSize: number, generator?: Generator): Promise<number[][][]> {
  const options = { batchSize, shuffle: true, collateFn: (batch: number[]) => batch };
  const samples = Array.from({ length: n }, (_, i) => i);
  const loader = new data.DataLoader(samples, { ...options, ...(generator && { generator }) });
  const epochs: number[][][] = [];
  for (let epoch = 0; epoch < 2; epoch++) {
    const batches: number[][] = [];
    for await (const batch of loader) batches.push(batch);
    epochs.push(batches);
  }
  return epochs;
}

function same(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`);
}

async function runStep({ fn, args, kwargs, exact, expect }: Step): Promise<void> {
  if (fn.startsWith('DataLoader.order')) {
    const [n, batchSize, seed] = args as number[];
    same(fn, await orders(n, batchSize, seed === undefined ? undefined : new Generator(seed)), expect.epochs);
  } else if (fn === 'random_split') {
    const [n, lengths] = args as [number, number[]];
    const parts = data.randomSplit(new data.ArrayDataset(Array.from({ length: n }, (_, i) => i)), lengths);
    same(
      fn,
      parts.map((part) => part.indices),
      expect.indices,
    );
  } else if (expect.state !== undefined) {
    const Class = present(findModule(fn.slice('nn.'.length)), fn);
    const state = new Class(...reviveArguments(args, kwargs)).stateDict();
    for (const [name, value] of Object.entries(expect.state)) {
      await compareDrawn(`${fn} ${name}`, state[name], value, exact);
    }
  } else {
    const fill = present(findFunction(fn), fn);
    const onTensor = fn.startsWith('nn.init.') || fn.startsWith('Tensor.');
    const [first, ...rest] = reviveArguments(args, kwargs);
    const drawn = onTensor ? fill(zeros(first as number[]), ...rest) : fill(first, ...rest);
    await compareDrawn(fn, drawn, expect.out as RecordedTensor, exact);
  }
}

export async function runRng({ seed, steps }: RngCase): Promise<void> {
  manualSeed(seed);
  for (const step of steps) await runStep(step);
}
