// Random inputs as samples describe them.
import * as k from '../../src';
import { Tensor } from '../../src';
import type { Input } from './samples';

/** A leaf of that description. */
export function make({ shape, low, high, layout, kind }: Input): Tensor {
  if (kind === 'index') return k.randint(0, high, shape);
  if (kind === 'bool') return k.rand(shape).lt(0.5);
  const draw = (size: readonly number[]): Tensor =>
    k
      .rand(size, { dtype: 'float64' })
      .mul(high - low)
      .add(low)
      .detach();
  if (layout === 'transposed' && shape.length >= 2) {
    const swapped = [...shape.slice(0, -2), shape[shape.length - 1], shape[shape.length - 2]];
    return draw(swapped).transpose(-2, -1);
  }
  if (layout === 'strided' && shape.length >= 1) {
    return draw([...shape.slice(0, -1), shape[shape.length - 1] * 2]).slice(-1, 0, null, 2);
  }
  return draw(shape);
}

/** Results as a list. */
export const listOf = (result: Tensor | readonly Tensor[]): readonly Tensor[] =>
  result instanceof Tensor ? [result] : result;
