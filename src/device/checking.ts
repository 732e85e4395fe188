// The checking mode, under which the tests run: before a command is queued its views are held against the memory of their
// buffers, and against the lengths that the kernel's sizes imply; after it, guard words around the blocks of the wasm heap
// are verified (wasm/engine/guards.ts). RULES stands beside the contract and says in numbers what that says in words.
import type { DType } from '../base/dtype';
import { itemSize } from '../base/dtype';
import { formatShape, isDense, layoutFault, numelOf, sameShape } from '../base/shape';
import {
  kernelsBy,
  rowOf,
  type Axis,
  type BatchSizes,
  type ConvSizes,
  type InputsOf,
  type KernelName,
  type Kernels,
  type LinalgKind,
  type NamesOf,
  type Operands,
  type OutputsOf,
  type ParamsOf,
  type RowSizes,
  type View,
} from './contract';
import { instruments } from './instruments';
import { GuardingAllocator } from './wasm/engine/guards';

/** What must hold of a view that a kernel is called with. */
interface Rule {
  /** As many elements as a tensor of this shape has. */
  readonly sizes: readonly number[];
  readonly dtypes: readonly DType[];
  /** It must have exactly that shape. */
  readonly isShaped: boolean;
  /** Row-major without gaps. */
  readonly isDense: boolean;
}

/** A rule for every view by its name in the row, and a list for any number of views. */
type RulesFor<K extends KernelName> = { readonly [N in NamesOf<K>]: N extends `...${string}` ? readonly Rule[] : Rule };
type Rules = {
  readonly [K in KernelName]: (inputs: InputsOf<K>, outputs: OutputsOf<K>, params: ParamsOf<K>) => RulesFor<K>;
};
/** Taken out of the table by the name of the kernel. */
type AnyRules = (
  inputs: Operands,
  outputs: Operands,
  params: unknown,
) => Readonly<Record<string, Rule | readonly Rule[]>>;

/** Seen with any shape. */
const dense = (sizes: readonly number[], ...dtypes: DType[]): Rule => ({
  sizes,
  dtypes,
  isShaped: false,
  isDense: true,
});
/** With any strides. */
const strided = (sizes: readonly number[], ...dtypes: DType[]): Rule => ({
  sizes,
  dtypes,
  isShaped: true,
  isDense: false,
});
const shaped = (sizes: readonly number[], ...dtypes: DType[]): Rule => ({
  sizes,
  dtypes,
  isShaped: true,
  isDense: true,
});

const whole = ({ outer, n, inner }: Axis): number[] => [outer, n, inner];
const INDEX: DType[] = ['int32', 'int64', 'uint8'];

/** Image, weight and output of a convolution, wherever each comes from. */
function conv(x: View, weight: View, { dtype }: View, sizes: ConvSizes): { image: Rule; weight: Rule; result: Rule } {
  const { stride, padding, dilation, groups } = sizes;
  const [batch, channels] = x.shape;
  const [outChannels, , kernelH, kernelW] = weight.shape;
  const [outHeight, outWidth] = [kernelH, kernelW].map((kernel, i) => {
    const room = x.shape[2 + i] + 2 * padding[i] - dilation[i] * (kernel - 1) - 1;
    return Math.floor(room / stride[i]) + 1;
  });
  return {
    image: shaped([batch, channels, x.shape[2], x.shape[3]], dtype),
    weight: shaped([outChannels, channels / groups, kernelH, kernelW], dtype),
    result: shaped([batch, outChannels, outHeight, outWidth], dtype),
  };
}

/** `image` [planes, H, W] and `pooled` [planes, oH, oW]. */
const pool = (image: View, pooled: View): { image: Rule; pooled: Rule; indices: Rule } => ({
  image: dense([pooled.shape[0], image.shape[1], image.shape[2]], pooled.dtype),
  pooled: dense([image.shape[0], pooled.shape[1], pooled.shape[2]], image.dtype),
  indices: dense(pooled.shape, 'int32'),
});

/** Row by row, a number a row, and weight and bias. */
const rows = ({ n, groups, inner, rows: count }: RowSizes, dtype: DType): { all: Rule; each: Rule; affine: Rule } => ({
  all: dense([count, n], dtype),
  each: dense([count], dtype),
  affine: dense([groups * (n / inner)], dtype),
});

/** All elements, and a number a channel. */
const batches = ({ batch, channels, inner }: BatchSizes, dtype: DType): { all: Rule; each: Rule } => ({
  all: dense([batch, channels, inner], dtype),
  each: dense([channels], dtype),
});

/** An index [outer, m, inner]. */
const along = ({ shape }: View, { outer, inner }: Axis): Rule =>
  dense([outer, numelOf(shape) / Math.max(1, outer * inner), inner], ...INDEX);

