// torch.linalg: matrices as the last two dimensions, all before are batches. Gradients come from the decompositions
// (decomposition.ts) or from composition.
export type { Results } from './decomposition';
export * from './determinant';
export * from './eig';
export * from './factorization';
export * from './lu';
export { matmul } from './matmul';
export * from './matrixFunctions';
export * from './matrixNorm';
export * from './pseudoinverse';
export * from './solve';
