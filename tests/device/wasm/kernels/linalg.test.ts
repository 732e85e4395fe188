import { describe, expect, test } from 'vitest';
import { Linalg, LinalgKind as Kind, Opcode } from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../../src/base/dtype';
import type { LinalgKind } from '../../../../src/device/contract';
import { linalgWorkspace } from '../../../../src/device/wasm/kernels/linalg';
import { KernelBench, type Build } from '../../../harness/kernel';
import { expectClose, fill, numbers } from './values';

type Matrix = readonly number[];
type Float = 'float32' | 'float64';

const CODES: { readonly [K in LinalgKind]: Kind } = {
  cholesky: Kind.Cholesky,
  lu: Kind.Lu,
  solve: Kind.Solve,
  solveTriangular: Kind.SolveTriangular,
  qr: Kind.Qr,
  eigh: Kind.Eigh,
  svd: Kind.Svd,
};

interface Sizes {
  readonly m: number;
  readonly n: number;
  readonly k?: number;
  readonly batch?: number;
  readonly upper?: boolean;
  readonly unitriangular?: boolean;
}

interface Result {
  readonly outs: Matrix[];
  readonly info: number[];
}

/** Runs a kind with a workspace of just what the page reserves, as one for large matrices, or in scratch memory. */
function run(build: Build, kind: LinalgKind, dtype: Float, a: Matrix, b: Matrix, sizes: Sizes, split: boolean): Result {
  const { m, n, k = 0, batch = 1, upper = false, unitriangular = false } = sizes;
  const bench = new KernelBench(build, 8);
  const all = { batch, m, n, k, upper, unitriangular };
  // The bytes for a matrix that is too large for scratch memory are those of any.
  const bytes = split ? linalgWorkspace(kind, { ...all, batch: 1, k: Math.max(k, 64) }) : 0;
  const lengths: Record<LinalgKind, number[]> = {
    cholesky: [n * n],
    lu: [m * n, m, 1],
    solve: [n * k],
    solveTriangular: [n * k],
    qr: [m * k, k * n],
    eigh: [n, n * n],
    svd: [m * n, n, n * n],
  };
  const isOrder = (i: number): boolean => kind === 'lu' && i === 1;
  const counts = lengths[kind].map((length) => length * batch);
  const outs = counts.map((count, i) => bench.room(count * (isOrder(i) ? 4 : DTYPES[dtype].bytes)));
  const info = bench.room(batch * 4, 'info');
  const values = (matrix: Matrix): number =>
    bench.place(dtype === 'float32' ? new Float32Array(matrix) : new Float64Array(matrix));
  bench.run(Opcode.Linalg, Linalg, {
    ...{ a: values(a), b: b.length === 0 ? 0 : values(b), out0: outs[0], out1: outs[1] ?? 0, out2: outs[2] ?? 0, info },
    ...{ workspace: bytes === 0 ? 0 : bench.room(bytes, 'workspace'), batch, m, n, k, kind: CODES[kind] },
    ...{ flags: (upper ? 1 : 0) | (unitriangular ? 2 : 0), check: 1, dtype: DTYPES[dtype].code },
  });
  const read = (at: number, i: number): number[] =>
    numbers(
      isOrder(i)
        ? bench.read(Int32Array, at, counts[i])
        : dtype === 'float32'
          ? bench.read(Float32Array, at, counts[i])
          : bench.read(Float64Array, at, counts[i]),
    );
  return { outs: outs.map(read), info: numbers(bench.read(Int32Array, info, batch)) };
}

/** [m, k] times [k, n]. */
function product(a: Matrix, b: Matrix, m: number, k: number, n: number): number[] {
  const out = Array<number>(m * n).fill(0);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) for (let j = 0; j < n; j++) out[i * n + j] += a[i * k + l] * b[l * n + j];
  }
  return out;
}

const matrix = (m: number, n: number, element: (i: number, j: number) => number): number[] =>
  Array.from({ length: m * n }, (_, at) => element(Math.floor(at / n), at % n));
const transposed = (a: Matrix, m: number, n: number): number[] => matrix(n, m, (i, j) => a[j * n + i]);
const identity = (n: number): number[] => matrix(n, n, (i, j) => (i === j ? 1 : 0));
const noise = (m: number, n: number, seed: number): number[] => numbers(fill('float32', m * n, seed));
/** Rows times a factor each. */
const scaled = (a: Matrix, n: number, factors: Matrix): number[] => a.map((x, at) => x * factors[at % n]);
const greatest = (a: Matrix): number => a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

