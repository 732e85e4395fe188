// Bounds in gradients.
import * as e from '../../expression/expression';
import type { Expression } from '../../expression/expression';

/**
 * x within [low, high], which has no slope at the bounds themselves: what a gradient is made of whose own derivative
 * PyTorch takes for 0 where two branches meet.
 */
export const held = (x: Expression, low: Expression, high: Expression): Expression =>
  e.where(e.le(x, low), low, e.where(e.ge(x, high), high, x));
