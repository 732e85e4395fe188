// The normal distribution of vectors.
import type { Arguments } from '../base/arguments';
import { KindError, ShapeError } from '../base/errors';
import { nullable } from '../base/kinds';
import { broadcastShapes, formatShape, type Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { TENSOR } from '../core/kinds';
import type { Tensor } from '../core/tensor';
import { cholesky, choleskyInverse, solveTriangular } from '../ops/linalg';
import { randn } from '../ops/random/random';
import { eye } from '../ops/shape/creation';
import { lowerCholesky, positiveDefinite, realVector, VALIDATE, type Constraint } from './constraints';
import { Distribution } from './distribution';
import { asTensors } from './parameters';

/** Names of the arguments: one of the three matrices. */
export interface MultivariateNormalOptions {
  loc: Tensor;
  covarianceMatrix?: Tensor | null;
  precisionMatrix?: Tensor | null;
  scaleTril?: Tensor | null;
  validateArgs?: boolean | null;
}
const MATRIX = nullable(TENSOR);
const TAKES = signature('MultivariateNormal', [
  argument('loc', TENSOR), argument('covarianceMatrix', MATRIX, null), argument('precisionMatrix', MATRIX, null),
  argument('scaleTril', MATRIX, null), VALIDATE,
]); // prettier-ignore
type MatrixName = 'covarianceMatrix' | 'precisionMatrix' | 'scaleTril';

/** The Cholesky factor of the inverse: of the matrix read from its end it is the inverse of the factor. */
function factorOfInverse(precision: Tensor): Tensor {
  const fromEnd = cholesky(precision.flip(-2, -1)).flip(-2, -1).mT;
  const { dtype, device } = precision;
  return solveTriangular(fromEnd, eye(precision.size(-1), { dtype, device }), false);
}

/** xᵀ (L Lᵀ)⁻¹ x for vectors x [*, n] and factors [*, n, n], broadcast. */
export const mahalanobis = (factor: Tensor, x: Tensor): Tensor =>
  solveTriangular(factor, x.unsqueeze(-1), false).square().sum([-2, -1]);

/** Half of the logarithm of the determinant of L Lᵀ. */
export const halfLogDet = (factor: Tensor): Tensor => factor.diagonal(0, -2, -1).log().sum(-1);

/** Normal vectors of mean `loc`, and one of covariance, precision, or the lower Cholesky factor of the covariance. @see torch.distributions.MultivariateNormal */
export class MultivariateNormal extends Distribution<'loc' | MatrixName> {
  static override readonly name: string = 'MultivariateNormal';

  /** The factor, of the batch of the matrix alone. */
  readonly factor: Tensor;

  /** @throws KindError unless one matrix is given, ShapeError */
  constructor(
    ...args: Arguments<
      [loc: Tensor],
      [covarianceMatrix?: Tensor | null, precisionMatrix?: Tensor | null, scaleTril?: Tensor | null, validateArgs?: boolean | null],
      MultivariateNormalOptions
    >
  ) {
    const op = new.target.name;
    const { loc, validateArgs, ...matrices } = TAKES.take(args, op);
    const chosen = Object.entries<Tensor | null>(matrices).filter(([, x]) => x !== null) as [MatrixName, Tensor][];
    if (chosen.length !== 1) {
      throw new KindError(op, `one of covarianceMatrix, precisionMatrix and scaleTril must be given, got ${chosen.length}.`);
    }
    const [[name, matrix]] = chosen;
    if (loc.ndim < 1 || matrix.ndim < 2) {
      throw new ShapeError(op, `loc must be a vector and ${name} a matrix, got ${formatShape(loc.shape)} and ${formatShape(matrix.shape)}.`);
    }
    asTensors(op, { loc, [name]: matrix });
    const n = matrix.size(-1);
    const batchShape = broadcastShapes(op, loc.shape.slice(0, -1), matrix.shape.slice(0, -2));
    const given = { loc: loc.expand([...batchShape, n]), [name]: matrix.expand([...batchShape, n, n]) };
    super({ given: given as Readonly<Record<'loc' | MatrixName, Tensor>>, batchShape, eventShape: [n], validateArgs });
    if (name === 'scaleTril') this.factor = matrix;
    else this.factor = name === 'covarianceMatrix' ? cholesky(matrix) : factorOfInverse(matrix);
  } // prettier-ignore

  /** Location of each element. Shape: `batchShape`. */
  get loc(): Tensor {
    return this.given.loc;
  }
  /** Lower Cholesky factor of the covariance. Shape: batchShape + [k, k]. */
  get scaleTril(): Tensor {
    return this.own('scaleTril') ?? this.whole(this.factor);
  }
  /** Covariance. Shape: batchShape + [k, k]. */
  get covarianceMatrix(): Tensor {
    return this.own('covarianceMatrix') ?? this.whole(this.factor.matmul(this.factor.mT));
  }
  /** Inverse of the covariance. Shape: batchShape + [k, k]. */
  get precisionMatrix(): Tensor {
    return this.own('precisionMatrix') ?? this.whole(choleskyInverse(this.factor));
  }
  private own(name: MatrixName): Tensor | undefined {
    return (this.given as Readonly<Partial<Record<MatrixName, Tensor>>>)[name];
  }
  private whole(matrix: Tensor): Tensor {
    return matrix.expand([...this.batchShape, ...this.eventShape, ...this.eventShape]);
  }
  override get argConstraints(): Readonly<Record<string, Constraint>> {
    return { loc: realVector, covarianceMatrix: positiveDefinite, precisionMatrix: positiveDefinite, scaleTril: lowerCholesky }; // prettier-ignore
  }
  override get support(): Constraint {
    return realVector;
  }
  override get hasRsample(): boolean {
    return true;
  }
  override get mean(): Tensor {
    return this.loc;
  }
  override get mode(): Tensor {
    return this.loc;
  }
  override get variance(): Tensor {
    return this.factor.square().sum(-1).expand([...this.batchShape, ...this.eventShape]); // prettier-ignore
  }
  protected override draw(sampleShape: Shape): Tensor {
    const normal = randn(this.extended(sampleShape), this.made);
    return this.loc.add(this.factor.matmul(normal.unsqueeze(-1)).squeeze(-1));
  }
  protected override logDensity(value: Tensor): Tensor {
    const squares = mahalanobis(this.factor, value.sub(this.loc));
    return squares.add(this.eventShape[0] * Math.log(2 * Math.PI)).mul(-0.5).sub(halfLogDet(this.factor)); // prettier-ignore
  }
  protected override entropyOf(): Tensor {
    const half = 0.5 * this.eventShape[0] * (1 + Math.log(2 * Math.PI));
    return halfLogDet(this.factor).add(half).expand([...this.batchShape]); // prettier-ignore
  }
}
