// Lowering of layer, group and batch normalization.
import {
  BATCH_NORM_CHUNK,
  BatchNorm,
  BatchNormBackward,
  NORM_ROWS_CHUNK,
  NormalizeRows,
  NormalizeRowsBackward,
  Opcode,
} from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import type { BatchSizes, RowSizes } from '../../contract';
import { floatBits } from '../transport/encode';
import { command, type Lowerings } from './lowering';

/** Elements of the partial gradients of weight and bias; see NormalizeRowsBackward. */
export function rowGradientPartials({ rows, n, groups, inner }: RowSizes): number {
  const rowsPerSlot = groups === 1 && inner === 1 ? Math.max(1, Math.floor(NORM_ROWS_CHUNK / Math.max(n, 1))) : groups;
  return 2 * Math.ceil(rows / rowsPerSlot) * groups * (n / Math.max(inner, 1));
}

/** Elements of the partial statistics or gradients of BatchNorm. */
export function batchNormPartials({ batch, channels, inner }: BatchSizes): number {
  const samples = Math.max(1, Math.floor(BATCH_NORM_CHUNK / Math.max(inner, 32)));
  return 2 * Math.max(1, Math.ceil(batch / samples)) * channels;
}

/** Both parts of eps. */
const epsBits = (eps: number): { eps: f32; epsRest: f32 } => ({
  eps: floatBits(eps),
  epsRest: floatBits(eps - Math.fround(eps)),
});

type NormName = 'normalizeRows' | 'normalizeRowsBackward' | 'batchNorm' | 'batchNormBackward';

export const NORM: Lowerings<NormName> = {
  normalizeRows: command(
    Opcode.NormalizeRows,
    NormalizeRows,
    (place, [x, weight, bias], [out, mean, rstd, variance], sizes) => ({
      x: place.pointer(x),
      weight: place.pointer(weight),
      bias: place.pointer(bias),
      out: place.pointer(out),
      mean: place.pointer(mean),
      rstd: place.pointer(rstd),
      variance: place.pointer(variance),
      rows: sizes.rows,
      n: sizes.n,
      groups: sizes.groups,
      inner: sizes.inner,
      ...epsBits(sizes.eps),
      dtype: DTYPES[x.dtype].code,
    }),
  ),
  normalizeRowsBackward: command(
    Opcode.NormalizeRowsBackward,
    NormalizeRowsBackward,
    (place, [grad, x, mean, rstd, weight], [out, gradWeight, gradBias], sizes) => {
      const { bytes, code } = DTYPES[x.dtype];
      return {
        grad: place.pointer(grad),
        x: place.pointer(x),
        mean: place.pointer(mean),
        rstd: place.pointer(rstd),
        weight: place.pointer(weight),
        out: place.pointer(out),
        gradWeight: place.pointer(gradWeight),
        gradBias: place.pointer(gradBias),
        workspace: place.workspace(rowGradientPartials(sizes) * bytes),
        rows: sizes.rows,
        n: sizes.n,
        groups: sizes.groups,
        inner: sizes.inner,
        dtype: code,
      };
    },
  ),
  batchNorm: command(Opcode.BatchNorm, BatchNorm, (place, [x, weight, bias], [out, mean, rstd, variance], sizes) => {
    const { bytes, code } = DTYPES[x.dtype];
    return {
      x: place.pointer(x),
      weight: place.pointer(weight),
      bias: place.pointer(bias),
      out: place.pointer(out),
      mean: place.pointer(mean),
      rstd: place.pointer(rstd),
      variance: place.pointer(variance),
      workspace: place.workspace(batchNormPartials(sizes) * bytes),
      batch: sizes.batch,
      channels: sizes.channels,
      inner: sizes.inner,
      ...epsBits(sizes.eps),
      dtype: code,
    };
  }),
  batchNormBackward: command(
    Opcode.BatchNormBackward,
    BatchNormBackward,
    (place, [grad, x, mean, rstd, weight], [out, gradWeight, gradBias], sizes) => {
      const { bytes, code } = DTYPES[x.dtype];
      return {
        grad: place.pointer(grad),
        x: place.pointer(x),
        mean: place.pointer(mean),
        rstd: place.pointer(rstd),
        weight: place.pointer(weight),
        out: place.pointer(out),
        gradWeight: place.pointer(gradWeight),
        gradBias: place.pointer(gradBias),
        workspace: place.workspace(batchNormPartials(sizes) * bytes),
        batch: sizes.batch,
        channels: sizes.channels,
        inner: sizes.inner,
        dtype: code,
      };
    },
  ),
};
