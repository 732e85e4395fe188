// Observers: modules that give their input on as it is and note its range, from which scales and zero points come. The one that keeps
// a histogram is in histogramObserver.ts.
import type { Arguments } from '../base/arguments';
import { KindError, ValueError } from '../base/errors';
import { DIM, FLAG, INTEGER, nullable, REAL } from '../base/kinds';
import { wrapDim } from '../base/shape';
import { methodsTake, optional, signature } from '../base/signature';
import { noGrad } from '../core/backward';
import { libraryCode } from '../core/temporaries';
import type { Tensor } from '../core/tensor';
import { Module } from '../nn/module/module';
import type { StateDict } from '../nn/module/stateDict';
import { add, div, mul, neg, round, sub } from '../ops/pointwise/arithmetic';
import { clamp, eq, logicalAnd, maximum, minimum, where } from '../ops/pointwise/compare';
import { amax, amin, any } from '../ops/reduce/reduce';
import { copy_, to } from '../ops/shape/copy';
import { full, tensor, zeros } from '../ops/shape/creation';
import { flatten, reshape, transpose } from '../ops/shape/view';
import { QDTYPE, QDTYPES, QSCHEME, type QDType, type QScheme } from './qdtype';

/** A scale, float32, and a zero point, int32: of one element, or of one for each channel. */
export type Qparams = [scale: Tensor, zeroPoint: Tensor];

/** What all observers are told. */
export interface ObserverOptions {
  /** 'quint8' by default. */
  dtype?: QDType;
  /** Per tensor or per channel, affine or symmetric; affine by default. */
  qscheme?: QScheme;
  /** Leaves one bit out, so that sums of products of kernels cannot overflow; false by default. */
  reduceRange?: boolean;
  /** Bounds of the integers, both or none; by default those of the dtype. */
  quantMin?: number | null;
  quantMax?: number | null;
  /** The least scale; by default the distance of 1 to the next float32. */
  eps?: number;
}
type ObserverArguments = Arguments<
  [],
  [
    dtype?: QDType, qscheme?: QScheme, reduceRange?: boolean, quantMin?: number | null, quantMax?: number | null,
    eps?: number,
  ],
  ObserverOptions
>; // prettier-ignore
const OPTIONS = [
  optional('dtype', QDTYPE), optional('qscheme', QSCHEME), optional('reduceRange', FLAG),
  optional('quantMin', nullable(INTEGER)), optional('quantMax', nullable(INTEGER)), optional('eps', REAL),
] as const; // prettier-ignore
const OBSERVER = signature('MinMaxObserver', OPTIONS);
const MOVING = signature('MovingAverageMinMaxObserver', [optional('averagingConstant', REAL), ...OPTIONS]);
const PER_CHANNEL = signature('PerChannelMinMaxObserver', [optional('chAxis', DIM), ...OPTIONS]);
const MOVING_PER_CHANNEL = signature('MovingAveragePerChannelMinMaxObserver', [
  optional('averagingConstant', REAL), optional('chAxis', DIM), ...OPTIONS,
]); // prettier-ignore

const EPS = 2 ** -23;
const isSymmetric = (qscheme: QScheme): boolean => qscheme.endsWith('symmetric');
export const isPerChannel = (qscheme: QScheme): boolean => qscheme.startsWith('per_channel');

/** The bounds of the integers. @throws RangeError for bounds that the dtype has not */
function boundsOf(
  op: string,
  dtype: QDType,
  reduceRange: boolean,
  custom: readonly [number, number] | null,
): [number, number] {
  // prettier-ignore
  const { min, max } = QDTYPES[dtype];
  const [low, high] = custom ?? [min, max];
  if (low > 0 || high < 0 || low >= high || high - low > 255) {
    throw new ValueError(
      op,
      `quantMin and quantMax must be at most 256 integers with 0 among them, got ${low} and ${high}.`,
    );
  }
  return reduceRange ? [Math.floor(low / 2), Math.floor(high / 2)] : [low, high];
}

/**
 * What observers share: the bounds of the integers, and scales and zero points of ranges. An observer gives its input on unchanged.
 * Each is made by a function in a `QConfig`, which `withArgs` gives: `MinMaxObserver.withArgs({ dtype: 'qint8' })`.
 * @see torch.ao.quantization.observer.UniformQuantizationObserverBase
 */
