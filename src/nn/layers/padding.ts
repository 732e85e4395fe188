// Padding layers: functional `pad` with its arguments fixed.
import { argument, signature } from '../../base/signature';
import { REAL, SIZE } from '../../base/kinds';
import type { Arguments } from '../../base/arguments';
import { ValueError } from '../../base/errors';
import type { Tensor } from '../../core/tensor';
import { pad, type PaddingMode } from '../functional';
import { Module } from '../module/module';
import { literal } from '../module/representation';

/** Cells on every side, or [left, right], [left, right, top, bottom] or [left, right, top, bottom, front, back]; negative ones crop. */
export interface PaddingOptions {
  padding: number | readonly number[];
}

/** Arguments of constant padding. */
export interface ConstantPadOptions extends PaddingOptions {
  /** What the new cells hold. */
  value: number;
}
const PADDING = signature('ZeroPad2d', [argument('padding', SIZE)]);
const CONSTANT = signature('ConstantPad1d', [argument('padding', SIZE), argument('value', REAL)]);
type PaddingArguments = Arguments<[padding: number | readonly number[]], [], PaddingOptions>;

/** What padding over some of the last dimensions shares. */
abstract class Pad extends Module {
  readonly padding: readonly number[];

  constructor(dimensions: number, { padding }: PaddingOptions) {
    super();
    const cells = typeof padding === 'number' ? new Array<number>(2 * dimensions).fill(padding) : [...padding];
    if (cells.length !== 2 * dimensions || !cells.every((n) => Number.isInteger(n))) {
      throw new ValueError(
        new.target.name,
        `padding must be a whole number or ${2 * dimensions} of them, got ${cells.join(', ')}.`,
      );
    }
    this.padding = cells;
  }

  override extraRepr(): string {
    return literal(this.padding);
  }
}

/** Padding with a number. */
abstract class ConstantPad extends Pad {
  readonly value: number;

  constructor(dimensions: number, options: ConstantPadOptions) {
    super(dimensions, options);
    this.value = options.value;
  }

  override forward(input: Tensor): Tensor {
    return pad(input, this.padding, 'constant', this.value);
  }

  override extraRepr(): string {
    return `padding=${literal(this.padding)}, value=${this.value}`;
  }
}

/** Padding with values of the input. */
abstract class ModePad extends Pad {
  private readonly mode: PaddingMode;

  constructor(mode: PaddingMode, dimensions: number, args: PaddingArguments) {
    super(dimensions, PADDING.take<PaddingOptions>(args, new.target.name));
    this.mode = mode;
  }

  override forward(input: Tensor): Tensor {
    return pad(input, this.padding, this.mode);
  }
}

/** Constant padding with zeros. */
abstract class ZeroPad extends ConstantPad {
  constructor(dimensions: number, args: PaddingArguments) {
    super(dimensions, { ...PADDING.take<PaddingOptions>(args, new.target.name), value: 0 });
  }

  override extraRepr(): string {
    return literal(this.padding);
  }
}

type ConstantPadArgs = Arguments<
  [padding: number | readonly number[], value: number],
  [],
  ConstantPadOptions,
  [padding: number | readonly number[], options: Omit<ConstantPadOptions, 'padding'>]
>;

/** Puts a constant around a sequence. Shape: [*, L] -> [*, left + L + right]. @see torch.nn.ConstantPad1d */
export class ConstantPad1d extends ConstantPad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ConstantPad1d';

  constructor(...args: ConstantPadArgs) {
    super(1, CONSTANT.take<ConstantPadOptions>(args, new.target.name));
  }
}

/** Puts a constant around an image. Shape: [*, H, W] -> [*, top + H + bottom, left + W + right]. @see torch.nn.ConstantPad2d */
export class ConstantPad2d extends ConstantPad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ConstantPad2d';

  constructor(...args: ConstantPadArgs) {
    super(2, CONSTANT.take<ConstantPadOptions>(args, new.target.name));
  }
}

/** Puts a constant around a volume. Shape: [*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]. @see torch.nn.ConstantPad3d */
export class ConstantPad3d extends ConstantPad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ConstantPad3d';

  constructor(...args: ConstantPadArgs) {
    super(3, CONSTANT.take<ConstantPadOptions>(args, new.target.name));
  }
}

/** Puts zeros around a sequence. Shape: [*, L] -> [*, left + L + right]. @see torch.nn.ZeroPad1d */
export class ZeroPad1d extends ZeroPad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ZeroPad1d';

  constructor(...args: PaddingArguments) {
    super(1, args);
  }
}

