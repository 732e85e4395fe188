// Two-dimensional convolution and its gradients as products (implicit im2col: elements are fetched where they are), each
// group of channels by itself. x [N, C, H, W], weight [O, C / groups, kH, kW], out and grad [N, O, oH, oW].
import type { ConvSizes } from '../../contract';
import { runProduct, type Product } from '../product';
import type { Lowerings } from './lowering';
import { REDUCE } from './reduce';

const PARAMS = [
  ...['channels', 'height', 'width', 'outChannels', 'outHeight', 'outWidth', 'kernelH', 'kernelW'],
  ...['strideH', 'strideW', 'paddingH', 'paddingW', 'dilationH', 'dilationW', 'groups'],
].map((name) => `${name}: u32`);

const paramsOf = (
  x: readonly number[],
  weight: readonly number[],
  out: readonly number[],
  { stride, padding, dilation, groups }: ConvSizes,
): number[] => [
  x[1] / groups,
  x[2],
  x[3],
  weight[0] / groups,
  out[2],
  out[3],
  weight[2],
  weight[3],
  ...stride,
  ...padding,
  ...dilation,
  groups,
];

// In all three p.channels and p.outChannels count those of one group, and z is the group.

/** Where the window of an output pixel starts in x, in one group of one sample: (row, column, first element). */
const WINDOW = /* wgsl */ `
fn windowOf(z: u32, pixel: u32) -> vec3<u32> {
  let image = pixel / (p.outWidth * p.outHeight);
  return vec3(
    ((pixel / p.outWidth) % p.outHeight) * p.strideH - p.paddingH,
    (pixel % p.outWidth) * p.strideW - p.paddingW,
    p.xAt + (image * p.groups + z) * p.channels * p.height * p.width);
}
// Element (c, u, v) of a kernel: how far it lies from the start of a window.
fn offsetOf(q: u32) -> vec3<u32> {
  return vec3(
    ((q / p.kernelW) % p.kernelH) * p.dilationH,
    (q % p.kernelW) * p.dilationW,
    (q / (p.kernelW * p.kernelH)) * p.height * p.width);
}
// 0 in the padding; what lies above or left of x wraps around to large numbers.
fn inputAt(window: vec3<u32>, offset: vec3<u32>) -> f32 {
  let at = window + offset;
  let isInside = (at.x < p.height) & (at.y < p.width);
  return select(0f, x[select(0u, at.z + at.x * p.width + at.y, isInside)], isInside);
}`;

/** The element of a kernel after one, each as how far it lies from the start of a window. */
const NEXT_OFFSET = /* wgsl */ `
fn nextOffset(offset: vec3<u32>) -> vec3<u32> {
  let v = offset.y + p.dilationW;
  let endsRow = v >= p.kernelW * p.dilationW;
  let u = offset.x + select(0u, p.dilationH, endsRow);
  let endsPlane = u >= p.kernelH * p.dilationH;
  return vec3(select(u, 0u, endsPlane), select(v, 0u, endsRow), offset.z + select(0u, p.height * p.width, endsPlane));
}`;

/** Where element (z, o, pixel) of out or grad [N, groups * O, oH, oW] lies: the sum of the places of (z, o) and of the pixel. */
const OUT_PLACE = /* wgsl */ `
fn channelPlace(z: u32, o: u32) -> u32 { return (z * p.outChannels + o) * p.outHeight * p.outWidth; }
fn pixelPlace(pixel: u32) -> u32 {
  let plane = p.outHeight * p.outWidth;
  return (pixel / plane) * p.groups * p.outChannels * plane + pixel % plane;
}`;

