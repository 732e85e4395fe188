// Initialisation of parameters, with PyTorch's distributions and its order of random draws. Every function
// works in place, outside the graph, and returns the tensor.
import { argument, optional, signature } from '../base/signature';
import { COUNT, NUMBER, REAL, type Kind, nullable, oneOf } from '../base/kinds';
import { GENERATOR, TENSOR } from '../core/kinds';
import { noGrad } from '../core/backward';
import { KindError, DTypeError, ShapeError } from '../base/errors';
import { libraryCode } from '../core/temporaries';
import { qrOf } from '../ops/linalg/decomposition';
import { fromArray } from '../ops/shape/creation';
import { drawnLike, type GeneratorOption, type LaidFill } from '../ops/random/random';
import { isFloat, isHalf } from '../base/dtype';
import type { Half } from '../base/half';
import { fillNormal, fillTruncNormal, fillUniform, permutation, type FloatArray } from '../base/generator';
import { formatShape } from '../base/shape';
import type { Tensor } from '../core/tensor';
import type { Arguments } from '../base/arguments';

/** Which fan a variance is kept by: the forward (`fan_in`) or the backward pass (`fan_out`). */
export type FanMode = 'fan_in' | 'fan_out';

/** Arguments of uniform_. */
export interface UniformOptions extends GeneratorOption {
  /** Lower bound; 0 by default. */
  a?: number;
  /** Upper bound; 1 by default. */
  b?: number;
}
const UNIFORM = signature('uniform_', [
  argument('tensor', TENSOR),
  optional('a', REAL),
  optional('b', REAL),
  optional('generator', GENERATOR),
]);

/** Arguments of normal_. */
export interface NormalOptions extends GeneratorOption {
  /** 0 by default. */
  mean?: number;
  /** Standard deviation; 1 by default. */
  std?: number;
}
const NORMAL = signature('normal_', [
  argument('tensor', TENSOR),
  optional('mean', REAL),
  optional('std', REAL),
  optional('generator', GENERATOR),
]);

/** Arguments of truncNormal_. */
export interface TruncNormalOptions extends NormalOptions {
  /** Lower bound; -2 by default. */
  a?: number;
  /** Upper bound; 2 by default. */
  b?: number;
}
const TRUNC_NORMAL = signature('truncNormal_', [
  argument('tensor', TENSOR),
  optional('mean', REAL),
  optional('std', REAL),
  optional('a', REAL),
  optional('b', REAL),
  optional('generator', GENERATOR),
]);

/** Arguments of the Xavier and orthogonal initialisations. */
export interface GainOptions extends GeneratorOption {
  /** Factor of the values; 1 by default. See `calculateGain`. */
  gain?: number;
}
const GAIN = [optional('gain', REAL), optional('generator', GENERATOR)] as const;
const ORTHOGONAL = signature('orthogonal_', [argument('tensor', TENSOR), ...GAIN]);
const XAVIER_NORMAL = signature('xavierNormal_', [argument('tensor', TENSOR), ...GAIN]);
const XAVIER_UNIFORM = signature('xavierUniform_', [argument('tensor', TENSOR), ...GAIN]);

const NONLINEARITY: Kind<Nonlinearity> = oneOf(
  'linear',
  'conv1d',
  'conv2d',
  'conv3d',
  'conv_transpose1d',
  'conv_transpose2d',
  'conv_transpose3d',
  'sigmoid',
  'tanh',
  'relu',
  'leaky_relu',
  'selu',
);

/** Arguments of the Kaiming initialisations. */
export interface KaimingOptions extends GeneratorOption {
  /** The negative slope, if the nonlinearity is leaky_relu; 0 by default. */
  a?: number;
  /** 'fan_in' by default. */
  mode?: FanMode;
  /** What follows the layer; 'leaky_relu' by default. */
  nonlinearity?: Nonlinearity;
}
const KAIMING = [
  optional('a', REAL),
  optional('mode', oneOf('fan_in', 'fan_out')),
  optional('nonlinearity', NONLINEARITY),
  optional('generator', GENERATOR),
] as const;
const KAIMING_NORMAL = signature('kaimingNormal_', [argument('tensor', TENSOR), ...KAIMING]);
const KAIMING_UNIFORM = signature('kaimingUniform_', [argument('tensor', TENSOR), ...KAIMING]);

/** Arguments of sparse_. */
export interface SparseOptions extends GeneratorOption {
  /** Fraction of zeros in each column. */
  sparsity: number;
  /** Standard deviation of the rest; 0.01 by default. */
  std?: number;
}
const SPARSE = signature('sparse_', [
  argument('tensor', TENSOR),
  argument('sparsity', REAL),
  optional('std', REAL),
  optional('generator', GENERATOR),
]);

