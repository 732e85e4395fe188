// Products of matrices, out[z] = A[z] B[z], with the places of rows, columns and depth given as functions in WGSL: what
// gemm and the convolutions have in common. What depends on a row, a column or a step of the depth alone is computed once
// for it. Large products take blocks of the result in the registers of each invocation, fed from workgroup memory on real
// adapters. Those that compute on the processor have caches that need no such help and barriers that are dear; a load costs
// them as much as dozens of multiplications, so the four invocations of a vector each load a part of what all of them
// multiply by and hand it round. Small products take an invocation, or a workgroup, for each element.
import type { Operands, View } from '../contract';
import { scalarType, type Scalar } from './layout';
import { RECORD_BEYOND, kernel, longFaults, type Kernel } from './shader';
import { folding, groupsOf, itemOf, loop, once, sizeOf, type Lanes } from './rows';
import type { GpuStream } from './stream';

/** A tile of the result per workgroup, and the block of it that one invocation holds. */
interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Steps that are in workgroup memory at a time; 0 if four invocations side by side load a quarter of the rows each. */
  readonly depth: number;
  /** A multiple of 4. */
  readonly blockRows: number;
  readonly blockColumns: 4;
}

/**
 * By size, for real adapters and for processors. Matmul 512 on SwiftShader, two cores: 192 ms with blocks of 8×4 that load
 * all they need, 103 ms with blocks of 8×4 that share, 90 ms of 16×4, 97 ms of 16×8.
 */
const TILES = {
  shared: {
    large: { rows: 64, columns: 64, depth: 16, blockRows: 4, blockColumns: 4 },
    small: { rows: 32, columns: 32, depth: 16, blockRows: 4, blockColumns: 4 },
  },
  /** For processors, in vectors of four. */
  vectors: {
    large: { rows: 16, columns: 64, depth: 0, blockRows: 16, blockColumns: 4 },
    small: { rows: 8, columns: 32, depth: 0, blockRows: 8, blockColumns: 4 },
  },
} as const;

/** What a product is over. */
export interface Product {
  /** Names the text: equal keys, equal functions. */
  readonly key: string;
  readonly reads: readonly string[];
  /** Parameters beyond m, n, k, splits and depth. */
  readonly params: readonly string[];
  /**
   * Declares types Row, Depth and Column; `rowOf(z, row) -> Row`, `depthOf(k) -> Depth`, `columnOf(z, column) -> Column`;
   * `nextDepth(d)`, the depth after that one, which needs no division; and the elements `elementA(row: Row, k: Depth)` and
   * `elementB(k: Depth, column: Column)`. Software adapters are slow at returning early.
   */
  readonly elements: string;
  /** Declares `rowPlace(part, row)` and `columnPlace(column)`, whose sum is where in out a result goes. */
  readonly places: string;
  /** What is done to element (z, row, column) at the end. */
  readonly bias?: string;
  /** Whether neighbours in memory are neighbours in k, for A and for B. */
  readonly alongK: readonly [a: boolean, b: boolean];
}

/** Sizes of a product; `splits` parts of the depth give results of their own, parts running over batch * splits. */
export interface ProductSizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly splits: number;
}

const SIZES = ['items: u32', 'm: u32', 'n: u32', 'k: u32', 'splits: u32', 'depth: u32'];

const sequence = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);

/** Four neighbours of A or B as a vector; out of bounds whatever is last, as it does not reach the result. */
const VECTORS = /* wgsl */ `
fn vectorA(z: u32, at: u32, k: u32, end: u32) -> vec4<f32> {
  if (k >= end) { return vec4<f32>(); }
  let d = depthOf(k);
  let most = p.m - 1u;
  return vec4(
    elementA(rowOf(z, min(at, most)), d), elementA(rowOf(z, min(at + 1u, most)), d),
    elementA(rowOf(z, min(at + 2u, most)), d), elementA(rowOf(z, min(at + 3u, most)), d));
}
fn vectorB(z: u32, at: u32, k: u32, end: u32) -> vec4<f32> {
  if (k >= end) { return vec4<f32>(); }
  let d = depthOf(k);
  let most = p.n - 1u;
  return vec4(
    elementB(d, columnOf(z, min(at, most))), elementB(d, columnOf(z, min(at + 1u, most))),
    elementB(d, columnOf(z, min(at + 2u, most))), elementB(d, columnOf(z, min(at + 3u, most))));
}`;

