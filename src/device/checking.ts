// The checking mode, under which the tests run: before a command is queued its views are held against the memory of their
// buffers, and against the lengths that the kernel's sizes imply; after it, guard words around the blocks of the wasm heap
// are verified (wasm/engine/guards.ts). RULES stands beside the contract and says in numbers what that says in words.
import type { DType } from '../base/dtype';
import { itemSize } from '../base/dtype';
import { formatShape, isDense, layoutFault, numelOf, sameShape } from '../base/shape';
import type { Axis, BatchSizes, ConvSizes, Kernels, RowSizes, View } from './contract';
import { instruments } from './instruments';
import { GuardingAllocator } from './wasm/engine/guards';

/** What must hold of one argument of a kernel; an absent view has nothing to hold. */
interface Rule {
  readonly what: string;
  readonly view: View | null | undefined;
  /** As many elements as a tensor of this shape has. */
  readonly sizes: readonly number[];
  readonly dtypes: readonly DType[];
  /** Any strides, but exactly the shape; else dense and seen with any shape. */
  readonly isStrided: boolean;
}

type Rules = { readonly [K in keyof Kernels]: (...args: Parameters<Kernels[K]>) => readonly Rule[] };

/** With its kernel, taken out of their tables by the same name. */
type AnyRule = (...args: readonly unknown[]) => readonly Rule[];
type AnyKernel = (...args: readonly unknown[]) => void;

/** Row-major without gaps. */
const dense = (what: string, view: Rule['view'], sizes: readonly number[], ...dtypes: DType[]): Rule => ({
  what,
  view,
  sizes,
  dtypes,
  isStrided: false,
});
/** Of that very shape, with any strides. */
const strided = (what: string, view: Rule['view'], sizes: readonly number[], ...dtypes: DType[]): Rule => ({
  ...dense(what, view, sizes, ...dtypes),
  isStrided: true,
});

const whole = ({ outer, n, inner }: Axis): number[] => [outer, n, inner];
const INDEX: DType[] = ['int32', 'int64', 'uint8'];

/** Operands of conv2d in the places of image, weight and output. */
function conv(x: View, weight: View, bias: View | null, out: View, names: string[], sizes: ConvSizes): Rule[] {
  const { stride, padding, dilation, groups } = sizes;
  const [batch, channels] = x.shape;
  const [outChannels, , kernelH, kernelW] = weight.shape;
  const [outHeight, outWidth] = [kernelH, kernelW].map((kernel, i) => {
    const room = x.shape[2 + i] + 2 * padding[i] - dilation[i] * (kernel - 1) - 1;
    return Math.floor(room / stride[i]) + 1;
  });
  return [
    strided(names[0], x, [batch, channels, x.shape[2], x.shape[3]], out.dtype),
    strided(names[1], weight, [outChannels, channels / groups, kernelH, kernelW], out.dtype),
    dense('bias', bias, [outChannels], out.dtype),
    strided(names[2], out, [batch, outChannels, outHeight, outWidth], out.dtype),
    ...[x, weight, out].map((view, i) => dense(names[i], view, view.shape, out.dtype)),
  ];
}

/** `image` [planes, H, W] and `pooled` [planes, oH, oW]. */
const pooled = (names: string[], image: View, small: View, indices?: View): Rule[] => [
  dense(names[0], image, [small.shape[0], image.shape[1], image.shape[2]], small.dtype),
  dense(names[1], small, [image.shape[0], small.shape[1], small.shape[2]], image.dtype),
  dense('indices', indices, small.shape, 'int32'),
];

/** Weight and bias, or their gradients, of a normalization. */
const affine = (names: string[], views: readonly (View | null)[], entries: number, dtype: DType): Rule[] =>
  views.map((view, i) => dense(names[i], view, [entries], dtype));

const rowEntries = ({ n, groups, inner }: RowSizes): number => groups * (n / inner);
const rowsOf = ({ rows, n }: RowSizes): number[] => [rows, n];
const channelsOf = ({ batch, channels, inner }: BatchSizes): number[] => [batch, channels, inner];

/** m from an index [outer, m, inner]. */
const along = (index: View, { outer, inner }: Axis): number => numelOf(index.shape) / Math.max(1, outer * inner);

