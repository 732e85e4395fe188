// Max pooling layers, their adaptive and fractional kin, and unpooling.
import { argument, optional, signature } from '../../base/signature';
import { FLAG, REAL, SIZE, nullable, oneOrMore } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { ADAPTIVE_SIZE } from '../../ops/spatial/poolWindows';
import { checkSize, type Arguments, type Size1d, type Size2d, type Size3d } from '../../base/arguments';
import { KindError, ValueError } from '../../base/errors';
import type { Tensor } from '../../core/tensor';
import {
  adaptiveMaxPool1d, adaptiveMaxPool2d, adaptiveMaxPool3d, fractionalMaxPool2d, fractionalMaxPool3d, maxPool1d, maxPool2d,
  maxPool3d, maxUnpool1d, maxUnpool2d, maxUnpool3d, type MaxPooled,
} from '../functional'; // prettier-ignore
import { Module } from '../module/module';
import { checkWindow, perDimension, type AdaptiveSize } from './poolWindow';
import { literal } from '../module/representation';

/** Arguments of max pooling layers. */
export interface MaxPoolOptions<Size> {
  kernelSize: Size;
  /** kernelSize by default. */
  stride?: Size | null;
  /** Cells on each side that lose against any number; 0 by default, at most half of kernelSize. */
  padding?: Size;
  /** Distance between the cells of a window; 1 by default. */
  dilation?: Size;
  /** Whether to give the positions of the maxima too; false by default. */
  returnIndices?: boolean;
  /** Whether windows may start inside the input and end outside; false by default. */
  ceilMode?: boolean;
}
const MAX_POOL = signature('MaxPool1d', [
  argument('kernelSize', SIZE),
  optional('stride', nullable(SIZE)),
  optional('padding', SIZE),
  optional('dilation', SIZE),
  optional('returnIndices', FLAG),
  optional('ceilMode', FLAG),
]);

/** What max pooling of all dimensions shares. */
abstract class MaxPool<Size extends number | readonly number[], Indices extends boolean> extends Module {
  readonly kernelSize: Size;
  readonly stride: Size;
  readonly padding: Size | 0;
  readonly dilation: Size | 1;
  readonly returnIndices: Indices;
  readonly ceilMode: boolean;

  constructor(dimensions: number, options: MaxPoolOptions<Size>) {
    super();
    const { kernelSize, stride, padding = 0, dilation = 1, returnIndices = false, ceilMode = false } = options;
    this.kernelSize = kernelSize;
    this.stride = stride ?? kernelSize;
    this.padding = padding;
    this.returnIndices = returnIndices as Indices;
    this.dilation = dilation;
    this.ceilMode = ceilMode;
    checkWindow(new.target.name, this, dimensions);
    checkSize(new.target.name, 'dilation', dilation, dimensions, 1);
  }

  override extraRepr(): string {
    return (
      `kernel_size=${literal(this.kernelSize)}, stride=${literal(this.stride)}, padding=${literal(this.padding)}, ` +
      `dilation=${literal(this.dilation)}, ceil_mode=${literal(this.ceilMode)}`
    );
  }
}

/**
 * The greatest value in each window of a sequence; NaN wins.
 *
 * Shape: input [N, C, L] or [C, L] -> output [N, C, L'] or [C, L'] with
 * L' = floor((L + 2 padding - dilation (kernelSize - 1) - 1) / stride + 1).
 * @see torch.nn.MaxPool1d
 */
export class MaxPool1d<Indices extends boolean = false> extends MaxPool<Size1d, Indices> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MaxPool1d';

  constructor(
    ...args: Arguments<
      [kernelSize: Size1d],
      [stride?: Size1d | null, padding?: Size1d, dilation?: Size1d, returnIndices?: boolean, ceilMode?: boolean],
      MaxPoolOptions<Size1d> & { returnIndices?: Indices }
    >
  ) {
    super(1, MAX_POOL.take<MaxPoolOptions<Size1d>>(args, new.target.name));
  }

  override forward(input: Tensor): MaxPooled<Indices> {
    const { kernelSize, stride, padding, dilation, ceilMode, returnIndices } = this;
    return maxPool1d<Indices>(input, { kernelSize, stride, padding, dilation, ceilMode, returnIndices });
  }
}

