// Sliding blocks with PyTorch's arguments.
import { intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { SIZE } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import * as ops from '../../ops/spatial/fold';
import type { Tensor } from '../../core/tensor';
import type { Arguments, Size2d } from '../../base/arguments';

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
const UNFOLD = signature('unfold', [
  argument('input', TENSOR),
  argument('kernelSize', SIZE),
  optional('dilation', SIZE),
  optional('padding', SIZE),
  optional('stride', SIZE),
]);
const FOLD = signature('fold', [
  argument('input', TENSOR),
  argument('outputSize', SIZE),
  argument('kernelSize', SIZE),
  optional('dilation', SIZE),
  optional('padding', SIZE),
  optional('stride', SIZE),
]);

/**
 * The sliding blocks of an image as columns. Shape: [N, C, H, W] or [C, H, W] -> [N, C kH kW, L] or [C kH kW, L].
 * @see torch.nn.functional.unfold
 */
export function unfold(
  input: Tensor,
  ...args: Arguments<[kernelSize: Size2d], [dilation?: Size2d, padding?: Size2d, stride?: Size2d], UnfoldArguments>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('unfold', unfold, [input, ...args]);
  const { kernelSize, ...options } = UNFOLD.takeRest<UnfoldArguments>([input], args);
  return ops.unfold(input, kernelSize, options);
}

/**
 * Columns added up to an image. Shape: [N, C kH kW, L] or [C kH kW, L] -> [N, C, H, W] or [C, H, W].
 * @see torch.nn.functional.fold
 */
export function fold(
  input: Tensor,
  ...args: Arguments<
    [outputSize: Size2d, kernelSize: Size2d],
    [dilation?: Size2d, padding?: Size2d, stride?: Size2d],
    FoldArguments,
    [outputSize: Size2d, options: Omit<FoldArguments, 'outputSize'>]
  >
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('fold', fold, [input, ...args]);
  const { outputSize, kernelSize, ...options } = FOLD.takeRest<FoldArguments>([input], args);
  return ops.fold(input, outputSize, kernelSize, options);
}