function expectOrthonormal(columns: Matrix, m: number, n: number, tolerance: number, what: string): void {
  expectClose(product(transposed(columns, m, n), columns, n, m, n), identity(n), tolerance, `${what}: not orthonormal`);
}

function expectSorted(values: Matrix, what: string): void {
  for (let i = 1; i < values.length; i++) expect(values[i], what).toBeGreaterThanOrEqual(values[i - 1]);
}

/** Matrices that decompositions stumble over. */
const SHAPES_OF_VALUES: Record<string, (m: number, n: number) => number[]> = {
  noise: (m, n) => noise(m, n, m * 100 + n),
  zero: (m, n) => matrix(m, n, () => 0),
  ones: (m, n) => matrix(m, n, () => 1),
  identity: (m, n) => matrix(m, n, (i, j) => (i === j ? 1 : 0)),
  'above the diagonal': (m, n) => matrix(m, n, (i, j) => (i + 1 === j ? 1 : 0)),
  'equal values': (m, n) => matrix(m, n, (i, j) => (i === j ? i % 3 : 0)),
  'rank 2': (m, n) => product(noise(m, 2, 5), noise(2, n, 7), m, 2, n),
  graded: (m, n) => matrix(m, n, (i, j) => Math.sin(i * 7 + j * 3) * 10 ** (-(i + j) / 4)),
  'graded upwards': (m, n) => matrix(m, n, (i, j) => Math.sin(i * 7 + j * 3) * 10 ** ((i + j - m - n) / 4)),
};
const HUGE: typeof SHAPES_OF_VALUES = {
  huge: (m, n) => noise(m, n, 3).map((x) => x * 1e200),
  tiny: (m, n) => noise(m, n, 3).map((x) => x * 1e-200),
};

const SIZES = [1, 2, 3, 5, 8, 31, 33, 65, 100];
const TOLERANCE: Record<Float, number> = { float32: 2e-6, float64: 1e-13 };

const CASES: [Build, Float, boolean][] = [
  ['relaxed', 'float64', true],
  ['baseline', 'float64', false],
  ['baseline', 'float32', true],
];

