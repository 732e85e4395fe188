// Attention: the weighted mean of values, and its form with several heads and projections.
import { intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { COUNT, FLAG, REAL, nullable } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { isFloat } from '../../base/dtype';
import { DTypeError, KindError, ShapeError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { logicalNot, logicalOr, maskedFill } from '../../ops/pointwise/compare';
import { full, zeros } from '../../ops/shape/creation';
import { dropout } from '../../ops/pointwise/dropout';
import { triu } from '../../ops/indexing/gather';
import { cat, constantPad } from '../../ops/shape/cat';
import { repeatInterleave } from '../../ops/shape/repeat';
import { linear } from '../../ops/linalg/matmul';
import { softmax } from '../../ops/reduce/softmax';
import { formatShape, sameShape, type Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import { composed } from '../../base/errorText';

/** Arguments of scaledDotProductAttention. */
export interface AttentionOptions {
  /** Added to the scores, or, if bool, true where a key is attended to; broadcast to [*, L, S]. */
  attnMask?: Tensor | null;
  /** Probability of dropout on the weights; 0 by default. Applied whether or not a model is in training. */
  dropoutP?: number;
  /** Whether query i attends to keys 0 ... i only; not together with attnMask. */
  isCausal?: boolean;
  /** Factor of the scores; 1/√E by default. */
  scale?: number | null;
  /** Whether several query heads, dimension -3, share a head of the keys and values, of which there are fewer; false by default. */
  enableGqa?: boolean;
  /** Gives the weights too, as PyTorch 1.13's function does. */
  needAttnWeights?: boolean;
}
const ATTENTION = signature('scaledDotProductAttention', [
  argument('query', TENSOR),
  argument('key', TENSOR),
  argument('value', TENSOR),
  optional('attnMask', nullable(TENSOR)),
  optional('dropoutP', REAL),
  optional('isCausal', FLAG),
  optional('scale', nullable(REAL)),
  optional('enableGqa', FLAG),
  optional('needAttnWeights', FLAG),
]);

type AttentionArgs = Arguments<
  [],
  [
    attnMask?: Tensor | null,
    dropoutP?: number,
    isCausal?: boolean,
    scale?: number | null,
    enableGqa?: boolean,
    needAttnWeights?: boolean,
  ],
  AttentionOptions
>;

/**
 * softmax(scale q kᵀ + mask) v.
 *
 * Shape: query [*, L, E], key [*, S, E], value [*, S, Ev] -> [*, L, Ev].
 * With needAttnWeights, true or false, the result is [output, weights], weights [*, L, S] after dropout.
 * @throws TypeError for both a mask and isCausal.
 * @see torch.nn.functional.scaled_dot_product_attention
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions & { needAttnWeights: boolean },
): [output: Tensor, weights: Tensor];
export function scaledDotProductAttention(query: Tensor, key: Tensor, value: Tensor, ...args: AttentionArgs): Tensor;
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  ...args: AttentionArgs
): Tensor | [output: Tensor, weights: Tensor] {
  if (intercepting.current !== null)
    return intercepting.current.call('scaledDotProductAttention', scaledDotProductAttention, [
      query,
      key,
      value,
      ...args,
    ]);
  const name = 'scaledDotProductAttention';
  const {
    attnMask = null,
    isCausal = false,
    enableGqa = false,
    needAttnWeights,
    ...rest
  } = ATTENTION.takeRest<AttentionOptions>([query, key, value], args);
  if (attnMask !== null && isCausal) {
    throw new KindError(name, 'attnMask and isCausal cannot both be given. Put the causal part into the mask.');
  }
  return libraryCode(() => {
    const boolean = attnMask?.dtype === 'bool' ? additiveMask(logicalNot(attnMask), query) : attnMask;
    const mask = isCausal ? causalMask(query, key) : boolean;
    const [keys, values] = enableGqa ? [key, value].map((x) => perQueryHead(name, x, query)) : [key, value];
    const { output, weights } = composed(name, () => attend(query, keys, values, mask, rest));
    return needAttnWeights === undefined ? output : [output, weights];
  });
}

/** Keys or values with each head as often as query heads share it. @throws ShapeError unless all share alike */
function perQueryHead(name: string, x: Tensor, query: Tensor): Tensor {
  if (x.ndim < 3 || query.ndim < 3 || query.size(-3) % x.size(-3) !== 0) {
    throw new ShapeError(
      name,
      `with enableGqa the heads of the query, dimension -3, must be a multiple of those of key and value, got ${formatShape(query.shape)} and ${formatShape(x.shape)}.`,
      { shapes: [query.shape, x.shape] },
    );
  }
  const times = query.size(-3) / x.size(-3);
  return times === 1 ? x : repeatInterleave(x, times, -3);
}

/** 0 where a query comes no earlier than a key, else -∞. */
const causalMask = (query: Tensor, key: Tensor): Tensor =>
  triu(full([query.size(-2), key.size(-2)], -Infinity, { dtype: query.dtype, device: query.device }), 1);

/** 0, and -∞ where a bool mask holds. */
const additiveMask = (mask: Tensor, { dtype, device }: Tensor): Tensor =>
  maskedFill(zeros(mask.shape, { dtype, device }), mask, -Infinity);

/** Attention with an additive mask, and its weights. */
function attend(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  mask: Tensor | null,
  { dropoutP = 0, scale = null }: AttentionOptions,
): { output: Tensor; weights: Tensor } {
  const scores = query.mul(scale ?? 1 / Math.sqrt(query.size(-1))).matmul(key.mT);
  const weights = dropout(softmax(mask === null ? scores : scores.add(mask), -1), dropoutP);
  return { output: weights.matmul(value), weights };
}

/** Arguments of multiHeadAttentionForward behind query, key and value, under PyTorch's names. */
export interface MultiHeadAttentionOptions {
  embedDimToCheck: number;
  numHeads: number;
  /** [3 E, E], the projections of query, key and value below each other; null if they are given one by one. */
  inProjWeight: Tensor | null;
  inProjBias: Tensor | null;
  /** A key and a value [1, 1, E] that every sequence gets at its end. */
  biasK: Tensor | null;
  biasV: Tensor | null;
  /** Whether every sequence gets a key and a value of zeros at its end. */
  addZeroAttn: boolean;
  dropoutP: number;
  outProjWeight: Tensor;
  outProjBias: Tensor | null;
  /** Whether dropout is applied; true by default. */
  training?: boolean;
  /** [N, S] (or [S]): true for keys to leave out, or numbers that are added to the scores. */
  keyPaddingMask?: Tensor | null;
  /** Whether the weights are given too; true by default. */
  needWeights?: boolean;
  /** [L, S] or [N · heads, L, S]: true where a key is left out (unlike scaledDotProductAttention's), or numbers to add. */
  attnMask?: Tensor | null;
  /** Whether the projections are qProjWeight, kProjWeight and vProjWeight; false by default. */
  useSeparateProjWeight?: boolean;
  qProjWeight?: Tensor | null;
  kProjWeight?: Tensor | null;
  vProjWeight?: Tensor | null;
  /** Keys and values [N · heads, S, E / heads] to use instead of projected ones. */
  staticK?: Tensor | null;
  staticV?: Tensor | null;
  /** Whether the weights are averaged over the heads; true by default. */
  averageAttnWeights?: boolean;
}
const MULTI_HEAD = signature('multiHeadAttentionForward', [argument('query', TENSOR), argument('key', TENSOR), argument('value', TENSOR), argument('embedDimToCheck', COUNT), argument('numHeads', COUNT), argument('inProjWeight', nullable(TENSOR)), argument('inProjBias', nullable(TENSOR)), argument('biasK', nullable(TENSOR)), argument('biasV', nullable(TENSOR)), argument('addZeroAttn', FLAG), argument('dropoutP', REAL), argument('outProjWeight', TENSOR), argument('outProjBias', nullable(TENSOR)), optional('training', FLAG), optional('keyPaddingMask', nullable(TENSOR)), optional('needWeights', FLAG), optional('attnMask', nullable(TENSOR)), optional('useSeparateProjWeight', FLAG), optional('qProjWeight', nullable(TENSOR)), optional('kProjWeight', nullable(TENSOR)), optional('vProjWeight', nullable(TENSOR)), optional('staticK', nullable(TENSOR)), optional('staticV', nullable(TENSOR)), optional('averageAttnWeights', FLAG)]); // prettier-ignore

const NAME = 'multiHeadAttentionForward';

function requireShape(what: string, { shape }: Tensor, expected: Shape): void {
  if (sameShape(shape, expected)) return;
  throw new ShapeError(NAME, `${what} must have the shape ${formatShape(expected)}, got ${formatShape(shape)}.`, {
    expected,
    shape,
  });
}

/** A mask as numbers to add, in the dtype of the scores. @throws DTypeError unless it is bool or of floats */
function toAdditive(what: string, mask: Tensor, like: Tensor): Tensor {
  if (mask.dtype === 'bool' || mask.dtype === 'uint8') return additiveMask(mask.to('bool'), like);
  if (isFloat(mask.dtype)) return mask;
  throw new DTypeError(NAME, `${what} must be bool or of floats, got ${mask.dtype}.`, { dtype: mask.dtype });
}

/** The mask of both, each of which may be absent. */
function joined(attention: Tensor | null, padding: Tensor | null, like: Tensor): Tensor | null {
  if (attention?.dtype === 'bool' && padding?.dtype === 'bool') {
    return additiveMask(logicalOr(attention, padding), like);
  }
  const first = attention === null ? null : toAdditive('attnMask', attention, like);
  const second = padding === null ? null : toAdditive('keyPaddingMask', padding, like);
  return first === null || second === null ? (first ?? second) : first.add(second);
}

/** The projections of query, key and value: one product for all that are the same tensor. */
function project(query: Tensor, key: Tensor, value: Tensor, options: MultiHeadAttentionOptions): Tensor[] {
  const { embedDimToCheck: E, inProjWeight, inProjBias, useSeparateProjWeight = false } = options;
  const biases = inProjBias?.chunk(3) ?? [null, null, null];
  if (useSeparateProjWeight || inProjWeight === null) {
    const weights = [options.qProjWeight, options.kProjWeight, options.vProjWeight];
    return [query, key, value].map((x, i) => {
      const weight = weights[i] ?? null;
      if (weight === null) throw new KindError(NAME, 'a separate projection is missing, got null.');
      return linear(x, weight, biases[i]);
    });
  }
  if (key === value && query === key) return linear(query, inProjWeight, inProjBias).chunk(3, -1);
  if (key === value) {
    const [weightQ, weightKV] = inProjWeight.split([E, 2 * E]);
    const [biasQ, biasKV] = inProjBias?.split([E, 2 * E]) ?? [null, null];
    return [linear(query, weightQ, biasQ), ...linear(key, weightKV, biasKV).chunk(2, -1)];
  }
  const weights = inProjWeight.chunk(3);
  return [query, key, value].map((x, i) => linear(x, weights[i], biases[i]));
}

/** @throws ShapeError, unless query, key and value go together; says whether there is a batch. */
function checkShapes(query: Tensor, key: Tensor, value: Tensor, options: MultiHeadAttentionOptions): boolean {
  const { embedDimToCheck: E, numHeads, keyPaddingMask = null, useSeparateProjWeight = false } = options;
  const { ndim } = query;
  const shapes = [query.shape, key.shape, value.shape];
  const all = shapes.map(formatShape).join(', ');
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new ShapeError(NAME, `${what}, got query, key and value ${all}.`, { shapes });
  };
  must(ndim === 2 || ndim === 3, 'query must have 2 or 3 dimensions');
  must(key.ndim === ndim && value.ndim === ndim, `key and value must have ${ndim} dimensions as query has`);
  must(query.shape[ndim - 1] === E, `the last dimension of query must be ${E}`);
  must(E % numHeads === 0, `the last dimension of query must be a multiple of ${numHeads}, the number of heads`);
  const compared = useSeparateProjWeight ? ndim - 1 : ndim;
  must(
    sameShape(key.shape.slice(0, compared), value.shape.slice(0, compared)),
    useSeparateProjWeight ? 'key and value must agree but for the last dimension' : 'key and value must have one shape',
  );
  must(ndim === 2 || query.shape[1] === key.shape[1], 'query and key must have one batch size');
  if (keyPaddingMask !== null) {
    requireShape('keyPaddingMask', keyPaddingMask, ndim === 2 ? [key.shape[0]] : [key.shape[1], key.shape[0]]);
  }
  return ndim === 3;
}

/**
 * Attention with several heads: queries, keys and values are projected, each head attends with its part of them, and the
 * results are projected once more.
 *
 * Shape: query [L, N, E], key [S, N, kdim], value [S, N, vdim], or all without N -> [output [L, N, E], weights [N, L, S], or
 * [N, heads, L, S] if they are not averaged, or null].
 * @throws ShapeError, DTypeError if something does not fit.
 * @see torch.nn.functional.multi_head_attention_forward
 */
export function multiHeadAttentionForward(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  ...args: Arguments<
    [
      embedDimToCheck: number,
      numHeads: number,
      inProjWeight: Tensor | null,
      inProjBias: Tensor | null,
      biasK: Tensor | null,
      biasV: Tensor | null,
      addZeroAttn: boolean,
      dropoutP: number,
      outProjWeight: Tensor,
      outProjBias: Tensor | null,
    ],
    [
      training?: boolean,
      keyPaddingMask?: Tensor | null,
      needWeights?: boolean,
      attnMask?: Tensor | null,
      useSeparateProjWeight?: boolean,
      qProjWeight?: Tensor | null,
      kProjWeight?: Tensor | null,
      vProjWeight?: Tensor | null,
      staticK?: Tensor | null,
      staticV?: Tensor | null,
      averageAttnWeights?: boolean,
    ],
    MultiHeadAttentionOptions
  >
): [output: Tensor, weights: Tensor | null] {
  if (intercepting.current !== null)
    return intercepting.current.call('multiHeadAttentionForward', multiHeadAttentionForward, [
      query,
      key,
      value,
      ...args,
    ]);
  const options = MULTI_HEAD.takeRest<MultiHeadAttentionOptions>([query, key, value], args);
  const isBatched = checkShapes(query, key, value, options);
  return libraryCode(() => {
    if (isBatched) return attendInHeads(query, key, value, options);
    // The same tensor stays the same, so that it is projected at once.
    const batched = new Map([query, key, value].map((x) => [x, x.unsqueeze(1)]));
    const [q, k, v] = [query, key, value].map((x) => batched.get(x) as Tensor);
    const keyPaddingMask = options.keyPaddingMask?.unsqueeze(0) ?? null;
    const [output, weights] = attendInHeads(q, k, v, { ...options, keyPaddingMask });
    return [output.squeeze(1), weights?.squeeze(0) ?? null];
  });
}

function attendInHeads(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: MultiHeadAttentionOptions,
): [output: Tensor, weights: Tensor | null] {
  const {
    numHeads,
    biasK,
    biasV,
    addZeroAttn,
    training = true,
    needWeights = true,
    averageAttnWeights = true,
  } = options;
  const { staticK = null, staticV = null } = options;
  const [L, N, E] = query.shape;
  const rows = N * numHeads;
  let [q, k, v] = project(query, key, value, options);
  let { attnMask = null, keyPaddingMask = null } = options;
  if (attnMask !== null) {
    requireShape('attnMask', attnMask, attnMask.ndim === 2 ? [L, key.shape[0]] : [rows, L, key.shape[0]]);
  }
  /** What masks say of a key that is put at the end: nothing. */
  const lengthen = (): void => {
    attnMask &&= constantPad(attnMask, [0, 1]);
    keyPaddingMask &&= constantPad(keyPaddingMask, [0, 1]);
  };
  if (biasK !== null && biasV !== null) {
    if (staticK !== null || staticV !== null)
      throw new KindError(NAME, 'a bias cannot be added to static keys or values.');
    k = cat([k, biasK.expand(1, N, E)]);
    v = cat([v, biasV.expand(1, N, E)]);
    lengthen();
  }
  const head = E / numHeads;
  const byHead = (x: Tensor): Tensor => x.reshape(x.shape[0], rows, head).transpose(0, 1);
  q = byHead(q);
  for (const given of [staticK, staticV])
    if (given !== null) requireShape('a static key or value', given, [rows, given.shape[1], head]);
  k = staticK ?? byHead(k);
  v = staticV ?? byHead(v);
  if (addZeroAttn) {
    const none = zeros([rows, 1, head], { dtype: k.dtype, device: k.device });
    k = cat([k, none], 1);
    v = cat([v, none], 1);
    lengthen();
  }
  const S = k.shape[1];
  const padding = keyPaddingMask?.view(N, 1, 1, S).expand(N, numHeads, 1, S).reshape(rows, 1, S) ?? null;
  const { output, weights } = attend(q, k, v, joined(attnMask, padding, q), {
    dropoutP: training ? options.dropoutP : 0,
  });
  const merged = output.transpose(0, 1).reshape(L, N, E);
  const projected = linear(merged, options.outProjWeight, options.outProjBias);
  if (!needWeights) return [projected, null];
  const perHead = weights.view(N, numHeads, L, S);
  return [projected, averageAttnWeights ? perHead.mean(1) : perHead];
}
