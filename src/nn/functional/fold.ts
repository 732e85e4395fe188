// Sliding blocks with PyTorch's arguments.
import * as ops from '../../ops/spatial/fold';
import type { Tensor } from '../../core/tensor';
import { gather, type Arguments, type Size2d } from '../../base/arguments';

/** Arguments of unfold beside the input. */
export interface UnfoldArguments {
  kernelSize: Size2d;
  /** Distance between the cells of a block; 1 by default. */
  dilation?: Size2d;
  /** Zeros around the image; 0 by default. */
  padding?: Size2d;
  /** Distance between blocks; 1 by default. */
  stride?: Size2d;
}

/** Arguments of fold beside the input. */
export interface FoldArguments extends UnfoldArguments {
  /** Height and width of the image. */
  outputSize: Size2d;
}
const UNFOLD = ['kernelSize', 'dilation', 'padding', 'stride'] as const;
const FOLD = ['outputSize', ...UNFOLD] as const;

/**
 * The sliding blocks of an image as columns. Shape: [N, C, H, W] or [C, H, W] -> [N, C kH kW, L] or [C kH kW, L].
 * @see torch.nn.functional.unfold
 */
export function unfold(input: Tensor, ...args: Arguments<UnfoldArguments, typeof UNFOLD>): Tensor {
  const { kernelSize, ...options } = gather<UnfoldArguments>('unfold', UNFOLD, args);
  return ops.unfold(input, kernelSize, options);
}

/**
 * Columns added up to an image. Shape: [N, C kH kW, L] or [C kH kW, L] -> [N, C, H, W] or [C, H, W].
 * @see torch.nn.functional.fold
 */
export function fold(input: Tensor, ...args: Arguments<FoldArguments, typeof FOLD>): Tensor {
  const { outputSize, kernelSize, ...options } = gather<FoldArguments>('fold', FOLD, args);
  return ops.fold(input, outputSize, kernelSize, options);
}
