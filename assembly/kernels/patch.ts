// What the matrix kernels of convolution read: a block of the image with its padding written out, and panels of it.
//
// Each pass over a few channels copies the part of the image that a block of output pixels needs into scratch memory.
// Borders are zeros there, and columns are sorted by their remainder modulo the stride, so that neighbouring outputs
// read neighbouring elements at every stride:
//
//   patch [channels, height, strideW, pitch]:   column X of the padded image is at (X % strideW, X / strideW)
//
// Term p = (channel, kh, kw) of an output pixel is then at table[p] + the pixel's own offset.
import { ConvCommand, SCRATCH_BYTES } from '../engine/commands';
import { MAX_DEPTH, TILE_BYTES } from './microkernel';
import { transposeRows } from './packing';
import { evenPart, parts } from '../engine/partition';
import { scratch } from '../engine/worker';

/** Pixels of a block of the output. */
const BLOCK_PIXELS: u32 = 1024;
/** Blocks below this are not made smaller to fit the patch; passes then take fewer channels. */
const SMALL_BLOCK_PIXELS: u32 = 256;
/** Longest pass: a kernel with more positions than this takes plain loops. */
const MAX_TAPS: u32 = 8192;

const GEOMETRY_BYTES: usize = 256;
/** Scratch memory: | geometry | tile | zeros | table | panels | patch |. */
export const TILE_AT: usize = GEOMETRY_BYTES;
export const ZEROS_AT: usize = TILE_AT + TILE_BYTES;
export const TABLE_AT: usize = 512;
export const PANELS_AT: usize = TABLE_AT + MAX_TAPS * 4;
export const PANELS_BYTES: usize = 320 * 1024;
export const PATCH_AT: usize = PANELS_AT + PANELS_BYTES;
/** Vectors are read and written a little beyond the end. */
const PATCH_BYTES: u32 = SCRATCH_BYTES - <u32>PATCH_AT - 64;

/**
 * A convolution as a product, per image and group: out [rows, pixels] = weights [rows, channels * taps] patch [channels * taps, pixels].
 * gradInput is a set of these, one for each remainder of the pixel's position modulo the stride.
 */
export class Geometry {
  source: usize;
  sourceHeight: u32;
  sourceWidth: u32;
  /** Output pixel (y, x) is at (firstH + y * stepH, firstW + x * stepW) of a plane of planeHeight x planeWidth. */
  outHeight: u32;
  outWidth: u32;
  planeHeight: u32;
  planeWidth: u32;
  firstH: u32;
  firstW: u32;
  stepH: u32;
  stepW: u32;
  strideH: u32;
  strideW: u32;
  /** Negative padding crops. */
  paddingH: i32;
  paddingW: i32;
  /** Taps of the kernel that take part; tap (i, j) is at (tapH + i * tapStepH, tapW + j * tapStepW) of the weight. */
  kernelH: u32;
  kernelW: u32;
  tapH: i32;
  tapW: i32;
  tapStepH: i32;
  tapStepW: i32;
  dilationH: u32;
  dilationW: u32;
  /** Of one group. */
  channels: u32;
  rows: u32;
  groups: u32;
  batch: u32;
  /** kernelH * kernelW */
  taps: u32;
  passChannels: u32;
  blockHeight: u32;
  blockWidth: u32;
  /** Of the patch, in elements. */
  pitch: u32;
  plane: u32;
  /** 0 if no patch fits into scratch memory. */
  fits: u32;
}

/** The forward pass: image to output. */
export function forwardGeometry(c: ConvCommand, source: usize): Geometry {
  const g = changetype<Geometry>(scratch);
  g.source = source;
  g.sourceHeight = c.height;
  g.sourceWidth = c.width;
  g.outHeight = g.planeHeight = c.outHeight;
  g.outWidth = g.planeWidth = c.outWidth;
  g.firstH = 0;
  g.firstW = 0;
  g.stepH = 1;
  g.stepW = 1;
  g.strideH = c.strideH;
  g.strideW = c.strideW;
  g.paddingH = c.paddingH;
  g.paddingW = c.paddingW;
  g.kernelH = c.kernelH;
  g.kernelW = c.kernelW;
  g.tapH = 0;
  g.tapW = 0;
  g.tapStepH = 1;
  g.tapStepW = 1;
  g.dilationH = c.dilationH;
  g.dilationW = c.dilationW;
  g.channels = c.channels / c.groups;
  g.rows = c.outChannels / c.groups;
  return plan(c, g);
}

