// Similarities and distances of vectors, and what scales vectors to length 1.
import { intercepting } from '../../base/intercept';
import { argument, optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL, nullable } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { resultType } from '../../base/dtype';
import { ShapeError, ValueError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { clampMin, lt, where } from '../../ops/pointwise/compare';
import { tensor } from '../../ops/shape/creation';
import { linear } from '../../ops/linalg/matmul';
import { broadcastShapes, formatShape, numelOf, sameShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import { composed } from '../../base/errorText';

/** Arguments of cosineSimilarity behind the vectors. */
export interface CosineSimilarityOptions {
  /** Along which the vectors lie; 1 by default. */
  dim?: number;
  /** Least length that is divided by; 1e-8 by default. */
  eps?: number;
}
const COSINE = signature('cosineSimilarity', [
  argument('x1', TENSOR),
  argument('x2', TENSOR),
  optional('dim', INTEGER),
  optional('eps', REAL),
]);

/** ‖x‖ along a dimension, but at least eps. The gradient of a vector shorter than that is x/eps, as in PyTorch. */
function boundedLength(x: Tensor, dim: number, eps: number): Tensor {
  const squares = x.square().sum(dim, true);
  const isShort = lt(squares, eps * eps);
  const short = squares.sub(squares.detach()).div(2 * eps).add(eps); // prettier-ignore
  return where(isShort, short, where(isShort, 1, squares).sqrt());
}

/**
 * x1 · x2 / (max(‖x1‖, eps) max(‖x2‖, eps)) along a dimension. Shape: two that broadcast, [*1, D, *2] -> [*1, *2].
 * @see torch.nn.functional.cosine_similarity
 */
export function cosineSimilarity(x1: Tensor, x2: Tensor, ...args: Arguments<[], [dim?: number, eps?: number], CosineSimilarityOptions>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('cosineSimilarity', cosineSimilarity, [x1, x2, ...args]);
  const { dim = 1, eps = 1e-8 } = COSINE.takeRest<CosineSimilarityOptions>([x1, x2], args);
  return libraryCode(() => {
    const dtype = resultType(x1, x2);
    const shape = broadcastShapes('cosineSimilarity', x1.shape, x2.shape);
    const [a, b] = [x1, x2].map((x) => x.to(dtype).expand(shape));
    return a.div(boundedLength(a, dim, eps)).mul(b.div(boundedLength(b, dim, eps))).sum(dim); // prettier-ignore
  });
} // prettier-ignore

/** Arguments of pairwiseDistance behind the vectors. */
export interface PairwiseDistanceOptions {
  /** Which norm; 2 by default. */
  p?: number;
  /** Added to every difference; 1e-6 by default. */
  eps?: number;
  /** Whether the last dimension stays with size 1; false by default. */
  keepdim?: boolean;
}
const PAIRWISE = signature('pairwiseDistance', [
  argument('x1', TENSOR),
  argument('x2', TENSOR),
  optional('p', REAL),
  optional('eps', REAL),
  optional('keepdim', FLAG),
]);

/** ‖x1 - x2 + eps‖ along the last dimension. Shape: two that broadcast, [*, D] -> [*]. @see torch.nn.functional.pairwise_distance */
export function pairwiseDistance(x1: Tensor, x2: Tensor, ...args: Arguments<[], [p?: number, eps?: number, keepdim?: boolean], PairwiseDistanceOptions>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('pairwiseDistance', pairwiseDistance, [x1, x2, ...args]);
  const { p = 2, eps = 1e-6, keepdim = false } = PAIRWISE.takeRest<PairwiseDistanceOptions>([x1, x2], args);
  return composed('pairwiseDistance', () => libraryCode(() => x1.sub(x2).add(eps).norm(p, -1, keepdim)));
} // prettier-ignore

const PDIST = signature('pdist', [argument('input', TENSOR), optional('p', REAL)]);

/**
 * Distances of all pairs of rows: (0, 1), (0, 2), ..., (1, 2), ... Shape: [N, M] -> [N (N - 1) / 2]. Takes memory for the
 * differences of all pairs.
 * @throws ShapeError unless the input is a matrix; RangeError for a negative p.
 * @see torch.nn.functional.pdist
 */
export function pdist(input: Tensor, ...args: Arguments<[], [p?: number], { p?: number }>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('pdist', pdist, [input, ...args]);
  const { p = 2 } = PDIST.takeRest<{ p?: number }>([input], args);
  if (input.ndim !== 2) {
    throw new ShapeError('pdist', `the input must be a matrix, got ${formatShape(input.shape)}.`, {
      shape: input.shape,
    });
  }
  if (!(p >= 0)) throw new ValueError('pdist', `p must be at least 0, got ${p}.`);
  const [n] = input.shape;
  const pairs = Array.from({ length: n }, (_, i) => Array.from({ length: n - i - 1 }, (_, j) => [i, i + j + 1])).flat();
  return libraryCode(() => {
    const places = (end: 0 | 1): Tensor => tensor(pairs.map((pair) => pair[end]), { dtype: 'int32', device: input.device }); // prettier-ignore
    const differences = input.indexSelect(0, places(0)).sub(input.indexSelect(0, places(1)));
    // Without pairs or without elements a norm has nothing to choose from.
    return differences.numel() === 0 ? differences.sum(1) : differences.norm(p, 1);
  });
}

/** Arguments of normalize. */
export interface NormalizeOptions {
  /** Which norm; 2 by default. */
  p?: number;
  /** Along which the vectors lie; 1 by default. */
  dim?: number;
  /** Least norm that is divided by; 1e-12 by default. */
  eps?: number;
}
const NORMALIZE = signature('normalize', [
  argument('input', TENSOR),
  optional('p', REAL),
  optional('dim', INTEGER),
  optional('eps', REAL),
]);

/** x / max(‖x‖, eps) along a dimension. Shape: any, unchanged. @see torch.nn.functional.normalize */
export function normalize(
  input: Tensor,
  ...args: Arguments<[], [p?: number, dim?: number, eps?: number], NormalizeOptions>
): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('normalize', normalize, [input, ...args]);
  const { p = 2, dim = 1, eps = 1e-12 } = NORMALIZE.takeRest<NormalizeOptions>([input], args);
  return composed('normalize', () => libraryCode(() => input.div(clampMin(input.norm(p, dim, true), eps))));
}

/** Arguments of bilinear. */
export interface BilinearArguments {
  /** [outFeatures, in1Features, in2Features] */
  weight: Tensor;
  /** [outFeatures] */
  bias?: Tensor | null;
}
const BILINEAR = signature('bilinear', [
  argument('input1', TENSOR),
  argument('input2', TENSOR),
  argument('weight', TENSOR),
  optional('bias', nullable(TENSOR)),
]);

/**
 * y_k = x1ᵀ W_k x2 + b_k. Shape: input1 [*, in1Features], input2 [*, in2Features] -> [*, outFeatures].
 * @throws ShapeError if the inputs do not fit each other or the weight.
 * @see torch.nn.functional.bilinear
 */
export function bilinear(input1: Tensor, input2: Tensor, ...args: Arguments<[weight: Tensor], [bias?: Tensor | null], BilinearArguments>): Tensor {
  if (intercepting.current !== null) return intercepting.current.call('bilinear', bilinear, [input1, input2, ...args]);
  const { weight, bias = null } = BILINEAR.takeRest<BilinearArguments>([input1, input2], args);
  const [batch, other] = [input1.shape.slice(0, -1), input2.shape.slice(0, -1)];
  const [out, n, m] = weight.shape;
  if (!sameShape(batch, other) || weight.ndim !== 3 || input1.size(-1) !== n || input2.size(-1) !== m) {
    throw new ShapeError(
      'bilinear', `inputs [*, n] and [*, m] must go with a weight [out, n, m], got ${formatShape(input1.shape)}, ` +
        `${formatShape(input2.shape)} and ${formatShape(weight.shape)}.`,
      { shapes: [input1.shape, input2.shape, weight.shape] },
    );
  }
  return libraryCode(() => {
    const rows = numelOf(batch);
    const left = linear(input1.reshape(rows, n), weight.permute(0, 2, 1).reshape(out * m, n)).view(rows, out, m);
    const product = left.bmm(input2.reshape(rows, m, 1)).view([...batch, out]);
    return bias === null ? product : product.add(bias);
  });
} // prettier-ignore
