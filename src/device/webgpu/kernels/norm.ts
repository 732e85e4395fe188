// Layer, group and batch normalization and their gradients:
//   y = (x - mean) r w + b        r = 1 / √(variance + eps)
//   db = Σ g        dw = r Σ g (x - mean)
//   dx = r (w g - mean of w g - (x - mean) r² mean of w g (x - mean))
// The means run over what was normalized: a row, or a channel. r is what is kept: it is finite where the variance is not, and
// r² may be 0, so that x - mean is multiplied by r before anything else.
import { numelOf } from '../../../base/shape';
import type { View } from '../../contract';
import { folding, groupsOf, itemOf, lanesFor, loop, once, sizeOf, type Lanes } from '../rows';
import type { GpuStream } from '../stream';
import { groupsFor, kernel, type Kernel } from '../shader';
import type { Lowerings } from './lowering';
import { REDUCE } from './reduce';

const TOTAL = (lanes: Lanes): string => folding(lanes, 'total', 'f32', 'a + b');

const optional = (names: readonly (readonly [string, boolean])[]): string[] =>
  names.flatMap(([name, isThere]) => (isThere ? [`${name}: f32`] : []));

/** 2^-80, by which a variance above GREAT is scaled; eps is nothing beside such a one. */
const SCALE_OF_GREAT = '8.271806125530277e-25f';
const GREAT = '1e37f';

/**
 * Mean and r of the `count` values `text` of k, as `mu` and `r`; these and the biased variance in `mean`,
 * `rstd` and `variance`. Squares are summed scaled, too, for where they overflow.
 */
const moments = (lanes: Lanes, count: string, text: string): string => `var sum = 0f;
${loop(lanes, '0u', count, `sum += ${text};`)}
let mu = total(sum, lane) / f32(${count});
var squares = 0f;
var scaled = 0f;
${loop(lanes, '0u', count, `let d = ${text} - mu; squares += d * d; let e = d * ${SCALE_OF_GREAT}; scaled += e * e;`)}
let spread = total(squares, lane) / f32(${count});
scaled = total(scaled, lane) / f32(${count});
let r = select(1f / sqrt(spread + p.eps), ${SCALE_OF_GREAT} / sqrt(scaled), spread > ${GREAT});
${once(lanes)} { mean[p.meanAt + item] = mu; rstd[p.rstdAt + item] = r; variance[p.varianceAt + item] = spread; }`;

// ---- rows -----------------------------------------------------------------------------------------

/** What statistics take, too. */
const EPS = 'eps: f32';
const ROWS = ['items: u32', 'n: u32', 'groups: u32', 'inner: u32'];
/** Entry of weight and bias for element k of row `item`. */
const ENTRY = '(item % p.groups) * (p.n / p.inner) + k / p.inner';

const rowsKernel = (hasWeight: boolean, hasBias: boolean, lanes: Lanes): Kernel =>
  kernel(`normalizeRows ${hasWeight} ${hasBias} ${lanes}`, () => ({
    reads: ['x: f32', ...optional([['weight', hasWeight], ['bias', hasBias]])],
    writes: ['out: f32', 'mean: f32', 'rstd: f32', 'variance: f32'],
    params: [...ROWS, EPS],
    size: sizeOf(lanes),
    globals: TOTAL(lanes),
    body: `${itemOf(lanes)}
let start = item * p.n;
${moments(lanes, 'p.n', 'x[p.xAt + start + k]')}
${loop(
  lanes,
  '0u',
  'p.n',
  `let entry = ${ENTRY};
  out[p.outAt + start + k] = (x[p.xAt + start + k] - mu) * r${hasWeight ? ' * weight[p.weightAt + entry]' : ''}${hasBias ? ' + bias[p.biasAt + entry]' : ''};`,
)}`,
  })); // prettier-ignore

const rowsBackwardKernel = (hasWeight: boolean, lanes: Lanes): Kernel =>
  kernel(`normalizeRowsBackward ${hasWeight} ${lanes}`, () => ({
    reads: ['grad: f32', 'x: f32', 'mean: f32', 'rstd: f32', ...optional([['weight', hasWeight]])],
    writes: ['out: f32'],
    params: ROWS,
    size: sizeOf(lanes),
    globals: TOTAL(lanes),
    body: `${itemOf(lanes)}
let start = item * p.n;
let mu = mean[p.meanAt + item];
let r = rstd[p.rstdAt + item];
var sum = 0f;
var product = 0f;
${loop(
  lanes,
  '0u',
  'p.n',
  `let g = grad[p.gradAt + start + k]${hasWeight ? ` * weight[p.weightAt + ${ENTRY}]` : ''};
  sum += g;
  product += g * ((x[p.xAt + start + k] - mu) * r);`,
)}
sum = total(sum, lane) / f32(p.n);
product = total(product, lane) / f32(p.n);
${loop(
  lanes,
  '0u',
  'p.n',
  `let g = grad[p.gradAt + start + k]${hasWeight ? ` * weight[p.weightAt + ${ENTRY}]` : ''};
  out[p.outAt + start + k] = r * (g - sum - (x[p.xAt + start + k] - mu) * r * product);`,
)}`,
  }));

