// Layers of sliding blocks.
import { argument, optional, signature } from '../../base/signature';
import { SIZE } from '../../base/kinds';
import type { Arguments, Size2d } from '../../base/arguments';
import type { Tensor } from '../../core/tensor';
import { fold, unfold } from '../functional';
import { Module } from '../module/module';
import { literal } from '../module/representation';

/** Arguments of Unfold. */
export interface UnfoldOptions {
  kernelSize: Size2d;
  /** Distance between the cells of a block; 1 by default. */
  dilation?: Size2d;
  /** Zeros around the image; 0 by default. */
  padding?: Size2d;
  /** Distance between blocks; 1 by default. */
  stride?: Size2d;
}

/** Arguments of Fold. */
export interface FoldOptions extends UnfoldOptions {
  /** Height and width of the image. */
  outputSize: Size2d;
}
const UNFOLD = signature('Unfold', [
  argument('kernelSize', SIZE),
  optional('dilation', SIZE),
  optional('padding', SIZE),
  optional('stride', SIZE),
]);
const FOLD = signature('Fold', [argument('outputSize', SIZE), ...UNFOLD.args]);

/** What both layers keep. */
abstract class Blocks extends Module {
  readonly kernelSize: Size2d;
  readonly dilation: Size2d;
  readonly padding: Size2d;
  readonly stride: Size2d;

  constructor({ kernelSize, dilation = 1, padding = 0, stride = 1 }: UnfoldOptions) {
    super();
    this.kernelSize = kernelSize;
    this.dilation = dilation;
    this.padding = padding;
    this.stride = stride;
  }

  /** Its arguments as `toString` shows them. */
  override extraRepr(): string {
    const { kernelSize, dilation, padding, stride } = this;
    return `kernel_size=${literal(kernelSize)}, dilation=${literal(dilation)}, padding=${literal(padding)}, stride=${literal(stride)}`;
  }
}

/**
 * The sliding blocks of an image as columns.
 *
 * Shape: input [N, C, H, W] or [C, H, W] -> output [N, C kH kW, L] or [C kH kW, L], L the number of blocks.
 * @example const unfold = new Unfold([2, 3]); unfold(x)   // [2, 5, 3, 4] -> [2, 30, 4]
 * @see torch.nn.Unfold
 */
export class Unfold extends Blocks {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Unfold';

  constructor(
    ...args: Arguments<[kernelSize: Size2d], [dilation?: Size2d, padding?: Size2d, stride?: Size2d], UnfoldOptions>
  ) {
    super(UNFOLD.take<UnfoldOptions>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    return unfold(input, this.kernelSize, this.dilation, this.padding, this.stride);
  }
}

/**
 * Adds columns of sliding blocks up to an image.
 *
 * Shape: input [N, C kH kW, L] or [C kH kW, L] -> output [N, C, H, W] or [C, H, W] with [H, W] = outputSize.
 * @example const fold = new Fold([4, 5], 2); fold(x)   // [1, 12, 12] -> [1, 3, 4, 5]
 * @see torch.nn.Fold
 */
export class Fold extends Blocks {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Fold';

  readonly outputSize: Size2d;

  constructor(
    ...args: Arguments<
      [outputSize: Size2d, kernelSize: Size2d],
      [dilation?: Size2d, padding?: Size2d, stride?: Size2d],
      FoldOptions,
      [outputSize: Size2d, options: Omit<FoldOptions, 'outputSize'>]
    >
  ) {
    const { outputSize, ...blocks } = FOLD.take<FoldOptions>(args, new.target.name);
    super(blocks);
    this.outputSize = outputSize;
  }

  override forward(input: Tensor): Tensor {
    return fold(input, this.outputSize, this.kernelSize, this.dilation, this.padding, this.stride);
  }

  /** Its arguments as `toString` shows them. */
  override extraRepr(): string {
    return `output_size=${literal(this.outputSize)}, ${super.extraRepr()}`;
  }
}
