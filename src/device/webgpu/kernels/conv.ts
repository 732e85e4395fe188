// Two-dimensional convolution and its gradients as products (implicit im2col: elements are fetched where they are), each
// group of channels by itself. x [N, C, H, W], weight [O, C / groups, kH, kW], out and grad [N, O, oH, oW].
import type { ConvSizes, Kernels, View } from '../../contract';
import { runProduct, type Product } from '../product';
import type { GpuStream } from '../stream';

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

// p.channels and p.outChannels count those of one group, and z is the group.
const COMMON = /* wgsl */ `
fn weightAt(z: u32, o: u32, c: u32, u: u32, v: u32) -> u32 {
  return (((z * p.outChannels + o) * p.channels + c) * p.kernelH + u) * p.kernelW + v;
}
fn outPlace(z: u32, o: u32, pixel: u32) -> u32 {
  let plane = p.outHeight * p.outWidth;
  return ((pixel / plane) * p.outChannels * p.groups + z * p.outChannels + o) * plane + pixel % plane;
}
// x under kernel element q = (c, u, v) for the output pixel; 0 in the padding.
fn inputAt(z: u32, q: u32, pixel: u32) -> f32 {
  let v = q % p.kernelW;
  let u = (q / p.kernelW) % p.kernelH;
  let c = q / (p.kernelW * p.kernelH);
  let column = (pixel % p.outWidth) * p.strideW + v * p.dilationW - p.paddingW;
  let row = ((pixel / p.outWidth) % p.outHeight) * p.strideH + u * p.dilationH - p.paddingH;
  if (row >= p.height || column >= p.width) { return 0f; }
  let image = pixel / (p.outWidth * p.outHeight);
  return x[p.xAt + ((image * p.groups + z) * p.channels + c) * p.height * p.width + row * p.width + column];
}`;

const FORWARD = (hasBias: boolean): Product => ({
  key: `conv2d ${hasBias}`,
  reads: ['x: f32', 'weight: f32', ...(hasBias ? ['bias: f32'] : [])],
  params: PARAMS,
  elements: `${COMMON}
fn elementA(z: u32, row: u32, k: u32) -> f32 {
  return weight[p.weightAt + (z * p.outChannels + row) * p.k + k];
}
fn elementB(z: u32, k: u32, column: u32) -> f32 { return inputAt(z, k, column); }`,
  place: 'fn place(z: u32, row: u32, column: u32) -> u32 { return outPlace(z, row, column); }',
  bias: hasBias ? ' + bias[p.biasAt + z * p.outChannels + row]' : '',
  alongK: [true, false],
});

// dx[c, pixel] = sum over (o, u, v) of w[o, c, u, v] dy[o, (pixel + padding - u dilation) / stride] where that is whole.
const GRAD_INPUT: Product = {
  key: 'conv2dGradInput',
  reads: ['grad: f32', 'weight: f32'],
  params: PARAMS,
  elements: `${COMMON.slice(0, COMMON.indexOf('// x under'))}
fn elementA(z: u32, row: u32, k: u32) -> f32 {
  let area = p.kernelH * p.kernelW;
  return weight[p.weightAt + ((z * p.outChannels + k / area) * p.channels + row) * area + k % area];
}
fn elementB(z: u32, k: u32, column: u32) -> f32 {
  let v = k % p.kernelW;
  let u = (k / p.kernelW) % p.kernelH;
  let o = k / (p.kernelW * p.kernelH);
  let w = column % p.width + p.paddingW - v * p.dilationW;
  let h = (column / p.width) % p.height + p.paddingH - u * p.dilationH;
  let ow = w / p.strideW;
  let oh = h / p.strideH;
  if (oh >= p.outHeight || ow >= p.outWidth || oh * p.strideH != h || ow * p.strideW != w) { return 0f; }
  let image = column / (p.width * p.height);
  return grad[p.gradAt + ((image * p.groups + z) * p.outChannels + o) * p.outHeight * p.outWidth + oh * p.outWidth + ow];
}`,
  place: `fn place(z: u32, row: u32, column: u32) -> u32 {
  let plane = p.height * p.width;
  return ((column / plane) * p.channels * p.groups + z * p.channels + row) * plane + column % plane;
}`,
  alongK: [false, false],
};

// dw[o, q] = sum over pixels of dy[o, pixel] x[q, pixel].
const GRAD_WEIGHT: Product = {
  key: 'conv2dGradWeight',
  reads: ['grad: f32', 'x: f32'],
  params: PARAMS,
  elements: `${COMMON}
fn elementA(z: u32, row: u32, k: u32) -> f32 { return grad[p.gradAt + outPlace(z, row, k)]; }
fn elementB(z: u32, k: u32, column: u32) -> f32 { return inputAt(z, column, k); }`,
  // Parts of the depth lie one behind the other: [splits, groups, m, n].
  place: `fn place(part: u32, row: u32, column: u32) -> u32 {
  return (((part % p.splits) * p.groups + part / p.splits) * p.m + row) * p.n + column;
}`,
  alongK: [true, true],
};

/** Pixels that one part of the gradient of the weight sums, at least. */
const SPLIT = 512;
/** Parts at most, and elements of all partial sums together. */
const MOST_SPLITS = 64;
const SPLIT_ELEMENTS = 1 << 22;

/** conv2d and its gradients of the webgpu device. */
export function convKernels(
  stream: GpuStream,
  { reduce }: Pick<Kernels, 'reduce'>,
): Pick<Kernels, 'conv2d' | 'conv2dGradInput' | 'conv2dGradWeight'> {
  return {
    conv2d(x, weight, bias, out, sizes) {
      const params = paramsOf(x.shape, weight.shape, out.shape, sizes);
      const { groups } = sizes;
      const [o, c, kH, kW] = weight.shape as [number, number, number, number];
      const n = out.shape[0] * out.shape[2] * out.shape[3];
      const reads: View[] = bias === null ? [x, weight] : [x, weight, bias];
      const size = { batch: groups, m: o / groups, n, k: c * kH * kW, splits: 1 };
      runProduct(stream, FORWARD(bias !== null), reads, out, size, params);
    },
    conv2dGradInput(grad, weight, out, sizes) {
      const params = paramsOf(out.shape, weight.shape, grad.shape, sizes);
      const { groups } = sizes;
      const [o, c, kH, kW] = weight.shape as [number, number, number, number];
      const n = out.shape[0] * out.shape[2] * out.shape[3];
      const size = { batch: groups, m: c, n, k: (o / groups) * kH * kW, splits: 1 };
      runProduct(stream, GRAD_INPUT, [grad, weight], out, size, params);
    },
    conv2dGradWeight(grad, x, out, sizes) {
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
      reduce('sum', parts, out, { outer: 1, n: splits, inner: elements });
      stream.free(parts.buffer);
    },
  };
}
