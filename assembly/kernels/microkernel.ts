// The inner loop of matrix products and convolutions: a register tile times a panel of 8 columns.
//
//   a: panels of TILE_ROWS rows, element (row, p) of a panel at a[p * TILE_ROWS + row]; the last panel may be of 4
//   b: one panel of 8 columns, element (p, column) at b[p * 8 + column]
//
// With 15 vector registers 6x8 leaves room for two columns and one broadcast row. Multiply and add apart need one
// more, so the baseline build uses 4x8 (Chromium on x86-64, one core: relaxed 6x8 58, 4x8 52 GFLOP/s; apart 4x8 52, 6x8 28).
import { madd } from '../simd/lanes';

/** Rows of a full tile. */
export const TILE_ROWS: u32 = RELAXED ? 6 : 4;
/** Columns of a tile. */
export const TILE_COLUMNS: u32 = 8;
/** Longest sum of one pass, so that panels of a and b stay in the first-level cache (12 and 9 KB). */
export const MAX_DEPTH: u32 = 384;
/** Bytes of a tile in scratch memory. */
export const TILE_BYTES: usize = 192;

/** Rows of the panel that starts `rows` before the end: a short rest goes into a smaller tile. */
// @ts-ignore: decorator
@inline
export function panelRows(rows: u32): u32 {
  return rows > 4 ? TILE_ROWS : 4;
}

/** Rows of the panels that `rows` rows fill; the panel at row r starts at element r * depth. */
export function paddedRows(rows: u32): u32 {
  const rest = rows % TILE_ROWS;
  return rest == 0 ? rows : rows - rest + panelRows(rest);
}

/** Length of each of the equal passes that a sum of `k` terms is cut into. */
export function passDepth(k: u32): u32 {
  if (k == 0) return MAX_DEPTH;
  const passes = (k + MAX_DEPTH - 1) / MAX_DEPTH;
  return (k + passes - 1) / passes;
}

/**
 * out [rows, columns] = start [rows, columns] + a [rows, depth] b [depth, columns], for columns <= 8.
 * Strides are in bytes; `start` may be `out` itself, else it is readable up to full tiles (stride 0 repeats one row).
 * `tile` is scratch memory of TILE_BYTES.
 */
export function multiplyPanels(
  a: usize,
  b: usize,
  start: usize,
  out: usize,
  rows: u32,
  columns: u32,
  depth: u32,
  startRow: usize,
  outRow: usize,
  tile: usize,
): void {
  const accumulate = start == out;
  for (let row: u32 = 0; row < rows; row += TILE_ROWS) {
    const rest = rows - row;
    const height = panelRows(rest);
    if (rest >= height && columns == TILE_COLUMNS) {
      multiplyTile(height, a, b, start, out, depth, startRow, outRow);
    } else {
      // An edge: a whole tile is computed in scratch memory, then what is inside is copied.
      const valid = min(rest, height);
      if (accumulate) {
        copyTile(out, tile, valid, columns, outRow, 32);
        multiplyTile(height, a, b, tile, tile, depth, 32, 32);
      } else {
        multiplyTile(height, a, b, start, tile, depth, startRow, 32);
      }
      copyTile(tile, out, valid, columns, 32, outRow);
    }
    a += (height * depth) << 2;
    start += startRow * height;
    out += outRow * height;
  }
}

// @ts-ignore: decorator
@inline
function multiplyTile(
  height: u32,
  a: usize,
  b: usize,
  start: usize,
  out: usize,
  depth: u32,
  startRow: usize,
  outRow: usize,
): void {
  if (RELAXED) {
    if (height == 6) {
      multiplyTile6(a, b, start, out, depth, startRow, outRow);
      return;
    }
  }
  multiplyTile4(a, b, start, out, depth, startRow, outRow);
}

function copyTile(from: usize, to: usize, rows: u32, columns: u32, fromRow: usize, toRow: usize): void {
  for (let row: u32 = 0; row < rows; row++) {
    for (let column: u32 = 0; column < columns; column++)
      store<f32>(to + (column << 2), load<f32>(from + (column << 2)));
    from += fromRow;
    to += toRow;
  }
}

/** Adds one finished row of a tile to its start. */
// @ts-ignore: decorator
@inline
function finish(start: usize, out: usize, low: v128, high: v128): void {
  v128.store(out, f32x4.add(v128.load(start), low));
  v128.store(out, f32x4.add(v128.load(start, 16), high), 16);
}

function multiplyTile6(a: usize, b: usize, start: usize, out: usize, depth: u32, startRow: usize, outRow: usize): void {
  let low0 = f32x4.splat(0);
  let high0 = low0;
  let low1 = low0;
  let high1 = low0;
  let low2 = low0;
  let high2 = low0;
  let low3 = low0;
  let high3 = low0;
  let low4 = low0;
  let high4 = low0;
  let low5 = low0;
  let high5 = low0;
  for (const end = b + (depth << 5); b < end; a += 24, b += 32) {
    const low = v128.load(b);
    const high = v128.load(b, 16);
    let x = v128.load32_splat(a);
    low0 = madd<f32>(x, low, low0);
    high0 = madd<f32>(x, high, high0);
    x = v128.load32_splat(a, 4);
    low1 = madd<f32>(x, low, low1);
    high1 = madd<f32>(x, high, high1);
    x = v128.load32_splat(a, 8);
    low2 = madd<f32>(x, low, low2);
    high2 = madd<f32>(x, high, high2);
    x = v128.load32_splat(a, 12);
    low3 = madd<f32>(x, low, low3);
    high3 = madd<f32>(x, high, high3);
    x = v128.load32_splat(a, 16);
    low4 = madd<f32>(x, low, low4);
    high4 = madd<f32>(x, high, high4);
    x = v128.load32_splat(a, 20);
    low5 = madd<f32>(x, low, low5);
    high5 = madd<f32>(x, high, high5);
  }
  finish(start, out, low0, high0);
  finish(start + startRow, out + outRow, low1, high1);
  finish(start + startRow * 2, out + outRow * 2, low2, high2);
  finish(start + startRow * 3, out + outRow * 3, low3, high3);
  finish(start + startRow * 4, out + outRow * 4, low4, high4);
  finish(start + startRow * 5, out + outRow * 5, low5, high5);
}

function multiplyTile4(a: usize, b: usize, start: usize, out: usize, depth: u32, startRow: usize, outRow: usize): void {
  let low0 = f32x4.splat(0);
  let high0 = low0;
  let low1 = low0;
  let high1 = low0;
  let low2 = low0;
  let high2 = low0;
  let low3 = low0;
  let high3 = low0;
  for (const end = b + (depth << 5); b < end; a += 16, b += 32) {
    const low = v128.load(b);
    const high = v128.load(b, 16);
    let x = v128.load32_splat(a);
    low0 = madd<f32>(x, low, low0);
    high0 = madd<f32>(x, high, high0);
    x = v128.load32_splat(a, 4);
    low1 = madd<f32>(x, low, low1);
    high1 = madd<f32>(x, high, high1);
    x = v128.load32_splat(a, 8);
    low2 = madd<f32>(x, low, low2);
    high2 = madd<f32>(x, high, high2);
    x = v128.load32_splat(a, 12);
    low3 = madd<f32>(x, low, low3);
    high3 = madd<f32>(x, high, high3);
  }
  finish(start, out, low0, high0);
  finish(start + startRow, out + outRow, low1, high1);
  finish(start + startRow * 2, out + outRow * 2, low2, high2);
  finish(start + startRow * 3, out + outRow * 3, low3, high3);
}