const LINALG_RESULTS: {
  readonly [K in LinalgKind]: (sizes: ParamsOf<'linalg'>['sizes']) => readonly (readonly number[])[];
} = {
  cholesky: ({ batch, n }) => [[batch, n, n]],
  lu: ({ batch, m, n }) => [[batch, m, n], [batch, m], [batch]],
  solve: ({ batch, n, k }) => [[batch, n, k]],
  solveTriangular: ({ batch, n, k }) => [[batch, n, k]],
  qr: ({ batch, m, n, k }) => [[batch, m, k], [batch, k, n]],
  eigh: ({ batch, n }) => [[batch, n], [batch, n, n]],
  svd: ({ batch, m, n }) => [[batch, m, n], [batch, n], [batch, n, n]],
}; // prettier-ignore

const RULES: Rules = {
  pointwise: (_inputs, [{ shape }], { program }) => ({
    '...inputs': program.inputs.map((dtype) => strided(shape, dtype)),
    '...outputs': program.outputDTypes.map((dtype) => strided(shape, dtype)),
  }),
  foreach: (inputs, outputs, { program }) => ({
    '...inputs': inputs.map((view, i) => {
      const group = Math.floor(i / program.inputs.length);
      const { shape } = outputs[group * program.outputs.length];
      return dense(numelOf(view.shape) === 1 ? [1] : shape, program.inputs[i % program.inputs.length]);
    }),
    '...outputs': outputs.map((_, i) => {
      const k = i % program.outputs.length;
      return dense(outputs[i - k].shape, program.outputDTypes[k]);
    }),
  }),
  reduce: ([{ dtype }], _outputs, { axis }) => ({
    x: dense(whole(axis), dtype),
    out: dense([axis.outer, axis.inner], dtype),
  }),
  argReduce: ([{ dtype }], _outputs, { axis }) => ({
    x: dense(whole(axis), dtype),
    out: dense([axis.outer, axis.inner], 'int64'),
  }),
  scan: ([{ dtype }], _outputs, { axis }) => ({ x: dense(whole(axis), dtype), out: dense(whole(axis), dtype) }),
  scanIndices: ([{ dtype }], _outputs, { axis }) => ({
    x: dense(whole(axis), dtype),
    out: dense(whole(axis), 'int64'),
  }),
  sort: ([{ dtype }], _outputs, { axis }) => ({ x: dense(whole(axis), dtype), out: dense(whole(axis), 'int64') }),
  searchSorted: ([sorted, { shape, dtype }]) => ({
    sorted: dense([sorted.shape[0] === 1 ? 1 : shape[0], sorted.shape[1]], dtype),
    values: dense([shape[0], shape[1]], dtype),
    out: dense([shape[0], shape[1]], 'int64'),
  }),
  gemm: ([a], [{ shape, dtype }]) => {
    const [batch, m, n] = shape;
    const k = a.shape[2];
    return {
      a: strided([batch, m, k], dtype),
      b: strided([batch, k, n], dtype),
      'bias?': dense([n], dtype),
      out: dense(shape, dtype),
    };
  },
  conv2d: ([x, weight], [out], sizes) => {
    const rules = conv(x, weight, out, sizes);
    return { x: rules.image, weight: rules.weight, 'bias?': dense([weight.shape[0]], out.dtype), out: rules.result };
  },
  conv2dGradInput: ([grad, weight], [out], sizes) => {
    const rules = conv(out, weight, grad, sizes);
    return { grad: rules.result, weight: rules.weight, out: rules.image };
  },
  conv2dGradWeight: ([grad, x], [out], sizes) => {
    const rules = conv(x, out, grad, sizes);
    return { grad: rules.result, x: rules.image, out: rules.weight };
  },
  maxPool2d: ([x], [out]) => {
    const rules = pool(x, out);
    return { x: rules.image, out: rules.pooled, indices: rules.indices };
  },
  maxPool2dBackward: ([grad], [out]) => {
    const rules = pool(out, grad);
    return { grad: rules.pooled, indices: rules.indices, out: rules.image };
  },
  avgPool2d: ([x], [out]) => ({ x: pool(x, out).image, out: pool(x, out).pooled }),
  avgPool2dBackward: ([grad], [out]) => ({ grad: pool(out, grad).pooled, out: pool(out, grad).image }),
  adaptiveAvgPool2d: ([x], [out]) => ({ x: pool(x, out).image, out: pool(x, out).pooled }),
  adaptiveAvgPool2dBackward: ([grad], [out]) => ({ grad: pool(out, grad).pooled, out: pool(out, grad).image }),
  softmax: ([{ dtype }], _outputs, { axis }) => ({ x: dense(whole(axis), dtype), out: dense(whole(axis), dtype) }),
  softmaxBackward: ([, { dtype }], _outputs, { axis }) => {
    const rule = dense(whole(axis), dtype);
    return { grad: rule, y: rule, out: rule };
  },
  normalizeRows: ([{ dtype }], _outputs, sizes) => {
    const { all, each, affine } = rows(sizes, dtype);
    return { x: all, 'weight?': affine, 'bias?': affine, out: all, mean: each, rstd: each, variance: each };
  },
  normalizeRowsBackward: ([, { dtype }], _outputs, sizes) => {
    const { all, each, affine } = rows(sizes, dtype);
    const inputs = { grad: all, x: all, mean: each, rstd: each, 'weight?': affine };
    return { ...inputs, out: all, 'gradWeight?': affine, 'gradBias?': affine };
  },
  batchNorm: ([{ dtype }], _outputs, sizes) => {
    const { all, each } = batches(sizes, dtype);
    return { x: all, 'weight?': each, 'bias?': each, out: all, mean: each, rstd: each, variance: each };
  },
  batchNormBackward: ([, { dtype }], _outputs, sizes) => {
    const { all, each } = batches(sizes, dtype);
    const inputs = { grad: all, x: all, mean: each, rstd: each, 'weight?': each };
    return { ...inputs, out: all, 'gradWeight?': each, 'gradBias?': each };
  },
  gather: ([{ dtype }, index], _outputs, { axis }) => ({
    x: dense(whole(axis), dtype),
    index: along(index, axis),
    out: dense(index.shape, dtype),
  }),
  scatterAdd: ([, index], [{ dtype }], { axis }) => ({
    grad: dense(index.shape, dtype),
    index: along(index, axis),
    out: dense(whole(axis), dtype),
  }),
  indexSelect: ([{ dtype }, { shape }], _outputs, { axis }) => ({
    x: dense(whole(axis), dtype),
    index: dense(shape, ...INDEX),
    out: dense([axis.outer, numelOf(shape), axis.inner], dtype),
  }),
  indexAdd: ([, { shape }], [{ dtype }], { axis }) => ({
    grad: dense([axis.outer, numelOf(shape), axis.inner], dtype),
    index: dense(shape, ...INDEX),
    out: dense(whole(axis), dtype),
  }),
  scatter: ([, index], [{ dtype }], { axis, wholeRows = false }) => ({
    source: dense(wholeRows ? [axis.outer, numelOf(index.shape), axis.inner] : index.shape, dtype),
    index: wholeRows ? dense(index.shape, ...INDEX) : along(index, axis),
    out: dense(whole(axis), dtype),
  }),
  linalg: ([{ dtype }], _outputs, { kind, sizes }) => {
    const { batch, m, n, k } = sizes;
    return {
      a: dense([batch, m, n], dtype),
      'b?': dense([batch, n, k], dtype),
      '...outs': [
        // The order of the rows is of integers.
        ...LINALG_RESULTS[kind](sizes).map((shape, i) => dense(shape, kind === 'lu' && i === 1 ? 'int32' : dtype)),
        dense([batch], 'int32'),
      ],
    };
  },
};

