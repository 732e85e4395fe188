// Running folds along a dimension.
import type { ScanKind } from '../device/contract';
import { isFloat, type DType } from '../dtype';
import { defineOp } from '../op';
import { axisOf, wrapDim } from '../shape';
import type { Tensor } from '../tensor';
import { where } from './compare';
import { contiguous, to } from './copy';
import { triu } from './index';
import { expand, movedim, reshape, unsqueeze } from './movement';
import { mul } from './pointwise';
import { diagonalMask, sum } from './reduce';

/** Options of running folds. */
export interface ScanOptions {
  /** The input is converted to this first. */
  dtype?: DType | null;
}

/** The same with the dimension among them. */
export interface DimOptions extends ScanOptions {
  dim: number;
}

interface ScanParameters {
  readonly dim: number;
  readonly reverse: boolean;
}

const scanForward = (kind: ScanKind) => ({
  name: kind,
  shape: ([x]: readonly [Tensor]) => ({ shape: x.shape, dtype: x.dtype }),
});

const cumsumAlong: (x: Tensor, parameters: ScanParameters) => Tensor = defineOp<[x: Tensor], ScanParameters>({
  ...scanForward('cumsum'),
  forward: (device, [x], out, { dim, reverse }) => {
    device.scan('cumsum', x, out, axisOf(x.shape, dim), reverse);
  },
  saves: {},
  // y_j = Σ_{i ≤ j} x_i:  dx_i = Σ_{j ≥ i} dy_j
  backward: (grad, { params: { dim, reverse } }) => [() => cumsumAlong(contiguous(grad), { dim, reverse: !reverse })],
});

const cumprodAlong: (x: Tensor, dim: number) => Tensor = defineOp<[x: Tensor], number>({
  ...scanForward('cumprod'),
  forward: (device, [x], out, dim) => {
    device.scan('cumprod', x, out, axisOf(x.shape, dim), false);
  },
  saves: { inputs: [0] },
  // dx_i = Σ_{j ≥ i} dy_j Π_{k ≤ j, k ≠ i} x_k. Row i of [n, n] is x with 1 in place i: no division, so zeros need no care.
  backward: (grad, { inputs: [x], params: dim }) => [
    () => {
      const last = movedim(x, dim, -1);
      const n = last.shape[last.ndim - 1];
      const others = where(diagonalMask(n, x.device), 1, expand(unsqueeze(last, -2), [...last.shape, n]));
      const products = triu(cumprodAlong(contiguous(others), others.ndim - 1));
      return movedim(sum(mul(products, unsqueeze(movedim(grad, dim, -1), -2)), -1), -1, dim);
    },
  ],
});

/** Converts as PyTorch does (to `dtype` if given, integers to int64) and scans along `dim`. */
function scanIn(op: string, x: Tensor, { dim, dtype }: DimOptions, scan: (x: Tensor, dim: number) => Tensor): Tensor {
  const along = wrapDim(op, dim, x.ndim);
  const result = dtype ?? (isFloat(x.dtype) ? x.dtype : 'int64');
  const input = contiguous(to(x, isFloat(result) ? result : 'int64'));
  const scanned = x.ndim === 0 ? reshape(scan(reshape(input, [1]), 0), []) : scan(input, along);
  return to(scanned, result);
}

/** y_j = x_0 + ... + x_j along a dimension; float32 is added up in double precision. @see torch.cumsum */
export const cumsum = (x: Tensor, dim: number | DimOptions, options: ScanOptions = {}): Tensor =>
  scanIn('cumsum', x, typeof dim === 'object' ? dim : { dim, ...options }, (input, along) =>
    cumsumAlong(input, { dim: along, reverse: false }),
  );

/** y_j = x_0 · ... · x_j along a dimension. The gradient takes n² memory for n elements along it. @see torch.cumprod */
export const cumprod = (x: Tensor, dim: number | DimOptions, options: ScanOptions = {}): Tensor =>
  scanIn('cumprod', x, typeof dim === 'object' ? dim : { dim, ...options }, cumprodAlong);
