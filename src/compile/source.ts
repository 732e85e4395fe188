// How a plan finds the memory that was there before the call: not by its address but by whose it is, so that a parameter that
// was moved, loaded anew or given another gradient is found again.
import type { DType } from '../base/dtype';
import { formatShape, sameShape } from '../base/shape';
import type { Device } from '../device/contract';
import { unscoped } from '../core/scope';
import type { Storage } from '../core/storage';
import { Tensor } from '../core/tensor';

/** Where a tensor is found at each call. */
export interface Source {
  /** By which it is told from others: of what kind it is, and whose. */
  readonly key: readonly unknown[];
  /** In words: 'argument 0', 'the gradient of a parameter'. */
  readonly what: string;
  find(args: readonly Tensor[]): Tensor | null;
}

/** What has a state for each parameter: optimizers. */
export interface Stateful {
  readonly state: ReadonlyMap<unknown, unknown>;
}

export const argument = (i: number): Source => ({
  key: ['argument', i],
  what: `tensor ${i} of the arguments`,
  find: (args) => args[i] ?? null,
});

/** A tensor that keeps its identity: a parameter, a buffer, a leaf. */
export const object = (t: Tensor): Source => ({ key: ['tensor', t], what: String(t), find: () => t });

/** Memory that nothing is known of but that it was the same at each call; it is held from now on. */
export function constant(storage: Storage, { dtype, shape, strides, offset }: Layout): Source {
  const t = unscoped(() => new Tensor(storage, dtype, shape, strides, offset));
  t.kept = true;
  return { key: ['constant', storage.buffer], what: `${String(t)} from outside of the function`, find: () => t };
}

export const gradient = (leaf: Source): Source => ({
  key: ['gradient', ...leaf.key],
  what: `the gradient of ${leaf.what}`,
  find: (args) => leaf.find(args)?.ownGrad ?? null,
});

export const stateOf = (optimizer: Stateful, param: Tensor, name: string): Source => ({
  key: ['state', optimizer, param, name],
  what: `the state ${name} of a parameter`,
  find: () => (optimizer.state.get(param) as Record<string, Tensor> | undefined)?.[name] ?? null,
});

export const sameSource = (a: Source, b: Source): boolean =>
  a.key.length === b.key.length && a.key.every((part, i) => Object.is(part, b.key[i]));

/** What must not change of a tensor between calls. */
export interface Layout {
  readonly device: Device;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly bytes: number;
  readonly requiresGrad: boolean;
}

export const layoutOf = (t: Tensor): Layout => ({
  device: t.home,
  dtype: t.dtype,
  shape: t.shape,
  strides: t.strides,
  offset: t.offset,
  bytes: t.buffer.bytes,
  requiresGrad: t.requiresGrad,
});

/** What is different about `t`, in words; null if nothing is. Arguments may begin elsewhere in their memory (`moves`). */
export function layoutChange(was: Layout, t: Tensor, moves: boolean): string | null {
  if (t.dtype !== was.dtype) return `its dtype was ${was.dtype}, now ${t.dtype}`;
  if (t.home !== was.device) return `its device was ${was.device.name}, now ${t.device}`;
  if (t.shape !== was.shape && !sameShape(t.shape, was.shape)) {
    return `its shape was ${formatShape(was.shape)}, now ${formatShape(t.shape)}`;
  }
  if (t.strides !== was.strides && !sameShape(t.strides, was.strides)) {
    return `its strides were ${formatShape(was.strides)}, now ${formatShape(t.strides)}`;
  }
  if (t.requiresGrad !== was.requiresGrad) {
    return was.requiresGrad ? 'it required gradients' : 'it required no gradients';
  }
  if (!moves && t.offset !== was.offset) return 'it begins elsewhere in its memory';
  return null;
}