/** @throws an internal error unless the view lies in its buffer and is what the rule says */
function check(kernel: string, what: string, view: View | null, rule: Rule): void {
  if (view === null) return;
  const { buffer, dtype, shape, strides, offset } = view;
  const { sizes, dtypes } = rule;
  const fault =
    layoutFault(shape, strides, offset, buffer.bytes / itemSize(dtype)) ??
    (dtypes.includes(dtype) ? null : `its dtype must be ${dtypes.join(' or ')}`) ??
    (!rule.isDense || isDense(shape, strides) ? null : 'it must be dense') ??
    ((rule.isShaped ? sameShape(shape, sizes) : numelOf(shape) === numelOf(sizes))
      ? null
      : `its elements must be those of ${formatShape(sizes)}`);
  if (fault === null) return;
  throw new Error(
    `internal: ${kernel}: ${what}: ${fault}, got ${dtype} ${formatShape(shape)} with strides ${formatShape(strides)} and offset ${offset} in ${buffer.bytes} bytes.`,
  );
}

const isList = ([name]: readonly string[]): boolean => name.startsWith('...');

/** @throws an internal error unless there are that many views */
function checkCount(kernel: string, count: number, views: Operands): void {
  if (views.length !== count) throw new Error(`internal: ${kernel}: takes ${count} views here, got ${views.length}.`);
}

/** The kernels, each behind the rules for its views. */
export function checked(kernels: Kernels): Kernels {
  return kernelsBy((kernel) => (inputs, outputs, params) => {
    const row = rowOf(kernel);
    const operands: [names: readonly string[], views: Operands][] = [
      [row.inputs, inputs],
      [row.outputs, outputs],
    ];
    for (const [names, views] of operands) if (!isList(names)) checkCount(kernel, names.length, views);
    const rules = (RULES[kernel] as AnyRules)(inputs, outputs, params);
    for (const [names, views] of operands) {
      if (isList(names)) {
        const list = rules[names[0]] as readonly Rule[];
        checkCount(kernel, list.length, views);
        const what = names[0].slice('...'.length, -'s'.length);
        views.forEach((view, i) => check(kernel, `${what} ${i}`, view, list[i]));
      } else {
        views.forEach((view, i) => check(kernel, names[i].replace('?', ''), view, rules[names[i]] as Rule));
      }
    }
    kernels[kernel](inputs, outputs, params);
  });
}

/** Checks every command of the devices that are made from now on. */
export function startChecking(): void {
  instruments.current = { kernels: checked, heap: (...args) => new GuardingAllocator(...args) };
}