/**
 * The greatest value in each window of an image; NaN wins.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> output [N, C, H', W'] or [C, H', W'] with
 * H' = floor((H + 2 padding - dilation (kernelSize - 1) - 1) / stride + 1), W' likewise.
 * @example const pool = new MaxPool2d(2); pool(x)   // [1, 3, 32, 32] -> [1, 3, 16, 16]
 * @see torch.nn.MaxPool2d
 */
export class MaxPool2d<Indices extends boolean = false> extends MaxPool<Size2d, Indices> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MaxPool2d';

  constructor(
    ...args: Arguments<
      [kernelSize: Size2d],
      [stride?: Size2d | null, padding?: Size2d, dilation?: Size2d, returnIndices?: boolean, ceilMode?: boolean],
      MaxPoolOptions<Size2d> & { returnIndices?: Indices }
    >
  ) {
    super(2, MAX_POOL.take<MaxPoolOptions<Size2d>>(args, new.target.name));
  }

  override forward(input: Tensor): MaxPooled<Indices> {
    const { kernelSize, stride, padding, dilation, ceilMode, returnIndices } = this;
    return maxPool2d<Indices>(input, { kernelSize, stride, padding, dilation, ceilMode, returnIndices });
  }
}

/**
 * The greatest value in each window of a volume; NaN wins.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W] -> output [N, C, D', H', W'] or [C, D', H', W'] with
 * D' = floor((D + 2 padding - dilation (kernelSize - 1) - 1) / stride + 1), H' and W' likewise.
 * @see torch.nn.MaxPool3d
 */
export class MaxPool3d<Indices extends boolean = false> extends MaxPool<Size3d, Indices> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MaxPool3d';

  constructor(
    ...args: Arguments<
      [kernelSize: Size3d],
      [stride?: Size3d | null, padding?: Size3d, dilation?: Size3d, returnIndices?: boolean, ceilMode?: boolean],
      MaxPoolOptions<Size3d> & { returnIndices?: Indices }
    >
  ) {
    super(3, MAX_POOL.take<MaxPoolOptions<Size3d>>(args, new.target.name));
  }

  override forward(input: Tensor): MaxPooled<Indices> {
    const { kernelSize, stride, padding, dilation, ceilMode, returnIndices } = this;
    return maxPool3d<Indices>(input, { kernelSize, stride, padding, dilation, ceilMode, returnIndices });
  }
}

/** Arguments of adaptive max pooling layers. */
export interface AdaptiveMaxPoolOptions {
  /** One number for all dimensions, or one each; null keeps the input's size. */
  outputSize: AdaptiveSize;
  /** Whether to give the positions of the maxima too; false by default. */
  returnIndices?: boolean;
}
const ADAPTIVE = signature('AdaptiveMaxPool2d', [
  argument('outputSize', ADAPTIVE_SIZE),
  optional('returnIndices', FLAG),
]);
type AdaptiveArguments<Indices extends boolean> = Arguments<
  [outputSize: AdaptiveSize],
  [returnIndices?: boolean],
  AdaptiveMaxPoolOptions & { returnIndices?: Indices }
>;

/** What adaptive max pooling of all dimensions shares. */
abstract class AdaptiveMaxPool<Indices extends boolean> extends Module {
  readonly outputSize: AdaptiveSize;
  readonly returnIndices: Indices;

  constructor(args: AdaptiveArguments<Indices>) {
    super();
    const { outputSize, returnIndices = false } = ADAPTIVE.take<AdaptiveMaxPoolOptions>(args, new.target.name);
    this.outputSize = outputSize;
    this.returnIndices = returnIndices as Indices;
  }

  override extraRepr(): string {
    return `output_size=${literal(this.outputSize)}`;
  }
}

