// Lowering of the kernels that read and add by index.
import { IndexCommand, Opcode, ScatterKind as ScatterCode } from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import type { Axis, IndexOptions, Kernels, ScatterKind, View } from '../../contract';
import type { CommandStream } from '../transport/commandStream';

const SCATTER_CODES: { readonly [K in ScatterKind]: ScatterCode } = {
  set: ScatterCode.Set,
  add: ScatterCode.Add,
  mul: ScatterCode.Mul,
  amax: ScatterCode.Amax,
  amin: ScatterCode.Amin,
};

/** gather, scatterAdd, indexSelect, indexAdd and scatter of the wasm device. */
export function gatherKernels(
  stream: CommandStream,
): Pick<Kernels, 'gather' | 'scatterAdd' | 'indexSelect' | 'indexAdd' | 'scatter'> {
  /** `m` is the number of indices along the axis. */
  const emit = (
    opcode: Opcode,
    a: View,
    index: View,
    out: View,
    axis: Axis,
    m: number,
    options: IndexOptions,
    kind = 0,
  ): void =>
    stream.emit(
      opcode,
      IndexCommand,
      {
        a: stream.pointer(a),
        index: stream.pointer(index),
        out: stream.pointer(out),
        outer: axis.outer,
        n: axis.n,
        inner: axis.inner,
        m,
        hasIgnore: options.ignore === null ? 0 : 1,
        ignore: options.ignore ?? 0,
        dtype: DTYPES[a.dtype].code,
        indexDtype: DTYPES[index.dtype].code,
        kind,
      },
      [a, index],
      [out],
      options,
    );
  const elements = (view: View): number => view.shape.reduce((product, size) => product * size, 1);
  /** Positions along the axis of an index [outer, m, inner]. */
  const positions = (index: View, { outer, inner }: Axis): number =>
    outer * inner === 0 ? 0 : elements(index) / (outer * inner);
  return {
    gather: (x, index, out, axis, options) => emit(Opcode.Gather, x, index, out, axis, positions(index, axis), options),
    scatterAdd: (grad, index, out, axis, options) =>
      emit(Opcode.ScatterAdd, grad, index, out, axis, positions(index, axis), options),
    indexSelect: (x, index, out, axis, options) =>
      emit(Opcode.IndexSelect, x, index, out, axis, elements(index), options),
    indexAdd: (grad, index, out, axis, options) =>
      emit(Opcode.IndexAdd, grad, index, out, axis, elements(index), options),
    scatter: (kind, source, index, out, axis, options) =>
      emit(Opcode.Scatter, source, index, out, axis, positions(index, axis), options, SCATTER_CODES[kind]),
  };
}