export const RULES: Rules = {
  pointwise: (program, inputs, outputs) => [
    ...inputs.map((view, i) => strided(`input ${i}`, view, outputs[0].shape, program.inputs[i])),
    ...outputs.map((view, i) => strided(`output ${i}`, view, outputs[0].shape, program.outputDTypes[i])),
  ],
  foreach: (program, groups) =>
    groups.flatMap(({ inputs, outputs }) => [
      ...inputs.map((view, i) => {
        const isUniform = numelOf(view.shape) === 1;
        return dense(`input ${i}`, view, isUniform ? [1] : outputs[0].shape, program.inputs[i]);
      }),
      ...outputs.map((view, i) => dense(`output ${i}`, view, outputs[0].shape, program.outputDTypes[i])),
    ]),
  reduce: (_kind, x, out, axis) => [
    dense('x', x, whole(axis), x.dtype),
    dense('out', out, [axis.outer, axis.inner], x.dtype),
  ],
  argReduce: (_kind, x, out, axis) => [
    dense('x', x, whole(axis), x.dtype),
    dense('out', out, [axis.outer, axis.inner], 'int64'),
  ],
  scan: (_kind, x, out, axis) => [dense('x', x, whole(axis), x.dtype), dense('out', out, whole(axis), x.dtype)],
  scanIndices: (_kind, x, out, axis) => [dense('x', x, whole(axis), x.dtype), dense('out', out, whole(axis), 'int64')],
  sort: (x, out, axis) => [dense('x', x, whole(axis), x.dtype), dense('out', out, whole(axis), 'int64')],
  searchSorted: (sorted, values, out) => {
    const [outer, m] = values.shape;
    return [
      dense('sorted', sorted, [sorted.shape[0] === 1 ? 1 : outer, sorted.shape[1]], values.dtype),
      dense('values', values, [outer, m], values.dtype),
      dense('out', out, [outer, m], 'int64'),
    ];
  },
  gemm: (a, b, bias, out) => {
    const [batch, m, n] = out.shape;
    const k = a.shape[2];
    return [
      strided('a', a, [batch, m, k], out.dtype),
      strided('b', b, [batch, k, n], out.dtype),
      dense('bias', bias, [n], out.dtype),
      dense('out', out, out.shape, out.dtype),
    ];
  },
  conv2d: (x, weight, bias, out, sizes) => conv(x, weight, bias, out, ['x', 'weight', 'out'], sizes),
  conv2dGradInput: (grad, weight, out, sizes) => conv(out, weight, null, grad, ['out', 'weight', 'grad'], sizes),
  conv2dGradWeight: (grad, x, out, sizes) => conv(x, out, null, grad, ['x', 'out', 'grad'], sizes),
  maxPool2d: (x, out, indices) => pooled(['x', 'out'], x, out, indices),
  maxPool2dBackward: (grad, indices, out) => pooled(['out', 'grad'], out, grad, indices),
  avgPool2d: (x, out) => pooled(['x', 'out'], x, out),
  avgPool2dBackward: (grad, out) => pooled(['out', 'grad'], out, grad),
  adaptiveAvgPool2d: (x, out) => pooled(['x', 'out'], x, out),
  adaptiveAvgPool2dBackward: (grad, out) => pooled(['out', 'grad'], out, grad),
  softmax: (x, out, axis) => [dense('x', x, whole(axis), x.dtype), dense('out', out, whole(axis), x.dtype)],
  softmaxBackward: (grad, y, out, axis) => [
    dense('grad', grad, whole(axis), y.dtype),
    dense('y', y, whole(axis), y.dtype),
    dense('out', out, whole(axis), y.dtype),
  ],
  normalizeRows: (x, weight, bias, out, mean, variance, sizes) => [
    dense('x', x, rowsOf(sizes), x.dtype),
    ...affine(['weight', 'bias'], [weight, bias], rowEntries(sizes), x.dtype),
    dense('out', out, rowsOf(sizes), x.dtype),
    dense('mean', mean, [sizes.rows], x.dtype),
    dense('variance', variance, [sizes.rows], x.dtype),
  ],
  normalizeRowsBackward: (grad, x, mean, variance, weight, out, gradWeight, gradBias, sizes) => [
    dense('grad', grad, rowsOf(sizes), x.dtype),
    dense('x', x, rowsOf(sizes), x.dtype),
    dense('mean', mean, [sizes.rows], x.dtype),
    dense('variance', variance, [sizes.rows], x.dtype),
    dense('out', out, rowsOf(sizes), x.dtype),
    ...affine(['weight', 'gradWeight', 'gradBias'], [weight, gradWeight, gradBias], rowEntries(sizes), x.dtype),
  ],
  batchNorm: (x, weight, bias, out, mean, variance, sizes) => [
    dense('x', x, channelsOf(sizes), x.dtype),
    dense('out', out, channelsOf(sizes), x.dtype),
    ...affine(['weight', 'bias', 'mean', 'variance'], [weight, bias, mean, variance], sizes.channels, x.dtype),
  ],
  batchNormBackward: (grad, x, mean, variance, weight, out, gradWeight, gradBias, sizes) => [
    dense('grad', grad, channelsOf(sizes), x.dtype),
    dense('x', x, channelsOf(sizes), x.dtype),
    dense('out', out, channelsOf(sizes), x.dtype),
    ...affine(['mean', 'variance', 'weight'], [mean, variance, weight], sizes.channels, x.dtype),
    ...affine(['gradWeight', 'gradBias'], [gradWeight, gradBias], sizes.channels, x.dtype),
  ],
  gather: (x, index, out, axis) => [
    dense('x', x, whole(axis), x.dtype),
    dense('index', index, [axis.outer, along(index, axis), axis.inner], ...INDEX),
    dense('out', out, index.shape, x.dtype),
  ],
  scatterAdd: (grad, index, out, axis) => [
    dense('grad', grad, index.shape, out.dtype),
    dense('index', index, [axis.outer, along(index, axis), axis.inner], ...INDEX),
    dense('out', out, whole(axis), out.dtype),
  ],
  indexSelect: (x, index, out, axis) => [
    dense('x', x, whole(axis), x.dtype),
    dense('index', index, index.shape, ...INDEX),
    dense('out', out, [axis.outer, numelOf(index.shape), axis.inner], x.dtype),
  ],
  indexAdd: (grad, index, out, axis) => [
    dense('grad', grad, [axis.outer, numelOf(index.shape), axis.inner], out.dtype),
    dense('index', index, index.shape, ...INDEX),
    dense('out', out, whole(axis), out.dtype),
  ],
  scatter: (_kind, source, index, out, axis) => [
    dense('source', source, index.shape, out.dtype),
    dense('index', index, [axis.outer, along(index, axis), axis.inner], ...INDEX),
    dense('out', out, whole(axis), out.dtype),
  ],
  linalg: (kind, a, b, outs, info, { batch, m, n, k }) => {
    const results: Record<typeof kind, readonly number[][]> = {
      cholesky: [[batch, n, n]],
      lu: [[batch, m, n], [batch, m], [batch]],
      solve: [[batch, n, k]],
      solveTriangular: [[batch, n, k]],
      qr: [[batch, m, k], [batch, k, n]],
      eigh: [[batch, n], [batch, n, n]],
      svd: [[batch, m, n], [batch, n], [batch, n, n]],
    }; // prettier-ignore
    return [
      dense('a', a, [batch, m, n], a.dtype),
      dense('b', b, [batch, n, k], a.dtype),
      // The order of the rows is of integers.
      ...outs.map((out, i) => dense(`out ${i}`, out, results[kind][i], kind === 'lu' && i === 1 ? 'int32' : a.dtype)),
      dense('info', info, [batch], 'int32'),
    ];
  },
};

