// Batch normalization folded into the layer before it, for evaluation.
import { argument, optional, signature } from '../../base/signature';
import { FLAG } from '../../base/kinds';
import { noGrad } from '../../core/backward';
import { KindError, ShapeError } from '../../base/errors';
import { zerosLike } from '../../ops/shape/creation';
import { reshape } from '../../ops/shape/view';
import { add, mul, rsqrt, sub } from '../../ops/pointwise/arithmetic';
import { Parameter, type Tensor } from '../../core/tensor';
import { deepcopy } from '../module/deepcopy';
import type { Arguments } from '../../base/arguments';
import { MODULE, type Module } from '../module/module';

/** A layer with a weight and perhaps a bias. */
interface Weighted extends Module {
  weight: Tensor | null;
  bias: Tensor | null;
}

/** What is read of a batch normalization. */
interface Normalization extends Module {
  weight: Tensor | null;
  bias: Tensor | null;
  running_mean: Tensor | null;
  running_var: Tensor | null;
  eps: number;
}

/** A copy of `layer` that computes bn(layer(x)); the outputs are dimension `dim` of its weight. */
function fuse<L extends Weighted>(op: string, layer: L, bn: Normalization, dim: number): L {
  if (layer.training || bn.training) throw new KindError(op, 'both layers must be in evaluation mode. Call eval().');
  const { weight, bias } = layer;
  const { running_mean: mean, running_var: variance } = bn;
  if (weight === null || mean === null || variance === null) {
    throw new KindError(op, 'the layer must have a weight and the normalization running statistics.');
  }
  if (weight.shape[dim] !== mean.numel()) {
    throw new ShapeError(op, `the normalization must have ${weight.shape[dim]} channels, got ${mean.numel()}.`, {
      shape: weight.shape,
    });
  }
  const fused = deepcopy(layer);
  const [w, b] = noGrad(() => {
    const inverse = rsqrt(add(variance, bn.eps));
    const scale = bn.weight === null ? inverse : mul(bn.weight, inverse);
    const along = reshape(scale, weight.shape.map((_, d) => (d === dim ? -1 : 1))); // prettier-ignore
    const centred = mul(sub(bias ?? zerosLike(mean), mean), scale);
    return [mul(weight, along), bn.bias === null ? centred : add(centred, bn.bias)];
  });
  fused.weight = new Parameter(w, weight.requiresGrad);
  fused.bias = new Parameter(b, bias?.requiresGrad ?? true);
  return fused;
}

const FUSE_CONV = signature('fuseConvBnEval', [
  argument('conv', MODULE),
  argument('bn', MODULE),
  optional('transpose', FLAG),
]);
const FUSE_LINEAR = signature('fuseLinearBnEval', [argument('linear', MODULE), argument('bn', MODULE)]);

/**
 * A copy of a convolution that computes the batch normalization after it as well.
 * @param transpose Whether it is a transposed convolution; false by default.
 * @example const fused = fuseConvBnEval(conv.eval(), bn.eval())
 * @throws TypeError in training mode
 * @see torch.nn.utils.fuse_conv_bn_eval
 */
export const fuseConvBnEval = <C extends Weighted>(
  conv: C,
  bn: Normalization,
  ...args: Arguments<[], [transpose?: boolean], { transpose?: boolean }>
): C => {
  const { transpose = false } = FUSE_CONV.takeRest<{ transpose?: boolean }>([conv, bn], args);
  return fuse('fuseConvBnEval', conv, bn, transpose ? 1 : 0);
};

/**
 * A copy of a linear layer that computes the batch normalization after it as well.
 * @throws TypeError in training mode
 * @see torch.nn.utils.fuse_linear_bn_eval
 */
export const fuseLinearBnEval = <L extends Weighted>(linear: L, bn: Normalization, ...none: never[]): L => {
  FUSE_LINEAR.take([linear, bn, ...none]);
  return fuse('fuseLinearBnEval', linear, bn, 0);
};