const DIRAC = signature('dirac_', [argument('tensor', TENSOR), optional('groups', COUNT)]);

/** Functions that `calculateGain` knows, under PyTorch's names. */
export type Nonlinearity =
  | 'linear'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'
  | 'conv_transpose1d'
  | 'conv_transpose2d'
  | 'conv_transpose3d'
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leaky_relu'
  | 'selu';

/** Arguments of calculateGain. */
export interface CalculateGainOptions {
  nonlinearity: Nonlinearity;
  /** The negative slope of leaky_relu; 0.01 by default. */
  param?: number | null;
}
const CALCULATE_GAIN = signature('calculateGain', [
  argument('nonlinearity', NONLINEARITY),
  optional('param', nullable(REAL)),
]);

/**
 * The recommended factor of the standard deviation for a nonlinearity.
 * @see torch.nn.init.calculate_gain
 */
export function calculateGain(
  ...args: Arguments<[nonlinearity: Nonlinearity], [param?: number | null], CalculateGainOptions>
): number {
  const { nonlinearity, param } = CALCULATE_GAIN.take<CalculateGainOptions>(args);
  switch (nonlinearity) {
    case 'tanh':
      return 5 / 3;
    case 'relu':
      return Math.SQRT2;
    case 'leaky_relu':
      return Math.sqrt(2 / (1 + (param ?? 0.01) ** 2));
    case 'selu':
      // Chosen empirically in PyTorch; 1 is that of the paper.
      return 3 / 4;
    case 'linear':
    case 'conv1d':
    case 'conv2d':
    case 'conv3d':
    case 'conv_transpose1d':
    case 'conv_transpose2d':
    case 'conv_transpose3d':
    case 'sigmoid':
      return 1;
    default:
      throw new KindError('calculateGain', `no gain is known for the nonlinearity '${String(nonlinearity)}'.`);
  }
}

/**
 * Inputs and outputs that meet in one unit of a weight [out, in, ...window].
 * @throws ShapeError if the tensor has fewer than two dimensions.
 */
export function calculateFanInAndFanOut(tensor: Tensor, ...none: never[]): [fanIn: number, fanOut: number] {
  ofTensor('calculateFanInAndFanOut').take([tensor, ...none]);
  const { shape } = tensor;
  if (shape.length < 2) {
    throw new ShapeError('init', `fans need at least two dimensions, got shape ${formatShape(shape)}.`, { shape });
  }
  const window = shape.slice(2).reduce((product, size) => product * size, 1);
  return [shape[1] * window, shape[0] * window];
}

/** U(a, b). @see torch.nn.init.uniform_ */
export function uniform_<T extends Tensor>(
  tensor: T,
  ...args: Arguments<[], [a?: number, b?: number, generator?: Generator | undefined], UniformOptions>
): T {
  const { a = 0, b = 1, generator } = UNIFORM.takeRest<UniformOptions>([tensor], args);
  return drawEach('uniform_', tensor, (values, half) => {
    fillUniform(values, a, b, generator, half);
  });
}

/** N(mean, std²). @see torch.nn.init.normal_ */
export function normal_<T extends Tensor>(
  tensor: T,
  ...args: Arguments<[], [mean?: number, std?: number, generator?: Generator | undefined], NormalOptions>
): T {
  const { mean = 0, std = 1, generator } = NORMAL.takeRest<NormalOptions>([tensor], args);
  return drawEach('normal_', tensor, (values, half, isDense) => {
    fillNormal(values, mean, std, generator, half, isDense);
  });
}

/** N(mean, std²), cut off outside [a, b]. @see torch.nn.init.trunc_normal_ */
export function truncNormal_<T extends Tensor>(
  tensor: T,
  ...args: Arguments<
    [],
    [mean?: number, std?: number, a?: number, b?: number, generator?: Generator | undefined],
    TruncNormalOptions
  >
): T {
  const { mean = 0, std = 1, a = -2, b = 2, generator } = TRUNC_NORMAL.takeRest<TruncNormalOptions>([tensor], args);
  return drawEach('truncNormal_', tensor, (values, half) => {
    fillTruncNormal(values, mean, std, a, b, generator, half);
  });
}

const CONSTANT = signature('constant_', [argument('tensor', TENSOR), argument('val', NUMBER)]);
/** The arguments of a function that takes a tensor alone. */
const ofTensor = (name: string) => signature(name, [argument('tensor', TENSOR)]);

/** One value everywhere. @see torch.nn.init.constant_ */
export function constant_<T extends Tensor>(tensor: T, ...args: Arguments<[val: number], [], { val: number }>): T {
  const { val } = CONSTANT.takeRest<{ val: number }>([tensor], args);
  noGrad(() => tensor.fill_(val));
  return tensor;
}