/** Puts zeros around an image. Shape: [*, H, W] -> [*, top + H + bottom, left + W + right]. @see torch.nn.ZeroPad2d */
export class ZeroPad2d extends ZeroPad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ZeroPad2d';

  constructor(...args: PaddingArguments) {
    super(2, args);
  }
}

/** Puts zeros around a volume. Shape: [*, D, H, W] -> [*, front + D + back, top + H + bottom, left + W + right]. @see torch.nn.ZeroPad3d */
export class ZeroPad3d extends ZeroPad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ZeroPad3d';

  constructor(...args: PaddingArguments) {
    super(3, args);
  }
}

/**
 * Continues a sequence by its mirror image, the border itself not repeated. Padding must be smaller than the dimension.
 *
 * Shape: [N, C, L] or [C, L] -> the same with left + L + right.
 * @see torch.nn.ReflectionPad1d
 */
export class ReflectionPad1d extends ModePad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ReflectionPad1d';

  constructor(...args: PaddingArguments) {
    super('reflect', 1, args);
  }
}

/**
 * Continues an image by its mirror image, the border itself not repeated. Padding must be smaller than the dimension.
 *
 * Shape: [N, C, H, W] or [C, H, W] -> the same with top + H + bottom, left + W + right.
 * @see torch.nn.ReflectionPad2d
 */
export class ReflectionPad2d extends ModePad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ReflectionPad2d';

  constructor(...args: PaddingArguments) {
    super('reflect', 2, args);
  }
}

/**
 * Continues a volume by its mirror image, the border itself not repeated. Padding must be smaller than the dimension.
 *
 * Shape: [N, C, D, H, W] or [C, D, H, W] -> the same with front + D + back, top + H + bottom, left + W + right.
 * @see torch.nn.ReflectionPad3d
 */
export class ReflectionPad3d extends ModePad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ReflectionPad3d';

  constructor(...args: PaddingArguments) {
    super('reflect', 3, args);
  }
}

/**
 * Continues a sequence by its border.
 *
 * Shape: [N, C, L] or [C, L] -> the same with left + L + right.
 * @see torch.nn.ReplicationPad1d
 */
export class ReplicationPad1d extends ModePad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ReplicationPad1d';

  constructor(...args: PaddingArguments) {
    super('replicate', 1, args);
  }
}

/**
 * Continues an image by its border.
 *
 * Shape: [N, C, H, W] or [C, H, W] -> the same with top + H + bottom, left + W + right.
 * @see torch.nn.ReplicationPad2d
 */
export class ReplicationPad2d extends ModePad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ReplicationPad2d';

  constructor(...args: PaddingArguments) {
    super('replicate', 2, args);
  }
}

/**
 * Continues a volume by its border.
 *
 * Shape: [N, C, D, H, W] or [C, D, H, W] -> the same with front + D + back, top + H + bottom, left + W + right.
 * @see torch.nn.ReplicationPad3d
 */
export class ReplicationPad3d extends ModePad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'ReplicationPad3d';

  constructor(...args: PaddingArguments) {
    super('replicate', 3, args);
  }
}

/**
 * Continues a sequence by its other end. Padding must be at most the dimension.
 *
 * Shape: [N, C, L] or [C, L] -> the same with left + L + right.
 * @see torch.nn.CircularPad1d
 */
export class CircularPad1d extends ModePad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'CircularPad1d';

  constructor(...args: PaddingArguments) {
    super('circular', 1, args);
  }
}

/**
 * Continues an image by its other end. Padding must be at most the dimension.
 *
 * Shape: [N, C, H, W] or [C, H, W] -> the same with top + H + bottom, left + W + right.
 * @see torch.nn.CircularPad2d
 */
export class CircularPad2d extends ModePad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'CircularPad2d';

  constructor(...args: PaddingArguments) {
    super('circular', 2, args);
  }
}

/**
 * Continues a volume by its other end. Padding must be at most the dimension.
 *
 * Shape: [N, C, D, H, W] or [C, D, H, W] -> the same with front + D + back, top + H + bottom, left + W + right.
 * @see torch.nn.CircularPad3d
 */
export class CircularPad3d extends ModePad {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'CircularPad3d';

  constructor(...args: PaddingArguments) {
    super('circular', 3, args);
  }
}