/** Rows and elements that one invocation sums for a gradient of weight and bias, or a workgroup. */
const AFFINE_CHUNK = 64;
const AFFINE_CHUNK_SHARED = 16384;

/** Partial gradients [chunks, entries] of weight and bias; an entry sums over the rows of its group and over inner. */
const rowsAffineKernel = (lanes: Lanes): Kernel =>
  kernel(`normalizeRowsAffine ${lanes}`, () => ({
    reads: ['grad: f32', 'x: f32', 'mean: f32', 'rstd: f32'],
    writes: ['gradWeight: f32', 'gradBias: f32'],
    params: [...ROWS, 'entries: u32', 'count: u32', 'length: u32'],
    size: sizeOf(lanes),
    globals: TOTAL(lanes),
    body: `${itemOf(lanes)}
let entry = item % p.entries;
let width = p.n / p.inner;
let column = (entry % width) * p.inner;
let begin = (item / p.entries) * p.length;
var sum = 0f;
var product = 0f;
${loop(
  lanes,
  'begin',
  'min(begin + p.length, p.count)',
  `let row = entry / width + p.groups * (k / p.inner);
  let at = row * p.n + column + k % p.inner;
  let g = grad[p.gradAt + at];
  sum += g;
  product += g * ((x[p.xAt + at] - mean[p.meanAt + row]) * rstd[p.rstdAt + row]);`,
)}
sum = total(sum, lane);
product = total(product, lane);
${once(lanes)} { gradWeight[p.gradWeightAt + item] = product; gradBias[p.gradBiasAt + item] = sum; }`,
  }));

// ---- channels -------------------------------------------------------------------------------------

/** `items` is the number of channels for statistics, and of elements for what follows. */
const BATCH = ['items: u32', 'batch: u32', 'channels: u32', 'inner: u32'];
/** Element k of channel `item`. */
const OF_CHANNEL = '((k / p.inner) * p.channels + item) * p.inner + k % p.inner';

const momentsKernel = (lanes: Lanes): Kernel =>
  kernel(`batchMoments ${lanes}`, () => ({
    reads: ['x: f32'],
    writes: ['mean: f32', 'rstd: f32', 'variance: f32'],
    params: [...BATCH, EPS],
    size: sizeOf(lanes),
    globals: TOTAL(lanes),
    body: `${itemOf(lanes)}
let count = p.batch * p.inner;
${moments(lanes, 'count', `x[p.xAt + ${OF_CHANNEL}]`)}`,
  }));

const batchKernel = (hasWeight: boolean, hasBias: boolean): Kernel =>
  kernel(`batchNorm ${hasWeight} ${hasBias}`, () => ({
    reads: ['x: f32', 'mean: f32', 'rstd: f32', ...optional([['weight', hasWeight], ['bias', hasBias]])],
    writes: ['out: f32'],
    params: BATCH,
    body: `${itemOf(1)}
let c = (item / p.inner) % p.channels;
let r = rstd[p.rstdAt + c];
out[p.outAt + item] = (x[p.xAt + item] - mean[p.meanAt + c]) * r${hasWeight ? ' * weight[p.weightAt + c]' : ''}${hasBias ? ' + bias[p.biasAt + c]' : ''};`,
  })); // prettier-ignore

const batchSumsKernel = (lanes: Lanes): Kernel =>
  kernel(`batchSums ${lanes}`, () => ({
    reads: ['grad: f32', 'x: f32', 'mean: f32', 'rstd: f32'],
    writes: ['gradWeight: f32', 'gradBias: f32'],
    params: BATCH,
    size: sizeOf(lanes),
    globals: TOTAL(lanes),
    body: `${itemOf(lanes)}
let mu = mean[p.meanAt + item];
let r = rstd[p.rstdAt + item];
var sum = 0f;
var product = 0f;
${loop(
  lanes,
  '0u',
  'p.batch * p.inner',
  `let at = ${OF_CHANNEL};
  let g = grad[p.gradAt + at];
  sum += g;
  product += g * ((x[p.xAt + at] - mu) * r);`,
)}
sum = total(sum, lane);
product = total(product, lane);
${once(lanes)} { gradWeight[p.gradWeightAt + item] = product; gradBias[p.gradBiasAt + item] = sum; }`,
  }));

