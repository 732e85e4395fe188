// Normalization to zero mean and unit variance: over rows (layer and group normalization), and over the batch.
// Fused kernels in both directions; the differentiable definition is used when a graph of the backward pass is wanted.
import { intercepting } from '../../base/intercept';
import { NUMBER, FLAG, COUNT, listOf } from '../../base/kinds';
import { argument, signature, taking } from '../../base/signature';
import { TENSOR, INPUT } from '../../core/kinds';
import type { BatchSizes, RowSizes } from '../../device/contract';
import { noGrad } from '../../core/backward';
import type { Gradients } from '../../core/graph';
import { KindError, DTypeError, ShapeError } from '../../base/errors';
import { isFloat, wideDType } from '../../base/dtype';
import { applyAll, type GradientContext, type OpRecord } from '../../core/op';
import { formatShape, numelOf, sameShape, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { clone, contiguous, to } from '../shape/copy';
import { empty } from '../shape/creation';
import { reshape } from '../shape/view';
import { add, mul, rsqrt, square, sub } from '../pointwise/arithmetic';
import type { Arguments } from '../../base/arguments';

/** What the two normalizations share: x, then the affine parameters if any. */
type NormInputs = readonly [x: Tensor, weight: Tensor | null, bias: Tensor | null];
type Context<P> = GradientContext<NormInputs, P>;
/** Places of weight and bias among the inputs. */
const AFFINE = [1, 2];

/** How the definition sees x: a shape in which mean and variance, weight and bias broadcast. */
interface Layout {
  /** x is reshaped to this ... */
  readonly shape: Shape;
  /** ... and these dimensions are averaged over. */
  readonly over: readonly number[];
  /** Weight and bias. */
  readonly affine: Shape;
  /** Mean and rstd. */
  readonly statistics: Shape;
}

/**
 * Gradients of y = (x - mean) rstd w + b in differentiable ops. With xhat = (x - mean) rstd and g = dy w:
 *   dx = rstd (g - mean(g) - xhat mean(g xhat)),  dw = sum(dy xhat),  db = sum(dy)
 */
function definition(grad: Tensor, context: Context<{ eps: number }>, layout: Layout): (() => Tensor)[] {
  const [x, weight] = context.inputs;
  const dy = reshape(grad, layout.shape);
  const view = reshape(x, layout.shape);
  // Centred values are scaled by what rstd was found to be, so that no square overflows.
  const scale = noGrad(() => to(reshape(context.outputs[2], layout.statistics), x.dtype));
  const scaled = mul(sub(view, view.mean(layout.over, true)), scale);
  const rest = rsqrt(add(square(scaled).mean(layout.over, true), mul(square(scale), context.params.eps)));
  const rstd = mul(scale, rest);
  const xhat = mul(scaled, rest);
  const affineShape = context.shapes[1];
  const summed = (t: Tensor): Tensor => reshape(sumLike(t, layout.affine), affineShape);
  return [
    () => {
      const g = weight === null ? dy : mul(dy, reshape(weight, layout.affine));
      const spread = mul(xhat, mul(g, xhat).mean(layout.over, true));
      return reshape(mul(rstd, sub(sub(g, g.mean(layout.over, true)), spread)), x.shape);
    },
    () => summed(mul(dy, xhat)),
    () => reshape(sumLike(dy, layout.affine), context.shapes[2]),
  ];
}

/** The gradients by definition, of those inputs that need one. */
const defined = (grad: Tensor, context: Context<{ eps: number }>, layout: Layout): Gradients =>
  definition(grad, context, layout).map((thunk, i) => (context.needs[i] ? thunk() : null));

/** Sums t over the dimensions in which `shape` has size 1. */
function sumLike(t: Tensor, shape: Shape): Tensor {
  const dims = t.shape.flatMap((size, d) => (shape[d] === 1 && size !== 1 ? [d] : []));
  return dims.length === 0 ? t : t.sum(dims, true);
}

interface RowParams extends RowSizes {
  readonly eps: number;
}

/** [rows / groups, groups, n / inner, inner]: a row is a group of channels, weight and bias have groups * n / inner entries. */
const rowLayout = ({ rows, n, groups, inner }: RowParams): Layout => ({
  shape: [rows / groups, groups, n / inner, inner],
  over: [2, 3],
  affine: [1, groups, n / inner, 1],
  statistics: [rows / groups, groups, 1, 1],
});

const ROWS: OpRecord<NormInputs, RowParams> = {
  name: 'nativeLayerNorm',
  shape: ([x], { rows }) => [
    { shape: x.shape, dtype: x.dtype },
    { shape: [rows], dtype: wideDType(x.dtype) },
    { shape: [rows], dtype: wideDType(x.dtype) },
    { shape: [rows], dtype: wideDType(x.dtype) },
  ],
  forward: (device, [x, weight, bias], [out, mean, rstd, variance], params) => {
    device.run('normalizeRows', [x, weight, bias], [out, mean, rstd, variance], params);
  },
  saves: { inputs: [0, 1], outputs: [1, 2] },
  backward: ([grad], context) => (grad === null ? [] : definition(grad, context, rowLayout(context.params))),
  fusedBackward: ([grad], context) => {
    if (grad === null) return [];
    // Kernels leave the gradients of parameters alone where there is nothing to add up.
    if (grad.numel() === 0) return defined(grad, context, rowLayout(context.params));
    return gradientsOf(applyAll(ROWS_BACKWARD, backwardInputs(grad, context), context), context);
  },
};

type BackwardInputs = readonly [grad: Tensor, x: Tensor, mean: Tensor, rstd: Tensor, weight: Tensor | null];

const backwardInputs = (grad: Tensor, { inputs: [x, weight], outputs }: Context<unknown>): BackwardInputs => [
  contiguous(grad),
  x,
  outputs[1],
  outputs[2],
  weight,
];

/** dx, and the gradients of those of weight and bias that need one: an absent one has no memory that could be written. */
const gradientSpecs = (
  [, x]: BackwardInputs,
  { shapes, needs }: Context<unknown>,
): { shape: Shape; dtype: Tensor['dtype'] }[] =>
  [x.shape, ...AFFINE.filter((i) => needs[i]).map((i) => shapes[i])].map((shape) => ({ shape, dtype: x.dtype }));

/** What `gradientSpecs` made, each in the place of its input. */
function gradientsOf([dx, ...affine]: readonly Tensor[], { needs }: Context<unknown>): [Tensor, ...Gradients] {
  return [dx, ...AFFINE.map((i) => (needs[i] ? (affine.shift() ?? null) : null))];
}

const ROWS_BACKWARD: OpRecord<BackwardInputs, Context<RowParams>> = {
  name: 'nativeLayerNormBackward',
  shape: gradientSpecs,
  forward: (device, [grad, x, mean, rstd, weight], outs, context) => {
    const { params } = context;
    const [dx, dweight, dbias] = gradientsOf(outs, context);
    device.run('normalizeRowsBackward', [grad, x, mean, rstd, weight], [dx, dweight, dbias], params);
  },
};

interface BatchParams extends BatchSizes {
  readonly eps: number;
}

const batchLayout = ({ batch, channels, inner }: BatchParams): Layout => ({
  shape: [batch, channels, inner],
  over: [0, 2],
  affine: [1, channels, 1],
  statistics: [1, channels, 1],
});

const BATCH: OpRecord<NormInputs, BatchParams> = {
  name: 'nativeBatchNorm',
  shape: ([x], { channels }) => [
    { shape: x.shape, dtype: x.dtype },
    { shape: [channels], dtype: wideDType(x.dtype) },
    { shape: [channels], dtype: wideDType(x.dtype) },
    { shape: [channels], dtype: wideDType(x.dtype) },
  ],
  forward: (device, [x, weight, bias], [out, mean, rstd, variance], params) => {
    device.run('batchNorm', [x, weight, bias], [out, mean, rstd, variance], params);
  },
  saves: { inputs: [0, 1], outputs: [1, 2] },
  backward: ([grad], context) => (grad === null ? [] : definition(grad, context, batchLayout(context.params))),
  fusedBackward: ([grad], context) => {
    if (grad === null) return [];
    // Kernels leave the gradients of parameters alone where there is nothing to add up.
    if (grad.numel() === 0) return defined(grad, context, batchLayout(context.params));
    return gradientsOf(applyAll(BATCH_BACKWARD, backwardInputs(grad, context), context), context);
  },
};

const BATCH_BACKWARD: OpRecord<BackwardInputs, Context<BatchParams>> = {
  name: 'nativeBatchNormBackward',
  shape: gradientSpecs,
  forward: (device, [grad, x, mean, rstd, weight], outs, context) => {
    const { params } = context;
    const [dx, dweight, dbias] = gradientsOf(outs, context);
    device.run('batchNormBackward', [grad, x, mean, rstd, weight], [dx, dweight, dbias], params);
  },
};

/** @throws DTypeError, ShapeError unless x is of floats and the others are of its dtype and of `shape`. */
function checkNorm(op: string, x: Tensor, shape: Shape, others: Readonly<Record<string, Tensor | null>>): void {
  if (!isFloat(x.dtype)) {
    throw new DTypeError(op, `input must be of a floating-point dtype, got ${x.dtype}. Convert it with .float().`, {
      dtype: x.dtype,
    });
  }
  for (const [name, t] of Object.entries(others)) {
    if (t === null) continue;
    if (!sameShape(t.shape, shape)) {
      throw new ShapeError(
        op,
        `${name} must have shape ${formatShape(shape)}, got ${formatShape(t.shape)}. Check the channels.`,
        {
          shape: t.shape,
        },
      );
    }
    if (t.dtype !== x.dtype && t.dtype !== wideDType(x.dtype)) {
      throw new DTypeError(op, `${name} must be of the dtype of the input, got ${t.dtype} and ${x.dtype}.`);
    }
  }
}

const dense = (t: Tensor | null): Tensor | null => (t === null ? null : contiguous(t));

/**
 * (x - mean) / sqrt(var + eps) * weight + bias over the last dimensions, which normalizedShape names.
 * Shape: [*, ...normalizedShape] -> the same; weight and bias [...normalizedShape].
 * @throws ShapeError if the shapes do not end alike
 * @see torch.nn.functional.layer_norm
 */
export function layerNorm(
  x: Tensor,
  normalizedShape: Shape,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('layerNorm', layerNorm, [x, normalizedShape, weight, bias, eps]);
  const lead = x.ndim - normalizedShape.length;
  if (normalizedShape.length === 0 || lead < 0 || !sameShape(x.shape.slice(lead), normalizedShape)) {
    throw new ShapeError(
      'layerNorm',
      `the input must end in the dimensions ${formatShape(normalizedShape)}, got ${formatShape(x.shape)}.`,
      { shape: x.shape, normalizedShape },
    );
  }
  checkNorm('layerNorm', x, normalizedShape, { weight, bias });
  const n = numelOf(normalizedShape);
  const sizes = { rows: numelOf(x.shape.slice(0, lead)), n, groups: 1, inner: 1, eps };
  return applyAll(ROWS, [contiguous(x), dense(weight), dense(bias)], sizes)[0];
}

/**
 * Normalization of each group of channels of each sample. Shape: [N, C, *] -> the same; weight and bias [C].
 * @throws ShapeError unless numGroups divides C
 * @see torch.nn.functional.group_norm
 */
export function groupNorm(
  x: Tensor,
  numGroups: number,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  eps = 1e-5,
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('groupNorm', groupNorm, [x, numGroups, weight, bias, eps]);
  const [batch, channels] = x.shape;
  if (x.ndim < 2 || !Number.isInteger(numGroups) || numGroups < 1 || channels % numGroups !== 0) {
    throw new ShapeError(
      'groupNorm',
      `input must be [N, C, *] with C a multiple of numGroups, got ${formatShape(x.shape)} and ${numGroups} groups.`,
      { shape: x.shape, numGroups },
    );
  }
  checkNorm('groupNorm', x, [channels], { weight, bias });
  const inner = numelOf(x.shape.slice(2));
  if ((batch * channels * inner) / numGroups === 1) {
    throw new ShapeError(
      'groupNorm',
      `expected more than 1 value per group, got input ${formatShape(x.shape)} and ${numGroups} groups.`,
      { shape: x.shape, numGroups },
    );
  }
  // Planes without elements are as no rows: what is normalized is nothing, in both cases.
  const [rows, cells] = inner === 0 ? [0, 1] : [batch * numGroups, inner];
  const sizes = { rows, n: (channels / numGroups) * cells, groups: numGroups, inner: cells, eps };
  return applyAll(ROWS, [contiguous(x), dense(weight), dense(bias)], sizes)[0];
}

/** Adds momentum times the news to a running statistic, in place. */
function updateRunning(running: Tensor, news: Tensor, momentum: number): void {
  running.mul_(1 - momentum).add_(mul(news, momentum));
}

/**
 * Normalization of each channel over the batch. In training by the statistics of the batch, which also move the running
 * ones (the variance unbiased); else by the running ones. Shape: [N, C, *] -> the same; all others [C].
 * @throws ShapeError in training if there is one value per channel only
 * @see torch.nn.functional.batch_norm
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  training = false,
  momentum = 0.1,
  eps = 1e-5,
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('batchNorm', batchNorm, [
      x,
      runningMean,
      runningVar,
      weight,
      bias,
      training,
      momentum,
      eps,
    ]);
  // What PyTorch lets pass without looking for channels.
  if (x.ndim === 1 && x.numel() === 0) return reshape(x, [0]);
  if (x.ndim < 2) throw new ShapeError('batchNorm', `input must be [N, C, *], got ${formatShape(x.shape)}.`);
  const [batch, channels] = x.shape;
  const inner = numelOf(x.shape.slice(2));
  checkNorm('batchNorm', x, [channels], { weight, bias });
  checkNorm('batchNorm', x, [channels], { runningMean, runningVar });
  if (!training) {
    if (runningMean === null || runningVar === null) {
      throw new KindError('batchNorm', 'runningMean and runningVar must be given outside training, got null.');
    }
    return normalizeBy(x, runningMean, runningVar, weight, bias, eps);
  }
  const count = batch * inner;
  if (count === 1) {
    throw new ShapeError(
      'batchNorm',
      `expected more than 1 value per channel when training, got input ${formatShape(x.shape)}.`,
      {
        shape: x.shape,
      },
    );
  }
  const sizes = { batch, channels, inner, eps };
  const [out, mean, , variance] = applyAll(BATCH, [contiguous(x), dense(weight), dense(bias)], sizes);
  // An empty batch has no statistics to move the running ones to.
  if (count === 0) return out;
  noGrad(() => {
    if (runningMean !== null) updateRunning(runningMean, mean.detach(), momentum);
    if (runningVar !== null) updateRunning(runningVar, mul(variance.detach(), count / (count - 1)), momentum);
  });
  return out;
}

/** (x - mean) / sqrt(var + eps) * weight + bias with statistics per channel that are given. */
function normalizeBy(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): Tensor {
  const perChannel = (t: Tensor): Tensor => reshape(t, [-1, ...x.shape.slice(2).map(() => 1)]);
  // Of 16-bit floats the result alone is rounded.
  const wide = (t: Tensor): Tensor => to(t, wideDType(t.dtype));
  const rstd = rsqrt(add(wide(variance), eps));
  const scale = weight === null ? rstd : mul(rstd, wide(weight));
  const scaled = mul(sub(wide(x), perChannel(wide(mean))), perChannel(scale));
  return to(bias === null ? scaled : add(scaled, perChannel(wide(bias))), x.dtype);
}

/**
 * Normalization of each channel of each sample, by its own statistics or, if useInputStats is false, the running ones.
 * Shape: [N, C, *] -> the same; all others [C].
 * @see torch.nn.functional.instance_norm
 */
export function instanceNorm(
  x: Tensor,
  runningMean: Tensor | null = null,
  runningVar: Tensor | null = null,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  useInputStats = true,
  momentum = 0.1,
  eps = 1e-5,
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('instanceNorm', instanceNorm, [
      x,
      runningMean,
      runningVar,
      weight,
      bias,
      useInputStats,
      momentum,
      eps,
    ]);
  if (x.ndim < 2) throw new ShapeError('instanceNorm', `input must be [N, C, *], got ${formatShape(x.shape)}.`);
  if (!useInputStats) return batchNorm(x, runningMean, runningVar, weight, bias, false, momentum, eps);
  const [batch, channels] = x.shape;
  const inner = numelOf(x.shape.slice(2));
  checkNorm('instanceNorm', x, [channels], { weight, bias });
  if (inner <= 1) {
    throw new ShapeError(
      'instanceNorm',
      `expected more than 1 spatial element when training, got input ${formatShape(x.shape)}.`,
    );
  }
  const sizes = { rows: batch * channels, n: inner, groups: channels, inner, eps };
  // A copy, as in PyTorch: the weight may be changed before the gradient is taken.
  const factors = weight === null ? null : clone(weight);
  const [out, mean, , variance] = applyAll(ROWS, [contiguous(x), factors, dense(bias)], sizes);
  noGrad(() => {
    const averaged = (t: Tensor): Tensor => reshape(t.detach(), [batch, channels]).mean(0);
    if (runningMean !== null) updateRunning(runningMean, averaged(mean), momentum);
    if (runningVar !== null) updateRunning(runningVar, mul(averaged(variance), inner / (inner - 1)), momentum);
  });
  return out;
}

/** Mean and 1 / sqrt(var + eps) over dimensions, which stay with size 1. */
function meanAndRstd(x: Tensor, dims: Shape, eps: number): [mean: Tensor, rstd: Tensor] {
  const mean = x.mean(dims, true);
  return [mean, rsqrt(add(square(sub(x, mean)).mean(dims, true), eps))];
}

/** layerNorm with the mean and 1 / sqrt(var + eps) of each row, of size 1 in the normalized dimensions. @see torch.native_layer_norm */
export const nativeLayerNorm: (
  x: Tensor,
  ...args: Arguments<
    [normalizedShape: Shape, weight: Tensor | null, bias: Tensor | null, eps: number],
    [],
    { normalizedShape: Shape; weight: Tensor | null; bias: Tensor | null; eps: number },
    [normalizedShape: Shape, weight: Tensor | null, bias: Tensor | null, options: { eps: number }]
  >
) => [out: Tensor, mean: Tensor, rstd: Tensor] = taking(
  signature('nativeLayerNorm', [
    INPUT,
    argument('normalizedShape', listOf(COUNT)),
    argument('weight', TENSOR, null),
    argument('bias', TENSOR, null),
    argument('eps', NUMBER),
  ]),
  (x, normalizedShape, weight, bias, eps) => {
    const dims = normalizedShape.map((_, i) => x.ndim - 1 - i);
    return [layerNorm(x, normalizedShape, weight, bias, eps), ...meanAndRstd(x, dims, eps)];
  },
);

/**
 * batchNorm, with what it normalized by: mean and 1 / sqrt(var + eps) of the batch, or nothing if it is not training. No
 * gradient flows through these. Shape: out as x [N, C, *], the others [C], outside of training [0].
 * @throws ShapeError, DTypeError, as batchNorm
 * @see torch.native_batch_norm
 */
export const nativeBatchNorm: (
  x: Tensor,
  ...args: Arguments<
    [
      weight: Tensor | null,
      bias: Tensor | null,
      runningMean: Tensor | null,
      runningVar: Tensor | null,
      training: boolean,
      momentum: number,
      eps: number,
    ],
    [],
    {
      weight: Tensor | null;
      bias: Tensor | null;
      runningMean: Tensor | null;
      runningVar: Tensor | null;
      training: boolean;
      momentum: number;
      eps: number;
    }
  >
) => [out: Tensor, mean: Tensor, rstd: Tensor] = taking(
  signature('nativeBatchNorm', [
    INPUT,
    argument('weight', TENSOR, null),
    argument('bias', TENSOR, null),
    argument('runningMean', TENSOR, null),
    argument('runningVar', TENSOR, null),
    argument('training', FLAG),
    argument('momentum', NUMBER),
    argument('eps', NUMBER),
  ]),
  (x, weight, bias, runningMean, runningVar, training, momentum, eps) => {
    const out = batchNorm(x, runningMean, runningVar, weight, bias, training, momentum, eps);
    const options = { dtype: wideDType(x.dtype), device: x.device };
    if (!training) return [out, empty([0], options), empty([0], options)];
    const dims = x.shape.flatMap((_, d) => (d === 1 ? [] : [d]));
    const [mean, rstd] = noGrad(() => meanAndRstd(to(x, options.dtype), dims, eps));
    return [out, mean.flatten(), rstd.flatten()];
  },
);
