// Dynamic quantization: weights are 8-bit integers, and activations become so as they come, by the range that they have.
import type { Arguments } from '../base/arguments';
import { describe } from '../base/errorText';
import { DTypeError, KindError, ShapeError } from '../base/errors';
import { FLAG, kind, nullable } from '../base/kinds';
import { isPlainObject } from '../base/arguments';
import { formatShape } from '../base/shape';
import { argument, methodsTake, signature } from '../base/signature';
import { noGrad } from '../core/backward';
import type { Tensor } from '../core/tensor';
import { Linear } from '../nn/layers/linear';
import { deepcopy } from '../nn/module/deepcopy';
import { Module, MODULE } from '../nn/module/module';
import { add, mul, sub } from '../ops/pointwise/arithmetic';
import { amax, amin } from '../ops/reduce/reduce';
import { to } from '../ops/shape/copy';
import { integerProduct } from './integerProduct';
import { MinMaxObserver } from './observer';
import { chooseQparams } from './qparams';
import { onto, QuantizedTensor } from './quantizedTensor';
import { roundToGrid } from './rounding';

/** The greatest product of an activation of 8 bits and a weight, both without their zero points. */
const MOST = 255 * 128;

/**
 * A Linear whose weight is int8 with one scale, and whose input is rounded to 7 bits by its own range: y = x Wᵀ + b with an exact sum of
 * integers. `quantizeDynamic` makes it of a Linear. Nothing can be trained in it, and results have no gradient.
 *
 * Shape: as Linear. State: `weight`, int8 [outFeatures, inFeatures], `weight_scale`, float32 [1], and `bias`, float32 [outFeatures].
 * @throws DTypeError for an input other than float32
 * @see torch.ao.nn.quantized.dynamic.Linear
 */
export class DynamicQuantizedLinear extends Module {
  static override readonly name: string = 'DynamicQuantizedLinear';

  static {
    methodsTake(this, signature('quantizedWeight', []));
  }

  static override readonly isBuiltIn = true;

  readonly inFeatures: number;
  readonly outFeatures: number;
  declare weight: Tensor;
  declare weight_scale: Tensor;
  declare bias: Tensor | null;

  constructor(...args: [linear: Linear]) {
    super();
    const { linear } = TAKES.take<{ linear: Linear }>(args, new.target.name);
    this.inFeatures = linear.inFeatures;
    this.outFeatures = linear.outFeatures;
    this.training = linear.training;
    noGrad(() => {
      const { weight } = linear;
      if (weight.dtype !== 'float32') {
        throw new DTypeError(new.target.name, `the weight must be float32, got ${weight.dtype}.`, {
          dtype: weight.dtype,
        });
      }
      const observer = new MinMaxObserver({ dtype: 'qint8', qscheme: 'per_tensor_symmetric' });
      observer.to(weight.device);
      observer(weight);
      const [scale] = observer.calculateQparams();
      this.registerBuffer('weight', onto(weight, { dtype: 'qint8', scale, zeroPoint: 0, axis: null }).integers);
      this.registerBuffer('weight_scale', scale);
      this.registerBuffer('bias', linear.bias === null ? null : linear.bias.detach().clone());
    });
  }

  /** The weight as the integers and the scale that it is. */
  quantizedWeight(): QuantizedTensor {
    return new QuantizedTensor(this.weight, { dtype: 'qint8', scale: this.weight_scale, zeroPoint: 0, axis: null });
  }

