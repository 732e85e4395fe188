// Two-dimensional convolution and the gradient of its image as matrix products on the tiles of microkernel.ts. The matrix
// of shifted images ("im2col") is never stored: panels of it are packed from a small patch of the image (patch.ts).
//
//   forward    out [O, pixels] = weight [O, C kH kW] patch [C kH kW, pixels] + bias [O]
//   gradInput  the same with the flipped kernel [C, O kH kW] over the output's gradient; stride s makes it s² such parts,
//              each with the taps that meet pixels of one remainder modulo s
//
// Phase 0 packs the weights, phase 1 does blocks of pixels; depthwise.ts does them directly. Plain loops (convPlain.ts)
// take other dtypes. The gradient of the weight is in convGradWeight.ts.
import { ConvCommand, DTypeCode } from '../engine/commands';
import { plainConv2d, plainConv2dGradInput, plainConv2dGradInputTasks, plainConv2dTasks } from './convPlain';
import { convolveDirect, isDirect, isDirectGradInput } from './depthwise';
import { multiplyPanels, paddedRows, panelRows, TILE_COLUMNS, TILE_ROWS } from './microkernel';
import { packPanel } from './packing';
import { parts, taskCount, taskStart } from '../engine/partition';
import {
  blocksOfImage,
  fillPatch,
  fillTable,
  forwardGeometry,
  Geometry,
  gradInputGeometry,
  imageOf,
  outputAt,
  packPixels,
  PANELS_AT,
  partsOfGradInput,
  passesOf,
  PATCH_AT,
  TILE_AT,
  zeroStart,
  ZEROS_AT,
} from './patch';
import { pulse, scratch } from '../engine/worker';

/** Multiply-adds in a nanosecond on one core. */
const SPEED: u64 = 20;
/** Rows of sums that are spread at a time, whole tiles of either build, and where they are collected: behind the panel. */
const SPREAD_ROWS: u32 = 240;
const SPREAD_AT: usize = PATCH_AT - SPREAD_ROWS * TILE_COLUMNS * 4;

/** Number of tasks of a phase. */
export function conv2dTasks(c: ConvCommand, phase: i32): i32 {
  const g = forwardGeometry(c, c.a);
  if (isPlain(c, g)) return phase == 0 ? plainConv2dTasks(c) : 0;
  if (isDirect(g)) phase++;
  if (phase == 0) return taskCount(weightPanels(g), panelWork(g));
  return phase == 1 ? taskCount(blocksOf(g), blockWork(g)) : 0;
}

/** Runs one task. */
export function conv2d(c: ConvCommand, phase: i32, task: i32): void {
  const g = forwardGeometry(c, c.a);
  if (c.dtype != DTypeCode.Float32) return plainConv2d<f64>(c, task);
  if (!g.fits) return plainConv2d<f32>(c, task);
  const tasks = conv2dTasks(c, phase);
  if (phase == 0 && !isDirect(g)) {
    const count = weightPanels(g);
    packWeights(c, g, false, c.workspace, taskStart(count, tasks, task), taskStart(count, tasks, task + 1));
  } else {
    const count = blocksOf(g);
    convolve(c, g, isDirect(g), c.workspace, taskStart(count, tasks, task), taskStart(count, tasks, task + 1));
  }
}

/** Number of tasks of a phase. */
export function conv2dGradInputTasks(c: ConvCommand, phase: i32): i32 {
  if (gradInputIsPlain(c)) return phase == 0 ? plainConv2dGradInputTasks(c) : 0;
  if (phase > 1) return 0;
  let work: u64 = 0;
  for (let part: u32 = 0; part < partsOfGradInput(c); part++) {
    const g = gradInputGeometry(c, part);
    work += phase == 0 ? weightPanels(g) * panelWork(g) : blocksOf(g) * blockWork(g);
  }
  const units = gradInputUnits(c, phase);
  return taskCount(units, work / max(1, units));
}

/** Panels (phase 0) or blocks (phase 1) of all parts together. */
function gradInputUnits(c: ConvCommand, phase: i32): u32 {
  let units: u32 = 0;
  for (let part: u32 = 0; part < partsOfGradInput(c); part++) {
    const g = gradInputGeometry(c, part);
    units += phase == 0 ? weightPanels(g) : blocksOf(g);
  }
  return units;
}

function gradInputIsPlain(c: ConvCommand): bool {
  for (let part: u32 = 0; part < partsOfGradInput(c); part++) {
    if (isPlain(c, gradInputGeometry(c, part))) return true;
  }
  return false;
}

