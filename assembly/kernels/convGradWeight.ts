// The gradient of a convolution's weight as matrix products:
//
//   out [C kH kW, O] = patch [C kH kW, pixels] gradᵀ [pixels, O], summed over all pixels of the batch
//
// Phase 0 computes a partial sum for each chunk of the batch, phase 1 adds them up in a fixed tree and transposes.
// Workspace: for each chunk [groups, C kH kW, O], rounded up to whole vectors.
import { ConvCommand, DTypeCode } from '../engine/commands';
import { plainConv2dGradWeight, plainConv2dGradWeightTasks } from './convPlain';
import { addBlockDirect, isDirectGradWeight } from './depthwise';
import { multiplyPanels, paddedRows, panelRows, TILE_COLUMNS, TILE_ROWS } from './microkernel';
import { packPanel } from './packing';
import { parts, taskCount, taskStart } from '../engine/partition';
import {
  blocksOfImage,
  fillPatch,
  fillTable,
  forwardGeometry,
  Geometry,
  imageOf,
  packTerms,
  PANELS_AT,
  PANELS_BYTES,
  passesOf,
  TILE_AT,
  zeroStart,
  ZEROS_AT,
} from './patch';
import { pulse, scratch } from '../engine/worker';

/** Multiply-adds in a nanosecond on one core. */
const SPEED: u64 = 20;
/** Pixels of one pass of gradWeight: its panels of 288 terms are 216 KB, and one of 8 channels 6 KB. */
const PASS_PIXELS: u32 = 192;

/** Number of tasks of a phase. */
export function conv2dGradWeightTasks(c: ConvCommand, phase: i32): i32 {
  const g = forwardGeometry(c, c.b);
  if (c.dtype == DTypeCode.Float32 && g.fits) return gradWeightTasks(c, g, phase);
  return phase == 0 ? plainConv2dGradWeightTasks(c) : 0;
}

/** Runs one task. */
export function conv2dGradWeight(c: ConvCommand, phase: i32, task: i32): void {
  const g = forwardGeometry(c, c.b);
  if (c.dtype != DTypeCode.Float32) plainConv2dGradWeight<f64>(c, task);
  else if (!g.fits) plainConv2dGradWeight<f32>(c, task);
  else if (phase == 0) sumChunks(c, g, task);
  else combineChunks(c, g, task);
}

function gradWeightTasks(c: ConvCommand, g: Geometry, phase: i32): i32 {
  const elements = g.groups * g.rows * g.channels * g.taps;
  if (elements == 0) return 0;
  if (phase == 0) {
    const pixels = <u64>g.batch * g.outHeight * g.outWidth;
    return taskCount(
      c.chunks * g.groups * passesOf(g),
      (pixels * elements) / (g.groups * passesOf(g) * c.chunks) / SPEED,
    );
  }
  return phase == 1 ? taskCount(parts(elements, TILE_COLUMNS), c.chunks * 4) : 0;
}

function chunkElements(g: Geometry): u32 {
  return parts(g.groups * g.rows * g.channels * g.taps, TILE_COLUMNS) * TILE_COLUMNS;
}

function sumChunks(c: ConvCommand, g: Geometry, task: i32): void {
  const passes = passesOf(g);
  const count = c.chunks * g.groups * passes;
  const tasks = gradWeightTasks(c, g, 0);
  const end = taskStart(count, tasks, task + 1);
  zeroStart();
  for (let unit = taskStart(count, tasks, task); unit < end; unit++) {
    sumChunk(c, g, unit / passes / g.groups, (unit / passes) % g.groups, (unit % passes) * g.passChannels);
  }
}