export abstract class Observer extends Module {
  static override readonly name: string = 'Observer';

  static {
    methodsTake(this, signature('resetMinMaxVals', []));
  }

  readonly dtype: QDType;
  readonly qscheme: QScheme;
  readonly reduceRange: boolean;
  /** The least integer. */
  readonly quantMin: number;
  /** The greatest integer. */
  readonly quantMax: number;
  /** The dimension of the channels; -1 for one range for the whole tensor. */
  readonly chAxis: number;
  declare eps: Tensor;
  declare min_val: Tensor;
  declare max_val: Tensor;
  private readonly hasOwnBounds: boolean;

  /** @internal */
  protected constructor(options: ObserverOptions, chAxis: number | null) {
    super();
    const op = new.target.name;
    const ofChannels = chAxis !== null;
    const { dtype = 'quint8', qscheme = ofChannels ? 'per_channel_affine' : 'per_tensor_affine' } = options;
    const { reduceRange = false, quantMin = null, quantMax = null, eps = EPS } = options;
    if (isPerChannel(qscheme) !== ofChannels) {
      throw new ValueError(op, `qscheme must be ${ofChannels ? 'per channel' : 'per tensor'}, got '${qscheme}'.`);
    }
    if ((quantMin === null) !== (quantMax === null)) {
      throw new KindError(op, 'quantMin and quantMax must be given both or neither.');
    }
    if (isSymmetric(qscheme) && reduceRange && dtype === 'quint8') {
      throw new ValueError(op, "reduceRange must be false for a symmetric range of 'quint8'. Take 'qint8'.");
    }
    this.dtype = dtype;
    this.qscheme = qscheme;
    this.reduceRange = reduceRange;
    this.chAxis = chAxis ?? -1;
    this.hasOwnBounds = quantMin !== null;
    const custom = quantMin === null || quantMax === null ? null : ([quantMin, quantMax] as const);
    [this.quantMin, this.quantMax] = boundsOf(op, dtype, reduceRange, custom);
    this.registerBuffer('eps', tensor([eps]));
    const none = (value: number): Tensor => (ofChannels ? zeros([0]) : full([], value));
    this.registerBuffer('min_val', none(Infinity));
    this.registerBuffer('max_val', none(-Infinity));
  }

  /** The scale and the zero point for what was seen: 1 and 0 if that is nothing. A promise where a search has to be waited for. */
  abstract calculateQparams(): Qparams | Promise<Qparams>;

  /** Forgets what was seen. */
  resetMinMaxVals(): void {
    if (this.chAxis < 0) {
      copy_(this.min_val, full([], Infinity, { device: this.min_val.device }));
      copy_(this.max_val, full([], -Infinity, { device: this.max_val.device }));
    } else {
      this.min_val = zeros([0]);
      this.max_val = zeros([0]);
    }
  }

  /** Version of the layout of the state. */
  override get _version(): number {
    return 3;
  }

  /** Ranges of channels take the shape that they were saved with. */
  override upgradeState(state: StateDict, prefix: string): void {
    if (this.chAxis < 0) return;
    for (const name of ['min_val', 'max_val'] as const) {
      const saved = state[prefix + name] as Tensor | undefined;
      if (saved?.ndim === 1 && saved.numel() !== this[name].numel()) this[name] = zeros(saved.shape);
    }
  }

  override extraRepr(): string {
    return `min_val=${seen(this.min_val)}, max_val=${seen(this.max_val)}`;
  }

  /** The scale and the zero point of ranges, of one element or one for each channel. */
  protected qparamsOf(min: Tensor, max: Tensor): Qparams {
    const { quantMin, quantMax, eps } = this;
    return noGrad(() =>
      libraryCode((): Qparams => {
        if (min.numel() === 0) return [tensor([1], { dtype: 'float32', device: min.device }), zeros([1], { dtype: 'int32', device: min.device })]; // prettier-ignore
        const [low, high] = [reshape(minimum(min, 0), [-1]), reshape(maximum(max, 0), [-1])];
        // Nothing was seen: an empty range, and no channel's scale is its own then.
        const isEmpty = any(logicalAnd(eq(min, Infinity), eq(max, -Infinity)));
        let scale: Tensor;
        let zeroPoint: Tensor;
        if (isSymmetric(this.qscheme)) {
          scale = maximum(div(maximum(neg(low), high), (quantMax - quantMin) / 2), eps);
          const middle = this.hasOwnBounds ? Math.floor((quantMin + quantMax) / 2) : 128;
          zeroPoint = full(scale.shape, this.dtype === 'quint8' ? middle : 0, { device: min.device });
        } else {
          scale = maximum(div(sub(high, low), quantMax - quantMin), eps);
          zeroPoint = clamp(add(neg(round(div(low, scale))), quantMin), quantMin, quantMax);
        }
        return [where(isEmpty, 1, scale), to(where(isEmpty, 0, zeroPoint), { dtype: 'int32' })];
      }),
    );
  }

