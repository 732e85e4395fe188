// Several tensors into one, and borders around one: outputs written piece by piece.
import { intercepting } from '../../base/intercept';
import type { Arguments } from '../../base/arguments';
import { COUNTS, INTEGER, DIM, listOf } from '../../base/kinds';
import { argument, signature, taking } from '../../base/signature';
import { TENSORS, SCALAR, INPUT } from '../../core/kinds';
import type { View } from '../../device/contract';
import { resultType } from '../../base/dtype';
import { ShapeError } from '../../base/errors';
import { apply, defineOp, singleOp } from '../../core/op';
import { formatShape, sameShape, wrapDim } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { clone, queueCopy, queueFill, viewPart } from './copy';
import { expand, narrow, reshape, unsqueeze, type Sizes } from './view';

const CAT = singleOp<Tensor[], number>({
  name: 'cat',
  shape: (tensors, dim) => {
    const [first] = tensors;
    for (const t of tensors) {
      const fits = t.ndim === first.ndim && t.shape.every((size, d) => d === dim || size === first.shape[d]);
      if (!fits) {
        throw new ShapeError(
          'cat',
          `sizes must match except along dimension ${dim}, got ${formatShape(first.shape)} and ${formatShape(t.shape)}.`,
          { shapes: [first.shape, t.shape] },
        );
      }
    }
    const total = tensors.reduce((n, t) => n + t.shape[dim], 0);
    return { shape: first.shape.map((size, d) => (d === dim ? total : size)), dtype: resultType(...tensors) };
  },
  forward: (device, tensors, out, dim) => {
    let start = 0;
    for (const t of tensors) {
      queueCopy(device, t, viewPart(out, dim, start, t.shape[dim]));
      start += t.shape[dim];
    }
  },
  saves: {},
  backward: (grad, { shapes, params: dim }) => {
    let start = 0;
    return shapes.map((shape) => {
      const from = start;
      start += shape[dim];
      return () => narrow(grad, dim, from, shape[dim]);
    });
  },
});

type JoinArguments = Arguments<
  [tensors: readonly Tensor[]],
  [dim?: number],
  { tensors: readonly Tensor[]; dim?: number }
>;
const CAT_ARGUMENTS = signature('cat', [argument('tensors', TENSORS), argument('dim', DIM, undefined)]);

/**
 * Tensors joined along a dimension. Shape: [.., n_i, ..] each -> [.., sum n_i, ..].
 * @throws ShapeError if another dimension differs
 * @see torch.cat
 */
export function cat(...args: JoinArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('cat', cat, args);
  const { tensors, dim = 0 } = CAT_ARGUMENTS.take(args);
  if (tensors.length === 0) throw new ShapeError('cat', 'expected at least one tensor, got an empty array.');
  // PyTorch passes over empty vectors of any rank, a habit of code that grows a tensor from [].
  const pieces = tensors.filter((t) => !sameShape(t.shape, [0]));
  const used = pieces.length > 0 && pieces.some((t) => t.ndim !== 1) ? pieces : [...tensors];
  if (used[0].ndim === 0) throw new ShapeError('cat', 'zero-dimensional tensors cannot be joined. Use stack.');
  return apply(CAT, used, wrapDim('cat', dim, used[0].ndim));
}

const STACK = signature('stack', [argument('tensors', TENSORS), argument('dim', DIM, undefined)]);

/** Tensors of one shape along a new dimension. @throws ShapeError if shapes differ. @see torch.stack */
export function stack(...args: JoinArguments): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('stack', stack, args);
  const { tensors, dim = 0 } = STACK.take(args);
  if (tensors.length === 0) throw new ShapeError('stack', 'expected at least one tensor, got an empty array.');
  const [first] = tensors;
  for (const t of tensors) {
    if (!sameShape(t.shape, first.shape)) {
      throw new ShapeError(
        'stack',
        `shapes must be equal, got ${formatShape(first.shape)} and ${formatShape(t.shape)}.`,
        {
          shapes: [first.shape, t.shape],
        },
      );
    }
  }
  const d = wrapDim('stack', dim, first.ndim + 1);
  return cat(tensors.map((t) => unsqueeze(t, d)), d); // prettier-ignore
}

