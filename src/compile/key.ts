// What a plan depends on of the arguments of a call: of tensors how they look, of other values which they are.
import { defaultDType } from '../base/dtype';
import { isPlainObject } from '../base/arguments';
import { describe } from '../base/errorText';
import { formatShape } from '../base/shape';
import { defaultDevice } from '../device/registry';
import { isGradEnabled } from '../core/graph';
import { Tensor } from '../core/tensor';

/** The arguments of a call: its tensors in order, and the rest as a list to compare. */
export interface Key {
  readonly tensors: readonly Tensor[];
  readonly parts: readonly unknown[];
}

const TENSOR = Symbol('a tensor');
const LIST = Symbol('a list');
const OBJECT = Symbol('an object');

/** The key of a call on `owner` with those arguments; null where a tensor was freed. */
export function keyOf(owner: unknown, args: readonly unknown[]): Key | null {
  const tensors: Tensor[] = [];
  const parts: unknown[] = [owner, isGradEnabled(), defaultDevice(), defaultDType()];
  let isWhole = true;
  const add = (value: unknown): void => {
    if (value instanceof Tensor) {
      if (value.isFreed) {
        isWhole = false;
        return;
      }
      const same = tensors.findIndex((other) => other.storage === value.storage);
      // Those that share memory begin where they began.
      parts.push(TENSOR, value.dtype, value.home, value.requiresGrad, same, same < 0 ? 0 : value.offset, value.ndim);
      parts.push(...value.shape, ...value.strides);
      if (same >= 0) parts.push(tensors[same].offset);
      tensors.push(value);
    } else if (Array.isArray(value)) {
      parts.push(LIST, value.length);
      for (const item of value) add(item);
    } else if (isPlainObject(value)) {
      const entries = Object.entries(value);
      parts.push(OBJECT, entries.length);
      for (const [name, item] of entries) {
        parts.push(name);
        add(item);
      }
    } else parts.push(value);
  };
  parts.push(args.length);
  for (const arg of args) add(arg);
  return isWhole ? { tensors, parts } : null;
}

export function sameKey(a: Key, b: Key): boolean {
  const [x, y] = [a.parts, b.parts];
  if (x.length !== y.length) return false;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i] && !Object.is(x[i], y[i])) return false;
  return true;
}

/** How the second call differs from the first, in words. */
export function keyChange(a: Key, b: Key): string {
  if (a.parts[0] !== b.parts[0]) return 'it was called on another object';
  if (a.parts[1] !== b.parts[1])
    return `gradients were ${a.parts[1] === true ? '' : 'not '}recorded, now they are${b.parts[1] === true ? '' : ' not'}`;
  if (a.tensors.length !== b.tensors.length)
    return `${b.tensors.length} tensors were given, before ${a.tensors.length}`;
  for (let i = 0; i < a.tensors.length; i++) {
    const [was, now] = [a.tensors[i], b.tensors[i]];
    const text = ({ shape, dtype, device, requiresGrad }: Tensor): string =>
      `${dtype} ${formatShape(shape)} on ${device}${requiresGrad ? ', which requires gradients' : ''}`;
    if (!was.isFreed && text(was) !== text(now))
      return `tensor ${i} of the arguments was ${text(was)}, now ${text(now)}`;
  }
  const i = b.parts.findIndex((part, at) => !Object.is(part, a.parts[at]));
  return i < 0 ? 'fewer arguments were given' : `an argument was ${describe(a.parts[i])}, now ${describe(b.parts[i])}`;
}