/** @see torch.nn.init.ones_ */
export const ones_ = <T extends Tensor>(tensor: T, ...none: never[]): T => {
  ofTensor('ones_').take([tensor, ...none]);
  return constant_(tensor, 1);
};

/** @see torch.nn.init.zeros_ */
export const zeros_ = <T extends Tensor>(tensor: T, ...none: never[]): T => {
  ofTensor('zeros_').take([tensor, ...none]);
  return constant_(tensor, 0);
};

/** The identity matrix [n, m]. @throws ShapeError unless the tensor has two dimensions. @see torch.nn.init.eye_ */
export function eye_<T extends Tensor>(tensor: T, ...none: never[]): T {
  ofTensor('eye_').take([tensor, ...none]);
  checkDimensions('eye_', tensor, tensor.ndim === 2, 'two dimensions');
  const [rows, columns] = tensor.shape;
  return fill(tensor, (values) => {
    for (let i = 0; i < Math.min(rows, columns); i++) values[i * columns + i] = 1;
  });
}

/**
 * The kernel of a convolution that passes its input channels through, group by group.
 * @throws ShapeError unless the tensor has three to five dimensions and its first is a multiple of `groups`.
 * @see torch.nn.init.dirac_
 */
export function dirac_<T extends Tensor>(tensor: T, ...args: Arguments<[], [groups?: number], { groups?: number }>): T {
  const { groups = 1 } = DIRAC.takeRest<{ groups?: number }>([tensor], args);
  const { shape } = tensor;
  checkDimensions('dirac_', tensor, shape.length >= 3 && shape.length <= 5, 'three to five dimensions');
  checkDimensions('dirac_', tensor, shape[0] % groups === 0, `a first dimension that ${groups} groups divide`);
  const [outChannels, inChannels, ...window] = shape;
  const perGroup = outChannels / groups;
  const taps = window.reduce((product, size) => product * size, 1);
  const centre = window.reduce((offset, size) => offset * size + Math.floor(size / 2), 0);
  return fill(tensor, (values) => {
    for (let group = 0; group < groups; group++) {
      for (let d = 0; d < Math.min(perGroup, inChannels); d++) {
        values[((group * perGroup + d) * inChannels + d) * taps + centre] = 1;
      }
    }
  });
}

type GainArgs = Arguments<[], [gain?: number, generator?: Generator | undefined], GainOptions>;

/** U(-a, a) with a = gain sqrt(6 / (fanIn + fanOut)). @see torch.nn.init.xavier_uniform_ */
export function xavierUniform_<T extends Tensor>(tensor: T, ...args: GainArgs): T {
  const { gain = 1, ...options } = XAVIER_UNIFORM.takeRest<GainOptions>([tensor], args);
  const [fanIn, fanOut] = calculateFanInAndFanOut(tensor);
  const bound = Math.sqrt(3) * gain * Math.sqrt(2 / (fanIn + fanOut));
  return uniform_(tensor, -bound, bound, options);
}

/** N(0, gain² 2 / (fanIn + fanOut)). @see torch.nn.init.xavier_normal_ */
export function xavierNormal_<T extends Tensor>(tensor: T, ...args: GainArgs): T {
  const { gain = 1, ...options } = XAVIER_NORMAL.takeRest<GainOptions>([tensor], args);
  const [fanIn, fanOut] = calculateFanInAndFanOut(tensor);
  return normal_(tensor, 0, gain * Math.sqrt(2 / (fanIn + fanOut)), options);
}

type KaimingArgs = Arguments<
  [],
  [a?: number, mode?: FanMode, nonlinearity?: Nonlinearity, generator?: Generator | undefined],
  KaimingOptions
>;

/**
 * U(-bound, bound) with bound = gain sqrt(3 / fan).
 * @see torch.nn.init.kaiming_uniform_
 */
export function kaimingUniform_<T extends Tensor>(tensor: T, ...args: KaimingArgs): T {
  const {
    a = 0,
    mode = 'fan_in',
    nonlinearity = 'leaky_relu',
    ...options
  } = KAIMING_UNIFORM.takeRest<KaimingOptions>([tensor], args);
  if (tensor.numel() === 0) return tensor;
  const bound = Math.sqrt(3) * kaimingStd(tensor, a, mode, nonlinearity);
  return uniform_(tensor, -bound, bound, options);
}

/**
 * N(0, gain² / fan).
 * @see torch.nn.init.kaiming_normal_
 */
export function kaimingNormal_<T extends Tensor>(tensor: T, ...args: KaimingArgs): T {
  const {
    a = 0,
    mode = 'fan_in',
    nonlinearity = 'leaky_relu',
    ...options
  } = KAIMING_NORMAL.takeRest<KaimingOptions>([tensor], args);
  if (tensor.numel() === 0) return tensor;
  return normal_(tensor, 0, kaimingStd(tensor, a, mode, nonlinearity), options);
}