  /** Keeps a range that `update` makes of the present one and that of `x`. */
  protected note(x: Tensor, update: (of: Ranges) => readonly [min: Tensor, max: Tensor]): Tensor {
    if (x.numel() === 0) return x;
    noGrad(() => {
      const [min, max] = libraryCode(() => {
        const values = to(x.detach(), { dtype: this.min_val.dtype });
        const [low, high] = this.rangeOf(values);
        return update({ low, high, min: this.min_val, max: this.max_val });
      });
      if (min.numel() === this.min_val.numel()) {
        copy_(this.min_val, min);
        copy_(this.max_val, max);
      } else {
        this.min_val = min;
        this.max_val = max;
      }
    });
    return x;
  }

  private rangeOf(x: Tensor): [min: Tensor, max: Tensor] {
    if (this.chAxis < 0) return [amin(x), amax(x)];
    const rows = transpose(x, 0, wrapDim(this.constructor.name, this.chAxis, x.ndim));
    const flat = rows.ndim > 1 ? flatten(rows, 1) : reshape(rows, [-1, 1]);
    return [amin(flat, 1), amax(flat, 1)];
  }
}

/** Ranges before, and of what is seen now. */
interface Ranges {
  readonly low: Tensor;
  readonly high: Tensor;
  readonly min: Tensor;
  readonly max: Tensor;
}

/** What is known of a buffer without waiting. */
const seen = (t: Tensor): string => {
  const values = t.seenValues;
  if (values === null) return '...';
  return t.ndim === 0
    ? String(values[0]).replace('Infinity', 'inf')
    : `tensor([${Array.from(values, Number).join(', ')}])`;
};

const widest = ({ low, high, min, max }: Ranges): [Tensor, Tensor] =>
  min.numel() === 0 ? [low, high] : [minimum(low, min), maximum(high, max)];

/** The first range as it is, then moved towards each new one. */
const moving =
  (constant: number) =>
  ({ low, high, min, max }: Ranges): [Tensor, Tensor] => {
    if (min.numel() === 0) return [low, high];
    const isFirst = logicalAnd(eq(min, Infinity), eq(max, -Infinity));
    const towards = (from: Tensor, now: Tensor): Tensor =>
      where(isFirst, now, add(from, mul(sub(now, from), constant)));
    return [towards(min, low), towards(max, high)];
  };

/** An observer whose range is all that it keeps. */
export abstract class RangeObserver extends Observer {
  static override readonly name: string = 'RangeObserver';

  static {
    methodsTake(this, signature('calculateQparams', []));
  }

  /** The scale and the zero point for what was seen: 1 and 0 if that is nothing. All on the device: nothing is waited for. */
  override calculateQparams(): Qparams {
    return this.qparamsOf(this.min_val, this.max_val);
  }
}

/**
 * Notes the least and the greatest number seen.
 * @see torch.ao.quantization.MinMaxObserver
 */
export class MinMaxObserver extends RangeObserver {
  static override readonly name: string = 'MinMaxObserver';

  constructor(...args: ObserverArguments) {
    super(OBSERVER.take<ObserverOptions>(args, new.target.name), null);
  }

  /** A function that makes such observers, by name. @throws as the constructor, at once */
  static withArgs(...args: [options: ObserverOptions]): () => MinMaxObserver {
    const make = (): MinMaxObserver => new this(...args);
    make();
    return make;
  }

  override forward(x: Tensor): Tensor {
    return this.note(x, widest);
  }
}

