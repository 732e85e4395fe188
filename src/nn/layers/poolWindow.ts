// What layers of max and average pooling share.
import { checkSize } from '../../base/arguments';
import { ValueError } from '../../base/errors';
import { literal } from '../module/representation';

/** @throws RangeError unless the window is well formed: padding at most half of it. */
export function checkWindow(
  name: string,
  window: {
    kernelSize: number | readonly number[];
    stride: number | readonly number[];
    padding: number | readonly number[];
  },
  dimensions: number,
): void {
  const kernel = checkSize(name, 'kernelSize', window.kernelSize, dimensions, 1);
  checkSize(name, 'stride', window.stride, dimensions, 1);
  const padding = checkSize(name, 'padding', window.padding, dimensions, 0);
  if (padding.some((p, i) => p > kernel[i] / 2)) {
    throw new ValueError(
      name,
      `padding must be at most half of kernelSize, got ${literal(padding)} and ${literal(kernel)}.`,
    );
  }
}

/** Sizes spelled out per dimension, as some layers keep and print them. */
export const perDimension = (size: number | readonly number[], dimensions: number): readonly number[] =>
  typeof size === 'number' ? new Array<number>(dimensions).fill(size) : size;

/** The size of an adaptive pooling's output: one number for all dimensions, or one each; null keeps the input's size. */
export type AdaptiveSize = number | null | readonly (number | null)[];
