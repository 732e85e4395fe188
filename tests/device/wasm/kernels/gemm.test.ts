// Matrix products by pointer, on both builds, against plain loops in double precision.
import { describe, expect, test } from 'vitest';
import { Gemm, Opcode } from '../../../../assembly/engine/commands';
import { DTYPES, type DType, type TypedArray } from '../../../../src/base/dtype';
import { gemmWorkspaceBytes } from '../../../../src/device/wasm/kernels/gemm';
import { KernelBench, type Build } from '../../../harness/kernel';

interface Matrix {
  readonly values: Float64Array;
  /** In elements. */
  readonly batch: number;
  readonly row: number;
  readonly column: number;
}

/** How the elements of a batch of matrices lie in memory. */
type Layout = 'rows' | 'columns' | 'gaps' | 'broadcast' | 'interleaved';

let seed = 1;
const random = (): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 31 - 1;
};

function matrix(batch: number, rows: number, columns: number, layout: Layout, integers: boolean): Matrix {
  const shared = layout === 'broadcast';
  const strides: { [L in Layout]: [number, number, number] } = {
    rows: [rows * columns, columns, 1],
    columns: [rows * columns, 1, rows],
    gaps: [rows * (2 * columns + 3), 2 * columns + 3, 2],
    broadcast: [0, columns, 1],
    // [rows, batch, columns], as a transposed view of attention heads
    interleaved: [columns, batch * columns, 1],
  };
  const [b, r, c] = strides[layout];
  const count = Math.max(0, (shared ? 1 : batch) * rows * columns * (layout === 'gaps' ? 2 : 1) + 3 * batch * rows);
  const values = Float64Array.from({ length: count }, () =>
    integers ? Math.round(random() * 9) : Math.fround(random()),
  );
  return { values, batch: b, row: r, column: c };
}

const at = (x: Matrix, batch: number, row: number, column: number): number =>
  x.values[batch * x.batch + row * x.row + column * x.column];

function toTyped(values: Float64Array, dtype: DType): TypedArray {
  if (dtype === 'float32') return Float32Array.from(values);
  if (dtype === 'int32') return Int32Array.from(values);
  if (dtype === 'int64') return BigInt64Array.from(values, (x) => BigInt(x));
  return dtype === 'uint8' ? Uint8Array.from(values) : values;
}

interface Case {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch?: number;
  readonly a?: Layout;
  readonly b?: Layout;
  readonly bias?: boolean;
  readonly dtype?: DType;
}

function check(
  build: Build,
  { m, n, k, batch = 1, a: aLayout = 'rows', b: bLayout = 'rows', bias = false, dtype = 'float32' }: Case,
): void {
  const bench = new KernelBench(build, 16);
  const integers = dtype !== 'float32' && dtype !== 'float64';
  const a = matrix(batch, m, k, aLayout, integers);
  const b = matrix(batch, k, n, bLayout, integers);
  const added = Float64Array.from({ length: n }, () => (integers ? 3 : Math.fround(random())));
  const { bytes, array, code } = DTYPES[dtype];
  const count = batch * m * n;
  const out = bench.room(count * bytes);
  const workspace = gemmWorkspaceBytes({ batch, m, n, k, bBatch: b.batch, dtype });
  bench.run(Opcode.Gemm, Gemm, {
    a: bench.place(toTyped(a.values, dtype), 'a'),
    b: bench.place(toTyped(b.values, dtype), 'b'),
    bias: bias ? bench.place(toTyped(added, dtype), 'bias') : 0,
    out,
    workspace: workspace === 0 ? 0 : bench.room(workspace, 'workspace'),
    batch,
    m,
    n,
    k,
    aBatch: a.batch,
    aRow: a.row,
    aColumn: a.column,
    bBatch: b.batch,
    bRow: b.row,
    bColumn: b.column,
    dtype: code,
  });
  const actual = Array.from(array(bench.read(Uint8Array, out, count * bytes).buffer), Number);
  // Sums of products of numbers below 1 in float32; integers are exact.
  const tolerance = integers ? 0 : dtype === 'float64' ? 1e-13 * (k + 1) : 4e-6 * Math.sqrt(k + 1);
  let worst = 0;
  for (let g = 0, i = 0; g < batch; g++) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++, i++) {
        let sum = bias ? added[column] : 0;
        for (let p = 0; p < k; p++) sum += at(a, g, row, p) * at(b, g, p, column);
        if (dtype === 'uint8') sum = ((sum % 256) + 256) % 256;
        worst = Math.max(worst, Math.abs(actual[i] - sum));
      }
    }
  }
  expect(worst, JSON.stringify({ m, n, k, batch, aLayout, bLayout, bias, dtype })).toBeLessThanOrEqual(tolerance);
}