/** Number of convolutions that make up gradInput. */
export function partsOfGradInput(c: ConvCommand): u32 {
  return c.strideH * c.strideW;
}

/**
 * One of the convolutions that make up gradInput. Image row y gets tap k from output row (y + padding - k dilation) / stride
 * where that is whole. Rows of one remainder modulo the stride share their taps, every stride / gcd(stride, dilation)-th
 * one, and walk along the output row by row: a convolution of stride 1 over the output's gradient, the kernel flipped.
 */
export function gradInputGeometry(c: ConvCommand, part: u32): Geometry {
  const g = changetype<Geometry>(scratch);
  g.source = c.a;
  g.sourceHeight = c.outHeight;
  g.sourceWidth = c.outWidth;
  g.planeHeight = c.height;
  g.planeWidth = c.width;
  g.firstH = part / c.strideW;
  g.firstW = part % c.strideW;
  g.stepH = c.strideH;
  g.stepW = c.strideW;
  g.outHeight = g.firstH < c.height ? parts(c.height - g.firstH, c.strideH) : 0;
  g.outWidth = g.firstW < c.width ? parts(c.width - g.firstW, c.strideW) : 0;
  g.strideH = 1;
  g.strideW = 1;
  g.dilationH = c.dilationH / commonDivisor(c.dilationH, c.strideH);
  g.dilationW = c.dilationW / commonDivisor(c.dilationW, c.strideW);
  g.tapStepH = -(<i32>((g.dilationH * c.strideH) / c.dilationH));
  g.tapStepW = -(<i32>((g.dilationW * c.strideW) / c.dilationW));
  g.tapH = lastTap(c.kernelH, c.dilationH, c.strideH, g.firstH + c.paddingH, -g.tapStepH);
  g.tapW = lastTap(c.kernelW, c.dilationW, c.strideW, g.firstW + c.paddingW, -g.tapStepW);
  g.kernelH = g.tapH < 0 ? 0 : g.tapH / -g.tapStepH + 1;
  g.kernelW = g.tapW < 0 ? 0 : g.tapW / -g.tapStepW + 1;
  g.paddingH = (g.tapH * <i32>c.dilationH - <i32>(g.firstH + c.paddingH)) / <i32>c.strideH;
  g.paddingW = (g.tapW * <i32>c.dilationW - <i32>(g.firstW + c.paddingW)) / <i32>c.strideW;
  g.channels = c.outChannels / c.groups;
  g.rows = c.channels / c.groups;
  return plan(c, g);
}