/** Runs one task. */
export function conv2dGradInput(c: ConvCommand, phase: i32, task: i32): void {
  if (c.dtype != DTypeCode.Float32) return plainConv2dGradInput<f64>(c, task);
  if (gradInputIsPlain(c)) return plainConv2dGradInput<f32>(c, task);
  const units = gradInputUnits(c, phase);
  const tasks = conv2dGradInputTasks(c, phase);
  let first = taskStart(units, tasks, task);
  let end = taskStart(units, tasks, task + 1);
  let weights: usize = c.workspace;
  // The parts lie one behind the other, in the workspace and in the count of units.
  for (let part: u32 = 0; part < partsOfGradInput(c); part++) {
    const g = gradInputGeometry(c, part);
    const count = phase == 0 ? weightPanels(g) : blocksOf(g);
    if (first < min(count, end)) {
      if (phase == 0) packWeights(c, g, true, weights, first, min(count, end));
      else convolve(c, g, isDirectGradInput(c, g), weights, first, min(count, end));
    }
    first -= min(first, count);
    end -= min(end, count);
    weights += packedBytes(g) * g.groups;
  }
}

// @ts-ignore: decorator
@inline
function isPlain(c: ConvCommand, g: Geometry): bool {
  return c.dtype != DTypeCode.Float32 || !g.fits;
}

// ---- forward and gradInput ----------------------------------------------------------------------
// Workspace: for each part and group | panels of the weights, pass after pass | the bias, 8 times for each row |.

/** Bytes of the workspace's part for one group. */
// @ts-ignore: decorator
@inline
function packedBytes(g: Geometry): u32 {
  return (paddedRows(g.rows) * (g.channels * g.taps + TILE_COLUMNS)) << 2;
}

function weightPanels(g: Geometry): u32 {
  return g.groups * passesOf(g) * parts(g.rows, TILE_ROWS);
}

/** Nanoseconds to pack one. */
function panelWork(g: Geometry): u64 {
  return <u64>g.passChannels * max(1, g.taps) * TILE_ROWS;
}

/** Blocks of pixels of all images and groups. */
function blocksOf(g: Geometry): u32 {
  return g.rows == 0 ? 0 : g.batch * g.groups * blocksOfImage(g);
}

/** Nanoseconds for one. */
function blockWork(g: Geometry): u64 {
  const pixels = min(g.outHeight * g.outWidth, g.blockHeight * g.blockWidth);
  return (<u64>g.rows * (1 + g.channels * g.taps) * pixels) / SPEED;
}

/** Packs panels [first, end) of the weights. */
function packWeights(c: ConvCommand, g: Geometry, ofGradInput: bool, weights: usize, first: u32, end: u32): void {
  const perPass = parts(g.rows, TILE_ROWS);
  for (let panel = first; panel < end; panel++) {
    const group = panel / perPass / passesOf(g);
    const channel = ((panel / perPass) % passesOf(g)) * g.passChannels;
    const to = weights + group * packedBytes(g);
    packWeightPanel(c, g, ofGradInput, to, group, channel, (panel % perPass) * TILE_ROWS);
  }
}

function packWeightPanel(
  c: ConvCommand,
  g: Geometry,
  ofGradInput: bool,
  weights: usize,
  group: u32,
  channel: u32,
  row: u32,
): void {
  const all = g.channels * g.taps;
  const channels = min(g.passChannels, g.channels - channel);
  const height = panelRows(g.rows - row);
  const lanes = min(height, g.rows - row);
  const panel = weights + ((channel * g.taps * paddedRows(g.rows) + row * channels * g.taps) << 2);
  if (ofGradInput) {
    // Weight [channel, row, kernelH, kernelW]; the taps of this part, backwards.
    const taps = c.kernelH * c.kernelW;
    let to = panel;
    for (let i: u32 = 0; i < channels; i++) {
      const from = c.b + ((((group * g.channels + channel + i) * g.rows + row) * taps) << 2);
      for (let kh: u32 = 0; kh < g.kernelH; kh++) {
        const tap = (g.tapH + kh * g.tapStepH) * c.kernelW + g.tapW;
        packPanel(from + (tap << 2), to, height, lanes, g.kernelW, taps << 2, g.tapStepW << 2);
        to += (g.kernelW * height) << 2;
      }
    }
  } else {
    const from = c.b + (((group * g.rows + row) * all + channel * g.taps) << 2);
    packPanel(from, panel, height, lanes, channels * g.taps, all << 2, 4);
  }
  if (c.bias == 0 || channel > 0) return;
  let to = weights + ((paddedRows(g.rows) * all + row * TILE_COLUMNS) << 2);
  for (let lane: u32 = 0; lane < height; lane++) {
    const bias = v128.load32_splat(c.bias + ((group * g.rows + row + min(lane, lanes - 1)) << 2));
    v128.store(to, bias);
    v128.store(to, bias, 16);
    to += 32;
  }
}

