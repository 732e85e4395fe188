// Orthogonal matrices as functions of unconstrained ones: the exponential, the Cayley map, Householder reflections. All of
// it is composed of other operations on the last two dimensions, so it is differentiable and works on batches.
import { argument, optional, signature } from '../../base/signature';
import { FLAG, TEXT, nullable, oneOf } from '../../base/kinds';
import { MODULE } from '../module/module';
import type { Arguments } from '../../base/arguments';
import { noGrad } from '../../core/backward';
import { ShapeError, ValueError } from '../../base/errors';
import { finfo } from '../../base/dtypeInfo';
import { eq, le, where } from '../../ops/pointwise/compare';
import { to } from '../../ops/shape/copy';
import { eye, zeros, zerosLike } from '../../ops/shape/creation';
import { qrOf, solveBatch } from '../../ops/linalg/decomposition';
import { tril, triu } from '../../ops/indexing/gather';
import { cat } from '../../ops/shape/cat';
import { matmul } from '../../ops/linalg/matmul';
import { diagonal, expand, mT, narrow, unsqueeze } from '../../ops/shape/view';
import { abs, add, div, mul, neg, reciprocal, sign, sqrt, square, sub } from '../../ops/pointwise/arithmetic';
import { randn } from '../../ops/random/random';
import { all, sum } from '../../ops/reduce/reduce';
import { formatShape, sameShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { Module } from '../module/module';
import { NoRightInverseError, registerParametrization, type Parametrized } from './parametrize';
import { tensorOf } from './replaced';

/** How the matrix is made of an unconstrained one. */
export type OrthogonalMap = 'matrix_exp' | 'cayley' | 'householder';

/** Arguments of orthogonal beside the module. */
export interface OrthogonalOptions {
  /** The parameter; 'weight' by default. */
  name?: string;
  /** 'matrix_exp' by default for square matrices, 'householder' for others. */
  orthogonalMap?: OrthogonalMap | null;
  /** Whether the map is around the present value, which the buffer `base` keeps; true by default. */
  useTrivialization?: boolean;
}
const ORTHOGONAL = signature('orthogonal', [
  argument('module', MODULE),
  optional('name', TEXT),
  optional('orthogonalMap', nullable(oneOf('matrix_exp', 'cayley', 'householder'))),
  optional('useTrivialization', FLAG),
]);
const MAPS: readonly unknown[] = ['matrix_exp', 'cayley', 'householder'];

/**
 * Keeps a parameter [..., m, n] orthogonal: its columns are orthonormal if m >= n, else its rows. The present value is kept
 * if it is orthogonal, and made so if not.
 * @throws ShapeError for a vector, RangeError for an unknown map
 * @see torch.nn.utils.parametrizations.orthogonal, https://arxiv.org/abs/1909.09501
 */
export function orthogonal<M extends Module>(
  module: M,
  ...args: Arguments<
    [],
    [name?: string, orthogonalMap?: OrthogonalMap | null, useTrivialization?: boolean],
    OrthogonalOptions
  >
): Parametrized<M> {
  const options = ORTHOGONAL.takeRest<OrthogonalOptions>([module], args);
  const { name = 'weight', useTrivialization = true } = options;
  const weight = tensorOf('orthogonal', module, name);
  if (weight.ndim < 2) {
    throw new ShapeError(
      'orthogonal',
      `the tensor must be a matrix or a batch of them, got shape ${formatShape(weight.shape)}.`,
      {
        shape: weight.shape,
      },
    );
  }
  const [m, n] = weight.shape.slice(-2);
  const map = options.orthogonalMap ?? (m === n ? 'matrix_exp' : 'householder');
  if (!MAPS.includes(map)) {
    throw new ValueError('orthogonal', `orthogonalMap must be ${MAPS.join(', ')}, got '${String(map)}'.`);
  }
  return registerParametrization(module, name, new Orthogonal(weight, map, useTrivialization), { unsafe: true });
}

class Orthogonal extends Module {
  private readonly shape: readonly number[];
  base: Tensor | null = null;

  constructor(
    weight: Tensor,
    private readonly map: OrthogonalMap,
    private readonly isAroundBase: boolean,
  ) {
    super();
    this.shape = weight.shape;
    if (isAroundBase) this.base = this.registerBuffer('base', null as Tensor | null);
  }

  override forward(x: Tensor): Tensor {
    const [rows, columns] = x.shape.slice(-2);
    const isWide = rows < columns;
    const tall = isWide ? mT(x) : x;
    let q = this.map === 'householder' ? fromReflections(tall) : fromSkew(tall, this.map);
    if (this.base !== null) q = matmul(this.base, q);
    return isWide ? mT(q) : q;
  }

  rightInverse(value: Tensor): Tensor {
    if (!sameShape(value.shape, this.shape)) {
      throw new ShapeError(
        'orthogonal',
        `the value must have shape ${formatShape(this.shape)}, got ${formatShape(value.shape)}.`,
        { shape: value.shape },
      );
    }
    return noGrad(() => (this.isAroundBase ? this.rebase(value) : this.reflections(value)));
  }

  /** Moves the base to the value; around it, the value is the image of -I. */
  private rebase(value: Tensor): Tensor {
    const [rows, columns] = value.shape.slice(-2);
    const tall = rows < columns ? mT(value) : value;
    const [n, k] = tall.shape.slice(-2);
    const { dtype, device } = value;
    const missing = randn([...tall.shape.slice(0, -2), n, n - k], { dtype, device });
    const square = n === k ? tall : cat([tall, missing], -1);
    this.base = n === k ? where(isOrthogonal(square), square, orthogonalized(square)) : orthogonalized(square);
    return neg(add(zerosLike(value), eye(rows, columns, { dtype, device })));
  }

  /** Reflections whose product is the value, below the diagonal, with signs on it. */
  private reflections(value: Tensor): Tensor {
    if (this.map !== 'householder') {
      throw new NoRightInverseError(`orthogonal: a value can be assigned to ${this.map} only with useTrivialization.`);
    }
    const isWide = value.shape[value.ndim - 2] < value.shape[value.ndim - 1];
    const { vectors, factors, r } = reflectionsOf(isWide ? mT(value) : value);
    const signs = sign(diagonal(r, 0, -2, -1));
    // No reflection leaves the sign of the diagonal as it is; one turns it round.
    const turned = where(eq(factors, 0), neg(signs), signs);
    const onDiagonal = mul(eyeLike(r), unsqueeze(turned, -2));
    const packed = add(add(tril(vectors, -1), triu(r, 1)), onDiagonal);
    return isWide ? mT(packed) : packed;
  }
}

/** The identity of the size of the last two dimensions. */
function eyeLike(x: Tensor): Tensor {
  const { dtype, device, shape } = x;
  const [rows, columns] = shape.slice(-2);
  return eye(rows, columns, { dtype, device });
}

/** The first columns of e^A, or of the Cayley map of A, where A is skew with the lower triangle of x. */
function fromSkew(x: Tensor, map: 'matrix_exp' | 'cayley'): Tensor {
  const [n, k] = x.shape.slice(-2);
  const { dtype, device } = x;
  const lower = tril(x);
  const rest = zeros([...x.shape.slice(0, -2), n, n - k], { dtype, device });
  const full = n === k ? lower : cat([lower, rest], -1);
  const skew = sub(full, mT(full));
  const q = map === 'cayley' ? cayley(skew) : exponential(skew);
  return n === k ? q : narrow(q, -1, 0, k);
}

/** Terms of the series and squarings: the matrix is divided by 2^6, where the series of a skew one of norm below 64 converges. */
const TERMS = 18;
const SQUARINGS = 6;

/** e^A by its series and repeated squaring. */
function exponential(a: Tensor): Tensor {
  const small = div(a, 2 ** SQUARINGS);
  const one = eyeLike(a);
  let power = add(div(small, TERMS), one);
  for (let k = TERMS - 1; k >= 1; k--) power = add(div(matmul(small, power), k), one);
  for (let k = 0; k < SQUARINGS; k++) power = matmul(power, power);
  return power;
}

/** (I - A / 2)^-1 (I + A / 2); the first is never singular, as its symmetric part is the identity. */
function cayley(a: Tensor): Tensor {
  const half = div(a, 2);
  const one = eyeLike(a);
  return solveBatch('orthogonal', sub(one, half), add(one, half), false)[0];
}

/** The product of the reflections below the diagonal of x, applied to the identity, with the diagonal's signs. */
function fromReflections(x: Tensor): Tensor {
  const below = tril(x, -1);
  const factors = mul(reciprocal(add(sum(square(below), -2), 1)), 2);
  // No gradient goes to the signs, which stay what they are.
  const signs = to(to(diagonal(x.detach(), 0, -2, -1), 'int32'), x.dtype);
  return mul(productOf(below, factors), unsqueeze(signs, -2));
}

/** (I - t_1 v_1 v_1ᵀ) ... (I - t_k v_k v_kᵀ) on the first columns of I; each v has a 1 above what `below` holds of it. */
function productOf(below: Tensor, factors: Tensor): Tensor {
  const one = eyeLike(below);
  const vectors = add(below, one);
  let q = expand(one, below.shape);
  for (let i = below.shape[below.ndim - 1] - 1; i >= 0; i--) {
    const v = narrow(vectors, -1, i, 1);
    const factor = unsqueeze(narrow(factors, -1, i, 1), -1);
    q = sub(q, mul(mul(v, factor), matmul(mT(v), q)));
  }
  return q;
}

/** Householder's decomposition: vectors below the diagonal, factors, and the upper triangle, as LAPACK's geqrf has them. */
function reflectionsOf(a: Tensor): { vectors: Tensor; factors: Tensor; r: Tensor } {
  const columns = a.shape[a.ndim - 1];
  const one = eyeLike(a);
  const rowsBelow = tril(add(zerosLike(a), 1), -1);
  let r = a;
  const vectors: Tensor[] = [];
  const factors: Tensor[] = [];
  for (let i = 0; i < columns; i++) {
    const column = narrow(r, -1, i, 1);
    const below = mul(column, narrow(rowsBelow, -1, i, 1));
    const head = narrow(column, -2, i, 1);
    const rest = sum(square(below), -2, true);
    const isDone = eq(rest, 0);
    const length = sqrt(add(square(head), rest));
    const target = where(isDone, head, where(le(head, 0), length, neg(length)));
    const factor = where(isDone, zerosLike(head), div(sub(target, head), target));
    const vector = where(isDone, zerosLike(below), div(below, sub(head, target)));
    const v = add(vector, narrow(one, -1, i, 1));
    r = sub(r, mul(mul(v, factor), matmul(mT(v), r)));
    vectors.push(vector);
    factors.push(narrow(factor, -1, 0, 1));
  }
  const row = cat(factors, -1);
  return { vectors: cat(vectors, -1), factors: sum(row, -2), r: triu(r) };
}

/** The nearest choice of Q in QR: that with a positive diagonal of R. */
function orthogonalized(a: Tensor): Tensor {
  const [q, r] = qrOf(a, false);
  return mul(q, unsqueeze(sign(diagonal(r, 0, -2, -1)), -2));
}

/** Whether the columns of each matrix are orthonormal to working precision, without dimensions. */
function isOrthogonal(q: Tensor): Tensor {
  const n = q.shape[q.ndim - 1];
  const precision = finfo(q.dtype).eps;
  return all(le(abs(sub(matmul(mT(q), q), eyeLike(q))), 10 * n * precision));
}