/**
 * The maxima of outputSize windows that cover a sequence.
 *
 * Shape: input [N, C, L] or [C, L] -> output [N, C, ...outputSize] or [C, ...outputSize].
 * @see torch.nn.AdaptiveMaxPool1d
 */
export class AdaptiveMaxPool1d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AdaptiveMaxPool1d';

  constructor(...args: AdaptiveArguments<Indices>) {
    super(args);
  }

  override forward(input: Tensor): MaxPooled<Indices> {
    return adaptiveMaxPool1d<Indices>(input, this.outputSize, this.returnIndices);
  }
}

/**
 * The maxima of outputSize windows that cover an image.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> output [N, C, ...outputSize] or [C, ...outputSize].
 * @see torch.nn.AdaptiveMaxPool2d
 */
export class AdaptiveMaxPool2d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AdaptiveMaxPool2d';

  constructor(...args: AdaptiveArguments<Indices>) {
    super(args);
  }

  override forward(input: Tensor): MaxPooled<Indices> {
    return adaptiveMaxPool2d<Indices>(input, this.outputSize, this.returnIndices);
  }
}

/**
 * The maxima of outputSize windows that cover a volume.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W] -> output [N, C, ...outputSize] or [C, ...outputSize].
 * @see torch.nn.AdaptiveMaxPool3d
 */
export class AdaptiveMaxPool3d<Indices extends boolean = false> extends AdaptiveMaxPool<Indices> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AdaptiveMaxPool3d';

  constructor(...args: AdaptiveArguments<Indices>) {
    super(args);
  }

  override forward(input: Tensor): MaxPooled<Indices> {
    return adaptiveMaxPool3d<Indices>(input, this.outputSize, this.returnIndices);
  }
}

/** Arguments of max unpooling layers. */
export interface MaxUnpoolOptions<Size> {
  kernelSize: Size;
  /** kernelSize by default. */
  stride?: Size | null;
  /** 0 by default. */
  padding?: Size;
}
const UNPOOL = signature('MaxUnpool', [
  argument('kernelSize', SIZE),
  optional('stride', nullable(SIZE)),
  optional('padding', SIZE),
]);

/** Arguments of their forward beside the input. */
export interface MaxUnpoolForward {
  /** Positions of the maxima, as max pooling with returnIndices gives them. */
  indices: Tensor;
  /** Spatial sizes of the result, or all its sizes; by default (n - 1) stride - 2 padding + kernelSize. */
  outputSize?: readonly number[] | null;
}
const UNPOOL_FORWARD = signature('MaxUnpool', [argument('indices', TENSOR), optional('outputSize', nullable(SIZE))]);
type UnpoolForward = Arguments<[indices: Tensor], [outputSize?: readonly number[] | null], MaxUnpoolForward>;

/** What max unpooling of all dimensions shares; sizes are kept per dimension. */
abstract class MaxUnpool<Size extends readonly number[]> extends Module {
  readonly kernelSize: Size;
  readonly stride: Size;
  readonly padding: Size;

  constructor(
    dimensions: Size['length'],
    args: Arguments<
      [kernelSize: number | Size],
      [stride?: number | Size | null, padding?: number | Size],
      MaxUnpoolOptions<number | Size>
    >,
  ) {
    super();
    const { name } = new.target;
    const { kernelSize, stride, padding = 0 } = UNPOOL.take<MaxUnpoolOptions<number | Size>>(args, name);
    this.kernelSize = checkSize<Size>(name, 'kernelSize', kernelSize, dimensions, 1);
    this.stride = checkSize<Size>(name, 'stride', stride ?? kernelSize, dimensions, 1);
    this.padding = checkSize<Size>(name, 'padding', padding, dimensions, 0);
  }

  /** Sizes and what forward is given, as the function takes them. */
  protected unpoolArguments(args: UnpoolForward): MaxUnpoolForward & { kernelSize: Size; stride: Size; padding: Size } {
    const { kernelSize, stride, padding } = this;
    const given = UNPOOL_FORWARD.take<MaxUnpoolForward>(args, this.constructor.name);
    return { ...given, kernelSize, stride, padding };
  }