describe.each(CASES)('%s, %s, split %s', (build, dtype, split) => {
  const tolerance = TOLERANCE[dtype];
  const kinds = { ...SHAPES_OF_VALUES, ...(dtype === 'float64' ? HUGE : {}) };
  const decompose = (kind: LinalgKind, a: Matrix, sizes: Sizes, b: Matrix = []): Result =>
    run(build, kind, dtype, a, b, sizes, split);
  /** What the kernel is given. */
  const rounded = (a: Matrix): number[] => (dtype === 'float32' ? a.map(Math.fround) : [...a]);

  test.each(Object.entries(kinds))('eigh: %s', (name, values) => {
    for (const n of SIZES) {
      const half = rounded(values(n, n));
      const a = matrix(n, n, (i, j) => half[Math.max(i, j) * n + Math.min(i, j)]);
      const { outs, info } = decompose('eigh', a, { m: n, n });
      const [w, v] = outs;
      const what = `${name}, n = ${n}`;
      expect(info, what).toEqual([0]);
      expectSorted(w, what);
      expectOrthonormal(v, n, n, tolerance, what);
      const size = greatest(w) || 1;
      const back = product(scaled(v, n, w), transposed(v, n, n), n, n, n);
      expectClose(back.map((x) => x / size), a.map((x) => x / size), tolerance, what); // prettier-ignore
    }
  });

  test.each(Object.entries(kinds))('svd: %s', (name, values) => {
    for (const n of [1, 2, 3, 5, 8, 33, 65]) {
      for (const m of [n, n + 1, 2 * n + 5]) {
        const a = rounded(values(m, n));
        const { outs, info } = decompose('svd', a, { m, n });
        const [u, s, vh] = outs;
        const what = `${name}, [${m}, ${n}]`;
        expect(info, what).toEqual([0]);
        expectSorted([...s].reverse(), what);
        expect(s[n - 1], what).toBeGreaterThanOrEqual(0);
        expectOrthonormal(u, m, n, tolerance, `${what}, u`);
        expectOrthonormal(transposed(vh, n, n), n, n, tolerance, `${what}, v`);
        const size = s[0] || 1;
        const back = product(scaled(u, n, s), vh, m, n, n);
        expectClose(back.map((x) => x / size), a.map((x) => x / size), tolerance, what); // prettier-ignore
      }
    }
  });

  const oblong = SIZES.flatMap((m) => [1, 5, 33, 40, 100].map((n): [number, number] => [m, n]));

  test.each([...oblong.filter(([m]) => m !== 2), [64, 64], [36, 100]])('qr of [%i, %i]', (m, n) => {
    const a = rounded(noise(m, n, m + n));
    for (const k of [Math.min(m, n), m]) {
      const [q, r] = decompose('qr', a, { m, n, k }).outs;
      expectOrthonormal(q, m, k, tolerance, `k = ${k}`);
      expectClose(product(q, r, m, k, n), a, tolerance * 10, `k = ${k}`);
      expect(r.filter((x, at) => at % n < Math.floor(at / n) && x !== 0)).toEqual([]);
    }
  });

  test.each([...oblong, [64, 64], [36, 100]])('lu of [%i, %i]', (m, n) => {
    const a = rounded(noise(m, n, m + n));
    const { outs, info } = decompose('lu', a, { m, n });
    const [packed, order, sign] = outs;
    const k = Math.min(m, n);
    const lower = matrix(m, k, (i, j) => (i === j ? 1 : i > j ? packed[i * n + j] : 0));
    const upper = matrix(k, n, (i, j) => (i <= j ? packed[i * n + j] : 0));
    expect(info).toEqual([0]);
    expect(greatest(lower)).toBe(1);
    expect([...order].sort((x, y) => x - y)).toEqual(order.map((_, i) => i));
    expect(Math.abs(sign[0])).toBe(1);
    expectClose(product(lower, upper, m, k, n), matrix(m, n, (i, j) => a[order[i] * n + j]), tolerance * 20); // prettier-ignore
  });

  test.each(SIZES)('solutions of %i equations', (n) => {
    for (const k of [1, 3, 8, 40]) {
      const b = rounded(noise(n, k, k));
      const a = rounded(matrix(n, n, (i, j) => Math.sin(i * n + j) / n + (i === j ? 2 : 0)));
      const { outs, info } = decompose('solve', a, { m: n, n, k }, b);
      expect(info).toEqual([0]);
      expectClose(product(a, outs[0], n, n, k), b, tolerance * 10, `k = ${k}`);
      for (const upper of [false, true]) {
        for (const unitriangular of [false, true]) {
          const isRead = (i: number, j: number): boolean => (i === j ? !unitriangular : upper === i < j);
          const meant = matrix(n, n, (i, j) => (isRead(i, j) ? a[i * n + j] : i === j ? 1 : 0));
          // Nothing else may be looked at.
          const given = matrix(n, n, (i, j) => (isRead(i, j) ? a[i * n + j] : NaN));
          const [x] = decompose('solveTriangular', given, { m: n, n, k, upper, unitriangular }, b).outs;
          expectClose(product(meant, x, n, n, k), b, tolerance * 10, `k = ${k}, ${upper}, ${unitriangular}`);
        }
      }
    }
  });

  test.each(SIZES)('cholesky of %i rows', (n) => {
    const half = noise(n, n, n);
    const a = rounded(product(half, transposed(half, n, n), n, n, n).map((x, at) => x / n + (at % (n + 1) === 0 ? 1 : 0)));
    const given = matrix(n, n, (i, j) => (j > i ? NaN : a[i * n + j]));
    const { outs, info } = decompose('cholesky', given, { m: n, n });
    const [l] = outs;
    expect(info).toEqual([0]);
    expect(l.filter((x, at) => at % n > Math.floor(at / n) && x !== 0)).toEqual([]);
    const expected = matrix(n, n, (i, j) => a[Math.max(i, j) * n + Math.min(i, j)]);
    expectClose(product(l, transposed(l, n, n), n, n, n), expected, tolerance * 10);
    const middle = Math.floor(n / 2);
    given[middle * n + middle] = -1;
    expect(decompose('cholesky', given, { m: n, n }).info).toEqual([middle + 1]);
  }); // prettier-ignore

  test('a matrix with a row of zeros is singular', () => {
    const a = matrix(40, 40, (i, j) => (i === 39 ? 0 : Math.sin(i * 40 + j)));
    expect(decompose('lu', a, { m: 40, n: 40 }).info).toEqual([40]);
    expect(decompose('solve', a, { m: 40, n: 40, k: 1 }, noise(40, 1, 1)).info).toEqual([40]);
  });

  test.each([NaN, Infinity, -Infinity])('%d has no eigenvalues nor singular values', (value) => {
    for (const n of [1, 4, 40]) {
      const a = matrix(n, n, (i, j) => (i === n - 1 && j === 0 ? value : 1));
      for (const kind of ['eigh', 'svd'] as const) {
        const { outs, info } = decompose(kind, a, { m: n, n });
        expect(info).toEqual([1]);
        expect(outs.flat().every(Number.isNaN)).toBe(true);
      }
    }
  });

  test('empty matrices', () => {
    for (const kind of ['cholesky', 'eigh', 'svd', 'lu'] as const) {
      expect(decompose(kind, [], { m: 0, n: 0, batch: 2 }).info).toEqual([0, 0]);
    }
    expect(decompose('svd', [], { m: 3, n: 0 }).info).toEqual([0]);
    expect(decompose('qr', [], { m: 3, n: 0, k: 3 }).outs[0]).toEqual(identity(3));
  });
});

