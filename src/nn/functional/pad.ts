// Padding: with a constant, or with values of the input picked by index.
import { intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { INTEGER, REAL, listOf, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { KindError, ShapeError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { fromArray } from '../../ops/shape/creation';
import { indexSelect } from '../../ops/indexing/gather';
import { constantPad } from '../../ops/shape/cat';
import { formatShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';

/** What lies outside the input: zeros (or `value`), its mirror image, its border, or its other end. */
export type PaddingMode = 'constant' | 'reflect' | 'replicate' | 'circular';

/** Arguments of pad beside the input. */
export interface PadArguments {
  /** Cells before and after, from the last dimension to the first: [left, right, top, bottom, ...]. Negative ones crop. */
  pad: readonly number[];
  /** 'constant' by default. */
  mode?: PaddingMode;
  /** For 'constant'; 0 by default. */
  value?: number | null;
}
const PAD = signature('pad', [
  argument('input', TENSOR),
  argument('pad', listOf(INTEGER)),
  optional('mode', oneOf('constant', 'reflect', 'replicate', 'circular')),
  optional('value', nullable(REAL)),
]);

/**
 * Puts cells around a tensor.
 *
 * Shape: input [*, H, W], pad [left, right, top, bottom] -> [*, top + H + bottom, left + W + right].
 * @throws ShapeError if there is more padding than the mode has values for.
 * @see torch.nn.functional.pad
 */
export function pad(
  input: Tensor,
  ...args: Arguments<[pad: readonly number[]], [mode?: PaddingMode, value?: number | null], PadArguments>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('pad', pad, [input, ...args]);
  const { pad: cells, mode = 'constant', value } = PAD.takeRest<PadArguments>([input], args);
  if (mode === 'constant') return constantPad(input, cells, value ?? 0);
  const pick = SOURCES[mode];
  if (pick === undefined) {
    throw new KindError('pad', `mode must be 'constant', 'reflect', 'replicate' or 'circular', got '${String(mode)}'.`);
  }
  if (cells.length % 2 !== 0 || input.ndim < 2 || input.ndim > 5 || ![1, 2].includes(input.ndim - cells.length / 2)) {
    throw new ShapeError(
      'pad',
      `mode '${mode}' takes 2, 4 or 6 cells for the last 1, 2 or 3 dimensions behind [N, C] or [C], got ${cells.length} for ${formatShape(input.shape)}.`,
      { shape: input.shape },
    );
  }
  if (value !== undefined && value !== null && value !== 0) {
    throw new KindError('pad', `only mode 'constant' takes a value, got ${value} with '${mode}'.`);
  }
  return libraryCode(() => {
    let output = input;
    for (let i = 0; i < cells.length / 2; i++) {
      const [before, after] = [cells[2 * i], cells[2 * i + 1]];
      const dim = input.ndim - 1 - i;
      const size = input.size(dim);
      checkReach(mode, input, size, before, after);
      if (before === 0 && after === 0) continue;
      const sources = Int32Array.from({ length: before + size + after }, (_, at) =>
        pick(at - before, size, before, after),
      );
      output = indexSelect(output, dim, fromArray(sources, [sources.length], { device: input.device }));
    }
    // Always a copy, as in PyTorch.
    return output === input ? input.clone() : output;
  });
}

/** Position in a dimension of `n` that stands for position `at`, which may be outside. */
type Source = (at: number, n: number, before: number, after: number) => number;

const SOURCES: { readonly [M in Exclude<PaddingMode, 'constant'>]: Source } = {
  reflect: (at, n) => (at < 0 ? -at : at >= n ? 2 * (n - 1) - at : at),
  replicate: (at, n) => Math.min(Math.max(at, 0), n - 1),
  // What negative padding crops is cropped first.
  circular: (at, n, before, after) => {
    const start = Math.max(-before, 0);
    const left = n - start - Math.max(-after, 0);
    return start + ((((at - start) % left) + left) % left);
  },
};

function checkReach(mode: PaddingMode, input: Tensor, size: number, before: number, after: number): void {
  const most = Math.max(before, after);
  const reach = mode === 'reflect' ? size - 1 : mode === 'circular' ? size : size === 0 ? 0 : Infinity;
  if (most <= reach && before + size + after >= 0) return;
  throw new ShapeError(
    'pad',
    `mode '${mode}' can add at most ${reach} cells to a dimension of ${size} and crop no more than there are, got ${before} and ${after} for ${formatShape(input.shape)}.`,
    { shape: input.shape },
  );
}