/** @throws an internal error unless the view lies in its buffer and is what the rule says */
function check(kernel: string, { what, view, sizes, dtypes, isStrided }: Rule): void {
  if (view === null || view === undefined) return;
  const { buffer, dtype, shape, strides, offset } = view;
  const fault =
    layoutFault(shape, strides, offset, buffer.bytes / itemSize(dtype)) ??
    (dtypes.includes(dtype) ? null : `its dtype must be ${dtypes.join(' or ')}`) ??
    (isStrided || isDense(shape, strides) ? null : 'it must be dense') ??
    ((isStrided ? sameShape(shape, sizes) : numelOf(shape) === numelOf(sizes))
      ? null
      : `its elements must be those of ${formatShape(sizes)}`);
  if (fault === null) return;
  throw new Error(
    `internal: ${kernel}: ${what}: ${fault}, got ${dtype} ${formatShape(shape)} with strides ${formatShape(strides)} and offset ${offset} in ${buffer.bytes} bytes.`,
  );
}

/** The kernels, each behind its rule. */
export function checked(kernels: Kernels): Kernels {
  const names = Object.keys(RULES) as (keyof Kernels)[];
  const entries = names.map((name) => {
    const rules = RULES[name] as AnyRule;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- kernels are functions in a record, without `this`
    const run = kernels[name] as AnyKernel;
    const behindRules: AnyKernel = (...args) => {
      for (const rule of rules(...args)) check(name, rule);
      run(...args);
    };
    return [name, behindRules];
  });
  return Object.fromEntries(entries) as { [K in keyof Kernels]: Kernels[K] };
}

/** Checks every command of the devices that are made from now on. */
export function startChecking(): void {
  instruments.current = { kernels: checked, heap: (...args) => new GuardingAllocator(...args) };
}
