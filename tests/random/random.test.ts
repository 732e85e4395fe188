// Draws against PyTorch's for the same seed (record.py), and counts that have no equal numbers against their distribution.
import { describe, expect, it, test } from 'vitest';
import {
  full, Generator, manualSeed, normal, ones, poisson, randint, randintLike, tensor, zeros, type DType, type Tensor,
  type TensorData,
} from '../../src'; // prettier-ignore
import recorded from './recorded.json';

const SEED = 7;
/** Logarithms, tangents and exponentials of the page's engine, and the rounding of the dtype behind. */
const TOLERANCE: Partial<Record<DType, number>> = { float64: 1e-14, float32: 1e-6, float16: 1e-3, bfloat16: 8e-3 };

function expectClose(given: ArrayLike<number | bigint>, expected: readonly (number | boolean)[], dtype: DType): void {
  expect(given).toHaveLength(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const [actual, value] = [Number(given[i]), Number(expected[i])];
    const allowed = (TOLERANCE[dtype] ?? 0) * Math.abs(value);
    expect(Math.abs(actual - value), `element ${i}: ${actual} for ${value}`).toBeLessThanOrEqual(allowed);
  }
}

type Fill = (x: Tensor, ...args: unknown[]) => Tensor;
const filled = (x: Tensor, method: string, args: readonly unknown[]): Tensor =>
  (x as object as Record<string, Fill>)[method](...(args as [Tensor]));

describe('in-place fills', () => {
  it.each(recorded.fills.map((fill) => [`${fill.method}(${fill.args.join(', ')}) ${fill.dtype}`, fill] as const))(
    '%s',
    async (_, { method, dtype, args, shape, values, next, ...rest }) => {
      const x = zeros(shape, { dtype: dtype as DType });
      const laid = 'transposed' in rest ? x.t() : x;
      manualSeed(SEED);
      expect(filled(laid, method, args)).toBe(laid);
      expectClose(await laid.data(), values, dtype as DType);
      expect(await randint(2 ** 31, [1]).item()).toBe(next);
    },
  );
});

describe('normal', () => {
  it.each(recorded.normal.map((row) => [row.name, row] as const))('%s', async (_, row) => {
    const { mean, std, size, shape, values } = row;
    const dtype = row.dtype as DType;
    const given = (x: TensorData): Tensor | number => (typeof x === 'number' ? x : tensor(x, { dtype }));
    manualSeed(SEED);
    const out = size === null ? normal(given(mean), given(std)) : normal(given(mean), given(std), size);
    expect(out.shape).toEqual(shape);
    expect(out.dtype).toBe(dtype);
    const drawn = await out.data();
    // Near a zero of the cosine a sample has few digits beside its deviation.
    for (let i = 0; i < values.length; i++) expect(Math.abs(Number(drawn[i]) - values[i])).toBeLessThan(2e-6 * (1 + Math.abs(values[i]))); // prettier-ignore
  });

  test('by name, and with a generator', async () => {
    const draw = () => normal({ mean: zeros(3), std: 2, generator: new Generator(3) }).tolist();
    expect(await draw()).toEqual(await draw());
    expect(normal(0, 1, [2, 2], { dtype: 'float64', requiresGrad: true }).requiresGrad).toBe(true);
  });

  test('what cannot be', async () => {
    expect(() => normal(0, 1)).toThrow('normal: two numbers need a size, got none. Pass one, as in normal(0, 1, [2, 3]).');
    expect(() => normal(zeros(2), 1, [2])).toThrow('normal: size, dtype, device and requiresGrad go with two numbers only');
    expect(() => normal(zeros(2), -1)).toThrow('normal: std must be at least 0, got -1.');
    expect(() => normal(0, -1, [2])).toThrow('normal: std must be at least 0, got -1.');
    expect(() => normal(zeros(2), zeros(3))).toThrow('normal: ');
    expect(() => normal(zeros([2], { dtype: 'int64' }), 1)).toThrow('normal: dtype must be a floating-point one, got int64.');
    await expect(normal(zeros(2), tensor([1, -1])).data()).rejects.toThrow('normal: a std that is negative or NaN is not allowed');
  }); // prettier-ignore
});

