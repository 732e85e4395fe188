// Running folds along a dimension.
import { DIM } from '../../base/kinds';
import { argument, signature, takingNamed } from '../../base/signature';
import { INPUT, TO_DTYPE } from '../../core/kinds';
import type { ArgReduceKind, ScanKind } from '../../device/contract';
import { defaultDType, isFloat, type DType } from '../../base/dtype';
import { defineOp } from '../../core/op';
import { axisOf, wrapDim } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { gt, lt, where } from '../pointwise/compare';
import { contiguous, to } from '../shape/copy';
import type { Extremum } from './argReduce';
import { gather, triu } from '../indexing/gather';
import { expand, movedim, reshape, unsqueeze } from '../shape/view';
import { abs, add, exp, log, mul, sub } from '../pointwise/arithmetic';
import { diagonalMask, sum } from './reduce';
import type { Arguments } from '../../base/arguments';

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
    device.run('scan', [x], [out], { kind: 'cumsum', axis: axisOf(x.shape, dim), reverse });
  },
  saves: {},
  // y_j = Σ_{i ≤ j} x_i:  dx_i = Σ_{j ≥ i} dy_j
  backward: (grad, { params: { dim, reverse } }) => [() => cumsumAlong(contiguous(grad), { dim, reverse: !reverse })],
});

const cumprodAlong: (x: Tensor, dim: number) => Tensor = defineOp<[x: Tensor], number>({
  ...scanForward('cumprod'),
  forward: (device, [x], out, dim) => {
    device.run('scan', [x], [out], { kind: 'cumprod', axis: axisOf(x.shape, dim), reverse: false });
  },
  saves: { inputs: [0] },
  // dx_i = Σ_{j ≥ i} dy_j Π_{k ≤ j, k ≠ i} x_k. Row i of [n, n] is x with 1 in place i: no division, so zeros need no care.
  backward: (grad, { inputs: [x], params: dim }) => [
    () => {
      const last = movedim(x, dim, -1);
      const n = last.shape[last.ndim - 1];
      if (n === 1) return grad;
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

const SCAN = [INPUT, argument('dim', DIM), TO_DTYPE] as const;

/** y_j = x_0 + ... + x_j along a dimension; float32 is added up in double precision. @see torch.cumsum */
export const cumsum: (x: Tensor, ...args: Arguments<[dim: number], [dtype?: DType | null], DimOptions>) => Tensor =
  takingNamed(signature('cumsum', SCAN), (x: Tensor, options: DimOptions): Tensor =>
    scanIn('cumsum', x, options, (input, along) => cumsumAlong(input, { dim: along, reverse: false })),
  );

/** y_j = x_0 · ... · x_j along a dimension. The gradient takes n² memory for n elements along it. @see torch.cumprod */
export const cumprod: (x: Tensor, ...args: Arguments<[dim: number], [dtype?: DType | null], DimOptions>) => Tensor =
  takingNamed(signature('cumprod', SCAN), (x: Tensor, options: DimOptions): Tensor =>
    scanIn('cumprod', x, options, cumprodAlong),
  );

const logcumsumexpAlong: (x: Tensor, parameters: ScanParameters) => Tensor = defineOp<[x: Tensor], ScanParameters>({
  ...scanForward('logcumsumexp'),
  forward: (device, [x], out, { dim, reverse }) => {
    device.run('scan', [x], [out], { kind: 'logcumsumexp', axis: axisOf(x.shape, dim), reverse });
  },
  saves: { inputs: [0], outputs: [0] },
  // dx_i = e^{x_i} Σ_{j ≥ i} dy_j e^{-y_j}, in logarithms, for the positive and the negative dy apart.
  backward: (grad, { inputs: [x], output: y, params: { dim, reverse } }) => [
    () => {
      const part = (isTaken: Tensor): Tensor => {
        const size = log(where(isTaken, abs(grad), 1));
        // Where nothing is taken y may be -∞ too, and their difference has no value.
        const scaled = where(isTaken, sub(size, y), -Infinity);
        return exp(add(logcumsumexpAlong(contiguous(scaled), { dim, reverse: !reverse }), x));
      };
      return sub(part(gt(grad, 0)), part(lt(grad, 0)));
    },
  ],
});

/** y_j = log(e^{x_0} + ... + e^{x_j}) along a dimension, without overflow. @see torch.logcumsumexp */
export const logcumsumexp: (x: Tensor, ...args: Arguments<[dim: number], [], { dim: number }>) => Tensor = takingNamed(
  signature('logcumsumexp', [INPUT, argument('dim', DIM)]),
  (x: Tensor, options: { dim: number }): Tensor =>
    scanIn('logcumsumexp', isFloat(x.dtype) ? x : to(x, defaultDType()), options, (input, along) =>
      logcumsumexpAlong(input, { dim: along, reverse: false }),
    ),
);

const extremesAlong: (x: Tensor, parameters: { dim: number; kind: ArgReduceKind }) => Tensor = defineOp<
  [x: Tensor],
  { dim: number; kind: ArgReduceKind }
>({
  name: 'cummax',
  shape: ([x]) => ({ shape: x.shape, dtype: 'int64' }),
  forward: (device, [x], out, { dim, kind }) => {
    device.run('scanIndices', [x], [out], { kind, axis: axisOf(x.shape, dim) });
  },
});

function runningExtreme(op: string, kind: ArgReduceKind, x: Tensor, dim: number): Extremum {
  const places = extremesAlong(contiguous(x.detach()), { dim: wrapDim(op, dim, x.ndim), kind });
  const values = gather(x, dim, places);
  return Object.assign([values, places] as [Tensor, Tensor], { values, indices: places });
}

/** The greatest so far along a dimension, with its place (of equals the last). @see torch.cummax */
export const cummax: (x: Tensor, ...args: Arguments<[dim: number], [], { dim: number }>) => Extremum = takingNamed(
  signature('cummax', [INPUT, argument('dim', DIM)]),
  (x: Tensor, { dim }: { dim: number }): Extremum => runningExtreme('cummax', 'argmax', x, dim),
);
/** The least so far along a dimension, with its place (of equals the last). @see torch.cummin */
export const cummin: (x: Tensor, ...args: Arguments<[dim: number], [], { dim: number }>) => Extremum = takingNamed(
  signature('cummin', [INPUT, argument('dim', DIM)]),
  (x: Tensor, { dim }: { dim: number }): Extremum => runningExtreme('cummin', 'argmin', x, dim),
);