// With dw = r Σ g (x - mean):  dx = r w (g - db / count - (x - mean) r dw / count).
const batchBackwardKernel = (hasWeight: boolean): Kernel =>
  kernel(`batchNormBackward ${hasWeight}`, () => ({
    reads: [
      'grad: f32', 'x: f32', 'mean: f32', 'rstd: f32', 'gradWeight: f32', 'gradBias: f32',
      ...optional([['weight', hasWeight]]),
    ], // prettier-ignore
    writes: ['out: f32'],
    params: BATCH,
    body: `${itemOf(1)}
let c = (item / p.inner) % p.channels;
let r = rstd[p.rstdAt + c];
let centred = (x[p.xAt + item] - mean[p.meanAt + c]) * r;
let taken = (gradBias[p.gradBiasAt + c] + centred * gradWeight[p.gradWeightAt + c]) / f32(p.batch * p.inner);
out[p.outAt + item] = r * (grad[p.gradAt + item] - taken)${hasWeight ? ' * weight[p.weightAt + c]' : ''};`,
  }));

/** Runs `fill` with views for the two gradients, of which one may not be wanted. */
function withGradients(
  stream: GpuStream,
  gradWeight: View | null,
  gradBias: View | null,
  entries: number,
  fill: (weight: View, bias: View) => void,
): void {
  const [weight, bias] = [gradWeight, gradBias].map((view) => view ?? stream.temporary(entries, 'float32'));
  fill(weight, bias);
  if (gradWeight === null) stream.free(weight.buffer);
  if (gradBias === null) stream.free(bias.buffer);
}

const channelLanes = (channels: number, inner: number, batch: number): Lanes =>
  inner < 32 && channels >= 32 && batch * inner <= 1024 ? 1 : 256;

type NormName = 'normalizeRows' | 'normalizeRowsBackward' | 'batchNorm' | 'batchNormBackward';

export const NORM: Lowerings<NormName> = {
  normalizeRows(stream, inputs, outputs, { rows, n, groups, inner, eps }) {
    const [, weight, bias] = inputs;
    const lanes = lanesFor(stream, rows, n, 1);
    const code = rowsKernel(weight !== null, bias !== null, lanes);
    stream.run(code, inputs, outputs, [rows, n, groups, inner, eps], groupsOf(lanes, rows));
  },
  normalizeRowsBackward(stream, inputs, [out, gradWeight, gradBias], { rows, n, groups, inner }) {
    const [grad, x, mean, rstd, weight] = inputs;
    const lanes = lanesFor(stream, rows, n, 1);
    const code = rowsBackwardKernel(weight !== null, lanes);
    stream.run(code, inputs, [out], [rows, n, groups, inner], groupsOf(lanes, rows));
    if (gradWeight === null && gradBias === null) return;
    const entries = numelOf((gradWeight ?? gradBias ?? out).shape);
    const count = (rows / groups) * inner;
    const affineLanes: Lanes = inner >= 32 && !stream.isSoftware ? 64 : 1;
    const most = affineLanes === 1 ? AFFINE_CHUNK : AFFINE_CHUNK_SHARED;
    const chunks = Math.max(1, Math.ceil(count / most));
    const items = entries * chunks;
    const partial = (partWeight: View, partBias: View): void => {
      const sizes = [items, n, groups, inner, entries, count, Math.min(count, most)];
      const reads = [grad, x, mean, rstd];
      stream.run(rowsAffineKernel(affineLanes), reads, [partWeight, partBias], sizes, groupsOf(affineLanes, items));
    };
    if (chunks === 1) {
      withGradients(stream, gradWeight, gradBias, entries, partial);
      return;
    }
    withGradients(stream, null, null, items, (partWeight, partBias) => {
      partial(partWeight, partBias);
      const params = { kind: 'sum', axis: { outer: 1, n: chunks, inner: entries } } as const;
      if (gradWeight !== null) REDUCE.reduce(stream, [partWeight], [gradWeight], params);
      if (gradBias !== null) REDUCE.reduce(stream, [partBias], [gradBias], params);
    });
  },
  batchNorm(stream, [x, weight, bias], [out, mean, rstd, variance], { batch, channels, inner, eps }) {
    const lanes = channelLanes(channels, inner, batch);
    const params = (items: number): number[] => [items, batch, channels, inner];
    stream.run(
      momentsKernel(lanes),
      [x],
      [mean, rstd, variance],
      [...params(channels), eps],
      groupsOf(lanes, channels),
    );
    const items = batch * channels * inner;
    const code = batchKernel(weight !== null, bias !== null);
    stream.run(code, [x, mean, rstd, weight, bias], [out], params(items), groupsFor(items));
  },
  batchNormBackward(stream, [grad, x, mean, rstd, weight], [out, gradWeight, gradBias], { batch, channels, inner }) {
    const lanes = channelLanes(channels, inner, batch);
    const params = (items: number): number[] => [items, batch, channels, inner];
    withGradients(stream, gradWeight, gradBias, channels, (dw, db) => {
      const given = [grad, x, mean, rstd];
      stream.run(batchSumsKernel(lanes), given, [dw, db], params(channels), groupsOf(lanes, channels));
      const items = batch * channels * inner;
      const reads = [...given, dw, db, weight];
      stream.run(batchBackwardKernel(weight !== null), reads, [out], params(items), groupsFor(items));
    });
  },
};
