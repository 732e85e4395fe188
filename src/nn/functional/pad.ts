// Padding: with a constant, or with values of the input picked by index.
import { ShapeError } from '../../errors';
import { scope } from '../../memory';
import { fromArray } from '../../ops/creation';
import { indexSelect } from '../../ops/index';
import { constantPad } from '../../ops/join';
import { formatShape } from '../../shape';
import type { Tensor } from '../../tensor';
import { gather, type Arguments } from '../../arguments';

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
const PAD = ['pad', 'mode', 'value'] as const;

/**
 * Puts cells around a tensor.
 *
 * Shape: input [*, H, W], pad [left, right, top, bottom] -> [*, top + H + bottom, left + W + right].
 * @throws ShapeError if there is more padding than the mode has values for.
 * @see torch.nn.functional.pad
 */
export function pad(input: Tensor, ...args: Arguments<PadArguments, typeof PAD>): Tensor {
  const { pad: cells, mode = 'constant', value } = gather<PadArguments>('pad', PAD, args);
  if (mode === 'constant') return constantPad(input, cells, value ?? 0);
  const pick = SOURCES[mode];
  if (pick === undefined) {
    throw new TypeError(`pad: mode must be 'constant', 'reflect', 'replicate' or 'circular', got '${String(mode)}'.`);
  }
  return scope(() => {
    let output = input;
    for (let i = 0; i < cells.length / 2; i++) {
      const [before, after] = [cells[2 * i], cells[2 * i + 1]];
      if (before === 0 && after === 0) continue;
      const dim = input.ndim - 1 - i;
      const size = input.size(dim);
      checkReach(mode, input, size, Math.max(before, after));
      const sources = Int32Array.from({ length: before + size + after }, (_, at) => pick(at - before, size));
      output = indexSelect(output, dim, fromArray(sources, [sources.length], { device: input.device }));
    }
    return output;
  });
}

/** Position in a dimension of `n` that stands for a position outside. */
const SOURCES: { readonly [M in Exclude<PaddingMode, 'constant'>]: (at: number, n: number) => number } = {
  reflect: (at, n) => (at < 0 ? -at : at >= n ? 2 * (n - 1) - at : at),
  replicate: (at, n) => Math.min(Math.max(at, 0), n - 1),
  circular: (at, n) => (at + n) % n,
};

function checkReach(mode: PaddingMode, input: Tensor, size: number, most: number): void {
  const reach = mode === 'reflect' ? size - 1 : mode === 'circular' ? size : size === 0 ? 0 : Infinity;
  if (most <= reach) return;
  throw new ShapeError(
    `pad: mode '${mode}' can add at most ${reach} cells to a dimension of ${size}, got ${most} for ${formatShape(input.shape)}.`,
    { shape: input.shape },
  );
}
