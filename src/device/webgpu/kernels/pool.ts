// Pooling over planes, an invocation for each element of the result. Backward, every element of the input's gradient
// gathers from the windows that hold it; only the gradient of the maximum is scattered.
import { numelOf } from '../../../base/shape';
import type { AvgPoolSizes, PoolSizes, View } from '../../contract';
import type { GpuStream } from '../stream';
import { groupsFor, kernel, type Kernel } from '../shader';
import { atomicAddTo, clear } from './gather';
import type { Lowerings } from './lowering';

/** H, W of the image and of what is pooled; then the window. */
const PARAMS = [
  ...['count', 'height', 'width', 'outHeight', 'outWidth', 'kernelH', 'kernelW'].map((name) => `${name}: u32`),
  ...['strideH', 'strideW', 'paddingH', 'paddingW', 'dilationH', 'dilationW'].map((name) => `${name}: u32`),
  'includePad: u32',
  'divisor: f32',
];

const paramsOf = (
  image: View,
  pooled: View,
  sizes: PoolSizes | null,
  average: AvgPoolSizes | null = null,
): number[] => [
  ...image.shape.slice(1),
  ...pooled.shape.slice(1),
  ...(sizes?.kernel ?? [1, 1]),
  ...(sizes?.stride ?? [1, 1]),
  ...(sizes?.padding ?? [0, 0]),
  ...(sizes?.dilation ?? [1, 1]),
  average?.countIncludePad ? 1 : 0,
  average?.divisor ?? 0,
];

/** Element i of the result is `plane`, (row, column) in planes of p.H x p.W. */
const place = (height: string, width: string): string => `if (i >= p.count) { return; }
let column = i % p.${width};
let row = (i / p.${width}) % p.${height};
let plane = i / (p.${width} * p.${height});`;

// The first maximum wins and NaN beats all, the last one as in PyTorch. Padding is passed over.
const MAX = (): Kernel =>
  kernel('maxPool', () => ({
    reads: ['x: f32'],
    writes: ['out: f32', 'indices: i32'],
    params: PARAMS,
    body: `${place('outHeight', 'outWidth')}
let start = plane * p.height * p.width;
var greatest = -infinity();
var at = -1;
for (var u = 0u; u < p.kernelH; u++) {
  let h = row * p.strideH + u * p.dilationH - p.paddingH;
  if (h >= p.height) { continue; }
  for (var v = 0u; v < p.kernelW; v++) {
    let w = column * p.strideW + v * p.dilationW - p.paddingW;
    if (w >= p.width) { continue; }
    let value = x[p.xAt + start + h * p.width + w];
    if (at < 0 || value > greatest || isNan(value)) { greatest = value; at = i32(h * p.width + w); }
  }
}
out[p.outAt + i] = greatest;
indices[p.indicesAt + i] = at;`,
  }));

const MAX_BACKWARD = (): Kernel =>
  kernel('maxPoolBackward', () => ({
    reads: ['grad: f32', 'indices: i32'],
    writes: ['out: atomic<u32>'],
    params: PARAMS,
    globals: atomicAddTo('f32'),
    body: `${place('outHeight', 'outWidth')}
addTo(p.outAt + plane * p.height * p.width + u32(indices[p.indicesAt + i]), grad[p.gradAt + i]);`,
  }));

/** What the window at (r, c) is divided by: its part within the image, or within image and padding. */
const DIVISOR = `fn divisor(r: u32, c: u32) -> f32 {
  if (p.divisor != 0f) { return p.divisor; }
  let top = i32(r * p.strideH) - i32(p.paddingH);
  let left = i32(c * p.strideW) - i32(p.paddingW);
  let bottom = min(top + i32(p.kernelH), i32(p.height + p.paddingH));
  let right = min(left + i32(p.kernelW), i32(p.width + p.paddingW));
  if (p.includePad != 0u) { return f32((bottom - top) * (right - left)); }
  return f32(max((min(bottom, i32(p.height)) - max(top, 0)) * (min(right, i32(p.width)) - max(left, 0)), 1));
}`;

const AVERAGE = (): Kernel =>
  kernel('avgPool', () => ({
    reads: ['x: f32'],
    writes: ['out: f32'],
    params: PARAMS,
    globals: DIVISOR,
    body: `${place('outHeight', 'outWidth')}
let start = p.xAt + plane * p.height * p.width;
var sum = 0f;
for (var u = 0u; u < p.kernelH; u++) {
  let h = row * p.strideH + u - p.paddingH;
  if (h >= p.height) { continue; }
  for (var v = 0u; v < p.kernelW; v++) {
    let w = column * p.strideW + v - p.paddingW;
    if (w < p.width) { sum += x[start + h * p.width + w]; }
  }
}
out[p.outAt + i] = sum / divisor(row, column);`,
  }));