describe.each<Build>(['baseline', 'relaxed'])('gemm, %s build', (build) => {
  test('every small size, with and without a bias', () => {
    const sizes = [0, 1, 3, 4, 5, 16, 17];
    for (const m of sizes)
      for (const n of sizes) for (const k of sizes) check(build, { m, n, k, bias: (m + n + k) % 2 === 1 });
  });

  test('either operand transposed or with gaps', () => {
    const layouts: Layout[] = ['rows', 'columns', 'gaps'];
    for (const a of layouts) {
      for (const b of layouts) {
        for (const [m, n, k] of [
          [1, 1, 17],
          [1, 65, 33],
          [65, 1, 33],
          [5, 9, 7],
          [17, 16, 63],
          [64, 64, 64],
          [100, 65, 128],
        ] as const) {
          check(build, { m, n, k, a, b, bias: true });
        }
      }
    }
  });

  test('sizes around tiles, passes and blocks', () => {
    for (const n of [63, 64, 65, 128]) check(build, { m: 65, n, k: 128, b: 'columns' });
    check(build, { m: 6, n: 8, k: 384, bias: true });
    check(build, { m: 7, n: 9, k: 385, bias: true });
    check(build, { m: 97, n: 130, k: 1000, bias: true, a: 'columns' });
    check(build, { m: 1000, n: 17, k: 100, bias: true });
    check(build, { m: 17, n: 1000, k: 100, bias: true, b: 'columns' });
    check(build, { m: 3, n: 2, k: 10000 });
    check(build, { m: 2, n: 30000, k: 3, bias: true });
  });

  test('batches, broadcast and interleaved', () => {
    const layouts: Layout[] = ['rows', 'columns', 'broadcast', 'interleaved'];
    for (const a of layouts) {
      for (const b of layouts) {
        for (const [m, n, k] of [
          [4, 5, 3],
          [1, 17, 5],
          [33, 1, 16],
          [33, 20, 17],
        ] as const)
          check(build, { batch: 5, m, n, k, a, b });
      }
    }
    check(build, { batch: 3, m: 96, n: 100, k: 65, b: 'columns', bias: true });
    check(build, { batch: 3, m: 96, n: 100, k: 65, b: 'broadcast' });
    check(build, { batch: 300, m: 16, n: 16, k: 16 });
  });

  test('long vectors', () => {
    for (const a of ['rows', 'columns'] as const) {
      check(build, { m: 1000, n: 1, k: 1000, a, bias: true });
      check(build, { m: 1, n: 1000, k: 1001, b: a, bias: true });
    }
    check(build, { m: 1, n: 1, k: 100000 });
    check(build, { m: 1, n: 1000, k: 1 });
  });

  test('other dtypes', () => {
    for (const dtype of ['float64', 'int32', 'int64', 'uint8'] as const) {
      for (const [m, n, k] of [
        [0, 3, 4],
        [1, 1, 1],
        [4, 5, 0],
        [5, 4, 17],
        [33, 40, 50],
      ] as const) {
        check(build, { batch: 2, m, n, k, dtype, bias: true, b: 'columns' });
        check(build, { batch: 2, m, n, k, dtype, a: 'gaps' });
      }
    }
  });

  test('NaN and infinity stay in their rows and columns', () => {
    for (const [m, n, k] of [
      [9, 13, 5],
      [100, 90, 70],
    ] as const) {
      const bench = new KernelBench(build, 8);
      const a = new Float32Array(m * k).fill(1);
      const b = new Float32Array(k * n).fill(1);
      a[(m - 1) * k + 2] = Infinity;
      b[3 * n + n - 1] = NaN;
      const out = bench.room(m * n * 4);
      const workspace = gemmWorkspaceBytes({ batch: 1, m, n, k, bBatch: 0, dtype: 'float32' });
      bench.run(Opcode.Gemm, Gemm, {
        a: bench.place(a),
        b: bench.place(b),
        bias: 0,
        out,
        workspace: workspace === 0 ? 0 : bench.room(workspace, 'workspace'),
        batch: 1,
        m,
        n,
        k,
        aBatch: 0,
        aRow: k,
        aColumn: 1,
        bBatch: 0,
        bRow: n,
        bColumn: 1,
        dtype: DTYPES.float32.code,
      });
      const expected = Array.from({ length: m * n }, (_, i) =>
        i % n === n - 1 ? NaN : i >= (m - 1) * n ? Infinity : k,
      );
      expect(Array.from(bench.read(Float32Array, out, m * n))).toEqual(expected);
    }
  });
});