function commonDivisor(a: u32, b: u32): u32 {
  while (b != 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/** The greatest tap k < kernel for which at - k dilation is a multiple of the stride, of which every step-th one is; -1 for none. */
function lastTap(kernel: u32, dilation: u32, stride: u32, at: u32, step: u32): i32 {
  for (let back: u32 = 1; back <= min(step, kernel); back++) {
    if (<i32>(at - (kernel - back) * dilation) % <i32>stride == 0) return kernel - back;
  }
  return -1;
}

/** Cuts the output into blocks and the channels into passes. */
function plan(c: ConvCommand, g: Geometry): Geometry {
  g.groups = c.groups;
  g.batch = c.batch;
  g.taps = g.kernelH * g.kernelW;
  let channels = evenPart(max(1, g.channels), max(1, MAX_DEPTH / max(1, g.taps)), 1);
  let width = evenPart(max(1, g.outWidth), BLOCK_PIXELS, 8);
  if (width >= g.outWidth) width = g.outWidth;
  let height = evenPart(max(1, g.outHeight), max(1, BLOCK_PIXELS / max(1, width)), 1);
  g.fits = g.taps <= MAX_TAPS ? 1 : 0;
  while (g.fits) {
    g.pitch = parts(reach(width, g.strideW, g.kernelW, g.dilationW), g.strideW);
    g.plane = reach(height, g.strideH, g.kernelH, g.dilationH) * g.strideW * g.pitch;
    if (<u64>channels * g.plane * 4 <= PATCH_BYTES) break;
    if (channels > 1 && width * height <= SMALL_BLOCK_PIXELS) channels = (channels + 1) / 2;
    else if (height > 1) height = (height + 1) / 2;
    else if (width > 8) width = evenPart(width, (width + 1) / 2, 8);
    else if (channels > 1) channels = (channels + 1) / 2;
    else g.fits = 0;
  }
  g.passChannels = channels;
  g.blockHeight = height;
  g.blockWidth = width;
  return g;
}

/** Rows or columns of the padded image that `count` of the output need. */
// @ts-ignore: decorator
@inline
function reach(count: u32, stride: u32, kernel: u32, dilation: u32): u32 {
  return (count - 1) * stride + (max(1, kernel) - 1) * dilation + 1;
}

/** Blocks of pixels of one image. */
export function blocksOfImage(g: Geometry): u32 {
  return g.outHeight == 0 || g.outWidth == 0 ? 0 : parts(g.outHeight, g.blockHeight) * parts(g.outWidth, g.blockWidth);
}

/** Number of passes over the channels. */
export function passesOf(g: Geometry): u32 {
  return parts(g.channels, g.passChannels);
}

/** Where the terms of a pass over `channels` channels are, relative to a pixel: bytes, into the table. */
export function fillTable(g: Geometry, channels: u32): void {
  let to = scratch + TABLE_AT;
  for (let channel: u32 = 0; channel < channels; channel++) {
    for (let kh: u32 = 0; kh < g.kernelH; kh++) {
      const row = channel * g.plane + kh * g.dilationH * g.strideW * g.pitch;
      for (let kw: u32 = 0; kw < g.kernelW; kw++) {
        const x = kw * g.dilationW;
        store<u32>(to, (row + (x % g.strideW) * g.pitch + x / g.strideW) << 2);
        to += 4;
      }
    }
  }
}

/** Copies what the output's rows [y, y + height) and columns from x need of `channels` channels into the patch. */
export function fillPatch(g: Geometry, channel: usize, channels: u32, y: u32, height: u32, x: u32): void {
  const rows = reach(height, g.strideH, g.kernelH, g.dilationH);
  const top = <i32>(y * g.strideH) - g.paddingH;
  const left = <i32>(x * g.strideW) - g.paddingW;
  for (let i: u32 = 0; i < channels; i++) {
    let to = scratch + PATCH_AT + ((i * g.plane) << 2);
    const image = channel + ((i * g.sourceHeight * g.sourceWidth) << 2);
    for (let row: u32 = 0; row < rows; row++) {
      const line = top + <i32>row;
      const from = image + ((line * g.sourceWidth) << 2);
      if (line < 0 || line >= <i32>g.sourceHeight) zero(to, g.strideW * g.pitch);
      else if (g.strideW > 1) sortRow(g, from, to, left);
      else copyRow(g, from, to, left);
      to += (g.strideW * g.pitch) << 2;
    }
  }
}

/** Columns [first, end) of a padded row lie in the image. */
// @ts-ignore: decorator
@inline
function firstInside(width: u32, left: i32): u32 {
  return min<i32>(width, max<i32>(0, -left));
}

// @ts-ignore: decorator
@inline
function endInside(width: u32, left: i32, sourceWidth: u32): u32 {
  return max<i32>(firstInside(width, left), min<i32>(width, <i32>sourceWidth - left));
}

function zero(to: usize, count: u32): void {
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) v128.store(to + (i << 2), f32x4.splat(0));
  for (; i < count; i++) store<f32>(to + (i << 2), 0);
}

function copyRow(g: Geometry, source: usize, to: usize, left: i32): void {
  const width = g.pitch;
  const first = firstInside(width, left);
  const end = endInside(width, left, g.sourceWidth);
  const from = source + (left << 2);
  zero(to, first);
  let x = first;
  for (; x + 4 <= end; x += 4) v128.store(to + (x << 2), v128.load(from + (x << 2)));
  for (; x < end; x++) store<f32>(to + (x << 2), load<f32>(from + (x << 2)));
  zero(to + (end << 2), width - end);
}

function sortRow(g: Geometry, source: usize, to: usize, left: i32): void {
  const stride = g.strideW;
  const width = g.pitch * stride;
  const end = endInside(width, left, g.sourceWidth);
  zero(to, width);
  for (let x = firstInside(width, left); x < end; x++) {
    store<f32>(to + (((x % stride) * g.pitch + x / stride) << 2), load<f32>(source + ((left + x) << 2)));
  }
}

/** Packs 8 pixels of the block, from the given one, as a panel: 8 columns of the first `depth` terms of the table. */
export function packPixels(g: Geometry, pixel: u32, pixels: u32, width: u32, depth: u32, panel: usize): void {
  const count = min(8, pixels - pixel);
  const x = pixel % width;
  const line = (g.strideH * g.strideW * g.pitch) << 2;
  const first = scratch + PATCH_AT + (pixel / width) * line + (x << 2);
  const run = width - x;
  const end = scratch + TABLE_AT + (depth << 2);
  if (run >= count) {
    for (let term = scratch + TABLE_AT; term < end; term += 4) {
      const from = first + load<u32>(term);
      v128.store(panel, v128.load(from));
      v128.store(panel, v128.load(from, 16), 16);
      panel += 32;
    }
  } else if (count - run <= width) {
    // Two rows of the output. What is written too much is overwritten by what follows.
    const second = first - (x << 2) + line;
    const split = run << 2;
    for (let term = scratch + TABLE_AT; term < end; term += 4) {
      const offset = load<u32>(term);
      v128.store(panel, v128.load(first + offset));
      v128.store(panel, v128.load(first + offset, 16), 16);
      v128.store(panel + split, v128.load(second + offset));
      v128.store(panel + split, v128.load(second + offset, 16), 16);
      panel += 32;
    }
  } else {
    for (let lane: u32 = 0; lane < 8; lane++) {
      const at = pixel + min(lane, count - 1);
      const from = scratch + PATCH_AT + (at / width) * line + ((at % width) << 2);
      let to = panel + (lane << 2);
      for (let term = scratch + TABLE_AT; term < end; term += 4) {
        store<f32>(to, load<f32>(from + load<u32>(term)));
        to += 32;
      }
    }
  }
}

/**
 * Packs `depth` pixels of the block, from the given one, as a panel of rows: terms [term, term + lanes) of the table,
 * 4 or 6 wide. Up to 3 rows behind the panel are overwritten.
 */
export function packTerms(
  g: Geometry,
  term: u32,
  height: u32,
  lanes: u32,
  pixel: u32,
  depth: u32,
  width: u32,
  panel: usize,
): void {
  const line = (g.strideH * g.strideW * g.pitch) << 2;
  const table = scratch + TABLE_AT + (term << 2);
  const last = (lanes - 1) << 2;
  const offset0 = load<u32>(table);
  const offset1 = load<u32>(table + min(4, last));
  const offset2 = load<u32>(table + min(8, last));
  const offset3 = load<u32>(table + min(12, last));
  const offset4 = load<u32>(table + min(16, last));
  const offset5 = load<u32>(table + min(20, last));
  const step = height << 2;
  while (depth > 0) {
    const x = pixel % width;
    const run = min(depth, width - x);
    const from = scratch + PATCH_AT + (pixel / width) * line + (x << 2);
    // Whole vectors: what is too much is overwritten by the next run.
    const rounded = (run + 3) & ~3;
    transposeRows(from + offset0, from + offset1, from + offset2, from + offset3, panel, rounded, step);
    if (height == 6) {
      transposeRows(from + offset2, from + offset3, from + offset4, from + offset5, panel + 8, rounded, step);
    }
    panel += run * step;
    pixel += run;
    depth -= run;
  }
}

/** Address of one channel of a group of an image of the source. */
// @ts-ignore: decorator
@inline
export function imageOf(g: Geometry, image: u32, channel: u32): usize {
  return g.source + (((image * g.channels + channel) * g.sourceHeight * g.sourceWidth) << 2);
}

/** Address of pixel (y, x) of a plane of the output. */
// @ts-ignore: decorator
@inline
export function outputAt(c: ConvCommand, g: Geometry, plane: u32, y: u32, x: u32): usize {
  const row = plane * g.planeHeight + g.firstH + y * g.stepH;
  return c.out + ((row * g.planeWidth + g.firstW + x * g.stepW) << 2);
}

/** Where sums without a bias start. */
export function zeroStart(): void {
  v128.store(scratch + ZEROS_AT, f32x4.splat(0));
  v128.store(scratch + ZEROS_AT, f32x4.splat(0), 16);
}
