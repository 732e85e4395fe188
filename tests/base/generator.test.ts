import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  Generator,
  defaultGenerator,
  drawSeed,
  fillBernoulli,
  fillExponential,
  fillNormal,
  fillRandint,
  fillTruncNormal,
  fillUniform,
  getRngState,
  initialSeed,
  manualSeed,
  permutation,
} from '../../src/base/generator';
import type { TypedArray } from '../../src/base/dtype';
import type { FloatArray } from '../../src/base/generator';
import { setRngState } from '../../src';
import { decode, readCases } from '../harness/conformance';
import type { RecordedTensor } from '../harness/conformance';

interface Step {
  fn: string;
  args: unknown[];
  exact: boolean;
  expect: { out: RecordedTensor };
}
interface RngCase {
  id: string;
  seed: number;
  steps: Step[];
}

const numbers = (args: unknown[]): number[] => args as number[];

/** Draws by name, into the flat elements of a tensor of `n`. */
const DRAWS: Readonly<Record<string, (n: number, args: unknown[]) => TypedArray>> = {
  rand: (n) => drawn(new Float32Array(n), (out) => fillUniform(out)),
  randn: (n) => drawn(new Float32Array(n), (out) => fillNormal(out)),
  randperm: (n) => BigInt64Array.from(permutation(n), BigInt),
  randint: (n, args) =>
    drawn(new BigInt64Array(n), (out) => fillRandint(out, ...(numbers(args).slice(0, 2) as [number, number]))),
  'Tensor.uniform_': (n, args) => drawn(new Float32Array(n), (out) => fillUniform(out, ...numbers(args.slice(1)))),
  'Tensor.normal_': (n, args) => drawn(new Float32Array(n), (out) => fillNormal(out, ...numbers(args.slice(1)))),
};

function drawn<A>(out: A, fill: (out: A) => void): A {
  fill(out);
  return out;
}

/** |a - b| in units of the last place of float32, at least that of 1e-6 relative. */
function ulps(actual: number, expected: number): number {
  const spacing = Math.max(
    2 ** (Math.floor(Math.log2(Math.abs(expected))) - 23),
    Math.abs(expected) * (1e-6 / 8),
    2 ** -149,
  );
  return Math.abs(actual - expected) / spacing;
}

describe('draws recorded from PyTorch', () => {
  // Modules and initialisers have their own tests.
  const cases = readCases<RngCase>('rng/rng').filter((c) => c.steps.every((step) => step.fn in DRAWS));

  it('has cases for every draw', () => {
    expect(new Set(cases.flatMap((c) => c.steps.map((step) => step.fn))).size).toBe(Object.keys(DRAWS).length);
  });

  it.each(cases.map((c) => [c.id, c] as const))('%s', (_, { seed, steps }) => {
    manualSeed(seed);
    for (const {
      fn,
      args,
      exact,
      expect: { out },
    } of steps) {
      const expected = decode(out);
      const actual = DRAWS[fn](expected.length, args);
      if (exact) expect(actual).toEqual(expected);
      else expected.forEach((e, i) => expect(ulps(Number(actual[i]), Number(e))).toBeLessThanOrEqual(8));
    }
  });
});

describe('draws that the recorded cases lack', () => {
  it('continue one sequence of torch 1.13 after torch.manual_seed(7)', () => {
    const generator = new Generator(7);
    const uniform = drawn(new Float64Array(3), (out) => fillUniform(out, 0, 1, generator));
    expect(Array.from(uniform)).toEqual([0.279380429906404, 0.27369371365176565, 0.8620929614176255]);
    const shifted = drawn(new Float64Array(4), (out) => fillUniform(out, -0.3, 0.7, generator));
    expect(Array.from(shifted)).toEqual([
      0.3566884305882014, 0.6225293674529873, 0.5395453757623867, -0.005287891987116267,
    ]);
    const block = drawn(new Float64Array(16), (out) => fillNormal(out, 0, 1, generator));
    expectClose(block.slice(0, 3), [0.7378295754101417, 1.69114719244747, 1.6048022609047172]);
    const single = drawn(new Float64Array(3), (out) => fillNormal(out, 0, 1, generator));
    expectClose(single, [-0.7484297032284531, 1.98633719905551, -0.2901737366206429]);
    const exponential = drawn(new Float32Array(3), (out) => fillExponential(out, 2, generator));
    expectClose(exponential, [0.9143880009651184, 0.07490129768848419, 1.5833228826522827]);
    const coins = drawn(new Float32Array(12), (out) => fillBernoulli(out, 0.3, generator));
    expect(Array.from(coins)).toEqual([0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0]);
    const wide = drawn(new BigInt64Array(3), (out) => fillRandint(out, -(2 ** 40), 2 ** 40, generator));
    expect(Array.from(wide)).toEqual([-157699517983n, -1013951612005n, -1080470568173n]);
    const bytes = drawn(new Uint8Array(5), (out) => fillRandint(out, 0, 200, generator));
    expect(Array.from(bytes)).toEqual([169, 3, 198, 153, 77]);
    const cut = drawn(new Float64Array(4), (out) => fillTruncNormal(out, 1, 2, 0, 1.5, generator));
    expectClose(cut, [0.36625644487076325, 0.14395638749888284, 0.15286168181562476, 0.1619246397871662]);
    const last = drawn(new Float32Array(1), (out) => fillUniform(out, 0, 1, generator));
    expect(last[0]).toBe(Math.fround(0.5534907579421997));
    const digest = createHash('sha256').update(generator.getState()).digest('hex');
    expect(digest).toBe('1b040881a7898c9efea08f3d27604b6e7619de0a510989838ca59195afe600d3');
  });

  const expectClose = (actual: FloatArray, expected: number[]): void => {
    expected.forEach((e, i) =>
      expect(Math.abs(actual[i] / e - 1)).toBeLessThan(1e-13 + 2e-7 * Number(actual instanceof Float32Array)),
    );
  };
});

