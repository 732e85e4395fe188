// Softmax and log-softmax along an axis, in one pass over the workgroups: maximum, sum, result.
import { kernel, type Kernel } from '../shader';
import { folding, groupsOf, itemOf, lanesFor, loop, sizeOf, type Lanes } from '../rows';
import type { Lowerings } from './lowering';

const PARAMS = ['items: u32', 'n: u32', 'inner: u32'];
const START = 'let start = (item / p.inner) * p.n * p.inner + item % p.inner;';

const softmaxKernel = (log: boolean, lanes: Lanes): Kernel =>
  kernel(`softmax ${log} ${lanes}`, () => ({
    reads: ['x: f32'],
    writes: ['out: f32'],
    params: PARAMS,
    size: sizeOf(lanes),
    globals: folding(lanes, 'greatest', 'f32', 'maxNan(a, b)') + '\n' + folding(lanes, 'total', 'f32', 'a + b'),
    body: `${itemOf(lanes)}
${START}
var most = -infinity();
${loop(lanes, '0u', 'p.n', 'most = maxNan(most, x[p.xAt + start + k * p.inner]);')}
most = greatest(most, lane);
var sum = 0f;
${loop(
  lanes,
  '0u',
  'p.n',
  `let at = start + k * p.inner;
  let y = expOf(x[p.xAt + at] - most);
  sum += y;
  ${log ? '' : 'out[p.outAt + at] = y;'}`,
)}
sum = total(sum, lane);
${log ? 'let shift = logOf(sum);' : 'let scale = 1f / sum;'}
${loop(
  lanes,
  '0u',
  'p.n',
  `let at = start + k * p.inner;
  out[p.outAt + at] ${log ? '= x[p.xAt + at] - most - shift' : '*= scale'};`,
)}`,
  }));

// softmax: dx = y (g - sum(g y));  log-softmax: dx = g - exp(y) sum(g).
const softmaxBackwardKernel = (log: boolean, lanes: Lanes): Kernel =>
  kernel(`softmaxBackward ${log} ${lanes}`, () => ({
    reads: ['grad: f32', 'y: f32'],
    writes: ['out: f32'],
    params: PARAMS,
    size: sizeOf(lanes),
    globals: folding(lanes, 'total', 'f32', 'a + b'),
    body: `${itemOf(lanes)}
${START}
var sum = 0f;
${loop(
  lanes,
  '0u',
  'p.n',
  `let at = start + k * p.inner;
  sum += grad[p.gradAt + at]${log ? '' : ' * y[p.yAt + at]'};`,
)}
sum = total(sum, lane);
${loop(
  lanes,
  '0u',
  'p.n',
  `let at = start + k * p.inner;
  let g = grad[p.gradAt + at];
  let v = y[p.yAt + at];
  out[p.outAt + at] = ${log ? 'g - expOf(v) * sum' : 'v * (g - sum)'};`,
)}`,
  }));

export const SOFTMAX: Lowerings<'softmax' | 'softmaxBackward'> = {
  softmax(stream, inputs, outputs, { axis: { outer, n, inner }, log }) {
    const items = outer * inner;
    const lanes = lanesFor(stream, items, n, inner);
    stream.run(softmaxKernel(log, lanes), inputs, outputs, [items, n, inner], groupsOf(lanes, items));
  },
  softmaxBackward(stream, inputs, outputs, { axis: { outer, n, inner }, log }) {
    const items = outer * inner;
    const lanes = lanesFor(stream, items, n, inner);
    stream.run(softmaxBackwardKernel(log, lanes), inputs, outputs, [items, n, inner], groupsOf(lanes, items));
  },
};