function kaimingStd(tensor: Tensor, a: number, mode: FanMode, nonlinearity: Nonlinearity): number {
  if (mode !== 'fan_in' && mode !== 'fan_out') {
    throw new KindError('init', `mode must be 'fan_in' or 'fan_out', got '${String(mode)}'.`);
  }
  const [fanIn, fanOut] = calculateFanInAndFanOut(tensor);
  return calculateGain(nonlinearity, a) / Math.sqrt(mode === 'fan_in' ? fanIn : fanOut);
}

/**
 * `gain` times a random matrix [size(0), the rest] with orthonormal rows or columns, whichever are fewer: the Q of a
 * normal matrix, with the signs that make it uniformly distributed (https://arxiv.org/abs/math-ph/0609050).
 * @throws ShapeError if the tensor has fewer than two dimensions.
 * @see torch.nn.init.orthogonal_
 */
export function orthogonal_<T extends Tensor>(tensor: T, ...args: GainArgs): T {
  const { gain = 1, generator } = ORTHOGONAL.takeRest<GainOptions>([tensor], args);
  checkDimensions('orthogonal_', tensor, tensor.ndim >= 2, 'at least two dimensions');
  const rows = tensor.shape[0];
  const columns = rows === 0 ? 0 : tensor.numel() / rows;
  checkFloating(tensor);
  if (tensor.isMeta || tensor.numel() === 0) return tensor;
  const { dtype, device, shape } = tensor;
  const values = dtype === 'float64' ? new Float64Array(tensor.numel()) : new Float32Array(tensor.numel());
  fillNormal(values, 0, 1, generator, isHalf(dtype) ? dtype : null);
  libraryCode(() =>
    noGrad(() => {
      // The wasm device decomposes matrices of any size.
      const drawn = fromArray(values, [rows, columns], { device: 'wasm' });
      const isWide = rows < columns;
      const [q, r] = qrOf(isWide ? drawn.t() : drawn, false);
      const signed = q.mul(r.diagonal().sign().mul(gain));
      tensor.copy_((isWide ? signed.t() : signed).reshape(shape).to(device));
    }),
  );
  return tensor;
}

/**
 * N(0, std²), with the fraction `sparsity` of every column zero.
 * @throws ShapeError unless the tensor has two dimensions.
 * @see torch.nn.init.sparse_
 */
export function sparse_<T extends Tensor>(
  tensor: T,
  ...args: Arguments<[sparsity: number], [std?: number, generator?: Generator | undefined], SparseOptions>
): T {
  const { sparsity, std = 0.01, generator } = SPARSE.takeRest<SparseOptions>([tensor], args);
  checkDimensions('sparse_', tensor, tensor.ndim === 2, 'two dimensions');
  const [rows, columns] = tensor.shape;
  const zeros = Math.ceil(sparsity * rows);
  return draw(tensor, (values, half) => {
    fillNormal(values, 0, std, generator, half);
    for (let column = 0; column < columns; column++) {
      for (const row of permutation(rows, generator).subarray(0, zeros)) values[row * columns + column] = 0;
    }
  });
}

/** Writes values; `half` is the tensor's dtype if that is a 16-bit one. */
type Make = (values: FloatArray, half: Half | null) => void;

/** Overwrites a tensor with what `make` writes into zeros, outside the graph. */
function fill<T extends Tensor>(tensor: T, make: Make): T {
  if (tensor.isMeta) return tensor;
  const { dtype, device, shape } = tensor;
  const values = dtype === 'float64' ? new Float64Array(tensor.numel()) : new Float32Array(tensor.numel());
  make(values, isHalf(dtype) ? dtype : null);
  libraryCode(() => noGrad(() => tensor.copy_(fromArray(values, shape, { device }))));
  return tensor;
}

/** The same for random numbers, which only floating-point tensors take. */
function draw<T extends Tensor>(tensor: T, make: Make): T {
  checkFloating(tensor);
  return fill(tensor, make);
}

function checkFloating({ dtype }: Tensor): void {
  if (!isFloat(dtype))
    throw new DTypeError('init', `random values need a floating-point tensor, got ${dtype}.`, { dtype });
}

/** The same for numbers that do not depend on each other, in PyTorch's order for how the tensor lies in memory. */
function drawEach<T extends Tensor>(op: string, tensor: T, make: LaidFill): T {
  checkFloating(tensor);
  libraryCode(() => noGrad(() => tensor.copy_(drawnLike(op, tensor, make))));
  return tensor;
}

function checkDimensions(name: string, tensor: Tensor, holds: boolean, what: string): void {
  if (holds) return;
  throw new ShapeError(name, `the tensor must have ${what}, got shape ${formatShape(tensor.shape)}.`, {
    shape: tensor.shape,
  });
}
