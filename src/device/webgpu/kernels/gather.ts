// Reading and adding by index. Indices are checked by a kernel of its own, which names the first bad one; the others pass
// over what is out of range.
import { numelOf } from '../../../base/shape';
import { faultsOf, type IndexParams, type View } from '../../contract';
import { scalarType, type Scalar } from '../layout';
import { RECORD_BEYOND, WORKGROUP, groupsFor, kernel, longFaults, type Kernel } from '../shader';
import type { GpuStream } from '../stream';
import type { Lowerings } from './lowering';

/** One workgroup looks at all indices: the least bad place is recorded, whatever the order of things. */
const checkKernel = (type: Scalar): Kernel =>
  kernel(`checkIndices ${type}`, () => ({
    reads: [`index: ${type}`],
    writes: [],
    params: ['count: u32', 'n: u32', 'hasIgnore: u32', 'ignored: i32'],
    records: true,
    globals: 'var<workgroup> worst: atomic<u32>;',
    body: `if (lane == 0u) { atomicStore(&worst, p.count); }
workgroupBarrier();
if (group == 0u) {
  for (var k = lane; k < p.count; k += ${WORKGROUP}u) {
    let row = i32(index[p.indexAt + k]);
    let isIgnored = p.hasIgnore != 0u && row == p.ignored;
    if (bitcast<u32>(row) >= p.n && !isIgnored) { atomicMin(&worst, k); break; }
  }
}
workgroupBarrier();
let bad = atomicLoad(&worst);
if (i == 0u && bad < p.count) { record(INDEX_FAULT, i32(index[p.indexAt + bad])); }`,
  }));

const PARAMS = ['count: u32', 'n: u32', 'inner: u32', 'm: u32', 'hasIgnore: u32', 'ignored: i32'];

/** `row`, the index of element i of [outer, m, inner]; `isGood` says whether it is to be followed, and `place` where to. */
const follow = (perElement: boolean): string => `if (i >= p.count) { return; }
let rest = i / p.inner;
let row = i32(index[p.indexAt + ${perElement ? 'i' : 'rest % p.m'}]);
let isGood = bitcast<u32>(row) < p.n && !(p.hasIgnore != 0u && row == p.ignored);
let place = ((rest / p.m) * p.n + u32(row)) * p.inner + i % p.inner;`;

const readKernel = (type: Scalar, indexType: Scalar, perElement: boolean): Kernel =>
  kernel(`gather ${type} ${indexType} ${perElement}`, () => ({
    reads: [`x: ${type}`, `index: ${indexType}`],
    writes: [`out: ${type}`],
    params: PARAMS,
    body: `${follow(perElement)}
var value = ${type}(0);
if (isGood) { value = x[p.xAt + place]; }
out[p.outAt + i] = value;`,
  }));

const ZERO = kernel('zero', () => ({
  reads: [],
  writes: ['out: u32'],
  params: ['count: u32'],
  body: 'if (i < p.count) { out[p.outAt + i] = 0u; }',
}));

/** WGSL adds whole numbers atomically; floats by exchange. */
export const atomicAddTo = (type: Scalar, isLong = false): string =>
  type === 'f32'
    ? `fn addTo(at: u32, value: f32) {
  var old = atomicLoad(&out[at]);
  loop {
    let result = atomicCompareExchangeWeak(&out[at], old, bitcast<u32>(bitcast<f32>(old) + value));
    if (result.exchanged) { break; }
    old = result.old_value;
  }
}`
    : isLong
      ? 'fn addTo(at: u32, value: i32) { let sum = addLong(atomicAdd(&out[at], value), value); }'
      : `fn addTo(at: u32, value: ${type}) { atomicAdd(&out[at], value); }`;

export const atomicType = (type: Scalar): string => `atomic<${type === 'f32' ? 'u32' : type}>`;

const addKernel = (type: Scalar, indexType: Scalar, perElement: boolean, isLong: boolean): Kernel =>
  kernel(`scatter ${type} ${indexType} ${perElement} ${isLong}`, () => ({
    reads: [`grad: ${type}`, `index: ${indexType}`],
    writes: [`out: ${atomicType(type)}`],
    params: PARAMS,
    records: isLong,
    globals: atomicAddTo(type, isLong),
    body: `${follow(perElement)}
if (isGood) { addTo(p.outAt + place, grad[p.gradAt + i]); }
${isLong ? RECORD_BEYOND : ''}`,
  }));

/** Queues zeros over a dense view. */
export function clear(stream: GpuStream, out: View): void {
  const count = numelOf(out.shape);
  stream.run(ZERO, [], [out], [count], groupsFor(count));
}

/** The kernels that take an index. */
type Indexed = 'gather' | 'scatterAdd' | 'indexSelect' | 'indexAdd' | 'scatter';

/** Queues the check of the indices of a kernel; gives the parameters that say which one to pass over. */
export function checkIndices(
  stream: GpuStream,
  kernel: Indexed,
  inputs: readonly [values: View, index: View],
  out: View,
  params: IndexParams,
): readonly [hasIgnore: number, ignored: number] {
  const [, index] = inputs;
  const { axis, options } = params;
  const indices = numelOf(index.shape);
  const ignore = [options.ignore === null ? 0 : 1, options.ignore ?? 0] as const;
  stream.run(checkKernel(scalarType(index.dtype)), [index], [], [indices, axis.n, ...ignore], indices === 0 ? 0 : 1, {
    faults: faultsOf(kernel, inputs, params),
    from: inputs,
    to: [out],
  });
  return ignore;
}

/** Reads by index, or adds to what `out` holds or to zeros. `perElement` if the index has the shape [outer, m, inner], else [m]. */
export function runIndexed(
  stream: GpuStream,
  kernel: Indexed,
  inputs: readonly [View, View],
  out: View,
  params: IndexParams,
  work: 'read' | 'add' | 'addToZeros',
  perElement: boolean,
): void {
  const [a, index] = inputs;
  const { outer, n, inner } = params.axis;
  const indices = numelOf(index.shape);
  const m = !perElement ? indices : outer * inner === 0 ? 0 : indices / (outer * inner);
  const type = scalarType(a.dtype);
  const indexType = scalarType(index.dtype);
  const ignore = checkIndices(stream, kernel, inputs, out, params);
  if (work === 'addToZeros') clear(stream, out);
  const adds = work !== 'read';
  const count = outer * m * inner;
  const isLong = adds && a.dtype === 'int64';
  const code = adds ? addKernel(type, indexType, perElement, isLong) : readKernel(type, indexType, perElement);
  const faults = longFaults(params.options.op, isLong, index);
  stream.run(code, inputs, [out], [count, n, inner, m, ...ignore], groupsFor(count), faults);
}

const indexed =
  (kernel: Exclude<Indexed, 'scatter'>, work: 'read' | 'addToZeros', perElement: boolean) =>
  (stream: GpuStream, inputs: readonly [View, View], [out]: readonly [View], params: IndexParams): void => {
    runIndexed(stream, kernel, inputs, out, params, work, perElement);
  };

export const GATHER: Lowerings<Exclude<Indexed, 'scatter'>> = {
  gather: indexed('gather', 'read', true),
  scatterAdd: indexed('scatterAdd', 'addToZeros', true),
  indexSelect: indexed('indexSelect', 'read', false),
  indexAdd: indexed('indexAdd', 'addToZeros', false),
};