  override extraRepr(): string {
    return `kernel_size=${literal(this.kernelSize)}, stride=${literal(this.stride)}, padding=${literal(this.padding)}`;
  }
}

type MaxUnpoolArgs<Size> = Arguments<
  [kernelSize: Size],
  [stride?: Size | null, padding?: Size],
  MaxUnpoolOptions<Size>
>;

/**
 * Puts the maxima that MaxPool1d took from a sequence back among zeros.
 *
 * Shape: input and indices [N, C, L] or [C, L] -> output [N, C, L'] or [C, L'] with
 * n' = (n - 1) stride - 2 padding + kernelSize, or outputSize.
 * @example const [y, indices] = pool(x); const z = unpool(y, indices)
 * @see torch.nn.MaxUnpool1d
 */
export class MaxUnpool1d extends MaxUnpool<readonly [number]> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MaxUnpool1d';

  constructor(...args: MaxUnpoolArgs<Size1d>) {
    super(1, args);
  }

  override forward(input: Tensor, ...args: UnpoolForward): Tensor {
    return maxUnpool1d(input, this.unpoolArguments(args));
  }
}

/**
 * Puts the maxima that MaxPool2d took from an image back among zeros.
 *
 * Shape: input and indices [N, C, H, W] or [C, H, W] -> output [N, C, H', W'] or [C, H', W'] with
 * n' = (n - 1) stride - 2 padding + kernelSize, or outputSize.
 * @example const [y, indices] = pool(x); const z = unpool(y, indices)
 * @see torch.nn.MaxUnpool2d
 */
export class MaxUnpool2d extends MaxUnpool<readonly [number, number]> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MaxUnpool2d';

  constructor(...args: MaxUnpoolArgs<Size2d>) {
    super(2, args);
  }

  override forward(input: Tensor, ...args: UnpoolForward): Tensor {
    return maxUnpool2d(input, this.unpoolArguments(args));
  }
}

/**
 * Puts the maxima that MaxPool3d took from a volume back among zeros.
 *
 * Shape: input and indices [N, C, D, H, W] or [C, D, H, W] -> output [N, C, D', H', W'] or [C, D', H', W'] with
 * n' = (n - 1) stride - 2 padding + kernelSize, or outputSize.
 * @example const [y, indices] = pool(x); const z = unpool(y, indices)
 * @see torch.nn.MaxUnpool3d
 */
export class MaxUnpool3d extends MaxUnpool<readonly [number, number, number]> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MaxUnpool3d';

  constructor(...args: MaxUnpoolArgs<Size3d>) {
    super(3, args);
  }

  override forward(input: Tensor, ...args: UnpoolForward): Tensor {
    return maxUnpool3d(input, this.unpoolArguments(args));
  }
}

/** Arguments of fractional max pooling layers; either outputSize or outputRatio must be given. */
export interface FractionalMaxPoolOptions<Size> {
  kernelSize: Size;
  outputSize?: Size | null;
  /** Size of the output as a share of the input's, in (0, 1). */
  outputRatio?: Size | null;
  /** Whether to give the positions of the maxima too; false by default. */
  returnIndices?: boolean;
  /** Where windows lie: uniform in [0, 1), [N, C, dimensions]; drawn at each call by default. */
  _randomSamples?: Tensor | null;
}
const FRACTIONAL = signature('FractionalMaxPool', [
  argument('kernelSize', SIZE),
  optional('outputSize', nullable(SIZE)),
  optional('outputRatio', nullable(oneOrMore(REAL))),
  optional('returnIndices', FLAG),
  optional('_randomSamples', nullable(TENSOR)),
]);

/** What fractional max pooling of all dimensions shares; sizes are kept per dimension. */
abstract class FractionalMaxPool<Size extends readonly number[], Indices extends boolean> extends Module {
  readonly kernelSize: Size;
  readonly outputSize: Size | null;
  readonly outputRatio: Size | null;
  readonly returnIndices: Indices;
  // A buffer under the name that it has in PyTorch's state dicts.
  declare _random_samples: Tensor | null;

