// Products of matrices, out[z] = A[z] B[z] with rows, columns and depth given as functions in WGSL: what gemm and the
// convolutions have in common. Large products go through workgroup memory in tiles, with a block of the result in the
// registers of each invocation; small ones take an invocation, or a workgroup, for each element.
import type { View } from '../contract';
import { scalarType, type Scalar } from './layout';
import { kernel, type Kernel } from './pipelines';
import { folding, groupsOf, itemOf, loop, once, sizeOf, type Lanes } from './rows';
import type { GpuStream } from './stream';

/** A tile of the result per workgroup, and the block of it that one invocation holds; all multiples of 4. */
interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly blockRows: number;
  readonly blockColumns: number;
}

const LARGE: Tile = { rows: 64, columns: 64, depth: 16, blockRows: 4, blockColumns: 4 };
const SMALL: Tile = { rows: 32, columns: 32, depth: 16, blockRows: 4, blockColumns: 4 };

/** What a product is over. */
export interface Product {
  /** Names the text: equal keys, equal functions. */
  readonly key: string;
  readonly reads: readonly string[];
  /** Parameters beyond m, n, k, splits and depth. */
  readonly params: readonly string[];
  /** Declares `fn elementA(z: u32, row: u32, k: u32)` and `fn elementB(z: u32, k: u32, column: u32)`, in bounds. */
  readonly elements: string;
  /** Declares `fn place(z: u32, row: u32, column: u32) -> u32`, where in out it goes, and may add `bias`. */
  readonly place: string;
  /** What is added to element (z, row, column). */
  readonly bias?: string;
  /** Whether neighbours in memory are neighbours in k, for A and for B. */
  readonly alongK: readonly [a: boolean, b: boolean];
}

/** Sizes of a product; `splits` parts of the depth give results of their own, z running over batch * splits. */
export interface ProductSizes {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly splits: number;
}

const SIZES = ['items: u32', 'm: u32', 'n: u32', 'k: u32', 'splits: u32', 'depth: u32'];

const sequence = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);

/** Four neighbours of A or B as a vector, zero out of bounds. */
const vector = (name: 'A' | 'B'): string => {
  const [bound, element] =
    name === 'A'
      ? ['p.m', (j: number) => `elementA(z, at + ${j}u, k)`]
      : ['p.n', (j: number) => `elementB(z, k, at + ${j}u)`];
  return /* wgsl */ `
fn vector${name}(z: u32, at: u32, k: u32, end: u32) -> vec4<f32> {
  var v = vec4<f32>();
  if (k >= end || at >= ${bound}) { return v; }
  v.x = ${element(0)};
  if (at + 3u < ${bound}) {
    v.y = ${element(1)}; v.z = ${element(2)}; v.w = ${element(3)};
    return v;
  }
  if (at + 1u < ${bound}) { v.y = ${element(1)}; }
  if (at + 2u < ${bound}) { v.z = ${element(2)}; }
  return v;
}`;
};