interface PadParams {
  /** Before and after, per dimension; negative crops. */
  readonly pads: readonly (readonly [number, number])[];
  readonly value: number;
}

const padConstant: (x: Tensor, params: PadParams) => Tensor = defineOp<[x: Tensor], PadParams>({
  name: 'constantPadNd',
  shape: ([x], { pads }) => {
    const shape = x.shape.map((size, d) => size + pads[d][0] + pads[d][1]);
    if (shape.some((size) => size < 0)) {
      throw new ShapeError(
        'pad',
        `negative padding must leave sizes >= 0, got ${formatShape(shape)} from ${formatShape(x.shape)}.`,
      );
    }
    return { shape, dtype: x.dtype };
  },
  forward: (device, [x], out, { pads, value }) => {
    queueFill(device, out, value);
    let from: View = x;
    let to: View = out;
    pads.forEach(([before, after], d) => {
      const length = Math.max(0, x.shape[d] + Math.min(before, 0) + Math.min(after, 0));
      from = viewPart(from, d, Math.min(Math.max(-before, 0), x.shape[d]), length);
      to = viewPart(to, d, Math.min(Math.max(before, 0), out.shape[d]), length);
    });
    queueCopy(device, from, to);
  },
  saves: {},
  backward: (grad, { params: { pads } }) => [
    () => padConstant(grad, { pads: pads.map(([before, after]) => [-before, -after] as const), value: 0 }),
  ],
});

/**
 * A constant border. `padding` is [before, after] of the last dimension, then of the one before it, ...; negative crops.
 * @throws ShapeError if there are more pairs than dimensions
 * @see torch.nn.functional.pad
 */
export const constantPad: (
  x: Tensor,
  ...args: Arguments<
    [pad: readonly number[]],
    [value?: number | boolean],
    { pad: readonly number[]; value?: number | boolean }
  >
) => Tensor = taking(
  signature('constantPadNd', [INPUT, argument('pad', listOf(INTEGER)), argument('value', SCALAR, 0)]),
  (x, padding, value) => {
    if (padding.length % 2 !== 0 || padding.length > 2 * x.ndim) {
      throw new ShapeError(
        'pad',
        `padding must be pairs for at most ${x.ndim} dimensions, got ${formatShape(padding)} for shape ${formatShape(x.shape)}.`,
        { shape: x.shape, padding },
      );
    }
    const pads = x.shape.map((_, d): [number, number] => {
      const i = 2 * (x.ndim - 1 - d);
      return [padding[i] ?? 0, padding[i + 1] ?? 0];
    });
    pads.forEach(([before, after], d) => {
      if (Math.min(before, 0) + Math.min(after, 0) >= -x.shape[d]) return;
      throw new ShapeError(
        'pad',
        `no more can be cropped than there is, got ${before} and ${after} for dimension ${d} of ${formatShape(x.shape)}.`,
        { shape: x.shape, padding },
      );
    });
    return padConstant(x, { pads, value: Number(value) });
  },
);

const REPEAT = signature('repeat', [INPUT, argument('repeats', COUNTS)]);

/** Repeated along each dimension, as a copy; new dimensions come first. @see torch.Tensor.repeat */
export function repeat(x: Tensor, ...repeats: Sizes<'repeats'>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('repeat', repeat, [x, ...repeats]);
  const { repeats: counts } = REPEAT.take([x, ...repeats]);
  if (counts.length < x.ndim) {
    throw new ShapeError('repeat', `needs a count for each of ${x.ndim} dimensions, got ${formatShape(counts)}.`);
  }
  const lead = counts.length - x.ndim;
  const padded = [...new Array<number>(lead).fill(1), ...x.shape];
  const interleaved = padded.flatMap((size) => [1, size]);
  const expanded = padded.flatMap((size, i) => [counts[i], size]);
  const shape = padded.map((size, i) => size * counts[i]);
  // Copied in any case: where nothing is repeated, or memory allows it, the expanded view alone would do.
  return reshape(clone(expand(reshape(x, interleaved), expanded)), shape);
}
