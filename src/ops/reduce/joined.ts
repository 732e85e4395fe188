// What an op was given and did not use, kept in the graph.
import type { Tensor } from '../../core/tensor';
import { add } from '../pointwise/arithmetic';
import { to } from '../shape/copy';
import { narrow, reshape } from '../shape/view';
import { sum } from './reduce';

/** x with `source` in its graph, whose gradient through it is zeros; no element of it is read, so that NaN stays out. */
export const joinedTo = (x: Tensor, source: Tensor): Tensor =>
  source.requiresGrad ? add(x, to(sum(narrow(reshape(source, -1), 0, 0, 0)), x.dtype)) : x;
