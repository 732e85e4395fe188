// One step of recurrent networks behind the matrix products: the gates and the new state in one kernel each way. The
// products' results have their gates side by side in the last dimension, as PyTorch's weights have them.
import * as e from '../expression';
import { fused } from '../fused';
import type { Tensor } from '../tensor';

/** i, f, o = σ(·), g = tanh(·):  c' = f c + i g,  h' = o tanh(c'). */
const LSTM = fused('lstmCell', [4, 4, 1], (x, h, [c]) => {
  const [i, f, g, o] = x.map((gate, k) => e.add(gate, h[k]));
  const state = e.add(e.mul(e.sigmoid(f), c), e.mul(e.sigmoid(i), e.tanh(g)));
  return [[e.mul(e.sigmoid(o), e.tanh(state))], [state]];
});

/** r, z = σ(x + h),  n = tanh(x + r h):  h' = n + z (h - n). */
const GRU = fused('gruCell', [3, 3, 1], ([xr, xz, xn], [hr, hz, hn], [h]) => {
  const n = e.tanh(e.add(xn, e.mul(e.sigmoid(e.add(xr, hr)), hn)));
  return [[e.add(n, e.mul(e.sigmoid(e.add(xz, hz)), e.sub(h, n)))]];
});

const TANH = fused('rnnTanhCell', [1, 1], ([x], [h]) => [[e.tanh(e.add(x, h))]]);

const RELU = fused('rnnReluCell', [1, 1], ([x], [h]) => {
  const sum = e.add(x, h);
  return [[e.where(e.le(sum, e.constantLike(sum, 0)), e.constantLike(sum, 0), sum)]];
});

/**
 * The new state [h, c] of an LSTM from what its gates (input, forget, cell, output) get from the input and from h.
 * Shape: x and h [.., 4 n], c [.., n] -> two of [.., n].
 */
export const lstmCell = (x: Tensor, h: Tensor, c: Tensor): [h: Tensor, c: Tensor] => {
  const [hidden, cell] = LSTM(x, h, c);
  return [hidden, cell];
};

/**
 * The new state of a GRU from what its gates (reset, update, new) get from the input and from the state.
 * Shape: x and h [.., 3 n], state [.., n] -> [.., n].
 */
export const gruCell = (x: Tensor, h: Tensor, state: Tensor): Tensor => GRU(x, h, state)[0];

/** tanh(x + h). */
export const rnnTanhCell = (x: Tensor, h: Tensor): Tensor => TANH(x, h)[0];

/** max(x + h, 0). */
export const rnnReluCell = (x: Tensor, h: Tensor): Tensor => RELU(x, h)[0];