function tiledKernel({ key, reads, params, elements, place, bias = '', alongK }: Product, tile: Tile): Kernel {
  const { rows, columns, depth, blockRows, blockColumns } = tile;
  return kernel(`${key} ${rows} ${columns} ${blockRows} ${blockColumns} ${alongK.join(' ')}`, () => {
    const [across, down] = [columns / blockColumns, rows / blockRows];
    const size = across * down;
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
    const [blocksDown, blocksAcross] = [sequence(blockRows / 4), sequence(blockColumns / 4)];
    const four = sequence(4);
    const sums = blocksDown.flatMap((r) => four.flatMap((j) => blocksAcross.map((c) => `sum${r}_${j}_${c}`)));
    return {
      reads,
      writes: ['out: f32'],
      params: [...SIZES, ...params],
      size,
      globals: `${elements}\n${place}\n${vector('A')}\n${vector('B')}
var<workgroup> tileA: array<vec4<f32>, ${(depth * rows) / 4}>;
var<workgroup> tileB: array<vec4<f32>, ${(depth * columns) / 4}>;`,
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
${sums.map((name) => `var ${name} = vec4<f32>();`).join('\n')}
for (var step = begin; step < end; step += ${depth}u) {
  ${fill('A', rows, alongK[0])}
  ${fill('B', columns, alongK[1])}
  workgroupBarrier();
  for (var kk = 0u; kk < ${depth}u; kk++) {
    ${blocksDown.map((r) => `let a${r} = tileA[kk * ${rows / 4}u + ty + ${r * down}u];`).join('\n')}
    ${blocksAcross.map((c) => `let b${c} = tileB[kk * ${columns / 4}u + tx + ${c * across}u];`).join('\n')}
    ${blocksDown.flatMap((r) => four.flatMap((j) => blocksAcross.map((c) => `sum${r}_${j}_${c} = fma(vec4(a${r}[${j}]), b${c}, sum${r}_${j}_${c});`))).join('\n')}
  }
  workgroupBarrier();
}
${blocksDown
  .flatMap((r) =>
    four.flatMap((j) =>
      blocksAcross.map(
        (c) => `{
  let row = firstA + 4u * (ty + ${r * down}u) + ${j}u;
  let column = firstB + 4u * (tx + ${c * across}u);
  if (row < p.m) { for (var j = 0u; j < 4u && column + j < p.n; j++) {
    out[p.outAt + place(part, row, column + j)] = sum${r}_${j}_${c}[j]${bias.replaceAll('column', '(column + j)')};
  } }
}`,
      ),
    ),
  )
  .join('\n')}`,
    };
  });
}

const plainKernel = ({ key, reads, params, elements, place, bias = '' }: Product, type: Scalar, lanes: Lanes): Kernel =>
  kernel(`${key} plain ${type} ${lanes}`, () => ({
    reads,
    writes: [`out: ${type}`],
    params: [...SIZES, ...params],
    size: sizeOf(lanes),
    globals: `${elements}\n${place}\n${folding(lanes, 'total', type, 'a + b')}`,
    body: `${itemOf(lanes)}
let column = item % p.n;
let row = (item / p.n) % p.m;
let part = item / (p.n * p.m);
let z = part / p.splits;
let begin = (part % p.splits) * p.depth;
var sum = ${type}(0);
${loop(lanes, 'begin', 'min(begin + p.depth, p.k)', 'sum += elementA(z, row, k) * elementB(z, k, column);')}
sum = total(sum, lane);
${once(lanes)} { out[p.outAt + place(part, row, column)] = sum${bias}; }`,
  }));

/** Below this many tiles of the large kind the small ones keep more of the adapter busy. */
const FEW_TILES = 64;

/** Queues the product. `params` are the product's own. */
export function runProduct(
  stream: GpuStream,
  product: Product,
  reads: readonly View[],
  out: View,
  { batch, m, n, k, splits }: ProductSizes,
  params: readonly number[],
): void {
  const parts = batch * splits;
  const depth = Math.ceil(k / splits);
  const type = scalarType(out.dtype);
  const tilesOf = ({ rows, columns }: Tile): number => Math.ceil(m / rows) * Math.ceil(n / columns) * parts;
  const isTiled = type === 'f32' && Math.min(m, n) >= 8 && m * n >= 256 && k >= 4;
  if (isTiled) {
    const tile = tilesOf(LARGE) < FEW_TILES || m < 48 || n < 48 ? SMALL : LARGE;
    stream.run(tiledKernel(product, tile), reads, [out], [parts, m, n, k, splits, depth, ...params], tilesOf(tile));
    return;
  }
  const items = parts * m * n;
  const lanes: Lanes = type === 'f32' && depth >= 256 && items < 4096 ? 64 : 1;
  const sizes = [items, m, n, k, splits, depth, ...params];
  stream.run(plainKernel(product, type, lanes), reads, [out], sizes, groupsOf(lanes, items));
}
