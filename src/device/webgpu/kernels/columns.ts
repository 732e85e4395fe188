// What works on whole columns of [outer, n, inner]: sorting, searching, running extremes, scattering into what is there. Sorting counts
// for each element how many come before it, which is n² comparisons but all of them at once; the others walk a column
// with one invocation, in order.
import type { DType } from '../../../dtype';
import { numelOf } from '../../../shape';
import type { ArgReduceKind, Kernels, ScatterKind } from '../../contract';
import { scalarType, type Scalar } from '../layout';
import type { GpuStream } from '../stream';
import { groupsFor, kernel, type Kernel } from '../shader';
import { checkIndices } from './gather';

/** Column `i`: `start` is its first element. */
const COLUMN = `if (i >= p.items) { return; }
let start = (i / p.inner) * p.n * p.inner + i % p.inner;`;

const isNaN = (type: Scalar, value: string): string => (type === 'f32' ? `isNan(${value})` : 'false');

/** a before b; NaN is the greatest. */
const before = (type: Scalar, descending: boolean): string =>
  descending
    ? `${isNaN(type, 'b')} == false && (${isNaN(type, 'a')} || a > b)`
    : `${isNaN(type, 'a')} == false && (${isNaN(type, 'b')} || a < b)`;

const sortKernel = (type: Scalar, descending: boolean): Kernel =>
  kernel(`sort ${type} ${descending}`, () => ({
    reads: [`x: ${type}`],
    writes: ['out: i32'],
    params: ['items: u32', 'n: u32', 'inner: u32'],
    globals: `fn before(a: ${type}, b: ${type}) -> bool { return ${before(type, descending)}; }`,
    // Invocation i stands for one element.
    body: `if (i >= p.items * p.n) { return; }
let inside = i % p.inner;
let own = (i / p.inner) % p.n;
let start = (i / (p.inner * p.n)) * p.n * p.inner + inside;
let value = x[p.xAt + start + own * p.inner];
var rank = 0u;
for (var k = 0u; k < p.n; k++) {
  let other = x[p.xAt + start + k * p.inner];
  if (before(other, value) || (k < own && !before(value, other))) { rank++; }
}
out[p.outAt + start + rank * p.inner] = i32(own);`,
  }));

const extremeKernel = (type: Scalar, kind: ArgReduceKind): Kernel =>
  kernel(`scanIndices ${type} ${kind}`, () => ({
    reads: [`x: ${type}`],
    writes: ['out: i32'],
    params: ['items: u32', 'n: u32', 'inner: u32'],
    body: `${COLUMN}
var best = x[p.xAt + start];
var place = 0u;
for (var k = 0u; k < p.n; k++) {
  let value = x[p.xAt + start + k * p.inner];
  if (${isNaN(type, 'value')} || (!(${isNaN(type, 'best')}) && value ${kind === 'argmax' ? '>=' : '<='} best)) { best = value; place = k; }
  out[p.outAt + start + k * p.inner] = i32(place);
}`,
  }));

const searchKernel = (type: Scalar, right: boolean): Kernel =>
  kernel(`search ${type} ${right}`, () => ({
    reads: [`sorted: ${type}`, `values: ${type}`],
    writes: ['out: i32'],
    params: ['items: u32', 'n: u32', 'm: u32', 'stride: u32'],
    body: `if (i >= p.items) { return; }
let value = values[p.valuesAt + i];
let row = p.sortedAt + (i / p.m) * p.stride;
var start = 0u;
var end = p.n;
while (start < end) {
  let middle = (start + end) >> 1u;
  let other = sorted[row + middle];
  if (${isNaN(type, 'other')} || ${isNaN(type, 'value')} || other ${right ? '<=' : '<'} value) { start = middle + 1u; } else { end = middle; }
}
out[p.outAt + i] = i32(start);`,
  }));

const JOINS: { readonly [K in ScatterKind]: (type: Scalar) => string } = {
  set: () => 'value',
  add: () => 'old + value',
  mul: () => 'old * value',
  amax: (type) => (type === 'f32' ? 'maxNan(old, value)' : 'max(old, value)'),
  amin: (type) => (type === 'f32' ? 'minNan(old, value)' : 'min(old, value)'),
};

/** What an element of the dtype holds of a result: uint8 wraps around, a bool is 0 or 1. */
const stored = (dtype: DType, value: string): string => {
  if (dtype === 'uint8') return `(${value}) & 255u`;
  return dtype === 'bool' ? `u32((${value}) != 0u)` : value;
};

const scatterKernel = (dtype: DType, indexType: Scalar, kind: ScatterKind): Kernel =>
  kernel(`join ${dtype} ${indexType} ${kind}`, () => {
    const type = scalarType(dtype);
    return {
      reads: [`source: ${type}`, `index: ${indexType}`],
      writes: [`out: ${type}`],
      params: ['items: u32', 'n: u32', 'inner: u32', 'm: u32'],
      body: `${COLUMN}
let first = (i / p.inner) * p.m * p.inner + i % p.inner;
for (var k = 0u; k < p.m; k++) {
  let row = bitcast<u32>(i32(index[p.indexAt + first + k * p.inner]));
  if (row >= p.n) { continue; }
  let at = p.outAt + start + row * p.inner;
  let old = out[at];
  let value = source[p.sourceAt + first + k * p.inner];
  out[at] = ${stored(dtype, JOINS[kind](type))};
}`,
    };
  });

/** sort, searchSorted, scanIndices and scatter of the webgpu device. */
export function columnKernels(stream: GpuStream): Pick<Kernels, 'sort' | 'searchSorted' | 'scanIndices' | 'scatter'> {
  return {
    sort(x, out, { outer, n, inner }, descending) {
      const items = outer * inner;
      stream.run(sortKernel(scalarType(x.dtype), descending), [x], [out], [items, n, inner], groupsFor(items * n));
    },
    searchSorted(sorted, values, out, right) {
      const [[rows, n], [outer, m]] = [sorted.shape, values.shape];
      const code = searchKernel(scalarType(sorted.dtype), right);
      stream.run(code, [sorted, values], [out], [outer * m, n, m, rows === 1 ? 0 : n], groupsFor(outer * m));
    },
    scanIndices(kind, x, out, { outer, n, inner }) {
      const items = outer * inner;
      if (n === 0) return;
      stream.run(extremeKernel(scalarType(x.dtype), kind), [x], [out], [items, n, inner], groupsFor(items));
    },
    scatter(kind, source, index, out, { outer, n, inner }, options) {
      const items = outer * inner;
      const m = items === 0 ? 0 : numelOf(index.shape) / items;
      checkIndices(stream, [source, index], out, n, options);
      const code = scatterKernel(out.dtype, scalarType(index.dtype), kind);
      stream.run(code, [source, index], [out], [items, n, inner, m], groupsFor(items));
    },
  };
}