/** Computes blocks [first, end) of pixels. */
function convolve(c: ConvCommand, g: Geometry, direct: bool, weights: usize, first: u32, end: u32): void {
  const perImage = blocksOfImage(g);
  zeroStart();
  for (let block = first; block < end; block++) {
    const image = block / perImage;
    const group = image % g.groups;
    if (direct) convolveDirect(c, g, image, group, block % perImage);
    else convolveBlock(c, g, weights + group * packedBytes(g), image, block % perImage);
  }
}

/** One block of pixels of one group of one image; `image` counts groups of images. */
function convolveBlock(c: ConvCommand, g: Geometry, weights: usize, image: u32, block: u32): void {
  const across = parts(g.outWidth, g.blockWidth);
  const y = (block / across) * g.blockHeight;
  const x = (block % across) * g.blockWidth;
  const height = min(g.blockHeight, g.outHeight - y);
  const width = min(g.blockWidth, g.outWidth - x);
  const pixels = height * width;
  const padded = paddedRows(g.rows);
  const out = outputAt(c, g, image * g.rows, y, x);
  const outRow = (g.planeHeight * g.planeWidth) << 2;
  const panel = scratch + PANELS_AT;
  const tile = scratch + TILE_AT;
  // Sums start from the bias of their row, 8 times, or from 0.
  const bias = c.bias == 0 ? scratch + ZEROS_AT : weights + ((padded * g.channels * g.taps) << 2);
  const biasRow: usize = c.bias == 0 ? 0 : TILE_COLUMNS * 4;
  for (let channel: u32 = 0; channel == 0 || channel < g.channels; channel += g.passChannels) {
    const channels = min(g.passChannels, g.channels - channel);
    const depth = channels * g.taps;
    const packed = weights + ((channel * g.taps * padded) << 2);
    fillTable(g, channels);
    if (depth > 0) fillPatch(g, imageOf(g, image, channel), channels, y, height, x);
    for (let pixel: u32 = 0; pixel < pixels; pixel += TILE_COLUMNS) {
      const columns = min(TILE_COLUMNS, pixels - pixel);
      packPixels(g, pixel, pixels, width, depth, panel);
      pulse((g.rows * depth * TILE_COLUMNS) / <u32>SPEED);
      if (g.stepH > 1 || g.stepW > 1) {
        multiplySpread(g, packed, panel, out, pixel, columns, width, depth, channel == 0);
      } else {
        const to = out + (pixel << 2);
        const start = channel == 0 ? bias : to;
        multiplyPanels(packed, panel, start, to, g.rows, columns, depth, channel == 0 ? biasRow : outRow, outRow, tile);
      }
    }
  }
}

/** multiplyPanels for pixels that do not lie side by side: sums are collected in scratch memory, then spread. */
function multiplySpread(
  g: Geometry,
  packed: usize,
  panel: usize,
  out: usize,
  pixel: u32,
  columns: u32,
  width: u32,
  depth: u32,
  first: bool,
): void {
  const outRow = (g.planeHeight * g.planeWidth) << 2;
  const sums = scratch + SPREAD_AT;
  for (let row: u32 = 0; row < g.rows; row += SPREAD_ROWS) {
    const rows = min(SPREAD_ROWS, g.rows - row);
    const to = out + row * outRow;
    const start = first ? scratch + ZEROS_AT : sums;
    if (!first) copyColumns(g, to, sums, pixel, columns, width, rows, true);
    const startRow = first ? 0 : TILE_COLUMNS * 4;
    multiplyPanels(
      packed + ((row * depth) << 2),
      panel,
      start,
      sums,
      rows,
      TILE_COLUMNS,
      depth,
      startRow,
      TILE_COLUMNS * 4,
      scratch + TILE_AT,
    );
    copyColumns(g, to, sums, pixel, columns, width, rows, false);
  }
}

/** Copies 8 columns of sums to their pixels of the output, or back. */
function copyColumns(
  g: Geometry,
  out: usize,
  sums: usize,
  pixel: u32,
  columns: u32,
  width: u32,
  rows: u32,
  back: bool,
): void {
  const outRow = (g.planeHeight * g.planeWidth) << 2;
  for (let column: u32 = 0; column < columns; column++) {
    const at = pixel + column;
    let to = out + (((at / width) * g.stepH * g.planeWidth + (at % width) * g.stepW) << 2);
    let from = sums + (column << 2);
    for (let row: u32 = 0; row < rows; row++) {
      if (back) store<f32>(from, load<f32>(to));
      else store<f32>(to, load<f32>(from));
      to += outRow;
      from += TILE_COLUMNS * 4;
    }
  }
}