const FORWARD = (hasBias: boolean): Product => ({
  key: `conv2d ${hasBias}`,
  reads: ['x: f32', 'weight: f32', ...(hasBias ? ['bias: f32'] : [])],
  params: PARAMS,
  elements: `${WINDOW}${NEXT_OFFSET}${OUT_PLACE}
alias Row = u32;
struct Depth { q: u32, offset: vec3<u32> }
alias Column = vec3<u32>;
fn rowOf(z: u32, row: u32) -> Row { return p.weightAt + (z * p.outChannels + row) * p.k; }
fn depthOf(k: u32) -> Depth { return Depth(k, offsetOf(k)); }
fn nextDepth(d: Depth) -> Depth { return Depth(d.q + 1u, nextOffset(d.offset)); }
fn columnOf(z: u32, column: u32) -> Column { return windowOf(z, column); }
fn elementA(row: Row, k: Depth) -> f32 { return weight[row + k.q]; }
fn elementB(k: Depth, column: Column) -> f32 { return inputAt(column, k.offset); }`,
  places: `fn rowPlace(z: u32, row: u32) -> u32 { return channelPlace(z, row); }
fn columnPlace(column: u32) -> u32 { return pixelPlace(column); }`,
  bias: hasBias ? ' + bias[p.biasAt + z * p.outChannels + row]' : '',
  alongK: [true, false],
});

// dx[c, pixel] = sum over (o, u, v) of w[o, c, u, v] dy[o, (pixel + padding - (u, v) dilation) / stride] where that is whole.
const GRAD_INPUT = (isStrided: boolean): Product => ({
  key: `conv2dGradInput ${isStrided}`,
  reads: ['grad: f32', 'weight: f32'],
  params: PARAMS,
  elements: /* wgsl */ `
alias Row = vec2<u32>;
struct Depth { weight: u32, u: u32, v: u32, grad: u32 }
alias Column = vec3<u32>;
fn rowOf(z: u32, row: u32) -> Row { return vec2(z, row); }
fn depthOf(k: u32) -> Depth {
  let area = p.kernelH * p.kernelW;
  let o = k / area;
  return Depth(
    o * p.channels * area + k % area,
    ((k / p.kernelW) % p.kernelH) * p.dilationH,
    (k % p.kernelW) * p.dilationW,
    o * p.outHeight * p.outWidth);
}
fn nextDepth(d: Depth) -> Depth {
  let v = d.v + p.dilationW;
  let endsRow = v >= p.kernelW * p.dilationW;
  let u = d.u + select(0u, p.dilationH, endsRow);
  let endsPlane = u >= p.kernelH * p.dilationH;
  return Depth(
    d.weight + 1u + select(0u, (p.channels - 1u) * p.kernelH * p.kernelW, endsPlane),
    select(u, 0u, endsPlane),
    select(v, 0u, endsRow),
    d.grad + select(0u, p.outHeight * p.outWidth, endsPlane));
}
fn columnOf(z: u32, column: u32) -> Column {
  let image = column / (p.width * p.height);
  return vec3(
    (column / p.width) % p.height + p.paddingH,
    column % p.width + p.paddingW,
    p.gradAt + (image * p.groups + z) * p.outChannels * p.outHeight * p.outWidth);
}
fn elementA(row: Row, k: Depth) -> f32 {
  let first = row.x * p.outChannels * p.channels + row.y;
  return weight[p.weightAt + first * p.kernelH * p.kernelW + k.weight];
}
fn elementB(k: Depth, column: Column) -> f32 {
  let h = column.x - k.u;
  let w = column.y - k.v;
  ${
    isStrided
      ? `let row = h / p.strideH;
  let at = w / p.strideW;
  let isThere = (row < p.outHeight) & (at < p.outWidth) & (row * p.strideH == h) & (at * p.strideW == w);`
      : `let row = h;
  let at = w;
  let isThere = (row < p.outHeight) & (at < p.outWidth);`
  }
  return select(0f, grad[select(0u, column.z + k.grad + row * p.outWidth + at, isThere)], isThere);
}`,
  places: `fn rowPlace(z: u32, row: u32) -> u32 { return (z * p.channels + row) * p.height * p.width; }
fn columnPlace(column: u32) -> u32 {
  let plane = p.height * p.width;
  return (column / plane) * p.groups * p.channels * plane + column % plane;
}`,
  alongK: [false, false],
});