function tiledKernel({ key, reads, params, elements, places, bias = '', alongK }: Product, tile: Tile): Kernel {
  const { rows, columns, depth, blockRows, blockColumns } = tile;
  const shares = depth === 0;
  return kernel(`${key} ${rows} ${columns} ${depth} ${blockRows} ${alongK.join(' ')}`, () => {
    const [across, down] = [columns / blockColumns, rows / blockRows];
    const size = across * down;
    const block = sequence(blockRows);
    const addTo = (row: number, a: string): string => `sum${row} = fma(vec4(${a}), b, sum${row});`;

    // Vectors of four rows of A, or columns of B: [depth][count / 4].
    const fill = (name: 'A' | 'B', count: number, isAlongK: boolean): string => {
      const vectors = (depth * count) / 4;
      const [kk, at] = isAlongK ? [`e % ${depth}u`, `e / ${depth}u`] : [`e / ${count / 4}u`, `e % ${count / 4}u`];
      return `for (var e = lane; e < ${vectors}u; e += ${size}u) {
    let kk = ${kk};
    let at = ${at};
    tile${name}[kk * ${count / 4}u + at] = vector${name}(z, first${name} + 4u * at, step + kk, end);
  }`;
    };
    const shared = `for (var step = begin; step < end; step += ${depth}u) {
  ${fill('A', rows, alongK[0])}
  ${fill('B', columns, alongK[1])}
  workgroupBarrier();
  for (var kk = 0u; kk < ${depth}u; kk++) {
    let b = tileB[kk * ${columns / 4}u + tx];
    ${sequence(blockRows / 4)
      .map(
        (r) => `let a${r} = tileA[kk * ${rows / 4}u + ty * ${blockRows / 4}u + ${r}u];
    ${sequence(4)
      .map((j) => addTo(4 * r + j, `a${r}[${j}]`))
      .join(' ')}`,
      )
      .join('\n')}
  }
  workgroupBarrier();
}`;
    const columnsOf = [
      ...sequence(4).map((j) => `let column${j} = columnOf(z, min(column + ${j}u, p.n - 1u));`),
      'var d = depthOf(begin);',
    ].join('\n');
    const fourOfB = 'vec4(elementB(d, column0), elementB(d, column1), elementB(d, column2), elementB(d, column3))';
    const vectors = `${sequence(blockRows / 4)
      .map((j) => `let row${j} = rowOf(z, min(row + ${4 * j}u + tx % 4u, p.m - 1u));`)
      .join('\n')}
${columnsOf}
for (var k = begin; k < end; k++) {
  let b = ${fourOfB};
  ${sequence(blockRows / 4)
    .map((j) => `let a${j} = elementA(row${j}, d);`)
    .join('\n')}
  ${block.map((j) => addTo(j, `subgroupBroadcast(a${j >> 2}, ${j & 3}u)`)).join('\n')}
  d = nextDepth(d);
}`;
    const memory = `${VECTORS}
var<workgroup> tileA: array<vec4<f32>, ${(depth * rows) / 4}>;
var<workgroup> tileB: array<vec4<f32>, ${(depth * columns) / 4}>;`;
    return {
      reads,
      writes: ['out: f32'],
      params: [...SIZES, ...params],
      size,
      globals: `${elements}\n${places}\n${shares ? '' : memory}
fn give(part: u32, z: u32, row: u32, column: u32, places: vec4<u32>, sum: vec4<f32>) {
  if (row < p.m) {
    let first = p.outAt + rowPlace(part, row);
    ${sequence(4)
      .map((j) => {
        const added = bias.replaceAll('column', `(column + ${j}u)`);
        return `if (column + ${j}u < p.n) { out[first + places[${j}]] = sum[${j}]${added}; }`;
      })
      .join('\n')}
  }
}`,
      body: `let tilesAcross = (p.n + ${columns - 1}u) / ${columns}u;
let tilesDown = (p.m + ${rows - 1}u) / ${rows}u;
let tiles = tilesAcross * tilesDown;
let part = group / tiles;
if (part >= p.items) { return; }
let z = part / p.splits;
let begin = (part % p.splits) * p.depth;
let end = min(begin + p.depth, p.k);
let firstB = (group % tilesAcross) * ${columns}u;
let firstA = ((group / tilesAcross) % tilesDown) * ${rows}u;
let tx = lane % ${across}u;
let ty = lane / ${across}u;
let row = firstA + ${blockRows}u * ty;
let column = firstB + 4u * tx;
${block.map((j) => `var sum${j} = vec4<f32>();`).join('\n')}
${shares ? vectors : shared}
let places = vec4(${sequence(4)
        .map((j) => `columnPlace(column + ${j}u)`)
        .join(', ')});
${block.map((j) => `give(part, z, row + ${j}u, column, places, sum${j});`).join('\n')}`,
    };
  });
}

