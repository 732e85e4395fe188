// Products with one row or one column: out [rows] = matrix [rows, k] vector [k] + bias, bound by reading the matrix.
// Either of its strides may be 1: along k, rows are summed as dot products; along the rows, columns are added up.
import { Gemm } from '../engine/commands';
import { taskCount, taskStart } from '../engine/partition';
import { madd } from '../simd/lanes';
import { pulse, scratch } from '../engine/worker';

/** Elements of the matrix read in a nanosecond on one core, from memory. */
const SPEED: u64 = 3;
/** Terms of a dot product between additions to the output; the vector's part (16 KB) stays in the first-level cache. */
const PASS: u32 = 4096;
/** Elements of the matrix in a block of rows: about 20 us. */
const BLOCK_ELEMENTS: u32 = 65536;
/** Most rows of a block: they stay in the first-level cache while columns are added to them. */
const MAX_BLOCK_ROWS: u32 = 1024;
/** Fewest rows of a block: of contiguous columns a kilobyte each is read at a time. */
const MIN_BLOCK_ROWS: u32 = 16;
const MIN_COLUMN_ROWS: u32 = 256;

/** Whether gemv can do it: one row or column, and one of the matrix's strides is 1. */
export function isVectorForm(c: Gemm): bool {
  return c.n == 1 ? c.aColumn == 1 || c.aRow == 1 : c.m == 1 && (c.bRow == 1 || c.bColumn == 1);
}

/** Whether the rows, not the columns, are contiguous. */
// @ts-ignore: decorator
@inline
function sumsRows(c: Gemm): bool {
  return c.n == 1 ? c.aColumn == 1 : c.bRow == 1;
}

export function gemvTasks(c: Gemm): i32 {
  return taskCount(c.batch * blocksOf(c), (<u64>min(rowsOf(c), blockRows(c)) * c.k) / SPEED);
}

// @ts-ignore: decorator
@inline
function rowsOf(c: Gemm): u32 {
  return c.n == 1 ? c.m : c.n;
}

// @ts-ignore: decorator
@inline
function blocksOf(c: Gemm): u32 {
  return (rowsOf(c) + blockRows(c) - 1) / blockRows(c);
}

function blockRows(c: Gemm): u32 {
  const fewest = sumsRows(c) ? MIN_BLOCK_ROWS : MIN_COLUMN_ROWS;
  return min(MAX_BLOCK_ROWS, max(fewest, (BLOCK_ELEMENTS / max(1, c.k)) & ~15));
}

/** Runs one task: blocks of rows. */
export function gemv(c: Gemm, task: i32): void {
  const blocks = c.batch * blocksOf(c);
  const tasks = gemvTasks(c);
  const end = taskStart(blocks, tasks, task + 1);
  for (let block = taskStart(blocks, tasks, task); block < end; block++) {
    multiplyBlock(c, block / blocksOf(c), (block % blocksOf(c)) * blockRows(c));
  }
}

function multiplyBlock(c: Gemm, batch: u32, row: u32): void {
  const all = rowsOf(c);
  const rows = min(blockRows(c), all - row);
  const out = c.out + ((batch * all + row) << 2);
  const a = c.a + ((batch * c.aBatch) << 2);
  const b = c.b + ((batch * c.bBatch) << 2);
  if (c.n == 1) {
    startFrom(c.bias, 0, out, rows);
    if (sumsRows(c)) sumRows(a + ((row * c.aRow) << 2), b, out, rows, c.k, c.aRow << 2, c.bRow << 2);
    else addColumns(a + (row << 2), b, out, rows, c.k, c.aColumn << 2, c.bRow << 2);
  } else {
    startFrom(c.bias == 0 ? 0 : c.bias + (row << 2), 4, out, rows);
    if (sumsRows(c)) sumRows(b + ((row * c.bColumn) << 2), a, out, rows, c.k, c.bColumn << 2, c.aColumn << 2);
    else addColumns(b + (row << 2), a, out, rows, c.k, c.bRow << 2, c.aColumn << 2);
  }
}

/** Fills the output with the bias (one for all where biasStep is 0), or with 0 where there is none. */
function startFrom(bias: usize, biasStep: u32, out: usize, rows: u32): void {
  for (let row: u32 = 0; row < rows; row++) {
    store<f32>(out + (row << 2), bias == 0 ? 0 : load<f32>(bias + row * biasStep));
  }
}

/** out[row] += matrix[row] · vector, rows being contiguous. Strides in bytes. */
function sumRows(
  matrix: usize,
  vector: usize,
  out: usize,
  rows: u32,
  k: u32,
  rowStride: usize,
  vectorStride: usize,
): void {
  for (let p: u32 = 0; p < k; p += PASS) {
    const depth = min(PASS, k - p);
    let part = vector + vectorStride * p;
    if (vectorStride != 4) {
      for (let i: u32 = 0; i < depth; i++) store<f32>(scratch + (i << 2), load<f32>(part + vectorStride * i));
      part = scratch;
    }
    let from = matrix + (p << 2);
    let row: u32 = 0;
    for (; row + 4 <= rows; row += 4) {
      sumFourRows(from, part, out + (row << 2), depth, rowStride);
      from += rowStride << 2;
    }
    for (; row < rows; row++) {
      sumRow(from, part, out + (row << 2), depth);
      from += rowStride;
    }
    pulse(rows * depth);
  }
}

// @ts-ignore: decorator
@inline
function horizontalSum(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 2, 3));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

