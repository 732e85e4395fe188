// Cases of the kind `init`: exact values, or bounds and moments of random ones.
import { manualSeed, type nn, zeros } from '../../../src';
import { Tensor } from '../../../src/core/tensor';
import type { AnyCase, Call, Named, RecordedTensor } from '../cases';
import { findFunction, findModule, present } from '../names';
import { compare, reviveArguments, reviveTensor } from '../values';

/** What values are drawn from. */
type Expected =
  | { readonly dist: 'uniform'; readonly low: number; readonly high: number }
  | { readonly dist: 'normal'; readonly mean: number; readonly std: number }
  | {
      readonly dist: 'trunc_normal';
      readonly mean: number;
      readonly std: number;
      readonly a: number;
      readonly b: number;
    }
  | { readonly dist: 'orthogonal'; readonly gain: number }
  | { readonly dist: 'sparse'; readonly zeros_per_column: number }
  | { readonly dist: 'constant'; readonly value: number };

export type InitCase = AnyCase &
  Call & { readonly fn: string } & (
    | { readonly mode: 'value'; readonly shape?: readonly number[]; readonly out: unknown }
    | { readonly mode: 'exact'; readonly input: RecordedTensor; readonly out: RecordedTensor }
    | { readonly mode: 'random'; readonly shape: readonly number[]; readonly expect: Expected }
    | { readonly mode: 'module'; readonly cls: string; readonly ctor: Call; readonly expect: Named<Expected> }
  );

function check(holds: boolean, what: string, expected: unknown, got: unknown): void {
  if (!holds) throw new Error(`${what}: expected ${String(expected)}, got ${String(got)}`);
}

/** Moments within five standard errors, for at least this many values. */
const ENOUGH = 500;

/** Bounds hold, and moments are as they should be. */
async function checkDistribution(what: string, drawn: unknown, expected: Expected): Promise<void> {
  if (!(drawn instanceof Tensor)) throw new Error(`${what}: expected a tensor, got ${String(drawn)}`);
  const values = Array.from(await drawn.data(), Number);
  const n = values.length;
  const checkMoments = (mean: number, std: number): void => {
    if (n < ENOUGH) return;
    const actualMean = values.reduce((sum, x) => sum + x, 0) / n;
    const actualStd = Math.sqrt(values.reduce((sum, x) => sum + (x - actualMean) ** 2, 0) / n);
    check(Math.abs(actualMean - mean) < (5 * std) / Math.sqrt(n), `${what} mean`, mean, actualMean);
    check(Math.abs(actualStd / std - 1) < 6 / Math.sqrt(n), `${what} std`, std, actualStd);
  };
  const checkBounds = (low: number, high: number): void => {
    const [least, greatest] = [Math.min(...values), Math.max(...values)];
    check(least >= Math.fround(low), `${what} minimum`, `>= ${low}`, least);
    check(greatest <= Math.fround(high), `${what} maximum`, `<= ${high}`, greatest);
  };
  switch (expected.dist) {
    case 'uniform':
      checkBounds(expected.low, expected.high);
      return checkMoments((expected.low + expected.high) / 2, (expected.high - expected.low) / Math.sqrt(12));
    case 'normal':
      return checkMoments(expected.mean, expected.std);
    case 'trunc_normal':
      checkBounds(expected.a, expected.b);
      return checkMoments(expected.mean, expected.std);
    case 'constant':
      return checkBounds(expected.value, expected.value);
    case 'sparse': {
      const [rows, columns] = drawn.shape;
      for (let column = 0; column < columns; column++) {
        const zeroCount = values.filter((x, i) => i % columns === column && x === 0).length;
        check(
          zeroCount === expected.zeros_per_column,
          `${what} zeros of ${rows}`,
          expected.zeros_per_column,
          zeroCount,
        );
      }
      return;
    }
    case 'orthogonal':
      return checkOrthogonal(what, values, drawn.shape[0], expected.gain);
  }
}

/** Q Qᵀ = gain² I on the shorter side. */
function checkOrthogonal(what: string, values: readonly number[], rows: number, gain: number): void {
  const columns = values.length / rows;
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const at = (v: number, i: number): number => (rows <= columns ? values[v * columns + i] : values[i * columns + v]);
  for (let v = 0; v < count; v++) {
    for (let w = 0; w < count; w++) {
      let dot = 0;
      for (let i = 0; i < length; i++) dot += at(v, i) * at(w, i);
      const expected = v === w ? gain ** 2 : 0;
      check(Math.abs(dot - expected) < 5e-5, `${what} product of ${v} and ${w}`, expected, dot);
    }
  }
}

export async function runInit(recorded: InitCase): Promise<void> {
  manualSeed(0);
  if (recorded.mode === 'module') {
    const Class = present(findModule(recorded.cls), `nn.${recorded.cls}`);
    const state: nn.StateDict = new Class(...reviveArguments(recorded.ctor.args, recorded.ctor.kwargs)).stateDict();
    const [keys, expected] = [state, recorded.expect].map((named) => Object.keys(named).sort().join());
    check(keys === expected, 'keys', expected, keys);
    for (const [key, value] of Object.entries(recorded.expect)) await checkDistribution(key, state[key], value);
    return;
  }
  const path = recorded.fn.startsWith('nn.') ? recorded.fn : `nn.init.${recorded.fn}`;
  const fn = present(findFunction(path), path);
  const args = reviveArguments(recorded.args, recorded.kwargs ?? {});
  if (recorded.mode === 'value') {
    const on = recorded.shape === undefined ? [] : [zeros(recorded.shape)];
    await compare('out', fn(...on, ...args), recorded.out, recorded);
  } else if (recorded.mode === 'exact') {
    await compare('out', fn(reviveTensor(recorded.input), ...args), recorded.out, recorded);
  } else {
    await checkDistribution('out', fn(zeros(recorded.shape), ...args), recorded.expect);
  }
}
