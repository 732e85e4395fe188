// Every public function and method that gives tensors is one node where it is called with traced tensors.
import { describe, expect, it } from 'vitest';
import { fx, linalg, nn, special, Tensor } from '../../src';
import * as k from '../../src';
import { FUNCTIONS, LINALG, SPECIAL, type Call } from '../misuse/functions';
import { FUNCTIONAL } from '../misuse/modules';

type Callable = (...args: readonly unknown[]) => unknown;

/** What does not become a node: it reads values, makes tensors of none, or gives none. */
const holdsTensor = (value: unknown): boolean =>
  value instanceof Tensor || (Array.isArray(value) && value.some(holdsTensor)) || (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).some(holdsTensor)); // prettier-ignore

/** The tensors in arguments, in order, and a function that puts others there. */
function split(args: readonly unknown[]): { tensors: Tensor[]; filled: (tensors: readonly Tensor[]) => unknown[] } {
  const tensors: Tensor[] = [];
  const visit = (value: unknown): unknown => {
    if (value instanceof Tensor) tensors.push(value);
    else if (Array.isArray(value)) value.forEach(visit);
    return value;
  };
  args.forEach(visit);
  return {
    tensors,
    filled: (given) => {
      let next = 0;
      const fill = (value: unknown): unknown =>
        value instanceof Tensor ? given[next++] : Array.isArray(value) ? value.map(fill) : value;
      return args.map(fill);
    },
  };
}

/** Targets of the nodes of one call; null where there is nothing to record. */
function traced(fn: Callable, call: Call): string[] | null {
  const { tensors, filled } = split(call());
  if (tensors.length === 0) return null;
  let result: unknown;
  try {
    const { graph } = fx.symbolicTrace((...inputs: Tensor[]) => (result = fn(...filled(inputs))), { inputs: tensors });
    if (!holdsTensor(result)) return null;
    return graph.nodes.filter(({ op }) => op.startsWith('call')).map(({ target }) => target);
  } catch (error) {
    if (error instanceof k.TraceError) return null;
    throw error;
  }
}

const SPACES: Readonly<Record<string, [space: object, calls: Readonly<Record<string, Call>>]>> = {
  kindling: [k, FUNCTIONS],
  'nn.functional': [nn.functional, FUNCTIONAL],
  linalg: [linalg, LINALG],
  special: [special, SPECIAL],
};

describe.each(Object.entries(SPACES))('%s', (_, [space, calls]) => {
  it('each function is one node', () => {
    const wrong: string[] = [];
    for (const name of Object.keys(calls).filter((key) => key in space && key !== 'keep')) {
      const targets = traced(Reflect.get(space, name) as Callable, calls[name]);
      if (targets !== null && targets.filter((target) => target !== 'getitem' && target !== 'getattr').length !== 1) {
        wrong.push(`${name}: ${targets.join(' ') || 'none'}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