function sumFourRows(row0: usize, vector: usize, out: usize, depth: u32, rowStride: usize): void {
  let row1 = row0 + rowStride;
  let row2 = row1 + rowStride;
  let row3 = row2 + rowStride;
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  let next0 = sum0;
  let next1 = sum0;
  let next2 = sum0;
  let next3 = sum0;
  let p: u32 = 0;
  for (; p + 8 <= depth; p += 8) {
    const x = v128.load(vector);
    sum0 = madd<f32>(v128.load(row0), x, sum0);
    sum1 = madd<f32>(v128.load(row1), x, sum1);
    sum2 = madd<f32>(v128.load(row2), x, sum2);
    sum3 = madd<f32>(v128.load(row3), x, sum3);
    const y = v128.load(vector, 16);
    next0 = madd<f32>(v128.load(row0, 16), y, next0);
    next1 = madd<f32>(v128.load(row1, 16), y, next1);
    next2 = madd<f32>(v128.load(row2, 16), y, next2);
    next3 = madd<f32>(v128.load(row3, 16), y, next3);
    vector += 32;
    row0 += 32;
    row1 += 32;
    row2 += 32;
    row3 += 32;
  }
  let total0 = horizontalSum(f32x4.add(sum0, next0));
  let total1 = horizontalSum(f32x4.add(sum1, next1));
  let total2 = horizontalSum(f32x4.add(sum2, next2));
  let total3 = horizontalSum(f32x4.add(sum3, next3));
  for (; p < depth; p++) {
    const x = load<f32>(vector);
    total0 += load<f32>(row0) * x;
    total1 += load<f32>(row1) * x;
    total2 += load<f32>(row2) * x;
    total3 += load<f32>(row3) * x;
    vector += 4;
    row0 += 4;
    row1 += 4;
    row2 += 4;
    row3 += 4;
  }
  store<f32>(out, load<f32>(out) + total0);
  store<f32>(out, load<f32>(out, 4) + total1, 4);
  store<f32>(out, load<f32>(out, 8) + total2, 8);
  store<f32>(out, load<f32>(out, 12) + total3, 12);
}

function sumRow(row: usize, vector: usize, out: usize, depth: u32): void {
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  let p: u32 = 0;
  for (; p + 16 <= depth; p += 16) {
    sum0 = madd<f32>(v128.load(row), v128.load(vector), sum0);
    sum1 = madd<f32>(v128.load(row, 16), v128.load(vector, 16), sum1);
    sum2 = madd<f32>(v128.load(row, 32), v128.load(vector, 32), sum2);
    sum3 = madd<f32>(v128.load(row, 48), v128.load(vector, 48), sum3);
    row += 64;
    vector += 64;
  }
  let total = horizontalSum(f32x4.add(f32x4.add(sum0, sum1), f32x4.add(sum2, sum3)));
  for (; p < depth; p++) {
    total += load<f32>(row) * load<f32>(vector);
    row += 4;
    vector += 4;
  }
  store<f32>(out, load<f32>(out) + total);
}

/** out[row] += sum over p of matrix[row, p] * vector[p], columns being contiguous: four columns in one go over the rows. */
function addColumns(
  matrix: usize,
  vector: usize,
  out: usize,
  rows: u32,
  k: u32,
  columnStride: usize,
  vectorStride: usize,
): void {
  let p: u32 = 0;
  for (; p + 4 <= k; p += 4) {
    const x0 = load<f32>(vector);
    const x1 = load<f32>(vector + vectorStride);
    const x2 = load<f32>(vector + vectorStride * 2);
    const x3 = load<f32>(vector + vectorStride * 3);
    const all0 = f32x4.splat(x0);
    const all1 = f32x4.splat(x1);
    const all2 = f32x4.splat(x2);
    const all3 = f32x4.splat(x3);
    let column0 = matrix;
    let column1 = column0 + columnStride;
    let column2 = column1 + columnStride;
    let column3 = column2 + columnStride;
    let to = out;
    const end = out + (rows << 2);
    for (; to + 16 <= end; to += 16) {
      const first = madd<f32>(v128.load(column1), all1, madd<f32>(v128.load(column0), all0, v128.load(to)));
      const second = madd<f32>(v128.load(column3), all3, f32x4.mul(v128.load(column2), all2));
      v128.store(to, f32x4.add(first, second));
      column0 += 16;
      column1 += 16;
      column2 += 16;
      column3 += 16;
    }
    for (; to < end; to += 4) {
      const first = load<f32>(to) + load<f32>(column0) * x0 + load<f32>(column1) * x1;
      store<f32>(to, first + (load<f32>(column2) * x2 + load<f32>(column3) * x3));
      column0 += 4;
      column1 += 4;
      column2 += 4;
      column3 += 4;
    }
    matrix += columnStride << 2;
    vector += vectorStride << 2;
    pulse(rows);
  }
  for (; p < k; p++) {
    const x = load<f32>(vector);
    const all = f32x4.splat(x);
    let row: u32 = 0;
    for (; row + 4 <= rows; row += 4) {
      const to = out + (row << 2);
      v128.store(to, madd<f32>(v128.load(matrix + (row << 2)), all, v128.load(to)));
    }
    for (; row < rows; row++) {
      const to = out + (row << 2);
      store<f32>(to, load<f32>(to) + load<f32>(matrix + (row << 2)) * x);
    }
    matrix += columnStride;
    vector += vectorStride;
  }
}
