// What a compiled function returns: the structure of what it returned when it was recorded, with the tensors of the new call.
import { isPlainObject } from '../base/arguments';
import { AutogradError } from '../base/errors';
import { Node, setHistory } from '../core/graph';
import type { Storage } from '../core/storage';
import { Tensor } from '../core/tensor';
import type { Layout, Source } from './source';

/** A part of the result. */
export type Result =
  | { readonly kind: 'value'; readonly value: unknown }
  /** A tensor that was there before. */
  | { readonly kind: 'same'; readonly source: Source }
  /** A tensor that the call made; `graph` is the name of the operation whose graph was walked, if it had one. */
  | { readonly kind: 'made'; readonly slot: number; readonly layout: Layout; readonly graph: string | null }
  | { readonly kind: 'list'; readonly items: readonly Result[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [name: string, part: Result])[] };

/** A graph that was walked in the function: it has nothing left to walk. */
class WalkedNode extends Node {
  constructor(name: string) {
    super(name, [], []);
  }

  backward(): never {
    throw new AutogradError(
      this.name,
      'the graph was already walked in the compiled function, which keeps none. Call backward() there.',
    );
  }
}

/** A tensor of that layout over memory that the call made. */
export function tensorOver(storage: Storage, { dtype, shape, strides, offset }: Layout, graph: string | null): Tensor {
  const t = new Tensor(storage, dtype, shape, strides, offset);
  if (graph !== null) setHistory(t, new WalkedNode(graph));
  return t;
}

/** The result of a new call. `storages` are those of slots that outlive it. */
export function resultOf(part: Result, storages: ReadonlyMap<number, Storage>, args: readonly Tensor[]): unknown {
  switch (part.kind) {
    case 'value':
      return part.value;
    case 'same':
      return part.source.find(args);
    case 'made':
      return tensorOver(storages.get(part.slot) as Storage, part.layout, part.graph);
    case 'list':
      return part.items.map((item) => resultOf(item, storages, args));
    case 'object':
      return Object.fromEntries(part.entries.map(([name, item]) => [name, resultOf(item, storages, args)]));
  }
}

/** Describes a result, each tensor by `describe`; null from it, or anything with tensors that cannot be looked into, is refused. */
export function describeResult(value: unknown, describe: (t: Tensor) => Result | null): Result | null {
  if (value instanceof Tensor) return describe(value);
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => describeResult(item, describe));
    return items.includes(null) ? null : { kind: 'list', items: items as Result[] };
  }
  if (isPlainObject(value)) {
    const entries = Object.entries(value).map(([name, item]) => [name, describeResult(item, describe)] as const);
    return entries.some(([, item]) => item === null)
      ? null
      : { kind: 'object', entries: entries as [string, Result][] };
  }
  const isObject = typeof value === 'object' && value !== null;
  // What optimizer.step() gives is the same for every step.
  if (isObject && !('then' in value && !(value instanceof Promise))) return null;
  return { kind: 'value', value };
}

/** The slots that outlive the call by its result. */
export function slotsOf(part: Result, into: Set<number>): void {
  if (part.kind === 'made') into.add(part.slot);
  else if (part.kind === 'list') for (const item of part.items) slotsOf(item, into);
  else if (part.kind === 'object') for (const [, item] of part.entries) slotsOf(item, into);
}