const AVERAGE_BACKWARD = (): Kernel =>
  kernel('avgPoolBackward', () => ({
    reads: ['grad: f32'],
    writes: ['out: f32'],
    params: PARAMS,
    globals: DIVISOR,
    body: `${place('height', 'width')}
let start = p.gradAt + plane * p.outHeight * p.outWidth;
let y = row + p.paddingH;
let x = column + p.paddingW;
var sum = 0f;
for (var r = select((y - p.kernelH) / p.strideH + 1u, 0u, y < p.kernelH); r < p.outHeight && r * p.strideH <= y; r++) {
  for (var c = select((x - p.kernelW) / p.strideW + 1u, 0u, x < p.kernelW); c < p.outWidth && c * p.strideW <= x; c++) {
    sum += grad[start + r * p.outWidth + c] / divisor(r, c);
  }
}
out[p.outAt + i] = sum;`,
  }));

/** Window r of `parts` over `size`: [floor(r size / parts), ceil((r + 1) size / parts)). */
const ADAPTIVE = `fn first(r: u32, size: u32, parts: u32) -> u32 { return (r * size) / parts; }
fn end(r: u32, size: u32, parts: u32) -> u32 { return ((r + 1u) * size + parts - 1u) / parts; }`;

const ADAPTIVE_AVERAGE = (): Kernel =>
  kernel('adaptiveAvgPool', () => ({
    reads: ['x: f32'],
    writes: ['out: f32'],
    params: PARAMS,
    globals: ADAPTIVE,
    body: `${place('outHeight', 'outWidth')}
let start = p.xAt + plane * p.height * p.width;
let top = first(row, p.height, p.outHeight);
let bottom = end(row, p.height, p.outHeight);
let left = first(column, p.width, p.outWidth);
let right = end(column, p.width, p.outWidth);
var sum = 0f;
for (var h = top; h < bottom; h++) {
  for (var w = left; w < right; w++) { sum += x[start + h * p.width + w]; }
}
out[p.outAt + i] = sum / f32((bottom - top) * (right - left));`,
  }));

// Element h is in window r if first(r) <= h < end(r): r from first(h) with the sizes exchanged up to end(h).
const ADAPTIVE_AVERAGE_BACKWARD = (): Kernel =>
  kernel('adaptiveAvgPoolBackward', () => ({
    reads: ['grad: f32'],
    writes: ['out: f32'],
    params: PARAMS,
    globals: ADAPTIVE,
    body: `${place('height', 'width')}
let start = p.gradAt + plane * p.outHeight * p.outWidth;
var sum = 0f;
for (var r = first(row, p.outHeight, p.height); r < end(row, p.outHeight, p.height); r++) {
  let rows = end(r, p.height, p.outHeight) - first(r, p.height, p.outHeight);
  for (var c = first(column, p.outWidth, p.width); c < end(column, p.outWidth, p.width); c++) {
    let columns = end(c, p.width, p.outWidth) - first(c, p.width, p.outWidth);
    sum += grad[start + r * p.outWidth + c] / f32(rows * columns);
  }
}
out[p.outAt + i] = sum;`,
  }));

/** Queues a kernel with an invocation for each element of `each`. `words` are its parameters. */
function run(
  stream: GpuStream,
  code: Kernel,
  reads: readonly View[],
  writes: readonly View[],
  each: View,
  words: readonly number[],
): void {
  const count = numelOf(each.shape);
  stream.run(code, reads, writes, [count, ...words], groupsFor(count));
}

type PoolName =
  | 'maxPool2d'
  | 'maxPool2dBackward'
  | 'avgPool2d'
  | 'avgPool2dBackward'
  | 'adaptiveAvgPool2d'
  | 'adaptiveAvgPool2dBackward';

export const POOL: Lowerings<PoolName> = {
  maxPool2d(stream, [x], [out, indices], sizes) {
    run(stream, MAX(), [x], [out, indices], out, paramsOf(x, out, sizes));
  },
  maxPool2dBackward(stream, [grad, indices], [out]) {
    clear(stream, out);
    run(stream, MAX_BACKWARD(), [grad, indices], [out], grad, paramsOf(out, grad, null));
  },
  avgPool2d(stream, [x], [out], sizes) {
    run(stream, AVERAGE(), [x], [out], out, paramsOf(x, out, sizes, sizes));
  },
  avgPool2dBackward(stream, [grad], [out], sizes) {
    run(stream, AVERAGE_BACKWARD(), [grad], [out], out, paramsOf(out, grad, sizes, sizes));
  },
  adaptiveAvgPool2d(stream, [x], [out]) {
    run(stream, ADAPTIVE_AVERAGE(), [x], [out], out, paramsOf(x, out, null));
  },
  adaptiveAvgPool2dBackward(stream, [grad], [out]) {
    run(stream, ADAPTIVE_AVERAGE_BACKWARD(), [grad], [out], out, paramsOf(out, grad, null));
  },
};