  constructor(
    dimensions: Size['length'],
    args: Arguments<
      [kernelSize: number | Size],
      [
        outputSize?: number | Size | null,
        outputRatio?: number | Size | null,
        returnIndices?: boolean,
        _randomSamples?: Tensor | null,
      ],
      FractionalMaxPoolOptions<number | Size>
    >,
  ) {
    super();
    const { name } = new.target;
    const { kernelSize, outputSize = null, outputRatio = null, returnIndices = false, _randomSamples = null } =
      FRACTIONAL.take<FractionalMaxPoolOptions<number | Size>>(args, name); // prettier-ignore
    if ((outputSize === null) === (outputRatio === null)) {
      throw new KindError(
        name,
        `one of outputSize and outputRatio must be given, got ${outputSize === null ? 'neither' : 'both'}.`,
      );
    }
    const ratio = outputRatio === null ? null : perDimension(outputRatio, dimensions);
    if (ratio?.every((share) => share > 0 && share < 1) === false) {
      throw new ValueError(name, `outputRatio must be between 0 and 1, got ${ratio.join(', ')}.`);
    }
    this.kernelSize = checkSize<Size>(name, 'kernelSize', kernelSize, dimensions, 1);
    this.outputSize = outputSize === null ? null : checkSize<Size>(name, 'outputSize', outputSize, dimensions, 1);
    this.outputRatio = ratio as Size | null;
    this.returnIndices = returnIndices as Indices;
    this.registerBuffer('_random_samples', _randomSamples);
  }

  /** The arguments of the function. */
  protected poolArguments(): FractionalMaxPoolOptions<Size> & { returnIndices: Indices } {
    const { kernelSize, outputSize, outputRatio, returnIndices, _random_samples: _randomSamples } = this;
    return { kernelSize, outputSize, outputRatio, returnIndices, _randomSamples };
  }
}

/**
 * The maxima of windows that cover an image at random distances.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> output [N, C, H', W'] or [C, H', W'] with sizes outputSize or
 * floor(outputRatio n).
 * @see torch.nn.FractionalMaxPool2d
 */
export class FractionalMaxPool2d<Indices extends boolean = false> extends FractionalMaxPool<
  readonly [number, number],
  Indices
> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'FractionalMaxPool2d';

  constructor(
    ...args: Arguments<
      [kernelSize: Size2d],
      [
        outputSize?: Size2d | null,
        outputRatio?: Size2d | null,
        returnIndices?: boolean,
        _randomSamples?: Tensor | null,
      ],
      FractionalMaxPoolOptions<Size2d> & { returnIndices?: Indices }
    >
  ) {
    super(2, args);
  }

  override forward(input: Tensor): MaxPooled<Indices> {
    return fractionalMaxPool2d<Indices>(input, this.poolArguments());
  }
}

/**
 * The maxima of windows that cover a volume at random distances.
 *
 * Shape: input [N, C, D, H, W] or [C, D, H, W] -> output [N, C, D', H', W'] or [C, D', H', W'] with sizes outputSize or
 * floor(outputRatio n).
 * @see torch.nn.FractionalMaxPool3d
 */
export class FractionalMaxPool3d<Indices extends boolean = false> extends FractionalMaxPool<
  readonly [number, number, number],
  Indices
> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'FractionalMaxPool3d';

  constructor(
    ...args: Arguments<
      [kernelSize: Size3d],
      [
        outputSize?: Size3d | null,
        outputRatio?: Size3d | null,
        returnIndices?: boolean,
        _randomSamples?: Tensor | null,
      ],
      FractionalMaxPoolOptions<Size3d> & { returnIndices?: Indices }
    >
  ) {
    super(3, args);
  }

  override forward(input: Tensor): MaxPooled<Indices> {
    return fractionalMaxPool3d<Indices>(input, this.poolArguments());
  }
}