test.each<Build>(['relaxed', 'baseline'])(
  '%s: a matrix gives the same bits alone, in a batch, split or not',
  (build) => {
    const kinds: [LinalgKind, Sizes][] = [
      ['eigh', { m: 40, n: 40 }],
      ['svd', { m: 45, n: 40 }],
      ['qr', { m: 45, n: 40, k: 40 }],
      ['lu', { m: 45, n: 40 }],
      ['solve', { m: 40, n: 40, k: 9 }],
    ];
    for (const [kind, sizes] of kinds) {
      const { m, n, k = 0 } = sizes;
      const a = noise(3 * m, n, 1);
      const b = kind === 'solve' ? noise(3 * n, k, 2) : [];
      const whole = run(build, kind, 'float64', a, b, { ...sizes, batch: 3 }, false);
      expect(run(build, kind, 'float64', a, b, { ...sizes, batch: 3 }, true)).toEqual(whole);
      const last = run(build, kind, 'float64', a.slice(2 * m * n), b.slice(2 * n * k), sizes, true);
      expect(last.outs).toEqual(whole.outs.map((out) => out.slice((out.length / 3) * 2)));
    }
  },
);

test('the values of PyTorch 1.13 (LAPACK)', () => {
  // a[i, j] = sin((i + 1) (j + 2))
  const a = (m: number, n: number): number[] => matrix(m, n, (i, j) => Math.sin((i + 1) * (j + 2)));
  const [square, tall] = [a(70, 70), a(80, 70)];
  const of = (kind: LinalgKind, x: Matrix, sizes: Sizes, b: Matrix = []): Matrix[] =>
    run('baseline', kind, 'float64', x, b, sizes, true).outs;
  const pick = (x: Matrix, ...places: number[]): number[] => places.map((place) => x[place]);
  const close = (actual: readonly number[], expected: readonly number[]): void => expectClose(actual, expected, 1e-12);

  const symmetric = matrix(70, 70, (i, j) => square[i * 70 + j] + square[j * 70 + i]);
  const values = [-16.887763737861825, -16.27050098260247, -0.10780564182970925, 16.29341582865448, 17.496915749180772];
  close(pick(of('eigh', symmetric, { m: 70, n: 70 })[0], 0, 1, 34, 68, 69), values);
  const singular = [9.381600900781109, 9.380776570812097, 6.092887344545823, 0.41861584358063303, 0.40797783658738696];
  close(pick(of('svd', tall, { m: 80, n: 70 })[1], 0, 1, 35, 68, 69), singular);
  const [q, r] = of('qr', tall, { m: 80, n: 70, k: 70 });
  close(
    [r[0], r[3 * 70 + 7], r[69 * 70 + 69], q[5 * 70 + 9]],
    [-6.322585434810789, 0.0011692815483086427, 1.4206310327386278, 0.0011279047399703741],
  );
  const [packed, , sign] = of('lu', square, { m: 70, n: 70 });
  close(
    pick(packed, 0, 69 * 70 + 69, 30 * 70 + 40),
    [-0.9956869868891794, -1.3647108485766837, 0.7267835804933822], // prettier-ignore
  );
  expect(matrix(1, 70, (_, i) => packed[i * 71]).reduce((product, x) => product * Math.sign(x), sign[0])).toBe(-1);
  const gram = product(transposed(tall, 80, 70), tall, 70, 80, 70).map((x, at) => x + (at % 71 === 0 ? 1 : 0));
  const [factor] = of('cholesky', gram, { m: 70, n: 70 });
  close(
    pick(factor, 0, 69 * 70 + 3, 69 * 70 + 69),
    [6.401178530589624, 0.10811826878342803, 2.8994607121943576], // prettier-ignore
  );
  const shifted = square.map((x, at) => x + (at % 71 === 0 ? 8 : 0));
  const [solution] = of('solve', shifted, { m: 70, n: 70, k: 3 }, a(70, 3));
  close(
    [...solution.slice(0, 3), ...solution.slice(-3)],
    [
      ...[0.07067701766758303, 0.3374124403561655, -0.3355762690070344],
      ...[0.06426753815752384, -0.07344392297306633, 0.09334796572588885],
    ],
  );
});
