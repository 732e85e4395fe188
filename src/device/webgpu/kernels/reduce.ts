// Reductions, arg-reductions and scans along an axis. Long axes are cut into chunks whose results are reduced again.
import type { ArgReduceKind, Axis, ReduceKind, ScanKind, View } from '../../contract';
import { scalarType, type Scalar } from '../layout';
import { RECORD_BEYOND, kernel, longFaults, type Kernel } from '../shader';
import { folding, groupsOf, itemOf, lanesFor, loop, once, sizeOf, type Lanes } from '../rows';
import type { GpuStream } from '../stream';
import type { Lowerings } from './lowering';

/** Elements that one invocation adds up, or a workgroup of 256. */
const COLUMN_CHUNK = 256;
const ROW_CHUNK = 16384;

const LEAST: { readonly [S in Scalar]: string } = { f32: '-infinity()', i32: 'i32(-2147483648)', u32: '0u' };
const GREATEST: { readonly [S in Scalar]: string } = { f32: 'infinity()', i32: '2147483647i', u32: '0xffffffffu' };

/** Neutral element, and the result of a and b; of int64 one that notes what cannot be stored. */
function fold(kind: ReduceKind, type: Scalar, isLong: boolean): readonly [neutral: string, combine: string] {
  switch (kind) {
    case 'sum':
    case 'mean':
      return [`${type}(0)`, isLong ? 'addLong(a, b)' : 'a + b'];
    case 'prod':
      return [`${type}(1)`, isLong ? 'mulLong(a, b)' : 'a * b'];
    case 'amax':
      return [LEAST[type], type === 'f32' ? 'maxNan(a, b)' : 'max(a, b)'];
    case 'amin':
      return [GREATEST[type], type === 'f32' ? 'minNan(a, b)' : 'min(a, b)'];
  }
}

const reduceKernel = (kind: ReduceKind, type: Scalar, lanes: Lanes, isLong: boolean): Kernel =>
  kernel(`reduce ${kind} ${type} ${lanes} ${isLong}`, () => {
    const [neutral, combine] = fold(kind, type, isLong);
    const scaled = kind === 'mean' ? 'result * p.scale' : 'result';
    return {
      reads: [`x: ${type}`],
      writes: [`out: ${type}`],
      params: ['items: u32', 'n: u32', 'inner: u32', 'chunks: u32', 'length: u32', 'scale: f32'],
      size: sizeOf(lanes),
      records: isLong,
      globals: `fn combine(a: ${type}, b: ${type}) -> ${type} { return ${combine}; }\n${folding(lanes, 'total', type, 'combine(a, b)')}`,
      body: `${itemOf(lanes)}
let rest = item / p.inner;
let start = p.xAt + (rest / p.chunks) * p.n * p.inner + item % p.inner;
let first = (rest % p.chunks) * p.length;
var sum = ${neutral};
${loop(lanes, 'first', 'min(first + p.length, p.n)', 'sum = combine(sum, x[start + k * p.inner]);')}
let result = total(sum, lane);
${once(lanes)} { out[p.outAt + item] = ${scaled}; }
${isLong ? RECORD_BEYOND : ''}`,
    };
  });

/** Whether (v, k) comes before (best, at): NaN first, then the extreme, then the lower place. */
const beats = (kind: ArgReduceKind, type: Scalar): string => {
  const sign = kind === 'argmax' ? '>' : '<';
  return type === 'f32'
    ? `if (isNan(best)) { return isNan(v) && k < at; } return isNan(v) || v ${sign} best || (v == best && k < at);`
    : `return v ${sign} best || (v == best && k < at);`;
};

const argReduceKernel = (kind: ArgReduceKind, type: Scalar, lanes: Lanes): Kernel =>
  kernel(`${kind} ${type} ${lanes}`, () => ({
    reads: [`x: ${type}`],
    writes: ['out: i32'],
    params: ['items: u32', 'n: u32', 'inner: u32'],
    size: sizeOf(lanes),
    globals: `struct Best { value: ${type}, at: u32 }
fn beats(v: ${type}, k: u32, best: ${type}, at: u32) -> bool { ${beats(kind, type)} }
fn better(a: Best, b: Best) -> Best { if (beats(b.value, b.at, a.value, a.at)) { return b; } return a; }
${folding(lanes, 'total', 'Best', 'better(a, b)')}`,
    body: `${itemOf(lanes)}
let start = p.xAt + (item / p.inner) * p.n * p.inner + item % p.inner;
var best = Best(x[start], 0u);
${loop(lanes, '0u', 'p.n', 'best = better(best, Best(x[start + k * p.inner], k));')}
let result = total(best, lane);
${once(lanes)} { out[p.outAt + item] = i32(result.at); }`,
  }));

