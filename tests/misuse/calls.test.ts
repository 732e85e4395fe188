// No argument is ignored: every public function is called with one thing wrong, and must say so in its own words.
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as k from '../../src';
import { FUNCTIONS, LINALG, SPECIAL, type Call } from './functions';
import { FUNCTIONAL, INIT, MODULES, PARAMETRIZATIONS, PRUNE, RNN, UNCALLABLE, UTILS } from './modules';
import { errorOf, isOurs, wrongCalls } from './mutations';

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterAll(() => {
  k.shutdown();
});

/** What the wrong calls of `fn` that do not throw, or throw in JavaScript's words, have wrong. */
async function silent(fn: (...args: readonly unknown[]) => unknown, call: Call): Promise<string[]> {
  expect(await errorOf(() => fn(...call()))).toBeNull();
  const found: string[] = [];
  for (const { what, args } of wrongCalls(call)) {
    const error = await errorOf(() => fn(...args));
    if (error === null) found.push(`${what}: passes`);
    else if (!isOurs(error)) found.push(`${what}: ${error instanceof Error ? error.message : typeof error}`);
  }
  return found;
}

type Callable = (...args: readonly unknown[]) => unknown;
const TABLES: Readonly<Record<string, [space: object, calls: Readonly<Record<string, Call>>]>> = {
  kindling: [k, FUNCTIONS],
  special: [k.special, SPECIAL],
  linalg: [k.linalg, LINALG],
  'nn.functional': [k.nn.functional, FUNCTIONAL],
  'nn.init': [k.nn.init, INIT],
  'nn.utils': [k.nn.utils, UTILS],
  'nn.utils.parametrizations': [k.nn.utils.parametrizations, PARAMETRIZATIONS],
  'nn.utils.prune': [k.nn.utils.prune, PRUNE],
  'nn.utils.rnn': [k.nn.utils.rnn, RNN],
};

describe.each(Object.entries(TABLES))('%s', (_, [space, calls]) => {
  it.each(Object.keys(calls).filter((name) => name in space))('%s', async (name) => {
    const fn = Reflect.get(space, name) as Callable;
    expect(await silent(fn, calls[name])).toEqual([]);
  });
});

describe('methods', () => {
  const names = Object.keys(FUNCTIONS).filter((name) => name in k.Tensor.prototype);
  const inPlace = names.map((name) => `${name}_`).filter((name) => name in k.Tensor.prototype);
  it.each([...names, ...inPlace])('%s', async (name) => {
    const method: Callable = (receiver, ...args) => {
      const self = receiver as Record<string, Callable>;
      return self[name](...args);
    };
    const call = FUNCTIONS[name.replace(/_$/, '')];
    // The receiver is no argument.
    if (!(call()[0] instanceof k.Tensor)) return;
    const self = call()[0];
    expect(await silent((...args) => method(self, ...args), () => call().slice(1))).toEqual([]); // prettier-ignore
  });
});

type Modules = Readonly<Record<string, new (...args: readonly unknown[]) => k.nn.Module>>;
const modules = k.nn as object as Modules;

describe('constructors', () => {
  it.each(Object.keys(MODULES))('%s', async (name) => {
    expect(await silent((...args) => new modules[name](...args), MODULES[name][0])).toEqual([]);
  });
});

describe('calls of modules', () => {
  it.each(Object.keys(MODULES).filter((name) => !UNCALLABLE.includes(name)))('%s', async (name) => {
    const [make, call] = MODULES[name];
    expect(await silent((...args) => (new modules[name](...make()) as unknown as Callable)(...args), call)).toEqual([]);
  });
});

/** Starting and stopping: runtime.test.ts. */
const APART = ['kindling.init', 'kindling.shutdown'];

it('every public function has a call here', () => {
  const untried = Object.entries(TABLES).flatMap(([name, [space, calls]]) =>
    Object.entries(space)
      .filter(([, fn]) => typeof fn === 'function' && !/^class/.test(Function.prototype.toString.call(fn)))
      .map(([fn]) => fn)
      .filter((fn) => !(fn in calls))
      .map((fn) => `${name}.${fn}`),
  );
  expect(untried).toEqual(APART);
});
