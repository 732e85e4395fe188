// What works on whole columns of [outer, n, inner]: sorting, searching, running extremes, scattering into what is there.
// Sorting counts, within short runs, how many elements come before each; runs are then merged by pairs, where each element
// finds by binary search how many of the other run come before it. The others walk a column with one invocation, in order.
import type { DType } from '../../../base/dtype';
import { numelOf } from '../../../base/shape';
import type { ArgReduceKind, ScatterKind } from '../../contract';
import { scalarType, type Scalar } from '../layout';
import { RECORD_BEYOND, groupsFor, kernel, longFaults, type Kernel } from '../shader';
import { checkIndices, runIndexed } from './gather';
import type { Lowerings } from './lowering';

/** Column `i`: `start` is its first element. */
const COLUMN = `if (i >= p.items) { return; }
let start = (i / p.inner) * p.n * p.inner + i % p.inner;`;

const isNaN = (type: Scalar, value: string): string => (type === 'f32' ? `isNan(${value})` : 'false');

/** a before b; NaN is the greatest. */
const before = (type: Scalar, descending: boolean): string =>
  descending
    ? `${isNaN(type, 'b')} == false && (${isNaN(type, 'a')} || a > b)`
    : `${isNaN(type, 'a')} == false && (${isNaN(type, 'b')} || a < b)`;

/** Elements that are sorted by counting. */
const RUN = 64;

/** Invocation i stands for the element at `own` of a column that begins at `start`. */
const sortKernel = (name: string, type: Scalar, descending: boolean, order: readonly string[], body: string): Kernel =>
  kernel(`${name} ${type} ${descending}`, () => ({
    reads: [`x: ${type}`, ...order],
    writes: ['out: i32'],
    params: ['items: u32', 'n: u32', 'inner: u32', 'run: u32'],
    globals: `fn before(a: ${type}, b: ${type}) -> bool { return ${before(type, descending)}; }`,
    body: `if (i >= p.items * p.n) { return; }
let own = (i / p.inner) % p.n;
let start = (i / (p.inner * p.n)) * p.n * p.inner + i % p.inner;
${body}`,
  }));

const countKernel = (type: Scalar, descending: boolean): Kernel =>
  sortKernel(
    'sort',
    type,
    descending,
    [],
    `let value = x[p.xAt + start + own * p.inner];
let first = own - own % p.run;
var rank = first;
for (var k = first; k < min(first + p.run, p.n); k++) {
  let other = x[p.xAt + start + k * p.inner];
  if (before(other, value) || (k < own && !before(value, other))) { rank++; }
}
out[p.outAt + start + rank * p.inner] = i32(own);`,
  );

const mergeKernel = (type: Scalar, descending: boolean): Kernel =>
  sortKernel(
    'merge',
    type,
    descending,
    ['order: i32'],
    `let place = order[p.orderAt + start + own * p.inner];
let value = x[p.xAt + start + u32(place) * p.inner];
let first = own - own % (2u * p.run);
let middle = min(first + p.run, p.n);
let isLeft = own < middle;
let sibling = select(first, middle, isLeft);
var low = sibling;
var high = select(middle, min(middle + p.run, p.n), isLeft);
while (low < high) {
  let k = (low + high) >> 1u;
  let other = x[p.xAt + start + u32(order[p.orderAt + start + k * p.inner]) * p.inner];
  // Of equals the left one comes first.
  if (select(!before(value, other), before(other, value), isLeft)) { low = k + 1u; } else { high = k; }
}
out[p.outAt + start + (own - select(middle - first, 0u, isLeft) + low - sibling) * p.inner] = place;`,
  );

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

const JOINS: { readonly [K in ScatterKind]: (type: Scalar, isLong: boolean) => string } = {
  set: () => 'value',
  add: (_type, isLong) => (isLong ? 'addLong(old, value)' : 'old + value'),
  mul: (_type, isLong) => (isLong ? 'mulLong(old, value)' : 'old * value'),
  amax: (type) => (type === 'f32' ? 'maxNan(old, value)' : 'max(old, value)'),
  amin: (type) => (type === 'f32' ? 'minNan(old, value)' : 'min(old, value)'),
};

/** What an element of the dtype holds of a result: uint8 wraps around, a bool is 0 or 1. */
const stored = (dtype: DType, value: string): string => {
  if (dtype === 'uint8') return `(${value}) & 255u`;
  return dtype === 'bool' ? `u32((${value}) != 0u)` : value;
};

/** Whether a result may be an int64 that cannot be stored. */
const mayLeave = (dtype: DType, kind: ScatterKind): boolean => dtype === 'int64' && (kind === 'add' || kind === 'mul');

const scatterKernel = (dtype: DType, indexType: Scalar, kind: ScatterKind): Kernel =>
  kernel(`join ${dtype} ${indexType} ${kind}`, () => {
    const type = scalarType(dtype);
    const isLong = mayLeave(dtype, kind);
    return {
      records: isLong,
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
  out[at] = ${stored(dtype, JOINS[kind](type, isLong))};
}
${isLong ? RECORD_BEYOND : ''}`,
    };
  });

export const COLUMNS: Lowerings<'sort' | 'searchSorted' | 'scanIndices' | 'scatter'> = {
  sort(stream, [x], [out], { axis: { outer, n, inner }, descending }) {
    const items = outer * inner;
    const type = scalarType(x.dtype);
    const groups = groupsFor(items * n);
    const merges = Math.max(0, Math.ceil(Math.log2(n / RUN)));
    // To and fro between two orders, so that the last is `out`.
    const other = merges === 0 ? out : stream.temporary(items * n, 'int32');
    let [to, from] = merges % 2 === 0 ? [out, other] : [other, out];
    stream.run(countKernel(type, descending), [x], [to], [items, n, inner, RUN], groups);
    for (let run = RUN; run < n; run *= 2) {
      [to, from] = [from, to];
      stream.run(mergeKernel(type, descending), [x, from], [to], [items, n, inner, run], groups);
    }
    if (merges > 0) stream.free(other.buffer);
  },
  searchSorted(stream, inputs, outputs, { right }) {
    const [sorted, values] = inputs;
    const [[rows, n], [outer, m]] = [sorted.shape, values.shape];
    const code = searchKernel(scalarType(sorted.dtype), right);
    stream.run(code, inputs, outputs, [outer * m, n, m, rows === 1 ? 0 : n], groupsFor(outer * m));
  },
  scanIndices(stream, [x], outputs, { kind, axis: { outer, n, inner } }) {
    const items = outer * inner;
    if (n === 0) return;
    stream.run(extremeKernel(scalarType(x.dtype), kind), [x], outputs, [items, n, inner], groupsFor(items));
  },
  scatter(stream, inputs, [out], params) {
    const { kind, axis, options, wholeRows = false } = params;
    const [, index] = inputs;
    // Elements that wrap around or are 0 or 1 are joined one after the other.
    if (kind === 'add' && (wholeRows || out.dtype === 'float32')) {
      runIndexed(stream, 'scatter', inputs, out, params, 'add', !wholeRows);
      return;
    }
    const items = axis.outer * axis.inner;
    const m = items === 0 ? 0 : numelOf(index.shape) / items;
    checkIndices(stream, 'scatter', inputs, out, params);
    const code = scatterKernel(out.dtype, scalarType(index.dtype), kind);
    const faults = longFaults(options.op, mayLeave(out.dtype, kind), index);
    stream.run(code, inputs, [out], [items, axis.n, axis.inner, m], groupsFor(items), faults);
  },
};
