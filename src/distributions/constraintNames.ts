// torch.distributions.constraints: what is public of constraints.ts.
export {
  boolean, Constraint, greaterThan, greaterThanEq, halfOpenInterval, independent, integerInterval, interval, lessThan,
  lowerCholesky, lowerTriangular, multinomial, nonnegative, nonnegativeInteger, oneHot, positive, positiveDefinite,
  positiveInteger, real, realVector, simplex, symmetric, unitInterval,
} from './constraints'; // prettier-ignore
