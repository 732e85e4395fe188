// Convolution where each output channel reads one channel of the image (depthwise; also an image of one channel),
// straight from the patch of patch.ts: a product would be one row or column wide.
//
//   forward, gradInput   8 pixels of 4 rows at a time, over all terms
//   gradWeight           8 terms at a time, over all pixels
import { ConvCommand } from '../engine/commands';
import { parts } from '../engine/partition';
import {
  fillPatch,
  fillTable,
  Geometry,
  imageOf,
  outputAt,
  PANELS_AT,
  passesOf,
  PATCH_AT,
  TABLE_AT,
  TILE_AT,
} from './patch';
import { horizontalSum, loadLanes, madd } from '../simd/lanes';
import { pulse, scratch } from '../engine/worker';

const ROWS: u32 = 4;
const PIXELS: u32 = 8;
const TERMS: u32 = 8;

/** Whether the direct kernel takes the forward pass. */
export function isDirect(g: Geometry): bool {
  return g.channels == 1;
}

/** Whether the direct kernel takes a part of gradInput: there `channels` are those of the output that read one image channel. */
export function isDirectGradInput(c: ConvCommand, g: Geometry): bool {
  return c.channels == c.groups && passesOf(g) == 1;
}

/** Whether the direct kernel takes gradWeight; from 4 output channels on, products are faster. */
export function isDirectGradWeight(g: Geometry): bool {
  return g.channels == 1 && g.rows < 4;
}

/** One block of pixels of one group of one image: `image` counts groups of images. */
export function convolveDirect(c: ConvCommand, g: Geometry, image: u32, group: u32, block: u32): void {
  const across = parts(g.outWidth, g.blockWidth);
  const y = (block / across) * g.blockHeight;
  const x = (block % across) * g.blockWidth;
  const height = min(g.blockHeight, g.outHeight - y);
  const width = min(g.blockWidth, g.outWidth - x);
  const depth = g.channels * g.taps;
  fillTable(g, g.channels);
  if (depth > 0) fillPatch(g, imageOf(g, image, 0), g.channels, y, height, x);
  for (let row: u32 = 0; row < g.rows; row++) {
    const weights = scratch + PANELS_AT;
    copyTaps(c, g, c.b + (((group * g.rows + row) * g.channels * c.kernelH * c.kernelW) << 2), weights);
    const bias: f32 = c.bias == 0 ? 0 : load<f32>(c.bias + ((group * g.rows + row) << 2));
    convolvePlane(g, weights, bias, outputAt(c, g, image * g.rows + row, y, x), height, width, depth);
    pulse(height * width * depth);
  }
}

/** Copies the taps that take part, in their order. */
function copyTaps(c: ConvCommand, g: Geometry, from: usize, to: usize): void {
  for (let channel: u32 = 0; channel < g.channels; channel++) {
    for (let kh: u32 = 0; kh < g.kernelH; kh++) {
      const line = from + (((g.tapH + kh * g.tapStepH) * c.kernelW) << 2);
      for (let kw: u32 = 0; kw < g.kernelW; kw++) {
        store<f32>(to, load<f32>(line + ((g.tapW + kw * g.tapStepW) << 2)));
        to += 4;
      }
    }
    from += (c.kernelH * c.kernelW) << 2;
  }
}

function convolvePlane(g: Geometry, weights: usize, bias: f32, out: usize, height: u32, width: u32, depth: u32): void {
  const line = (g.strideH * g.strideW * g.pitch) << 2;
  const outRow = (g.planeWidth * g.stepH) << 2;
  const tile = scratch + TILE_AT;
  for (let y: u32 = 0; y < height; y += ROWS) {
    // Rows behind the last repeat it.
    const last = min(ROWS, height - y) - 1;
    const patch = scratch + PATCH_AT + y * line;
    const to = out + y * outRow;
    if (width >= PIXELS && g.stepW == 1) {
      // The last 8 pixels overlap those before them.
      for (let x: u32 = 0; x < width; x += PIXELS) {
        const at = min(x, width - PIXELS) << 2;
        convolveTile(weights, depth, bias, patch + at, line, last, to + at, outRow);
      }
    } else {
      for (let x: u32 = 0; x < width; x += PIXELS) {
        convolveTile(weights, depth, bias, patch + (x << 2), line, last, tile, PIXELS << 2);
        spreadTile(g, tile, to + ((x * g.stepW) << 2), last, min(PIXELS, width - x));
      }
    }
  }
}

/** Copies the pixels of a tile to their places. */
function spreadTile(g: Geometry, tile: usize, out: usize, last: u32, columns: u32): void {
  for (let row: u32 = 0; row <= last; row++) {
    for (let x: u32 = 0; x < columns; x++) {
      store<f32>(out + ((x * g.stepW) << 2), load<f32>(tile + ((row * PIXELS + x) << 2)));
    }
    out += (g.planeWidth * g.stepH) << 2;
  }
}

