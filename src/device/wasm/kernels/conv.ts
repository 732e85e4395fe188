// Lowering of two-dimensional convolution and its gradients.
import { ConvCommand, Opcode } from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import type { ConvSizes, View } from '../../contract';
import type { Placement } from '../transport/commandStream';
import type { Arguments } from '../transport/encode';
import { command, type Lowerings } from './lowering';

/** Multiply-adds of gradWeight that are worth a partial sum of their own: some 25 us. */
const CHUNK_WORK = 1 << 19;
/** Enough for any number of workers, and a bound on the workspace. */
const MAX_CHUNKS = 32;
const CHUNKS_BYTES = 1 << 25;

/** Everything of a convolution's command that shapes give: x [N, C, H, W], weight [O, C / groups, kH, kW], out [N, O, oH, oW]. */
export type ConvShape = Omit<Arguments<ConvCommand>, 'a' | 'b' | 'bias' | 'out' | 'workspace' | 'chunks' | 'dtype'>;

/** The sizes in a command from the shapes of image, weight and output. */
export function convShape(
  x: readonly number[],
  weight: readonly number[],
  out: readonly number[],
  { stride, padding, dilation, groups }: ConvSizes,
): ConvShape {
  const [batch, channels, height, width] = x as [number, number, number, number];
  return {
    batch,
    channels,
    height,
    width,
    outChannels: weight[0],
    outHeight: out[2],
    outWidth: out[3],
    kernelH: weight[2],
    kernelW: weight[3],
    strideH: stride[0],
    strideW: stride[1],
    paddingH: padding[0],
    paddingW: padding[1],
    dilationH: dilation[0],
    dilationW: dilation[1],
    groups,
  };
}

/** Bytes of the packed weights for `rows` output channels, with their biases, in so many parts of the kernel. */
function packedWeightBytes(shape: ConvShape, rows: number, channels: number, parts: number): number {
  const { groups, kernelH, kernelW } = shape;
  // The last tile of each group may have up to 5 rows too many, and a bias takes a row of 8 in each part.
  return groups * (rows / groups + 5) * ((channels / groups) * kernelH * kernelW + 8 * parts) * 4;
}

/** Bytes of temporary memory of conv2d. */
export function conv2dWorkspaceBytes(shape: ConvShape): number {
  return packedWeightBytes(shape, shape.outChannels, shape.channels, 1);
}

/** Bytes of temporary memory of conv2dGradInput. */
export function conv2dGradInputWorkspaceBytes(shape: ConvShape): number {
  return packedWeightBytes(shape, shape.channels, shape.outChannels, shape.strideH * shape.strideW);
}

/** Into how many partial sums conv2dGradWeight cuts the batch, and the bytes that they take. */
export function conv2dGradWeightChunks(shape: ConvShape): { readonly chunks: number; readonly bytes: number } {
  const { batch, channels, outChannels, outHeight, outWidth, kernelH, kernelW, groups } = shape;
  const elements = (outChannels * channels * kernelH * kernelW) / groups;
  const work = batch * outHeight * outWidth * elements;
  const bytes = Math.ceil(elements / 8) * 32;
  const most = Math.min(MAX_CHUNKS, Math.max(1, Math.floor(CHUNKS_BYTES / bytes)));
  const chunks = Math.min(most, Math.max(1, Math.ceil(work / CHUNK_WORK)));
  return { chunks, bytes: chunks * bytes };
}

function fieldsOf(
  place: Placement,
  a: View,
  b: View,
  bias: View | null,
  out: View,
  shape: ConvShape,
  workspace: number,
  chunks: number,
): Arguments<ConvCommand> {
  return {
    a: place.pointer(a),
    b: place.pointer(b),
    bias: place.pointer(bias),
    out: place.pointer(out),
    workspace: place.workspace(workspace),
    ...shape,
    chunks,
    dtype: DTYPES[out.dtype].code,
  };
}

export const CONV: Lowerings<'conv2d' | 'conv2dGradInput' | 'conv2dGradWeight'> = {
  conv2d: command(Opcode.Conv2d, ConvCommand, (place, [x, weight, bias], [out], sizes) => {
    const shape = convShape(x.shape, weight.shape, out.shape, sizes);
    return fieldsOf(place, x, weight, bias, out, shape, conv2dWorkspaceBytes(shape), 0);
  }),
  conv2dGradInput: command(Opcode.Conv2dGradInput, ConvCommand, (place, [grad, weight], [out], sizes) => {
    const shape = convShape(out.shape, weight.shape, grad.shape, sizes);
    return fieldsOf(place, grad, weight, null, out, shape, conv2dGradInputWorkspaceBytes(shape), 0);
  }),
  conv2dGradWeight: command(Opcode.Conv2dGradWeight, ConvCommand, (place, [grad, x], [out], sizes) => {
    const shape = convShape(x.shape, out.shape, grad.shape, sizes);
    const { chunks, bytes } = conv2dGradWeightChunks(shape);
    return fieldsOf(place, grad, x, null, out, shape, bytes, chunks);
  }),
};