/** Neutral element, and the statements that join a and b. */
const SCANS: {
  readonly [K in ScanKind]: (type: Scalar, isLong: boolean) => readonly [neutral: string, combine: string];
} = {
  cumsum: (type, isLong) => [`${type}(0)`, isLong ? 'return addLong(a, b);' : 'return a + b;'],
  cumprod: (type, isLong) => [`${type}(1)`, isLong ? 'return mulLong(a, b);' : 'return a * b;'],
  // Two equal infinities have no distance.
  logcumsumexp: () => [
    '-infinity()',
    'let high = maxNan(a, b); if (isNan(high) || (a == b && isInfinite(a))) { return high; } return high + log1pOf(expOf(-abs(a - b)));',
  ],
};

/** Each lane scans a run of its own, from the result of the lanes before it. */
const scanKernel = (kind: ScanKind, type: Scalar, lanes: Lanes, reverse: boolean, isLong: boolean): Kernel =>
  kernel(`${kind} ${type} ${lanes} ${reverse} ${isLong}`, () => {
    const [neutral, combine] = SCANS[kind](type, isLong);
    const place = `start + ${reverse ? '(p.n - 1u - k)' : 'k'} * p.inner`;
    return {
      reads: [`x: ${type}`],
      writes: [`out: ${type}`],
      params: ['items: u32', 'n: u32', 'inner: u32'],
      size: sizeOf(lanes),
      records: isLong,
      globals: `fn combine(a: ${type}, b: ${type}) -> ${type} { ${combine} }
${lanes === 1 ? '' : `var<workgroup> totals: array<${type}, ${lanes}>;`}`,
      body: `${itemOf(lanes)}
let start = (item / p.inner) * p.n * p.inner + item % p.inner;
var sum = ${neutral};
${
  lanes === 1
    ? 'let first = 0u; let last = p.n;'
    : `let length = (p.n + ${lanes - 1}u) / ${lanes}u;
let first = min(lane * length, p.n);
let last = min(first + length, p.n);
for (var k = first; k < last; k++) { sum = combine(sum, x[p.xAt + ${place}]); }
totals[lane] = sum;
workgroupBarrier();
sum = ${neutral};
for (var k = 0u; k < lane; k++) { sum = combine(sum, totals[k]); }`
}
for (var k = first; k < last; k++) { sum = combine(sum, x[p.xAt + ${place}]); out[p.outAt + ${place}] = sum; }
${isLong ? RECORD_BEYOND : ''}`,
    };
  });

/** `scale` is that of a mean. */
function reduce(
  stream: GpuStream,
  kind: ReduceKind,
  x: View,
  out: View,
  { outer, n, inner }: Axis,
  scale: number,
): void {
  const items = outer * inner;
  if (items === 0) return;
  // Chunks give a software adapter enough to do at once.
  const lanes = stream.isSoftware ? 1 : lanesFor(stream, items, n, inner);
  const most = lanes === 1 ? COLUMN_CHUNK : ROW_CHUNK;
  const chunks = Math.max(1, Math.ceil(n / most));
  const isLong = x.dtype === 'int64' && (kind === 'sum' || kind === 'prod');
  const code = reduceKernel(chunks > 1 && kind === 'mean' ? 'sum' : kind, scalarType(x.dtype), lanes, isLong);
  const options = longFaults(kind, isLong, x);
  const params = (results: number): number[] => [results, n, inner, chunks, Math.min(n, most), scale];
  if (chunks === 1) {
    stream.run(code, [x], [out], params(items), groupsOf(lanes, items), options);
    return;
  }
  const parts = stream.temporary(items * chunks, x.dtype);
  stream.run(code, [x], [parts], params(items * chunks), groupsOf(lanes, items * chunks), options);
  reduce(stream, kind, parts, out, { outer, n: chunks, inner }, scale);
  stream.free(parts.buffer);
}

export const REDUCE: Lowerings<'reduce' | 'argReduce' | 'scan'> = {
  reduce(stream, [x], [out], { kind, axis }) {
    reduce(stream, kind, x, out, axis, 1 / axis.n);
  },
  argReduce(stream, [x], outputs, { kind, axis: { outer, n, inner } }) {
    const items = outer * inner;
    const lanes = lanesFor(stream, items, n, inner);
    const code = argReduceKernel(kind, scalarType(x.dtype), lanes);
    stream.run(code, [x], outputs, [items, n, inner], groupsOf(lanes, items));
  },
  scan(stream, [x], outputs, { kind, axis: { outer, n, inner }, reverse }) {
    const items = outer * inner;
    if (n === 0) return;
    const lanes: Lanes = n <= 32 || items >= 4096 ? 1 : n >= 2048 ? 256 : 64;
    const isLong = x.dtype === 'int64';
    const code = scanKernel(kind, scalarType(x.dtype), lanes, reverse, isLong);
    stream.run(code, [x], outputs, [items, n, inner], groupsOf(lanes, items), longFaults(kind, isLong, x));
  },
};