/** 8 pixels of the rows 0 to `last`, at most 4. Strides in bytes. */
function convolveTile(
  weights: usize,
  depth: u32,
  bias: f32,
  patch: usize,
  line: usize,
  last: u32,
  out: usize,
  outRow: usize,
): void {
  const row1 = min<u32>(last, 1);
  const row2 = min<u32>(last, 2);
  const row3 = min<u32>(last, 3);
  const line1 = line * row1;
  const line2 = line * row2;
  const line3 = line * row3;
  let low0 = f32x4.splat(bias);
  let high0 = low0;
  let low1 = low0;
  let high1 = low0;
  let low2 = low0;
  let high2 = low0;
  let low3 = low0;
  let high3 = low0;
  let term = scratch + TABLE_AT;
  for (const end = weights + (depth << 2); weights < end; weights += 4) {
    const weight = v128.load32_splat(weights);
    const from = patch + load<u32>(term);
    low0 = madd<f32>(weight, v128.load(from), low0);
    high0 = madd<f32>(weight, v128.load(from, 16), high0);
    low1 = madd<f32>(weight, v128.load(from + line1), low1);
    high1 = madd<f32>(weight, v128.load(from + line1, 16), high1);
    low2 = madd<f32>(weight, v128.load(from + line2), low2);
    high2 = madd<f32>(weight, v128.load(from + line2, 16), high2);
    low3 = madd<f32>(weight, v128.load(from + line3), low3);
    high3 = madd<f32>(weight, v128.load(from + line3, 16), high3);
    term += 4;
  }
  v128.store(out, low0);
  v128.store(out, high0, 16);
  v128.store(out + outRow * row1, low1);
  v128.store(out + outRow * row1, high1, 16);
  v128.store(out + outRow * row2, low2);
  v128.store(out + outRow * row2, high2, 16);
  v128.store(out + outRow * row3, low3);
  v128.store(out + outRow * row3, high3, 16);
}

/** Adds one block's products of patch and gradient to sum [taps, rows]; grad is at the block's first pixel. */
export function addBlockDirect(g: Geometry, grad: usize, height: u32, width: u32, sum: usize, first: bool): void {
  const plane = (g.outHeight * g.outWidth) << 2;
  for (let row: u32 = 0; row < g.rows; row++) {
    for (let term: u32 = 0; term < g.taps; term += TERMS) {
      const sums = scratch + TILE_AT;
      sumTerms(g, grad + row * plane, term, height, width, sums);
      for (let i: u32 = 0; i < min(TERMS, g.taps - term); i++) {
        const to = sum + (((term + i) * g.rows + row) << 2);
        const added = load<f32>(sums + (i << 2));
        store<f32>(to, first ? added : load<f32>(to) + added);
      }
    }
  }
}

/** Address of a term in the table; those behind the last repeat it. */
// @ts-ignore: decorator
@inline
function offsetOf(g: Geometry, term: u32): u32 {
  return load<u32>(scratch + TABLE_AT + (min(term, g.taps - 1) << 2));
}

/** Sums of 8 terms over the block, to `sums`. */
function sumTerms(g: Geometry, grad: usize, term: u32, height: u32, width: u32, sums: usize): void {
  const line = (g.strideH * g.strideW * g.pitch) << 2;
  const offset0 = offsetOf(g, term);
  const offset1 = offsetOf(g, term + 1);
  const offset2 = offsetOf(g, term + 2);
  const offset3 = offsetOf(g, term + 3);
  const offset4 = offsetOf(g, term + 4);
  const offset5 = offsetOf(g, term + 5);
  const offset6 = offsetOf(g, term + 6);
  const offset7 = offsetOf(g, term + 7);
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  let sum4 = sum0;
  let sum5 = sum0;
  let sum6 = sum0;
  let sum7 = sum0;
  const rest = width % 4;
  const mask = i32x4.lt_u(i32x4(0, 1, 2, 3), i32x4.splat(rest));
  for (let y: u32 = 0; y < height; y++) {
    let from = scratch + PATCH_AT + y * line;
    let at = grad + ((y * g.outWidth) << 2);
    for (const end = at + ((width - rest) << 2); at < end; at += 16) {
      const x = v128.load(at);
      sum0 = madd<f32>(x, v128.load(from + offset0), sum0);
      sum1 = madd<f32>(x, v128.load(from + offset1), sum1);
      sum2 = madd<f32>(x, v128.load(from + offset2), sum2);
      sum3 = madd<f32>(x, v128.load(from + offset3), sum3);
      sum4 = madd<f32>(x, v128.load(from + offset4), sum4);
      sum5 = madd<f32>(x, v128.load(from + offset5), sum5);
      sum6 = madd<f32>(x, v128.load(from + offset6), sum6);
      sum7 = madd<f32>(x, v128.load(from + offset7), sum7);
      from += 16;
    }
    if (rest > 0) {
      // What is behind the row may be anything, and 0 times infinity is not 0.
      const x = loadLanes<f32>(at, rest, f32x4.splat(0));
      sum0 = madd<f32>(x, v128.and(v128.load(from + offset0), mask), sum0);
      sum1 = madd<f32>(x, v128.and(v128.load(from + offset1), mask), sum1);
      sum2 = madd<f32>(x, v128.and(v128.load(from + offset2), mask), sum2);
      sum3 = madd<f32>(x, v128.and(v128.load(from + offset3), mask), sum3);
      sum4 = madd<f32>(x, v128.and(v128.load(from + offset4), mask), sum4);
      sum5 = madd<f32>(x, v128.and(v128.load(from + offset5), mask), sum5);
      sum6 = madd<f32>(x, v128.and(v128.load(from + offset6), mask), sum6);
      sum7 = madd<f32>(x, v128.and(v128.load(from + offset7), mask), sum7);
    }
  }
  store<f32>(sums, horizontalSum<f32>(sum0));
  store<f32>(sums, horizontalSum<f32>(sum1), 4);
  store<f32>(sums, horizontalSum<f32>(sum2), 8);
  store<f32>(sums, horizontalSum<f32>(sum3), 12);
  store<f32>(sums, horizontalSum<f32>(sum4), 16);
  store<f32>(sums, horizontalSum<f32>(sum5), 20);
  store<f32>(sums, horizontalSum<f32>(sum6), 24);
  store<f32>(sums, horizontalSum<f32>(sum7), 28);
}