// dw[o, q] = sum over pixels of dy[o, pixel] x[window of pixel, q].
const GRAD_WEIGHT: Product = {
  key: 'conv2dGradWeight',
  reads: ['grad: f32', 'x: f32'],
  params: PARAMS,
  elements: `${WINDOW}${OUT_PLACE}
alias Row = vec2<u32>;
struct Depth { window: vec3<u32>, grad: u32 }
struct Column { z: u32, offset: vec3<u32> }
fn rowOf(z: u32, row: u32) -> Row { return vec2(z, row); }
fn depthOf(k: u32) -> Depth { return Depth(windowOf(0u, k), p.gradAt + pixelPlace(k)); }
fn nextDepth(d: Depth) -> Depth {
  let column = d.window.y + p.strideW;
  let endsRow = column + p.paddingW >= p.outWidth * p.strideW;
  let row = d.window.x + select(0u, p.strideH, endsRow);
  let endsImage = row + p.paddingH >= p.outHeight * p.strideH;
  let window = vec3(
    select(row, 0u - p.paddingH, endsImage),
    select(column, 0u - p.paddingW, endsRow),
    d.window.z + select(0u, p.groups * p.channels * p.height * p.width, endsImage));
  let others = (p.groups * p.outChannels - 1u) * p.outHeight * p.outWidth;
  return Depth(window, d.grad + 1u + select(0u, others, endsImage));
}
fn columnOf(z: u32, column: u32) -> Column { return Column(z, offsetOf(column)); }
fn elementA(row: Row, k: Depth) -> f32 {
  return grad[k.grad + (row.x * p.outChannels + row.y) * p.outHeight * p.outWidth];
}
fn elementB(k: Depth, column: Column) -> f32 {
  let group = vec3(0u, 0u, column.z * p.channels * p.height * p.width);
  return inputAt(k.window + group, column.offset);
}`,
  // Parts of the depth lie one behind the other: [splits, groups, m, n].
  places: `fn rowPlace(part: u32, row: u32) -> u32 {
  return (((part % p.splits) * p.groups + part / p.splits) * p.m + row) * p.n;
}
fn columnPlace(column: u32) -> u32 { return column; }`,
  alongK: [true, true],
};

/** Pixels that one part of the gradient of the weight sums, at least. */
const SPLIT = 512;
/** Parts at most, and elements of all partial sums together. */
const MOST_SPLITS = 64;
const SPLIT_ELEMENTS = 1 << 22;

export const CONV: Lowerings<'conv2d' | 'conv2dGradInput' | 'conv2dGradWeight'> = {
  conv2d(stream, [x, weight, bias], [out], sizes) {
    const params = paramsOf(x.shape, weight.shape, out.shape, sizes);
    const { groups } = sizes;
    const [o, c, kH, kW] = weight.shape as [number, number, number, number];
    const n = out.shape[0] * out.shape[2] * out.shape[3];
    const size = { batch: groups, m: o / groups, n, k: c * kH * kW, splits: 1 };
    runProduct(stream, FORWARD(bias !== null), [x, weight, bias], out, size, params);
  },
  conv2dGradInput(stream, [grad, weight], [out], sizes) {
    const params = paramsOf(out.shape, weight.shape, grad.shape, sizes);
    const { groups } = sizes;
    const [o, c, kH, kW] = weight.shape as [number, number, number, number];
    const n = out.shape[0] * out.shape[2] * out.shape[3];
    const size = { batch: groups, m: c, n, k: (o / groups) * kH * kW, splits: 1 };
    const isStrided = Math.max(...sizes.stride) > 1;
    runProduct(stream, GRAD_INPUT(isStrided), [grad, weight], out, size, params);
  },
  conv2dGradWeight(stream, [grad, x], [out], sizes) {
    const params = paramsOf(x.shape, out.shape, grad.shape, sizes);
    const { groups } = sizes;
    const [o, c, kH, kW] = out.shape as [number, number, number, number];
    const k = grad.shape[0] * grad.shape[2] * grad.shape[3];
    const [m, n] = [o / groups, c * kH * kW];
    const elements = groups * m * n;
    const most = Math.min(MOST_SPLITS, Math.floor(SPLIT_ELEMENTS / Math.max(elements, 1)), Math.ceil(k / SPLIT));
    const splits = Math.max(1, most);
    const size = { batch: groups, m, n, k, splits };
    if (splits === 1) {
      runProduct(stream, GRAD_WEIGHT, [grad, x], out, size, params);
      return;
    }
    const parts = stream.temporary(elements * splits, out.dtype);
    runProduct(stream, GRAD_WEIGHT, [grad, x], parts, size, params);
    REDUCE.reduce(stream, [parts], [out], { kind: 'sum', axis: { outer: 1, n: splits, inner: elements } });
    stream.free(parts.buffer);
  },
};
