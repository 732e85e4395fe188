// A function of one example as a function of many. It is called once for each example: what it computes, and how that composes with
// derivatives, is PyTorch's; that all examples go through one command is not, so a function that takes batches itself is faster.
import { isPlainObject, type Arguments } from '../base/arguments';
import { describe } from '../base/errorText';
import { KindError, ShapeError } from '../base/errors';
import { defaultGenerator } from '../base/generator';
import { FUNCTION, kind, oneOf } from '../base/kinds';
import { argument, signature, withoutEffect } from '../base/signature';
import { wrapDim } from '../base/shape';
import { leavesOf, refilled, type Tree } from '../autograd/trees';
import { stack } from '../ops/shape/cat';
import { select } from '../ops/shape/view';
import { Tensor } from '../core/tensor';

/** Which dimension has the examples: a number for all tensors, null for what all examples share, or the structure of the arguments with these. */
export type Dims = number | null | readonly Dims[] | { readonly [key: string]: Dims };

interface VmapOptions {
  /** Of the arguments; 0 by default. */
  inDims?: Dims;
  /** Of the results; 0 by default. */
  outDims?: Dims;
  /** Whether random numbers are refused, the default, are other ones for each example, or the same for all. */
  randomness?: 'error' | 'different' | 'same';
  /** Has no effect: examples go one by one. */
  chunkSize?: number | null;
}

const areDims = (value: unknown): boolean =>
  value === null ||
  Number.isInteger(value) ||
  (Array.isArray(value) && Array.from<unknown>(value).every(areDims)) ||
  (isPlainObject(value) && Object.values(value).every(areDims));
const DIMS = kind<Dims>('a dimension, null, or lists of these', areDims);
const TAKES = signature('vmap', [
  argument('func', FUNCTION), argument('inDims', DIMS, 0), argument('outDims', DIMS, 0),
  argument('randomness', oneOf('error', 'different', 'same'), 'error'), withoutEffect('chunkSize'),
]); // prettier-ignore

/**
 * `func`, which takes one example, as a function that takes many along a dimension of its arguments and gives their results along a
 * new one. Arguments with null in `inDims` are the same for all.
 * @example vmap(dot)(x, y)                                        // [n, d], [n, d] -> [n]
 * @example vmap(grad(loss), { inDims: [null, 0, 0] })(params, x, y)    // a gradient for each example
 * @throws ShapeError, at the call, if the arguments have different numbers of examples
 * @see torch.func.vmap
 */
export function vmap<A extends readonly unknown[], R extends Tree>(
  func: (...args: A) => R,
  ...options: Arguments<
    [],
    [inDims?: Dims, outDims?: Dims, randomness?: 'error' | 'different' | 'same', chunkSize?: number | null],
    VmapOptions
  >
): (...args: A) => R;
export function vmap(...given: unknown[]): unknown {
  const { func, inDims, outDims, randomness } = TAKES.take(given);
  return (...args: unknown[]): unknown => {
    const inputs = dimsFor('inDims', args, inDims);
    const size = exampleCount(inputs);
    const draws = drawing(randomness);
    const results = Array.from({ length: size }, (_, i): unknown => {
      const example = replaced(args, inputs, (t, dim) => (dim === null ? t : select(t, dim, i)));
      return draws(() => Reflect.apply(func, undefined, example as unknown[]) as unknown);
    });
    const tensors = results.map((result) => leavesOf("vmap: the function's result", result));
    const outputs = dimsFor('outDims', results[0], outDims);
    const whole = outputs.map(({ t, dim }, k) => {
      if (dim === null) {
        throw new KindError('vmap', 'outDims must be a dimension for each result, got null: every example has a result of its own.'); // prettier-ignore
      }
      return stack(tensors.map((list) => list[k]), wrapDim('vmap: outDims', dim, t.ndim + 1)); // prettier-ignore
    });
    return refilled(results[0], whole);
  };
}

/** A tensor, or another argument, with its dimension. */
interface Placed {
  readonly t: Tensor;
  readonly dim: number | null;
}

/** The tensors in a value with the dimension of each, in order. @throws TypeError where the structures differ */
function dimsFor(name: string, value: unknown, dims: Dims): Placed[] {
  if (value instanceof Tensor) {
    if (dims !== null && typeof dims !== 'number') {
      throw new KindError(
        'vmap',
        `${name} must have the structure of what it stands for, got ${describe(dims)} for a tensor.`,
      );
    }
    return [{ t: value, dim: dims === null || name === 'outDims' ? dims : wrapDim(`vmap: ${name}`, dims, value.ndim) }];
  }
  const entries: [string, unknown][] | null = Array.isArray(value)
    ? Array.from<unknown>(value).map((item, i) => [String(i), item])
    : isPlainObject(value)
      ? Object.entries(value)
      : null;
  if (entries === null) {
    // Other arguments are the same for all. A dimension of theirs that was named on purpose is refused.
    if (dims === null || name === 'inDims') {
      if (typeof dims !== 'number') return [];
      throw new KindError('vmap', `only tensors have a dimension of examples, got ${describe(value)}. Give null for it in inDims.`); // prettier-ignore
    }
    throw new KindError('vmap', `the function must give tensors, got ${describe(value)}.`);
  }
  if (dims === null || typeof dims === 'number') return entries.flatMap(([, item]) => dimsFor(name, item, dims));
  const keys = Object.keys(dims);
  if (
    Array.isArray(dims) !== Array.isArray(value) ||
    keys.length !== entries.length ||
    entries.some(([key]) => !keys.includes(key))
  ) {
    throw new KindError(
      'vmap',
      `${name} must have the structure of what it stands for, got entries [${keys.join(', ')}] for [${entries.map(([key]) => key).join(', ')}].`,
    );
  }
  return entries.flatMap(([key, item]) => dimsFor(name, item, Reflect.get(dims, key) as Dims));
}

function exampleCount(inputs: readonly Placed[]): number {
  const sizes = new Set(inputs.flatMap(({ t, dim }) => (dim === null ? [] : [t.shape[dim]])));
  if (sizes.size === 0)
    throw new KindError('vmap', 'at least one argument must have a dimension of examples, got none.');
  const [size, ...others] = sizes;
  if (others.length > 0) {
    throw new ShapeError(
      'vmap',
      `all arguments must have the same number of examples, got ${[...sizes].join(' and ')}. Give null in inDims for what is shared.`,
      { shapes: inputs.map(({ t }) => t.shape) },
    );
  }
  if (size === 0) throw new ShapeError('vmap', 'there must be examples to tell what the function gives, got none.');
  return size;
}

/** The arguments with other tensors in the places of theirs. */
function replaced(args: unknown, inputs: readonly Placed[], of: (t: Tensor, dim: number | null) => Tensor): unknown {
  return refilled(args, inputs.map(({ t, dim }) => of(t, dim))); // prettier-ignore
}

/** Runs calls with the randomness that was asked for. */
function drawing(randomness: 'error' | 'different' | 'same'): <T>(call: () => T) => T {
  if (randomness === 'different') return (call) => call();
  const start = defaultGenerator.getState();
  const same = (state: Uint8Array): boolean => state.every((byte, i) => byte === start[i]);
  return (call) => {
    if (randomness === 'same') defaultGenerator.setState(start);
    const result = call();
    if (randomness === 'error' && !same(defaultGenerator.getState())) {
      throw new KindError('vmap', "the function must not draw random numbers unless randomness is 'different' or 'same', got one that does."); // prettier-ignore
    }
    return result;
  };
}
