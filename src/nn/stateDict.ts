// Saving and loading the state of modules: PyTorch's keys, checked as a whole before anything is copied.
import { noGrad } from '../autograd';
import { LoadError } from '../errors';
import { formatShape, sameShape } from '../shape';
import type { Tensor } from '../tensor';
import { isUninitialized } from './lazy';

/** Tensors by PyTorch's dotted names. */
export type StateDict = Record<string, Tensor>;

export interface LoadOptions {
  /** Whether keys must be the same; true by default. */
  strict?: boolean;
}

/** The keys that did not match, in a load that is not strict. */
export class LoadResult {
  constructor(
    /** Keys of the module that the state dict does not have. */
    readonly missingKeys: readonly string[],
    /** Keys of the state dict that the module does not have. */
    readonly unexpectedKeys: readonly string[],
  ) {}

  /** PyTorch's printed form. */
  toString(): string {
    const { missingKeys, unexpectedKeys } = this;
    if (missingKeys.length + unexpectedKeys.length === 0) return '<All keys matched successfully>';
    const list = (keys: readonly string[]): string => `[${keys.map((key) => `'${key}'`).join(', ')}]`;
    return `_IncompatibleKeys(missing_keys=${list(missingKeys)}, unexpected_keys=${list(unexpectedKeys)})`;
  }
}

/** Tensors outside the graph, sharing memory. Those of lazy modules are themselves: they have no values yet. */
export function saveStateDict(entries: readonly [name: string, value: Tensor][]): StateDict {
  const state: StateDict = {};
  for (const [name, value] of entries) state[name] = isUninitialized(value) ? value : value.detach();
  return state;
}

/** Copies `state` into the tensors of a module. @throws LoadError if keys (when strict) or shapes do not fit. */
export function loadStateDict(
  owner: string,
  entries: readonly [string, Tensor][],
  state: StateDict,
  strict: boolean,
): LoadResult {
  const own = new Map(entries);
  const missingKeys = [...own.keys()].filter((key) => !Object.hasOwn(state, key));
  const unexpectedKeys = Object.keys(state).filter((key) => !own.has(key));
  const found = [...own].filter(([key]) => Object.hasOwn(state, key));
  const misshapen = found.filter(([key, target]) => !fits(target, state[key]));

  const problems: string[] = [];
  if (strict && missingKeys.length > 0) problems.push(`Missing key(s) in state_dict: ${quoted(missingKeys)}.`);
  if (strict && unexpectedKeys.length > 0) {
    problems.push(`Unexpected key(s) in state_dict: ${quoted(unexpectedKeys)}.`);
  }
  for (const [key, target] of misshapen) {
    problems.push(
      `Size mismatch for ${key}: the state dict has shape ${formatShape(state[key].shape)}, the module ${shapeOf(target)}.`,
    );
  }
  if (problems.length > 0) {
    throw new LoadError(`loadStateDict: the state dict must fit ${owner}.\n  ${problems.join('\n  ')}`, {
      missingKeys,
      unexpectedKeys,
      misshapenKeys: misshapen.map(([key]) => key),
    });
  }
  noGrad(() => {
    for (const [key, target] of found) copyInto(target, state[key]);
  });
  return new LoadResult(missingKeys, unexpectedKeys);
}

const quoted = (keys: readonly string[]): string => keys.map((key) => `"${key}"`).join(', ');

const shapeOf = (tensor: Tensor): string => (isUninitialized(tensor) ? 'none yet' : formatShape(tensor.shape));

function fits(target: Tensor, value: Tensor): boolean {
  if (isUninitialized(target)) return true;
  return !isUninitialized(value) && sameShape(target.shape, value.shape);
}

function copyInto(target: Tensor, value: Tensor): void {
  if (isUninitialized(value)) return;
  if (isUninitialized(target)) target.materialize(value.shape);
  target.copy_(value);
}
