// Matrix products: out [batch, m, n] = a [batch, m, k] b [batch, k, n] + bias [n].
//
// float32 goes through packed panels. With a workspace, phase 0 packs all of b there and phase 1 computes blocks of
// the output; without one (small products, many of them) a task packs b into its own scratch and does whole products:
//
//   scratch:  | tile | padded bias | panels of a | panels of b (only without a workspace) |
//
// Products with one row or one column are in gemv.ts; other dtypes take plain loops.
import { DTypeCode, Gemm } from '../engine/commands';
import { gemv, gemvTasks, isVectorForm } from './gemv';
import { MAX_DEPTH, multiplyPanels, panelRows, passDepth, TILE_BYTES, TILE_COLUMNS, TILE_ROWS } from './microkernel';
import { packPanel } from './packing';
import { evenPart, parts, taskCount, taskStart } from '../engine/partition';
import { pulse, scratch } from '../engine/worker';

/** Multiply-adds in a nanosecond on one core: of the micro-kernel, and of plain loops. */
const SPEED: u64 = 25;
const PLAIN_SPEED: u64 = 1;
/** Greatest block of the output that a task holds panels of a for: 96 x 384 floats are 144 KB of the second-level cache. */
const BLOCK_ROWS: u32 = 96;
const BLOCK_COLUMNS: u32 = 1024;
/** Multiply-adds in a block: some 40 us. */
const BLOCK_WORK: u64 = 1 << 20;

const BIAS_AT: usize = TILE_BYTES;
const A_AT: usize = BIAS_AT + BLOCK_COLUMNS * 4;
const B_AT: usize = A_AT + BLOCK_ROWS * MAX_DEPTH * 4;

/** Number of tasks of a phase. */
export function gemmTasks(c: Gemm, phase: i32): i32 {
  if (c.batch == 0 || c.m == 0 || c.n == 0) return 0;
  if (isPlain(c)) return phase == 0 ? taskCount(c.batch * c.m, work(c.n, c.k) / PLAIN_SPEED) : 0;
  if (isVectorForm(c)) return phase == 0 ? gemvTasks(c) : 0;
  if (c.workspace == 0) return phase == 0 ? taskCount(c.batch, (work(c.m, c.n) * max(1, c.k)) / SPEED) : 0;
  if (phase == 0) return taskCount(panelsOfB(c), work(c.k, TILE_COLUMNS));
  return phase == 1 ? taskCount(blocks(c), (work(blockRows(c), blockColumns(c)) * max(1, c.k)) / SPEED) : 0;
}

/** Runs one task. */
export function gemm(c: Gemm, phase: i32, task: i32): void {
  if (isPlain(c)) {
    if (c.dtype == DTypeCode.Float32) multiplyPlain<f32>(c, task);
    else if (c.dtype == DTypeCode.Float64) multiplyPlain<f64>(c, task);
    else if (c.dtype == DTypeCode.Int32) multiplyPlain<i32>(c, task);
    else if (c.dtype == DTypeCode.Int64) multiplyPlain<i64>(c, task);
    else multiplyPlain<u8>(c, task);
  } else if (isVectorForm(c)) gemv(c, task);
  else if (c.workspace == 0) multiplyWhole(c, task);
  else if (phase == 0) packTask(c, task);
  else multiplyTask(c, task);
}

// @ts-ignore: decorator
@inline
function isPlain(c: Gemm): bool {
  return c.dtype != DTypeCode.Float32 || ((c.m == 1 || c.n == 1) && !isVectorForm(c));
}

// @ts-ignore: decorator
@inline
function work(rows: u32, columns: u32): u64 {
  return <u64>rows * columns;
}

// ---- with a workspace ---------------------------------------------------------------------------

/** Panels of all the distinct matrices b; a broadcast b (batch stride 0) is packed once. */
function panelsOfB(c: Gemm): u32 {
  return (c.bBatch == 0 ? 1 : c.batch) * parts(c.n, TILE_COLUMNS);
}

function packTask(c: Gemm, task: i32): void {
  const count = panelsOfB(c);
  const tasks = gemmTasks(c, 0);
  const perMatrix = parts(c.n, TILE_COLUMNS);
  const end = taskStart(count, tasks, task + 1);
  for (let panel = taskStart(count, tasks, task); panel < end; panel++) {
    packColumns(c, panel / perMatrix, panel % perMatrix, c.workspace + panel * c.k * (TILE_COLUMNS * 4));
  }
}

/** Packs 8 columns of one matrix b over all of k. */
function packColumns(c: Gemm, matrix: u32, panel: u32, to: usize): void {
  const column = panel * TILE_COLUMNS;
  const from = c.b + ((matrix * c.bBatch + column * c.bColumn) << 2);
  packPanel(from, to, TILE_COLUMNS, min(TILE_COLUMNS, c.n - column), c.k, c.bColumn << 2, c.bRow << 2);
  pulse(c.k * TILE_COLUMNS);
}

function blockRows(c: Gemm): u32 {
  return evenPart(c.m, BLOCK_ROWS, TILE_ROWS);
}

function blockColumns(c: Gemm): u32 {
  const fitting = <u32>(BLOCK_WORK / work(blockRows(c), max(1, c.k)));
  return evenPart(c.n, min(BLOCK_COLUMNS, max(64, fitting)), TILE_COLUMNS);
}

