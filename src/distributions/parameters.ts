// Parameters as distributions hold them: numbers become tensors, all are broadcast to one shape and checked.
import { defaultDType, isFloat } from '../base/dtype';
import { DTypeError, ValueError } from '../base/errors';
import { broadcastShapes, sameShape } from '../base/shape';
import { noGrad } from '../core/backward';
import type { Operand } from '../core/pointwise';
import { Tensor } from '../core/tensor';
import { requireAll } from '../ops/indexing/gather';
import { add } from '../ops/pointwise/arithmetic';
import { tensor } from '../ops/shape/creation';
import { expand } from '../ops/shape/view';
import type { Constraint } from './constraints';

let validates = true;
/** Whether distributions check their parameters and values where it is not said. */
export const validatesByDefault = (): boolean => validates;
export const setDefaultValidation = (value: boolean): void => {
  validates = value;
};

/** What a broadcast tensor was made of. */
const sources = new WeakMap<Tensor, Tensor>();

/**
 * 0 of the dtype of x, which is a fault unless x satisfies the constraint: only the device knows the values. Those that the page
 * has seen are refused at once.
 * @throws ValueError
 */
export function faultUnless(op: string, name: string, x: Tensor, constraint: Constraint): Tensor {
  const seen = (sources.get(x) ?? x).seenValues;
  const numbers = seen === null ? [] : Array.from(seen as ArrayLike<number | bigint>, Number);
  if (!constraint.holdsAll(numbers)) {
    const wrong = numbers.find((value) => !constraint.holdsAll([value]));
    throw new ValueError(op, `${name} must be ${constraint.expected}, got ${wrong}.`);
  }
  return noGrad(() =>
    requireAll(op, `a ${name} that is not ${constraint.expected}`, constraint.check(x.detach()), x.detach()),
  );
}

/** x, which is such a fault for whoever reads it. @throws ValueError */
export const checked = (op: string, name: string, x: Tensor, constraint: Constraint): Tensor =>
  add(x, faultUnless(op, name, x, constraint));

/** The tensors, with numbers as tensors without dimensions of their dtype and device. @throws DTypeError for integers */
export function asTensors<K extends string>(op: string, values: Readonly<Record<K, Operand>>): Record<K, Tensor> {
  const entries = Object.entries(values) as [K, Operand][];
  const model = entries.map(([, value]) => value).find((value) => value instanceof Tensor);
  const made = entries.map(([name, value]): [K, Tensor] => {
    if (!(value instanceof Tensor)) {
      return [name, tensor(Number(value), { dtype: model?.dtype ?? defaultDType(), device: model?.device })];
    }
    if (isFloat(value.dtype)) return [name, value];
    throw new DTypeError(op, `${name} must be of a floating-point dtype, got ${value.dtype}. Convert it with .float().`, { dtype: value.dtype }); // prettier-ignore
  });
  return Object.fromEntries(made) as Record<K, Tensor>;
}

/** The same, broadcast to one shape. @throws ShapeError */
export function broadcastAll<K extends string>(op: string, values: Readonly<Record<K, Operand>>): Record<K, Tensor> {
  const tensors = asTensors(op, values);
  const entries = Object.entries(tensors) as [K, Tensor][];
  const shape = broadcastShapes(op, ...entries.map(([, x]) => x.shape));
  const broadcast = entries.map(([name, x]): [K, Tensor] => {
    if (sameShape(x.shape, shape)) return [name, x];
    const wide = expand(x, shape);
    sources.set(wide, x);
    return [name, wide];
  });
  return Object.fromEntries(broadcast) as Record<K, Tensor>;
}