  override forward(input: Tensor): Tensor {
    const { weight, weight_scale: weightScale, bias, inFeatures } = this;
    if (input.ndim === 0 || input.size(-1) !== inFeatures) {
      throw new ShapeError(
        'DynamicQuantizedLinear',
        `the last dimension of the input must be ${inFeatures}, got ${formatShape(input.shape)}.`,
        { shape: input.shape },
      );
    }
    if (input.dtype !== 'float32') {
      throw new DTypeError('DynamicQuantizedLinear', `the input must be float32, got ${input.dtype}.`, {
        dtype: input.dtype,
      });
    }
    return noGrad(() => {
      const x = input.detach();
      if (x.numel() === 0) return integerProduct(x, to(weight, { dtype: 'float32' }), MOST);
      // 7 bits for the range, as PyTorch's reduceRange has it; rounding may go a little beyond.
      const [scale, zeroPoint] = chooseQparams(amin(x), amax(x), 0, 127);
      const integers = sub(roundToGrid(x, scale, zeroPoint, 0, 255), zeroPoint);
      const product = integerProduct(integers, to(weight, { dtype: 'float32' }), MOST);
      const y = mul(product, mul(scale, weightScale));
      return bias === null ? y : add(y, bias);
    });
  }

  override extraRepr(): string {
    const { inFeatures, outFeatures } = this;
    return `in_features=${inFeatures}, out_features=${outFeatures}, dtype=torch.qint8, qscheme=torch.per_tensor_affine`;
  }
}
const TAKES = signature('DynamicQuantizedLinear', [
  argument(
    'linear',
    kind<Linear>('a Linear', (value) => value instanceof Linear),
  ),
]);

/** Classes by name, as `{ Linear }`. */
type Classes = Readonly<Record<string, new (...args: never) => Module>>;

/** Arguments of `quantizeDynamic`. */
export interface QuantizeDynamicOptions {
  /** Which classes are replaced: `{ Linear: nn.Linear }`, which is the default. */
  qconfigSpec?: Classes | null;
  /** Of the weights: 'qint8'. */
  dtype?: 'qint8';
  /** Whether the model itself is changed, and not a copy; false by default. */
  inplace?: boolean;
}
const isClasses = (value: unknown): boolean =>
  isPlainObject(value) && Object.values(value).every((item) => typeof item === 'function');
const CLASSES = {
  ...kind<Classes>('an object of classes of modules, as { Linear }', isClasses),
  takesObject: isClasses,
};
const QUANTIZE = signature('quantizeDynamic', [
  argument('model', MODULE),
  argument('qconfigSpec', nullable(CLASSES), null),
  argument(
    'dtype',
    kind<'qint8'>("'qint8'", (value) => value === 'qint8'),
    'qint8',
  ),
  argument('inplace', FLAG, false),
]);

/**
 * The model with its Linear layers as `DynamicQuantizedLinear`: weights of a quarter of the size, and sums of integers. A copy, unless
 * `inplace`; subclasses of Linear stay, as in PyTorch.
 * @throws TypeError for a class that cannot be quantized so
 * @example const small = ao.quantization.quantizeDynamic(net, { Linear: nn.Linear })
 * @see torch.ao.quantization.quantize_dynamic
 */
export function quantizeDynamic<M extends Module>(
  ...args: Arguments<
    [model: M],
    [qconfigSpec?: Classes | null, dtype?: 'qint8', inplace?: boolean],
    QuantizeDynamicOptions & { model: M }
  >
): M {
  const { model, qconfigSpec, inplace } = QUANTIZE.take<{ model: M; qconfigSpec: Classes | null; inplace: boolean }>(args); // prettier-ignore
  const classes = Object.values(qconfigSpec ?? { Linear });
  const other = classes.find((type) => type !== Linear);
  if (other !== undefined) {
    throw new KindError('quantizeDynamic', `the classes must be of those that have a quantized form (Linear), got ${other.name || describe(other)}.`); // prettier-ignore
  }
  if (model.constructor === Linear) {
    throw new KindError('quantizeDynamic', 'the model must hold its Linear, got the Linear itself. Wrap it: new nn.Sequential(linear).'); // prettier-ignore
  }
  const copy = inplace ? model : deepcopy(model);
  for (const [name, module] of copy.namedModules()) {
    if (module instanceof Linear && module.constructor === Linear && classes.includes(Linear)) {
      copy.setSubmodule(name, new DynamicQuantizedLinear(module));
    }
  }
  return copy;
}
