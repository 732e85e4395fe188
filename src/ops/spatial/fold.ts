// Sliding blocks of images: unfold lays them out as columns, fold adds them back up. Each is the other's gradient, and both
// are composed of indexing along height and width.
import { intercepting } from '../../base/intercept';
import { ShapeError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { formatShape, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { perDimension, windowIndex } from './conv';
import { contiguous } from '../shape/copy';
import { addAlong, indexSelect } from '../indexing/gather';
import { constantPad } from '../shape/cat';
import { permute, reshape, squeeze, unsqueeze } from '../shape/view';

/** Options of unfold and fold; each a number or one for height and one for width. */
export interface BlockOptions {
  /** Distance between the cells of a block; 1 by default. */
  readonly dilation?: number | Shape;
  /** Zeros around the image; 0 by default. */
  readonly padding?: number | Shape;
  /** Distance between blocks; 1 by default. */
  readonly stride?: number | Shape;
}

/** One entry for height and one for width. */
interface Blocks {
  readonly kernel: Shape;
  readonly dilation: Shape;
  readonly padding: Shape;
  readonly stride: Shape;
  /** How many blocks lie along each. */
  readonly counts: Shape;
}

/** @throws RangeError, ShapeError if no block fits */
function blocksOf(op: string, image: Shape, kernelSize: number | Shape, options: BlockOptions): Blocks {
  const kernel = perDimension(op, 'kernelSize', kernelSize, 2, 1);
  const dilation = perDimension(op, 'dilation', options.dilation ?? 1, 2, 1);
  const padding = perDimension(op, 'padding', options.padding ?? 0, 2, 0);
  const stride = perDimension(op, 'stride', options.stride ?? 1, 2, 1);
  const counts = kernel.map(
    (size, i) => Math.floor((image[i] + 2 * padding[i] - dilation[i] * (size - 1) - 1) / stride[i]) + 1,
  );
  if (counts.some((count) => count < 1)) {
    throw new ShapeError(
      op,
      `a block must fit into the image, got ${formatShape(image)} with padding ${formatShape(padding)} and blocks of ${formatShape(kernel)} with dilation ${formatShape(dilation)}.`,
      { image, kernel },
    );
  }
  return { kernel, dilation, padding, stride, counts };
}

/** Zeros, or with `sign` -1 a cut, around the last two dimensions. */
function around(x: Tensor, [vertical, horizontal]: Shape, sign: 1 | -1): Tensor {
  if (vertical === 0 && horizontal === 0) return x;
  return constantPad(x, [sign * horizontal, sign * horizontal, sign * vertical, sign * vertical]);
}

/**
 * The blocks of an image as columns.
 * Shape: [N, C, H, W] or [C, H, W] -> [N, C kH kW, L] or [C kH kW, L], L the number of blocks.
 * @throws ShapeError, RangeError
 * @see torch.nn.functional.unfold
 */
export function unfold(input: Tensor, kernelSize: number | Shape, options: BlockOptions = {}): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('unfold', unfold, [input, kernelSize, options]);
  if ((input.ndim !== 3 && input.ndim !== 4) || input.shape.slice(-3).includes(0)) {
    throw new ShapeError('unfold', `input must be [N, C, H, W] or [C, H, W] and not empty, got ${formatShape(input.shape)}.`); // prettier-ignore
  }
  const blocks = blocksOf('unfold', input.shape.slice(-2), kernelSize, options);
  const { kernel, dilation, padding, stride, counts } = blocks;
  return libraryCode(() => {
    const images = around(input.ndim === 4 ? input : unsqueeze(input, 0), padding, 1);
    const [batch, channels] = images.shape;
    const picked = [0, 1].reduce(
      (x, i) => indexSelect(x, 2 + i, windowIndex(counts[i], kernel[i], stride[i], dilation[i], x)),
      images,
    );
    const places = reshape(picked, [batch, channels, counts[0], kernel[0], counts[1], kernel[1]]);
    const ordered = contiguous(permute(places, 0, 1, 3, 5, 2, 4));
    const columns = reshape(ordered, [batch, channels * kernel[0] * kernel[1], counts[0] * counts[1]]);
    return input.ndim === 4 ? columns : squeeze(columns, 0);
  });
}

/**
 * Adds columns back up to an image, where blocks overlap their sum.
 * Shape: [N, C kH kW, L] or [C kH kW, L] -> [N, C, H, W] or [C, H, W] with [H, W] = outputSize.
 * @throws ShapeError unless the columns are what unfold of such an image gives
 * @see torch.nn.functional.fold
 */
export function fold(
  input: Tensor,
  outputSize: number | Shape,
  kernelSize: number | Shape,
  options: BlockOptions = {},
): Tensor {
  if (intercepting.current !== null)
    return intercepting.current.call('fold', fold, [input, outputSize, kernelSize, options]);
  if (input.ndim !== 2 && input.ndim !== 3) {
    throw new ShapeError('fold', `input must be [N, C kH kW, L] or [C kH kW, L], got ${formatShape(input.shape)}.`);
  }
  const image = perDimension('fold', 'outputSize', outputSize, 2, 1);
  const blocks = blocksOf('fold', image, kernelSize, options);
  const { kernel, dilation, padding, stride, counts } = blocks;
  const [rows, length] = input.shape.slice(-2);
  const channels = rows / (kernel[0] * kernel[1]);
  if (!Number.isInteger(channels) || channels === 0 || length !== counts[0] * counts[1]) {
    throw new ShapeError(
      'fold',
      `for blocks of ${formatShape(kernel)} in ${formatShape(image)} the input must have a multiple of ${kernel[0] * kernel[1]} rows and ${counts[0] * counts[1]} columns, got ${formatShape(input.shape)}.`,
      { shape: input.shape, image, kernel },
    );
  }
  return libraryCode(() => {
    const columns = input.ndim === 3 ? input : unsqueeze(input, 0);
    const batch = columns.shape[0];
    const places = reshape(columns, [batch, channels, kernel[0], kernel[1], counts[0], counts[1]]);
    const ordered = contiguous(permute(places, 0, 1, 4, 2, 5, 3));
    const cells = reshape(ordered, [batch, channels, counts[0] * kernel[0], counts[1] * kernel[1]]);
    const added = [1, 0].reduce((x, i) => {
      const index = windowIndex(counts[i], kernel[i], stride[i], dilation[i], x);
      return addAlong(x, 2 + i, index, image[i] + 2 * padding[i]);
    }, cells);
    const images = around(added, padding, -1);
    return input.ndim === 3 ? images : squeeze(images, 0);
  });
}
