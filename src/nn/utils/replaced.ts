// Parameters of a module that something else takes the place of: a tensor that is computed anew before every call.
import { describe } from '../../base/errorText';
import { KindError, AutogradError } from '../../base/errors';
import { Parameter, Tensor, type RemovableHandle } from '../../core/tensor';
import { isUninitialized } from '../module/lazy';
import type { Module } from '../module/module';

/** What takes the place of a tensor. */
export interface Replacement {
  /** The function that put it there, as `weightNorm`. */
  readonly by: string;
  /** The tensor as it is now. */
  compute(): Tensor;
}

interface Entry {
  readonly replacement: Replacement;
  readonly handle: RemovableHandle;
}

const replaced = new WeakMap<Module, Map<string, Entry>>();

/** A module's own parameter. @throws TypeError if there is none of this name, or it waits for its shape */
export function ownParameter(op: string, module: Module, name: string): Parameter {
  const value: unknown = Reflect.get(module, name);
  if (!(value instanceof Parameter)) {
    const other = replacementOf(module, name);
    const got = other === null ? describe(value) : `what ${other.by} computes`;
    throw new KindError(op, `${module.constructor.name} must have a parameter '${name}', got ${got}.`);
  }
  if (isUninitialized(value)) {
    throw new KindError(op, `'${name}' of a lazy module must have its shape. Call the module once before.`);
  }
  return value;
}

/** Takes the property away, whatever it is. */
export const removeMember = (module: Module, name: string): void => void Reflect.deleteProperty(module, name);

/** Puts a computed tensor where a parameter was, now and before every call. */
export function replaceParameter(module: Module, name: string, replacement: Replacement): void {
  removeMember(module, name);
  const update = (): void => void Reflect.set(module, name, replacement.compute());
  update();
  const entries = replaced.get(module) ?? new Map<string, Entry>();
  replaced.set(module, entries.set(name, { replacement, handle: module.registerForwardPreHook(update) }));
}

/** What is in the place of a parameter; null for an ordinary one. */
export const replacementOf = (module: Module, name: string): Replacement | null =>
  replaced.get(module)?.get(name)?.replacement ?? null;

/** Everything that is in the place of a parameter of this module. */
export const replacementsOf = (module: Module): Replacement[] =>
  [...(replaced.get(module)?.values() ?? [])].map(({ replacement }) => replacement);

/** Makes `parameter` the ordinary one again. @throws AutogradError if nothing is in its place */
export function restoreParameter(op: string, module: Module, name: string, parameter: Parameter): void {
  const entry = replaced.get(module)?.get(name);
  if (entry === undefined) throw new AutogradError(op, `'${name}' of ${module.constructor.name} is not replaced.`);
  entry.handle.remove();
  replaced.get(module)?.delete(name);
  removeMember(module, name);
  Reflect.set(module, name, parameter);
}

/** @throws TypeError if the module has no tensor of this name */
export function tensorOf(op: string, module: Module, name: string): Tensor {
  const tensor: unknown = Reflect.get(module, name);
  if (tensor instanceof Tensor) return tensor;
  throw new KindError(op, `${module.constructor.name} has no parameter or buffer '${name}'.`);
}
