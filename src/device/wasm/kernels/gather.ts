// Lowering of the kernels that read and add by index.
import { IndexCommand, Opcode, ScatterKind as ScatterCode } from '../../../../assembly/engine/commands';
import { DTYPES } from '../../../base/dtype';
import { numelOf } from '../../../base/shape';
import type { Axis, IndexParams, ScatterKind, View } from '../../contract';
import type { Placement } from '../transport/commandStream';
import type { Arguments } from '../transport/encode';
import { command, type Lowerings } from './lowering';

const SCATTER_CODES: { readonly [K in ScatterKind]: ScatterCode } = {
  set: ScatterCode.Set,
  add: ScatterCode.Add,
  mul: ScatterCode.Mul,
  amax: ScatterCode.Amax,
  amin: ScatterCode.Amin,
};

/** `m` is the number of indices along the axis. */
const fieldsOf = (
  place: Placement,
  a: View,
  index: View,
  out: View,
  m: number,
  { axis, options }: IndexParams,
  kind = 0,
  wholeRows = false,
): Arguments<IndexCommand> => ({
  a: place.pointer(a),
  index: place.pointer(index),
  out: place.pointer(out),
  outer: axis.outer,
  n: axis.n,
  inner: axis.inner,
  m,
  hasIgnore: options.ignore === null ? 0 : 1,
  ignore: options.ignore ?? 0,
  dtype: DTYPES[a.dtype].code,
  indexDtype: DTYPES[index.dtype].code,
  kind,
  wholeRows: wholeRows ? 1 : 0,
});

/** Positions along the axis of an index [outer, m, inner]. */
const positions = (index: View, { outer, inner }: Axis): number =>
  outer * inner === 0 ? 0 : numelOf(index.shape) / (outer * inner);

export const GATHER: Lowerings<'gather' | 'scatterAdd' | 'indexSelect' | 'indexAdd' | 'scatter'> = {
  gather: command(Opcode.Gather, IndexCommand, (place, [x, index], [out], params) =>
    fieldsOf(place, x, index, out, positions(index, params.axis), params),
  ),
  scatterAdd: command(Opcode.ScatterAdd, IndexCommand, (place, [grad, index], [out], params) =>
    fieldsOf(place, grad, index, out, positions(index, params.axis), params),
  ),
  indexSelect: command(Opcode.IndexSelect, IndexCommand, (place, [x, index], [out], params) =>
    fieldsOf(place, x, index, out, numelOf(index.shape), params),
  ),
  indexAdd: command(Opcode.IndexAdd, IndexCommand, (place, [grad, index], [out], params) =>
    fieldsOf(place, grad, index, out, numelOf(index.shape), params),
  ),
  scatter: command(Opcode.Scatter, IndexCommand, (place, [source, index], [out], params) => {
    const { axis, kind, wholeRows = false } = params;
    const m = wholeRows ? numelOf(index.shape) : positions(index, axis);
    return fieldsOf(place, source, index, out, m, params, SCATTER_CODES[kind], wholeRows);
  }),
};