/** The sum over one chunk of the batch's pixels, for one group and the channels of one pass. */
function sumChunk(c: ConvCommand, g: Geometry, chunk: u32, group: u32, channel: u32): void {
  const channels = min(g.passChannels, g.channels - channel);
  const depth = channels * g.taps;
  const perImage = blocksOfImage(g);
  const blocks = g.batch * perImage;
  const end = taskStart(blocks, c.chunks, chunk + 1);
  const sum = c.workspace + ((chunk * chunkElements(g) + (group * g.channels + channel) * g.taps * g.rows) << 2);
  const across = parts(g.outWidth, g.blockWidth);
  let first = true;
  fillTable(g, channels);
  for (let block = taskStart(blocks, c.chunks, chunk); block < end; block++) {
    const y = ((block % perImage) / across) * g.blockHeight;
    const x = ((block % perImage) % across) * g.blockWidth;
    const height = min(g.blockHeight, g.outHeight - y);
    const image = (block / perImage) * g.groups + group;
    fillPatch(g, imageOf(g, image, channel), channels, y, height, x);
    if (isDirectGradWeight(g)) {
      const grad = c.a + ((image * g.rows * g.outHeight * g.outWidth + y * g.outWidth + x) << 2);
      addBlockDirect(g, grad, height, min(g.blockWidth, g.outWidth - x), sum, first);
    } else {
      addBlock(c, g, image, depth, y, height, x, sum, first);
    }
    first = false;
  }
  if (first) memory.fill(sum, 0, (depth * g.rows) << 2);
}

/** Adds patch [depth, pixels] gradᵀ [pixels, rows] of one block to the sum. */
function addBlock(
  c: ConvCommand,
  g: Geometry,
  image: u32,
  depth: u32,
  y: u32,
  height: u32,
  x: u32,
  sum: usize,
  first: bool,
): void {
  const width = min(g.blockWidth, g.outWidth - x);
  const pixels = height * width;
  const plane = g.outHeight * g.outWidth;
  const grad = c.a + ((image * g.rows * plane + y * g.outWidth + x) << 2);
  const panels = scratch + PANELS_AT;
  // What the panels of the patch leave room for.
  const passPixels = min(PASS_PIXELS, (<u32>PANELS_BYTES / 4 / (paddedRows(depth) + 32)) & ~3);
  for (let pixel: u32 = 0; pixel < pixels; pixel += passPixels) {
    const count = min(passPixels, pixels - pixel);
    for (let term: u32 = 0; term < depth; term += TILE_ROWS) {
      const tall = panelRows(depth - term);
      packTerms(g, term, tall, min(tall, depth - term), pixel, count, width, panels + ((term * count) << 2));
    }
    const gradPanel = panels + ((paddedRows(depth) * count) << 2);
    for (let row: u32 = 0; row < g.rows; row += TILE_COLUMNS) {
      const columns = min(TILE_COLUMNS, g.rows - row);
      const to = sum + (row << 2);
      const fresh = first && pixel == 0;
      packPanel(grad + ((row * plane + pixel) << 2), gradPanel, TILE_COLUMNS, columns, count, plane << 2, 4);
      pulse((depth * count * TILE_COLUMNS) / <u32>SPEED);
      multiplyPanels(
        panels,
        gradPanel,
        fresh ? scratch + ZEROS_AT : to,
        to,
        depth,
        columns,
        count,
        fresh ? 0 : g.rows << 2,
        g.rows << 2,
        scratch + TILE_AT,
      );
    }
  }
}

/** Adds up the chunks pairwise and transposes the result to [O, C kH kW]. */
function combineChunks(c: ConvCommand, g: Geometry, task: i32): void {
  const terms = g.channels * g.taps;
  const elements = g.groups * g.rows * terms;
  const stride = chunkElements(g) << 2;
  const count = parts(elements, TILE_COLUMNS);
  const tasks = gradWeightTasks(c, g, 1);
  const first = taskStart(count, tasks, task) * TILE_COLUMNS;
  const end = taskStart(count, tasks, task + 1) * TILE_COLUMNS;
  for (let step: u32 = 1; step < c.chunks; step *= 2) {
    for (let chunk: u32 = 0; chunk + step < c.chunks; chunk += step * 2) {
      const to = c.workspace + chunk * stride;
      const from = to + step * stride;
      for (let at = first << 2; at < end << 2; at += 16) {
        v128.store(to + at, f32x4.add(v128.load(to + at), v128.load(from + at)));
      }
    }
  }
  for (let i = first; i < min(end, elements); i++) {
    const row = (i / (terms * g.rows)) * g.rows + (i % g.rows);
    const term = (i / g.rows) % terms;
    store<f32>(c.out + ((row * terms + term) << 2), load<f32>(c.workspace + (i << 2)));
  }
}
