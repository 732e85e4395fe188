// Recorded cases of nn.init and of the initial parameters of modules: exact values, or bounds and moments of random ones.
import { readdirSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { manualSeed, nn, zeros, type Tensor } from '../../src/index';
import { readCases, type RecordedTensor } from '../harness/conformance';
import { camelCase, findModule, type Callee } from './names';
import { compare, NotThere, reviveArguments, reviveTensor } from './values';

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

interface Call {
  readonly id: string;
  readonly fn: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly rtol: number;
  readonly atol: number;
}

type InitCase =
  | (Call & { readonly mode: 'value'; readonly shape?: readonly number[]; readonly out: unknown })
  | (Call & { readonly mode: 'exact'; readonly input: RecordedTensor; readonly out: RecordedTensor })
  | (Call & { readonly mode: 'random'; readonly shape: readonly number[]; readonly expect: Expected })
  | (Call & {
      readonly mode: 'module';
      readonly cls: string;
      readonly ctor: { readonly args: readonly unknown[]; readonly kwargs: Readonly<Record<string, unknown>> };
      readonly expect: Readonly<Record<string, Expected>>;
    });

const argumentsOf = ({ args, kwargs = {} }: Call): unknown[] => reviveArguments(args, kwargs);

const functionOf = ({ fn }: Call): Callee =>
  Reflect.get(nn.init, fn === '_calculate_fan_in_and_fan_out' ? 'calculateFanInAndFanOut' : camelCase(fn)) as Callee;

/** Bounds hold, and for at least 500 values the moments are within five standard errors. */
async function checkDistribution(tensor: Tensor, expected: Expected): Promise<void> {
  const values = Array.from(await tensor.data(), Number);
  const n = values.length;
  const checkMoments = (mean: number, std: number): void => {
    if (n < 500) return;
    const actualMean = values.reduce((sum, x) => sum + x, 0) / n;
    const actualStd = Math.sqrt(values.reduce((sum, x) => sum + (x - actualMean) ** 2, 0) / n);
    expect(Math.abs(actualMean - mean)).toBeLessThan((5 * std) / Math.sqrt(n));
    expect(Math.abs(actualStd / std - 1)).toBeLessThan(6 / Math.sqrt(n));
  };
  const checkBounds = (low: number, high: number): void => {
    expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.fround(low));
    expect(Math.max(...values)).toBeLessThanOrEqual(Math.fround(high));
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
      const [rows, columns] = tensor.shape;
      for (let column = 0; column < columns; column++) {
        const zeroCount = Array.from({ length: rows }, (_, row) => values[row * columns + column]).filter(
          (x) => x === 0,
        ).length;
        expect(zeroCount).toBe(expected.zeros_per_column);
      }
      return;
    }
    case 'orthogonal': {
      const rows = tensor.shape[0];
      const columns = n / rows;
      const count = Math.min(rows, columns);
      const at = (v: number, i: number): number =>
        rows <= columns ? values[v * columns + i] : values[i * columns + v];
      for (let v = 0; v < count; v++) {
        for (let w = 0; w < count; w++) {
          let dot = 0;
          for (let i = 0; i < Math.max(rows, columns); i++) dot += at(v, i) * at(w, i);
          expect(dot).toBeCloseTo(v === w ? expected.gain ** 2 : 0, 4);
        }
      }
    }
  }
}

async function run(recorded: InitCase): Promise<void> {
  if (recorded.mode === 'module') {
    const Class = findModule(recorded.cls);
    if (Class === null) return;
    const state = new Class(...reviveArguments(recorded.ctor.args, recorded.ctor.kwargs)).stateDict();
    expect(Object.keys(state)).toEqual(Object.keys(recorded.expect));
    for (const [key, expected] of Object.entries(recorded.expect)) await checkDistribution(state[key], expected);
    return;
  }
  const fn = functionOf(recorded);
  const args = argumentsOf(recorded);
  if (recorded.mode === 'value') {
    await compare(
      'out',
      fn(...(recorded.shape === undefined ? [] : [zeros(recorded.shape)]), ...args),
      recorded.out,
      recorded,
    );
  } else if (recorded.mode === 'exact') {
    await compare('out', fn(reviveTensor(recorded.input), ...args), recorded.out, recorded);
  } else {
    await checkDistribution(fn(zeros(recorded.shape), ...args) as Tensor, recorded.expect);
  }
}

beforeEach(() => {
  manualSeed(0);
});

describe('initialisation as in PyTorch', () => {
  const files = readdirSync(new URL('cases/init', import.meta.url)).map((file) => file.slice(0, -'.json'.length));
  for (const file of files) {
    const cases = readCases<InitCase>(`init/${file}`);
    it(`${file} (${cases.length})`, async () => {
      for (const recorded of cases) {
        await run(recorded).catch((error: unknown) => {
          if (error instanceof NotThere) return;
          throw new Error(`${recorded.id}: ${String(error)}`, { cause: error });
        });
      }
    });
  }
});
