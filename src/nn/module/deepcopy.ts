// Copies of whole modules, as Python's copy.deepcopy makes them.
import { isPlainObject } from '../../base/arguments';
import { ANYTHING } from '../../base/kinds';
import { argument, signature } from '../../base/signature';
import { noGrad } from '../../core/backward';
import { KindError, AutogradError } from '../../base/errors';
import { Buffer, Parameter, Tensor } from '../../core/tensor';
import { isUninitialized } from './lazy';
import { copyContents, Module } from './module';

const DEEPCOPY = signature('deepcopy', [argument('value', { ...ANYTHING, takesObject: true }, undefined)]);

/**
 * A copy of a module, tensor, array, plain object, Map or Set, with copies of all that it holds; what occurs twice is copied
 * once, so shared parameters stay shared. No constructor runs and no random numbers are drawn. Functions and other objects
 * are not copied but shared. A subclass of Module with private `#` members cannot be copied so: use `private` ones.
 * @throws AutogradError for a tensor that is a result of recorded operations; TypeError for a lazy module without shapes.
 * @see copy.deepcopy
 */
export function deepcopy<T>(value: T, ...none: never[]): T {
  DEEPCOPY.take([value, ...none]);
  const copies = new Map<unknown, unknown>();
  const copy = <V>(original: V): V => {
    if ((typeof original !== 'object' && typeof original !== 'function') || original === null) return original;
    const known = copies.get(original);
    if (known !== undefined) return known as V;
    const note = <C extends object>(made: C): C => {
      copies.set(original, made);
      return made;
    };
    if (original instanceof Tensor) return note(copyTensor(original)) as V;
    if (original instanceof Module) {
      const made = note<Module>(Reflect.construct(Module, [], original.constructor as typeof Module));
      copyContents(original, made, copy);
      return made as V;
    }
    if (Array.isArray(original)) {
      const made = note<unknown[]>([]);
      for (const item of original as unknown[]) made.push(copy(item));
      return made as V;
    }
    if (original instanceof Map) {
      const made = note(new Map<unknown, unknown>());
      for (const [key, item] of original as Map<unknown, unknown>) made.set(copy(key), copy(item));
      return made as V;
    }
    if (original instanceof Set) {
      const made = note(new Set<unknown>());
      for (const item of original as Set<unknown>) made.add(copy(item));
      return made as V;
    }
    if (!isPlainObject(original)) return original;
    const made = note<Record<string, unknown>>({});
    for (const [key, item] of Object.entries(original)) made[key] = copy(item);
    return made as V;
  };
  return copy(value);
}

function copyTensor(t: Tensor): Tensor {
  if (isUninitialized(t)) {
    throw new KindError('deepcopy', 'a lazy module has no values to copy before its first call. Call it once first.');
  }
  if (!t.isLeaf) {
    throw new AutogradError(
      'deepcopy',
      `only tensors made by the user can be copied, got a result of recorded operations, ${String(t)}. Use detach().`,
    );
  }
  const values = noGrad(() => t.detach().clone());
  if (t instanceof Buffer) return new Buffer(values, t.persistent).requiresGrad_(t.requiresGrad);
  return t instanceof Parameter ? new Parameter(values, t.requiresGrad) : values.requiresGrad_(t.requiresGrad);
}