describe('Generator', () => {
  it('takes up a saved sequence where it was saved, cached normal sample included', () => {
    const generator = new Generator(5);
    fillNormal(new Float32Array(3), 0, 1, generator);
    for (const skip of [0, 1, 620, 624, 1000]) {
      for (let i = 0; i < skip; i++) generator.random();
      const state = generator.getState();
      const expected = [
        generator.random(),
        generator.normal(),
        generator.random64(),
        generator.normal(),
        generator.random(),
      ];
      const other = new Generator().setState(state);
      expect([other.random(), other.normal(), other.random64(), other.normal(), other.random()]).toEqual(expected);
      expect(other.initialSeed()).toBe(5n);
      generator.setState(state);
    }
  });

  it('restores the default generator', () => {
    manualSeed(3);
    expect(initialSeed()).toBe(3n);
    const state = getRngState();
    const first = permutation(10);
    setRngState(state);
    expect(permutation(10)).toEqual(first);
  });

  it('seeds by the low 32 bits and starts unlike itself without a seed', () => {
    expect(new Generator(2n ** 32n + 9n).random()).toBe(new Generator(9).random());
    expect(new Generator(-1).initialSeed()).toBe(2n ** 64n - 1n);
    const seed = defaultGenerator.seed();
    expect(defaultGenerator.initialSeed()).toBe(seed);
    expect(defaultGenerator.seed()).not.toBe(seed);
    expect(drawSeed()).toBeLessThan(2n ** 63n);
  });

  it('refuses what is no seed or no state', () => {
    expect(() => manualSeed(1.5)).toThrow('manualSeed: seed must be an integer in [-2^63, 2^64), got 1.5.');
    expect(() => manualSeed(2n ** 64n)).toThrow(RangeError);
    expect(() => setRngState(new Uint8Array(12))).toThrow('setRngState: a state has 5056 bytes, got 12.');
    expect(() => setRngState(new Uint8Array(5056))).toThrow('setRngState: bytes are no saved state');
  });
});

describe('distributions', () => {
  const n = 20_000;
  const mean = (x: ArrayLike<number>): number => Array.from(x).reduce((sum, v) => sum + v, 0) / x.length;

  it('have their mean, and stay within their bounds', () => {
    const generator = new Generator(11);
    const exponential = new Float32Array(n);
    fillExponential(exponential, 2, generator);
    expect(mean(exponential)).toBeCloseTo(0.5, 1);
    const coins = new Uint8Array(n);
    fillBernoulli(coins, 0.3, generator);
    expect(mean(coins)).toBeCloseTo(0.3, 1);
    const cut = new Float32Array(n);
    fillTruncNormal(cut, 1, 2, 0, 1.5, generator);
    expect(Math.min(...cut)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...cut)).toBeLessThanOrEqual(1.5);
    expect(mean(cut)).toBeCloseTo(0.76, 1);
  });

  it('write nothing into empty arrays and draw nothing for them', () => {
    const generator = new Generator(1);
    fillUniform(new Float32Array(0), 0, 1, generator);
    fillNormal(new Float64Array(0), 0, 1, generator);
    expect(permutation(0, generator)).toHaveLength(0);
    expect(generator.random()).toBe(new Generator(1).random());
  });

  it('refuse bad parameters', () => {
    const out = new Float32Array(1);
    expect(() => fillUniform(out, 2, 1)).toThrow('uniform: the lower bound must not exceed the upper, got 2 and 1.');
    expect(() => fillNormal(out, 0, -1)).toThrow('normal: std must be at least 0, got -1.');
    expect(() => fillRandint(out, 3, 3)).toThrow(
      'randint: low must be less than high, both safe integers, got 3 and 3.',
    );
    expect(() => fillBernoulli(out, 1.5)).toThrow('bernoulli: p must be in [0, 1], got 1.5.');
    expect(() => fillExponential(out, 0)).toThrow('exponential: lambda must be positive, got 0.');
    expect(() => permutation(-1)).toThrow('randperm: n must be an integer in [0, 214748364), got -1.');
  });
});