/** A step of a sum of int64. */
const LONG_STEP = 'let d = depthOf(k); sum = addLong(sum, mulLong(elementA(r, d), elementB(d, c)));';

const plainKernel = (
  { key, reads, params, elements, places, bias = '' }: Product,
  type: Scalar,
  lanes: Lanes,
  isLong: boolean,
): Kernel =>
  kernel(`${key} plain ${type} ${lanes}`, () => ({
    records: isLong,
    reads,
    writes: [`out: ${type}`],
    params: [...SIZES, ...params],
    size: sizeOf(lanes),
    globals: `${elements}\n${places}\n${folding(lanes, 'total', type, 'a + b')}`,
    body: `${itemOf(lanes)}
let column = item % p.n;
let row = (item / p.n) % p.m;
let part = item / (p.n * p.m);
let z = part / p.splits;
let begin = (part % p.splits) * p.depth;
let r = rowOf(z, row);
let c = columnOf(z, column);
var sum = ${type}(0);
${loop(lanes, 'begin', 'min(begin + p.depth, p.k)', isLong ? LONG_STEP : 'let d = depthOf(k); sum += elementA(r, d) * elementB(d, c);')}
sum = total(sum, lane);
${once(lanes)} { out[p.outAt + rowPlace(part, row) + columnPlace(column)] = ${isLong ? `addLong(sum, 0i${bias})` : `sum${bias}`}; }
${isLong ? RECORD_BEYOND : ''}`,
  }));

/** Below this many tiles of the large kind the small ones keep more of the adapter busy; a processor has few cores. */
const FEW_TILES = 32;
const FEW_TILES_SOFTWARE = 8;

/** Queues the product. `params` are the product's own. */
export function runProduct(
  stream: GpuStream,
  product: Product,
  reads: Operands,
  out: View,
  { batch, m, n, k, splits }: ProductSizes,
  params: readonly number[],
): void {
  const parts = batch * splits;
  const depth = Math.ceil(k / splits);
  const type = scalarType(out.dtype);
  const tilesOf = ({ rows, columns }: Tile): number => Math.ceil(m / rows) * Math.ceil(n / columns) * parts;
  const isTiled = type === 'f32' && Math.min(m, n) >= 4 && m * n >= 128 && k >= 2;
  if (isTiled) {
    const isProcessor = stream.isSoftware && stream.subgroup === 4;
    const few = isProcessor ? FEW_TILES_SOFTWARE : FEW_TILES;
    const { large, small } = TILES[isProcessor ? 'vectors' : 'shared'];
    const tile = tilesOf(large) < few || m < large.rows || n < large.columns ? small : large;
    stream.run(tiledKernel(product, tile), reads, [out], [parts, m, n, k, splits, depth, ...params], tilesOf(tile));
    return;
  }
  const items = parts * m * n;
  const lanes: Lanes = type === 'f32' && depth >= 256 && items < 4096 ? 64 : 1;
  const sizes = [items, m, n, k, splits, depth, ...params];
  const isLong = out.dtype === 'int64';
  const code = plainKernel(product, type, lanes, isLong);
  stream.run(code, reads, [out], sizes, groupsOf(lanes, items), longFaults('matmul', isLong, reads[1]));
}
