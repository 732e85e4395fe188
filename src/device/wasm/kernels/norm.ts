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
import type { BatchSizes, Kernels, RowSizes, View } from '../../contract';
import type { CommandStream } from '../transport/commandStream';
import { floatBits } from '../transport/encode';

type NormKernels = Pick<Kernels, 'normalizeRows' | 'normalizeRowsBackward' | 'batchNorm' | 'batchNormBackward'>;

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

const present = (...views: (View | null)[]): View[] => views.filter((view) => view !== null);

/** The normalization kernels of the wasm device. */
export function normKernels(stream: CommandStream): NormKernels {
  return {
    normalizeRows(x, weight, bias, out, mean, variance, sizes, eps) {
      stream.emit(
        Opcode.NormalizeRows,
        NormalizeRows,
        {
          x: stream.pointer(x),
          weight: stream.pointer(weight),
          bias: stream.pointer(bias),
          out: stream.pointer(out),
          mean: stream.pointer(mean),
          variance: stream.pointer(variance),
          rows: sizes.rows,
          n: sizes.n,
          groups: sizes.groups,
          inner: sizes.inner,
          ...epsBits(eps),
          dtype: DTYPES[x.dtype].code,
        },
        present(x, weight, bias),
        [out, mean, variance],
      );
    },
    normalizeRowsBackward(grad, x, mean, variance, weight, out, gradWeight, gradBias, sizes, eps) {
      const { bytes, code } = DTYPES[x.dtype];
      stream.emit(
        Opcode.NormalizeRowsBackward,
        NormalizeRowsBackward,
        {
          grad: stream.pointer(grad),
          x: stream.pointer(x),
          mean: stream.pointer(mean),
          variance: stream.pointer(variance),
          weight: stream.pointer(weight),
          out: stream.pointer(out),
          gradWeight: stream.pointer(gradWeight),
          gradBias: stream.pointer(gradBias),
          workspace: stream.workspace(rowGradientPartials(sizes) * bytes),
          rows: sizes.rows,
          n: sizes.n,
          groups: sizes.groups,
          inner: sizes.inner,
          ...epsBits(eps),
          dtype: code,
        },
        present(grad, x, mean, variance, weight),
        present(out, gradWeight, gradBias),
      );
    },
    batchNorm(x, weight, bias, out, mean, variance, sizes, eps) {
      const { bytes, code } = DTYPES[x.dtype];
      stream.emit(
        Opcode.BatchNorm,
        BatchNorm,
        {
          x: stream.pointer(x),
          weight: stream.pointer(weight),
          bias: stream.pointer(bias),
          out: stream.pointer(out),
          mean: stream.pointer(mean),
          variance: stream.pointer(variance),
          workspace: stream.workspace(batchNormPartials(sizes) * bytes),
          batch: sizes.batch,
          channels: sizes.channels,
          inner: sizes.inner,
          ...epsBits(eps),
          dtype: code,
        },
        present(x, weight, bias),
        [out, mean, variance],
      );
    },
    batchNormBackward(grad, x, mean, variance, weight, out, gradWeight, gradBias, sizes, eps) {
      const { bytes, code } = DTYPES[x.dtype];
      stream.emit(
        Opcode.BatchNormBackward,
        BatchNormBackward,
        {
          grad: stream.pointer(grad),
          x: stream.pointer(x),
          mean: stream.pointer(mean),
          variance: stream.pointer(variance),
          weight: stream.pointer(weight),
          out: stream.pointer(out),
          gradWeight: stream.pointer(gradWeight),
          gradBias: stream.pointer(gradBias),
          workspace: stream.workspace(batchNormPartials(sizes) * bytes),
          batch: sizes.batch,
          channels: sizes.channels,
          inner: sizes.inner,
          ...epsBits(eps),
          dtype: code,
        },
        present(grad, x, mean, variance, weight),
        present(out, gradWeight, gradBias),
      );
    },
  };
}
