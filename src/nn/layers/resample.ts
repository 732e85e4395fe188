// Layers that change the size of images.
import { argument, optional, signature } from '../../base/signature';
import { COUNT, FLAG, REAL, SIZE, nullable, oneOf, oneOrMore } from '../../base/kinds';
import { checkInteger, type Arguments } from '../../base/arguments';
import type { Tensor } from '../../core/tensor';
import { channelShuffle, interpolate, pixelShuffle, pixelUnshuffle, type InterpolationMode } from '../functional';
import { Module } from '../module/module';
import { float, literal } from '../module/representation';

/** Where the size of upsampling comes from: one of the two. */
export interface UpsamplingOptions {
  size?: number | readonly number[] | null;
  /** Output size over input size. */
  scaleFactor?: number | readonly number[] | null;
}
const UPSAMPLING = signature('UpsamplingNearest2d', [
  optional('size', nullable(SIZE)),
  optional('scaleFactor', nullable(oneOrMore(REAL))),
]);

/** Arguments of Upsample. */
export interface UpsampleOptions extends UpsamplingOptions {
  /** 'nearest' by default. */
  mode?: InterpolationMode;
  /** Whether the centres of the corner samples stay in place; for the linear modes and 'bicubic', false by default. */
  alignCorners?: boolean | null;
  /** Whether positions come from the sizes, not from scaleFactor. */
  recomputeScaleFactor?: boolean | null;
}
const UPSAMPLE = signature('Upsample', [
  ...UPSAMPLING.args,
  optional('mode', oneOf('nearest', 'nearest-exact', 'linear', 'bilinear', 'bicubic', 'trilinear', 'area')),
  optional('alignCorners', nullable(FLAG)),
  optional('recomputeScaleFactor', nullable(FLAG)),
]);

/**
 * A sequence, image or volume at another size.
 *
 * Shape: input [N, C, L], [N, C, H, W] or [N, C, D, H, W] -> the same with sizes `size`, or floor(scaleFactor n).
 * @throws ShapeError, TypeError for a mode that does not fit the input.
 * @example const up = new Upsample({ scaleFactor: 2, mode: 'bilinear' }); up(x)   // [1, 3, 8, 8] -> [1, 3, 16, 16]
 * @see torch.nn.Upsample
 */
export class Upsample extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Upsample';

  readonly size: number | readonly number[] | null;
  readonly scaleFactor: number | readonly number[] | null;
  readonly mode: InterpolationMode;
  readonly alignCorners: boolean | null;
  readonly recomputeScaleFactor: boolean | null;

  constructor(
    ...args: Arguments<
      [],
      [
        size?: number | readonly number[] | null,
        scaleFactor?: number | readonly number[] | null,
        mode?: InterpolationMode,
        alignCorners?: boolean | null,
        recomputeScaleFactor?: boolean | null,
      ],
      UpsampleOptions
    >
  ) {
    super();
    const options = UPSAMPLE.take<UpsampleOptions>(args, new.target.name);
    this.size = options.size ?? null;
    this.scaleFactor = options.scaleFactor ?? null;
    this.mode = options.mode ?? 'nearest';
    this.alignCorners = options.alignCorners ?? null;
    this.recomputeScaleFactor = options.recomputeScaleFactor ?? null;
  }

  override forward(input: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners, recomputeScaleFactor } = this;
    return interpolate(input, { size, scaleFactor, mode, alignCorners, recomputeScaleFactor });
  }

  override extraRepr(): string {
    const { size, scaleFactor, mode } = this;
    const scales =
      typeof scaleFactor === 'number' ? float(scaleFactor) : `(${scaleFactor?.map(float).join(', ') ?? ''})`;
    return `${scaleFactor === null ? `size=${literal(size)}` : `scale_factor=${scales}`}, mode=${mode}`;
  }
}

type UpsamplingArgs = Arguments<
  [],
  [size?: number | readonly number[] | null, scaleFactor?: number | readonly number[] | null],
  UpsamplingOptions
>;

/** Upsample with mode 'nearest'. Shape: [N, C, H, W] -> [N, C, H', W']. @see torch.nn.UpsamplingNearest2d */
export class UpsamplingNearest2d extends Upsample {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'UpsamplingNearest2d';

  constructor(...args: UpsamplingArgs) {
    super({ ...UPSAMPLING.take<UpsamplingOptions>(args, new.target.name), mode: 'nearest' });
  }
}

/** Upsample with mode 'bilinear' and alignCorners. Shape: [N, C, H, W] -> [N, C, H', W']. @see torch.nn.UpsamplingBilinear2d */
export class UpsamplingBilinear2d extends Upsample {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'UpsamplingBilinear2d';

  constructor(...args: UpsamplingArgs) {
    super({ ...UPSAMPLING.take<UpsamplingOptions>(args, new.target.name), mode: 'bilinear', alignCorners: true });
  }
}

const UPSCALE = signature('PixelShuffle', [argument('upscaleFactor', COUNT)]);
const DOWNSCALE = signature('PixelUnshuffle', [argument('downscaleFactor', COUNT)]);
const GROUPS = signature('ChannelShuffle', [argument('groups', COUNT)]);

/**
 * r² channels as r x r cells, for convolutions that compute a finer image.
 *
 * Shape: input [*, C r², H, W] -> output [*, C, H r, W r].
 * @throws ShapeError unless r² divides the channels.
 * @see torch.nn.PixelShuffle
 */
export class PixelShuffle extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'PixelShuffle';

  readonly upscaleFactor: number;

  constructor(...args: Arguments<[upscaleFactor: number], [], { upscaleFactor: number }>) {
    super();
    this.upscaleFactor = UPSCALE.take<{ upscaleFactor: number }>(args, new.target.name).upscaleFactor;
    checkInteger(new.target.name, 'upscaleFactor', this.upscaleFactor, 1);
  }

  override forward(input: Tensor): Tensor {
    return pixelShuffle(input, this.upscaleFactor);
  }

  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`;
  }
}

/**
 * r x r cells as r² channels: PixelShuffle undone.
 *
 * Shape: input [*, C, H r, W r] -> output [*, C r², H, W].
 * @throws ShapeError unless r divides height and width.
 * @see torch.nn.PixelUnshuffle
 */
export class PixelUnshuffle extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'PixelUnshuffle';

  readonly downscaleFactor: number;

  constructor(...args: Arguments<[downscaleFactor: number], [], { downscaleFactor: number }>) {
    super();
    this.downscaleFactor = DOWNSCALE.take<{ downscaleFactor: number }>(args, new.target.name).downscaleFactor;
    checkInteger(new.target.name, 'downscaleFactor', this.downscaleFactor, 1);
  }

  override forward(input: Tensor): Tensor {
    return pixelUnshuffle(input, this.downscaleFactor);
  }

  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`;
  }
}

/**
 * Takes a channel of each group in turn, so that groups mix.
 *
 * Shape: [N, C, *], unchanged.
 * @throws ShapeError unless groups divides the channels.
 * @see torch.nn.ChannelShuffle
 */
export class ChannelShuffle extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ChannelShuffle';

  readonly groups: number;

  constructor(...args: Arguments<[groups: number], [], { groups: number }>) {
    super();
    this.groups = GROUPS.take<{ groups: number }>(args, new.target.name).groups;
    checkInteger(new.target.name, 'groups', this.groups, 1);
  }

  override forward(input: Tensor): Tensor {
    return channelShuffle(input, this.groups);
  }

  override extraRepr(): string {
    return `groups=${this.groups}`;
  }
}