/** Options of observers of moving averages. */
export interface MovingAverageObserverOptions extends ObserverOptions {
  /** How far the range goes towards each new one: 0.01 by default. */
  averagingConstant?: number;
}

/**
 * Notes a moving average of the least and of the greatest number of each input.
 * @see torch.ao.quantization.MovingAverageMinMaxObserver
 */
export class MovingAverageMinMaxObserver extends RangeObserver {
  static override readonly name: string = 'MovingAverageMinMaxObserver';

  readonly averagingConstant: number;

  constructor(
    ...args: Arguments<
      [],
      [
        averagingConstant?: number, dtype?: QDType, qscheme?: QScheme, reduceRange?: boolean, quantMin?: number | null,
        quantMax?: number | null, eps?: number,
      ],
      MovingAverageObserverOptions
    >
  ) {
    const { averagingConstant = 0.01, ...options } = MOVING.take<MovingAverageObserverOptions>(args, new.target.name);
    super(options, null);
    this.averagingConstant = averagingConstant;
  } // prettier-ignore

  /** A function that makes such observers, by name. @throws as the constructor, at once */
  static withArgs(...args: [options: MovingAverageObserverOptions]): () => MovingAverageMinMaxObserver {
    const make = (): MovingAverageMinMaxObserver => new this(...args);
    make();
    return make;
  }

  override forward(x: Tensor): Tensor {
    return this.note(x, moving(this.averagingConstant));
  }
}

/** Options of observers of channels. */
export interface PerChannelObserverOptions extends ObserverOptions {
  /** The dimension of the channels; 0 by default. */
  chAxis?: number;
}

/**
 * Notes the least and the greatest number of each channel.
 * @see torch.ao.quantization.PerChannelMinMaxObserver
 */
export class PerChannelMinMaxObserver extends RangeObserver {
  static override readonly name: string = 'PerChannelMinMaxObserver';

  constructor(
    ...args: Arguments<
      [],
      [
        chAxis?: number, dtype?: QDType, qscheme?: QScheme, reduceRange?: boolean, quantMin?: number | null,
        quantMax?: number | null, eps?: number,
      ],
      PerChannelObserverOptions
    >
  ) {
    const { chAxis = 0, ...options } = PER_CHANNEL.take<PerChannelObserverOptions>(args, new.target.name);
    super(options, chAxis);
  } // prettier-ignore

  /** A function that makes such observers, by name. @throws as the constructor, at once */
  static withArgs(...args: [options: PerChannelObserverOptions]): () => PerChannelMinMaxObserver {
    const make = (): PerChannelMinMaxObserver => new this(...args);
    make();
    return make;
  }

  override forward(x: Tensor): Tensor {
    return this.note(x, widest);
  }
}

/** Options of `MovingAveragePerChannelMinMaxObserver`. */
export interface MovingAveragePerChannelObserverOptions
  extends PerChannelObserverOptions, MovingAverageObserverOptions {}

/**
 * Notes a moving average of the least and of the greatest number of each channel.
 * @see torch.ao.quantization.MovingAveragePerChannelMinMaxObserver
 */
export class MovingAveragePerChannelMinMaxObserver extends RangeObserver {
  static override readonly name: string = 'MovingAveragePerChannelMinMaxObserver';

  readonly averagingConstant: number;

  constructor(
    ...args: Arguments<
      [],
      [
        averagingConstant?: number, chAxis?: number, dtype?: QDType, qscheme?: QScheme, reduceRange?: boolean,
        quantMin?: number | null, quantMax?: number | null, eps?: number,
      ],
      MovingAveragePerChannelObserverOptions
    >
  ) {
    const taken = MOVING_PER_CHANNEL.take<MovingAveragePerChannelObserverOptions>(args, new.target.name);
    const { averagingConstant = 0.01, chAxis = 0, ...options } = taken;
    super(options, chAxis);
    this.averagingConstant = averagingConstant;
  } // prettier-ignore

  /** A function that makes such observers, by name. @throws as the constructor, at once */
  static withArgs(
    ...args: [options: MovingAveragePerChannelObserverOptions]
  ): () => MovingAveragePerChannelMinMaxObserver {
    const make = (): MovingAveragePerChannelMinMaxObserver => new this(...args);
    make();
    return make;
  }

  override forward(x: Tensor): Tensor {
    return this.note(x, moving(this.averagingConstant));
  }
}