function blocks(c: Gemm): u32 {
  return c.batch * parts(c.m, blockRows(c)) * parts(c.n, blockColumns(c));
}

function multiplyTask(c: Gemm, task: i32): void {
  const rows = blockRows(c);
  const columns = blockColumns(c);
  const downwards = parts(c.m, rows);
  const across = parts(c.n, columns);
  const count = blocks(c);
  const tasks = gemmTasks(c, 1);
  const end = taskStart(count, tasks, task + 1);
  for (let block = taskStart(count, tasks, task); block < end; block++) {
    const matrix = block / (downwards * across);
    const row = (block % downwards) * rows;
    const column = ((block / downwards) % across) * columns;
    const panels = c.workspace + (c.bBatch == 0 ? 0 : matrix * parts(c.n, TILE_COLUMNS)) * c.k * (TILE_COLUMNS * 4);
    multiplyBlock(c, matrix, panels, row, min(c.m, row + rows), column, min(c.n, column + columns));
  }
}

/** One block of the output from panels of b that are already packed. */
function multiplyBlock(c: Gemm, matrix: u32, panels: usize, row: u32, rowEnd: u32, column: u32, columnEnd: u32): void {
  const k = c.k;
  const tile = scratch;
  const bias = scratch + BIAS_AT;
  const aPanels = scratch + A_AT;
  const outRow = c.n << 2;
  const rows = rowEnd - row;
  const a = c.a + ((matrix * c.aBatch + row * c.aRow) << 2);
  const out = c.out + (matrix * c.m + row) * outRow;
  padBias(c, bias, column, columnEnd);
  const pass = passDepth(k);
  for (let p: u32 = 0; p == 0 || p < k; p += pass) {
    const depth = min(pass, k - p);
    packRows(c, a + ((p * c.aColumn) << 2), aPanels, rows, depth);
    for (let j = column; j < columnEnd; j += TILE_COLUMNS) {
      const to = out + (j << 2);
      const start = p == 0 ? bias + ((j - column) << 2) : to;
      const b = panels + ((j * k + p * TILE_COLUMNS) << 2);
      const columns = min(TILE_COLUMNS, columnEnd - j);
      multiplyPanels(aPanels, b, start, to, rows, columns, depth, p == 0 ? 0 : outRow, outRow, tile);
    }
    pulse((rows * (columnEnd - column) * depth) / <u32>SPEED);
  }
}

/** Packs rows of a, from the address of the first one. */
function packRows(c: Gemm, from: usize, to: usize, rows: u32, depth: u32): void {
  for (let row: u32 = 0; row < rows; row += TILE_ROWS) {
    const height = panelRows(rows - row);
    packPanel(from, to, height, min(height, rows - row), depth, c.aRow << 2, c.aColumn << 2);
    from += (c.aRow * TILE_ROWS) << 2;
    to += (height * depth) << 2;
  }
}

/** What the sums of these columns start from: the bias or 0, up to full panels. */
function padBias(c: Gemm, to: usize, column: u32, columnEnd: u32): void {
  const columns = columnEnd - column;
  memory.fill(to, 0, (parts(columns, TILE_COLUMNS) * TILE_COLUMNS) << 2);
  if (c.bias != 0) memory.copy(to, c.bias + (column << 2), columns << 2);
}

// ---- without a workspace ------------------------------------------------------------------------

function multiplyWhole(c: Gemm, task: i32): void {
  const tasks = gemmTasks(c, 0);
  const first = taskStart(c.batch, tasks, task);
  const end = taskStart(c.batch, tasks, task + 1);
  const panels = scratch + B_AT;
  for (let matrix = first; matrix < end; matrix++) {
    if (matrix == first || c.bBatch != 0) {
      for (let j: u32 = 0; j < c.n; j += TILE_COLUMNS)
        packColumns(c, matrix, j / TILE_COLUMNS, panels + ((j * c.k) << 2));
    }
    for (let row: u32 = 0; row < c.m; row += BLOCK_ROWS) {
      multiplyBlock(c, matrix, panels, row, min(c.m, row + BLOCK_ROWS), 0, c.n);
    }
  }
}

// ---- plain loops --------------------------------------------------------------------------------

function multiplyPlain<T>(c: Gemm, task: i32): void {
  const tasks = gemmTasks(c, 0);
  const end = taskStart(c.batch * c.m, tasks, task + 1);
  const outRow = c.n * sizeof<T>();
  const step = c.bColumn * sizeof<T>();
  for (let line = taskStart(c.batch * c.m, tasks, task); line < end; line++) {
    const matrix = line / c.m;
    const a = c.a + (matrix * c.aBatch + (line % c.m) * c.aRow) * sizeof<T>();
    const b = c.b + matrix * c.bBatch * sizeof<T>();
    const out = c.out + line * outRow;
    if (c.bias == 0) memory.fill(out, 0, outRow);
    else memory.copy(out, c.bias, outRow);
    for (let p: u32 = 0; p < c.k; p++) {
      const x = load<T>(a + p * c.aColumn * sizeof<T>());
      let from = b + p * c.bRow * sizeof<T>();
      for (let to = out; to < out + outRow; to += sizeof<T>()) {
        store<T>(to, <T>(load<T>(to) + x * load<T>(from)));
        from += step;
      }
      pulse(c.n);
    }
  }
}