test.each(recorded.randintLike.map((row) => [`${row.dtype} ${row.args.join(', ')}`, row] as const))(
  'randintLike %s',
  async (_, { dtype, args, values }) => {
    manualSeed(SEED);
    const [first, second] = args;
    const x = zeros([2, 3], { dtype: dtype as DType });
    const out = second === undefined ? randintLike(x, first) : randintLike(x, first, second);
    expect(out.shape).toEqual([2, 3]);
    expectClose(await out.data(), values, dtype as DType);
  },
);

test('whole numbers by name', async () => {
  const draw = async (make: () => Tensor): Promise<unknown> => {
    manualSeed(SEED);
    return make().tolist();
  };
  const within = await draw(() => zeros(4).random_(2, 9));
  expect(await draw(() => zeros(4).random_(2, { to: 9 }))).toEqual(within);
  expect(await draw(() => zeros(4).random_({ from: 2, to: 9 }))).toEqual(within);
  expect(await draw(() => randintLike(zeros(4), { low: 2, high: 9 }))).toEqual(within);
  const below = await draw(() => zeros(4).random_(9));
  expect(await draw(() => zeros(4).random_({ to: 9 }))).toEqual(below);
  expect(await draw(() => randintLike(zeros(4), { high: 9 }))).toEqual(below);
  expect(() => zeros(2).random_(5, 2)).toThrow('random_: ');
  expect(() => randintLike(zeros(2), 5, 2)).toThrow('randintLike: low must be below high, got low 5 and high 2.');
  expect(() => zeros(2).cauchy_(0, 0)).toThrow('cauchy_: sigma must be positive, got 0.');
  expect(() => zeros(2).logNormal_(0, 0)).toThrow('logNormal_: std must be positive, got 0.');
  expect(() => zeros(2).geometric_(1)).toThrow('geometric_: p must be above 0 and below 1, got 1.');
  expect(() => zeros([2], { dtype: 'int64' }).cauchy_()).toThrow('cauchy_: dtype must be a floating-point one');
});

/** The probability of each count up to the greatest. */
function poissonTable(rate: number, most: number): number[] {
  const table: number[] = [];
  let log = -rate;
  for (let k = 0; k <= most; k++) {
    table.push(Math.exp(log));
    log += Math.log(rate) - Math.log(k + 1);
  }
  return table;
}

describe('poisson', () => {
  it.each([0.1, 1, 4.5, 9.9, 10, 30, 250, 20000])('counts of rate %f are distributed so', async (rate) => {
    const n = 100000;
    manualSeed(1);
    const drawn = await poisson(full([n], rate)).data();
    const table = poissonTable(rate, Math.ceil(rate + 12 * Math.sqrt(rate) + 20));
    const seen = table.map(() => 0);
    for (const value of drawn) seen[Number(value)]++;
    expect(seen.reduce((a, b) => a + b)).toBe(n);
    // Chi squared over cells of at least 20 expected counts; a fair draw passes mean + 5 deviations once in millions.
    let [chi, cells, expected, observed] = [0, 0, 0, 0];
    table.forEach((p, k) => {
      expected += n * p;
      observed += seen[k];
      if (expected < 20 && k < table.length - 1) return;
      chi += (observed - expected) ** 2 / Math.max(expected, 20);
      cells++;
      [expected, observed] = [0, 0];
    });
    expect(chi).toBeLessThan(cells + 5 * Math.sqrt(2 * cells));
  });

  test('the edges', async () => {
    expect(await poisson(zeros(3)).tolist()).toEqual([0, 0, 0]);
    expect(poisson(ones([2], { dtype: 'float16' })).dtype).toBe('float16');
    const generator = () => ({ generator: new Generator(5) });
    expect(await poisson(full([9], 3), generator()).tolist()).toEqual(await poisson(full([9], 3), generator()).tolist());
    await expect(poisson(tensor([1, -1])).data()).rejects.toThrow('poisson: a rate that is negative, infinite or NaN is not allowed');
    expect(() => poisson(ones([2], { dtype: 'int64' }))).toThrow('poisson: dtype must be a floating-point one, got int64.');
  }); // prettier-ignore
});
