// torch.testing: comparisons that say what differs, and where.
export { assertClose, AssertionError } from './assertClose';
export type { AssertCloseOptions, Comparable } from './assertClose';
