// Activation functions with PyTorch's arguments. The formulas are rows of ops/pointwise/activation.ts; here they get the last
// argument `inplace`, and those along a dimension are added.
import { interceptable, intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import * as ops from '../../ops/pointwise/activation';
import { emptyLike, zerosLike } from '../../ops/shape/creation';
import { exponential_ } from '../../ops/random/random';
import { rrelu as randomized } from '../../ops/pointwise/rrelu';
import { scatter } from '../../ops/indexing/scatter';
import { softmax } from '../../ops/reduce/softmax';
import { ShapeError, ValueError } from '../../base/errors';
import { formatShape } from '../../base/shape';
import { libraryCode } from '../../core/temporaries';
import type { ParametricFunction, UnaryFunction } from '../../core/pointwiseFunctions';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';

export {
  gelu,
  hardshrink,
  logsigmoid,
  sigmoid,
  softplus,
  softsign,
  tanh,
  tanhshrink,
} from '../../ops/pointwise/activation';
export { logSoftmax, softmax, softmin } from '../../ops/reduce/softmax';

/** The last argument of most activations. */
export interface InplaceOptions {
  /** Whether to change the input itself; false by default. */
  inplace?: boolean;
}
const INPLACE = signature('relu', [argument('input', TENSOR), optional('inplace', FLAG)]);

const DIM = signature('glu', [argument('input', TENSOR), optional('dim', INTEGER)]);
const PRELU = signature('prelu', [argument('input', TENSOR), argument('weight', TENSOR)]);

/** An activation whose one argument is `inplace`. */
type Plain = (input: Tensor, ...args: Arguments<[], [inplace?: boolean], InplaceOptions>) => Tensor;

function plain(name: string, fn: UnaryFunction): Plain {
  return interceptable<Plain>(name, (input, ...args) =>
    INPLACE.takeRest<InplaceOptions>([input], args, name).inplace === true ? fn.inPlace(input) : fn(input),
  );
}

/** An activation that takes numbers, by position `Places`, and then `inplace`. */
type Parametric<P, Places extends readonly unknown[]> = (
  input: Tensor,
  ...args: Arguments<[], [...Places, inplace?: boolean], Partial<P> & InplaceOptions>
) => Tensor;

function parametric<P, Places extends readonly unknown[]>(
  name: string,
  fn: ParametricFunction<P>,
  ...names: (keyof P & string)[]
): Parametric<P, Places> {
  const numberArguments = names.map((number) => optional(number, REAL));
  const taken = signature(name, [argument('input', TENSOR), ...numberArguments, optional('inplace', FLAG)]);
  return interceptable<Parametric<P, Places>>(name, (input, ...args) => {
    const { inplace = false, ...numbers } = taken.takeRest<Partial<P> & InplaceOptions>([input], args);
    return inplace ? fn.inPlace(input, numbers as Partial<P>) : fn(input, numbers as Partial<P>);
  });
}

/** max(x, 0). @see torch.nn.functional.relu */
export const relu = plain('relu', ops.relu);
/** min(max(x, 0), 6). @see torch.nn.functional.relu6 */
export const relu6 = plain('relu6', ops.relu6);
/** scale elu(x, alpha) with the constants of self-normalizing networks. @see torch.nn.functional.selu */
export const selu = plain('selu', ops.selu);
/** x sigmoid(x). @see torch.nn.functional.silu */
export const silu = plain('silu', ops.silu);
/** x tanh(softplus(x)). @see torch.nn.functional.mish */
export const mish = plain('mish', ops.mish);
/** min(max(x + 3, 0), 6) / 6. @see torch.nn.functional.hardsigmoid */
export const hardsigmoid = plain('hardsigmoid', ops.hardsigmoid);
/** x hardsigmoid(x). @see torch.nn.functional.hardswish */
export const hardswish = plain('hardswish', ops.hardswish);

/** x, or negativeSlope x below 0. @see torch.nn.functional.leaky_relu */
export const leakyRelu: Parametric<{ negativeSlope: number }, [negativeSlope?: number]> = parametric(
  'leakyRelu',
  ops.leakyRelu,
  'negativeSlope',
);
/** x, or alpha (exp(x) - 1) below 0. @see torch.nn.functional.elu */
export const elu: Parametric<{ alpha: number }, [alpha?: number]> = parametric('elu', ops.elu, 'alpha');
const CELU = signature('celu', [argument('input', TENSOR), optional('alpha', REAL), optional('inplace', FLAG)]);
const scaledCelu: Parametric<{ alpha: number }, [alpha?: number]> = parametric('celu', ops.celu, 'alpha');
/** x, or alpha (exp(x / alpha) - 1) below 0. @throws RangeError if alpha is 0. @see torch.nn.functional.celu */
export const celu: typeof scaledCelu = interceptable('celu', (input, ...args) => {
  const { alpha } = CELU.takeRest<{ alpha?: number }>([input], args);
  if (alpha === 0) throw new ValueError('celu', 'alpha must not be 0.');
  return scaledCelu(input, ...args);
});
/** x within [minVal, maxVal]. @see torch.nn.functional.hardtanh */
export const hardtanh: Parametric<{ minVal: number; maxVal: number }, [minVal?: number, maxVal?: number]> = parametric(
  'hardtanh',
  ops.hardtanh,
  'minVal',
  'maxVal',
);
/** x above the threshold, else value. @see torch.nn.functional.threshold */
export const threshold: Parametric<{ threshold: number; value: number }, [threshold?: number, value?: number]> =
  parametric('threshold', ops.threshold, 'threshold', 'value');

/** relu, writing over its input. @see torch.nn.functional.relu_ */
export const relu_ = ops.relu.inPlace;
/** selu, writing over its input. @see torch.nn.functional.selu_ */
export const selu_ = ops.selu.inPlace;
/** elu, writing over its input. @see torch.nn.functional.elu_ */
export const elu_ = ops.elu.inPlace;
/** celu, writing over its input. @see torch.nn.functional.celu_ */
export const celu_ = ops.celu.inPlace;
/** leakyRelu, writing over its input. @see torch.nn.functional.leaky_relu_ */
export const leakyRelu_ = ops.leakyRelu.inPlace;
/** hardtanh, writing over its input. @see torch.nn.functional.hardtanh_ */
export const hardtanh_ = ops.hardtanh.inPlace;
/** threshold, writing over its input. @see torch.nn.functional.threshold_ */
export const threshold_ = ops.threshold.inPlace;

/** Arguments of rrelu_ beside the input. */
export interface RReLUArguments_ {
  /** Bounds of the slopes: 1/8 and 1/3 by default. */
  lower?: number;
  upper?: number;
  /** Whether to draw slopes; false by default, which takes their mean. */
  training?: boolean;
}

/** Arguments of rrelu beside the input. */
export interface RReLUArguments extends RReLUArguments_, InplaceOptions {}
const RRELU_ = signature('rrelu_', [
  argument('input', TENSOR),
  optional('lower', REAL),
  optional('upper', REAL),
  optional('training', FLAG),
]);
const RRELU = signature('rrelu', [...RRELU_.args, optional('inplace', FLAG)]);

/**
 * x, or below 0 x times a number drawn from [lower, upper), outside training times their mean.
 * @throws RangeError if lower is above upper.
 * @see torch.nn.functional.rrelu
 */
export function rrelu(
  input: Tensor,
  ...args: Arguments<[], [lower?: number, upper?: number, training?: boolean, inplace?: boolean], RReLUArguments>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('rrelu', rrelu, [input, ...args]);
  const { lower = 1 / 8, upper = 1 / 3, training = false, inplace = false } = RRELU.takeRest<RReLUArguments>([input], args); // prettier-ignore
  return (inplace ? randomized.inPlace : randomized)(input, { lower, upper }, training);
}

/** rrelu, writing over its input. @see torch.nn.functional.rrelu_ */
export const rrelu_ = interceptable(
  'rrelu_',
  (
    input: Tensor,
    ...args: Arguments<[], [lower?: number, upper?: number, training?: boolean], RReLUArguments_>
  ): Tensor => rrelu(input, { ...RRELU_.takeRest<RReLUArguments_>([input], args), inplace: true }),
);

/** Arguments of gumbelSoftmax beside the logits. */
export interface GumbelSoftmaxArguments {
  /** Temperature: the lower, the nearer to one-hot; 1 by default. */
  tau?: number;
  /** Whether the result is one-hot, with the gradient of the soft one; false by default. */
  hard?: boolean;
  /** Ignored, as in PyTorch. */
  eps?: number;
  /** The dimension of the classes; the last by default. */
  dim?: number;
}
const GUMBEL_SOFTMAX = signature('gumbelSoftmax', [
  argument('logits', TENSOR),
  optional('tau', REAL),
  optional('hard', FLAG),
  optional('eps', REAL),
  optional('dim', INTEGER),
]);

/**
 * Samples of classes that have a gradient: softmax((logits + g) / tau) with g drawn from Gumbel's distribution.
 * Shape: that of the logits.
 * @throws DTypeError unless the logits are floating
 * @see torch.nn.functional.gumbel_softmax, https://arxiv.org/abs/1611.01144
 */
export function gumbelSoftmax(
  logits: Tensor,
  ...args: Arguments<[], [tau?: number, hard?: boolean, eps?: number, dim?: number], GumbelSoftmaxArguments>
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('gumbelSoftmax', gumbelSoftmax, [logits, ...args]);
  const { tau = 1, hard = false, dim = -1 } = GUMBEL_SOFTMAX.takeRest<GumbelSoftmaxArguments>([logits], args);
  return libraryCode(() => {
    const gumbels = exponential_(emptyLike(logits)).log().neg();
    const soft = softmax(logits.add(gumbels).div(tau), dim);
    if (!hard) return soft;
    const oneHot = scatter(zerosLike(soft), dim, soft.argmax(dim, true), 1);
    return oneHot.sub(soft.detach()).add(soft);
  });
}

const SOFTSHRINK = signature('softshrink', [argument('input', TENSOR), optional('lambd', REAL)]);

/** x drawn towards 0 by lambd. @throws RangeError if lambd is negative. @see torch.nn.functional.softshrink */
export function softshrink(input: Tensor, ...args: Arguments<[], [lambd?: number], { lambd?: number }>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('softshrink', softshrink, [input, ...args]);
  const { lambd = 0.5 } = SOFTSHRINK.takeRest<{ lambd?: number }>([input], args);
  if (!(lambd >= 0)) throw new ValueError('softshrink', `lambd must be at least 0, got ${lambd}.`);
  return ops.softshrink(input, lambd);
}

/** a sigmoid(b), where a and b are the halves of x along a dimension. @see torch.nn.functional.glu */
export function glu(input: Tensor, ...args: Arguments<[], [dim?: number], { dim?: number }>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('glu', glu, [input, ...args]);
  const { dim = -1 } = DIM.takeRest<{ dim?: number }>([input], args);
  const size = input.size(dim);
  if (size % 2 !== 0) {
    throw new ShapeError('glu', `dimension ${dim} must be halved, got size ${size}.`, { shape: input.shape });
  }
  return libraryCode(() => {
    const [a, b] = input.chunk(2, dim);
    return a.mul(b.sigmoid());
  });
}

/**
 * x, or weight x below 0, with one weight for all or one per channel (dimension 1).
 * @throws ShapeError for another number of weights.
 * @see torch.nn.functional.prelu
 */
export function prelu(input: Tensor, ...args: Arguments<[weight: Tensor], [], { weight: Tensor }>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('prelu', prelu, [input, ...args]);
  const { weight } = PRELU.takeRest<{ weight: Tensor }>([input], args);
  const count = weight.numel();
  const channels = input.ndim > 1 ? input.size(1) : 1;
  if (weight.ndim > 1 || (count !== 1 && count !== channels)) {
    throw new ShapeError(
      'prelu',
      `there must be 1 weight or a vector of one per channel, got ${formatShape(weight.shape)} and ${channels} channels.`,
      {
        shapes: [input.shape, weight.shape],
      },
    );
  }
  if (count === 1) return libraryCode(() => ops.prelu(input, weight.view([])));
  return libraryCode(() => ops.prelu(input, weight.view([count, ...input.shape.slice(2).map(() => 1)])));
}
