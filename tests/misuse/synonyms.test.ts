// `axis` is `dim` and `keepdims` is `keepdim` wherever these are taken: every public function and method is called with both names.
import { afterAll, describe, expect, it, vi } from 'vitest';
import * as k from '../../src';
import { FUNCTIONS, LINALG, SPECIAL, type Call } from './functions';
import { FUNCTIONAL } from './modules';
import { errorOf } from './mutations';

vi.spyOn(console, 'warn').mockImplementation(() => undefined);
const taken: Record<string, number> = { axis: 0, axes: 0, keepdims: 0 };
afterAll(() => {
  k.shutdown();
});

type Callable = (...args: readonly unknown[]) => unknown;
const NAMES = [['dim', 'axis'], ['dims', 'axes'], ['keepdim', 'keepdims']] as const; // prettier-ignore

/** Calls with each argument by each name; where the first name passes, the second must. */
async function refused(fn: Callable, call: Call): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < call().length; i++) {
    for (const [name, synonym] of NAMES) {
      const given = (key: string) => (): unknown => {
        const args = call();
        return fn(...args.slice(0, i), { [key]: args[i] });
      };
      if ((await errorOf(given(name))) !== null) continue;
      taken[synonym]++;
      const error = await errorOf(given(synonym));
      if (error !== null) found.push(`${synonym}: ${error instanceof Error ? error.message : typeof error}`);
    }
  }
  return found;
}

const TABLES = { kindling: [k, FUNCTIONS], special: [k.special, SPECIAL], linalg: [k.linalg, LINALG], 'nn.functional': [k.nn.functional, FUNCTIONAL] } as const; // prettier-ignore

describe.each(Object.entries(TABLES))('%s', (_, [space, calls]) => {
  it.each(Object.entries(calls))('%s', async (name, call) => {
    expect(await refused(Reflect.get(space, name) as Callable, call)).toEqual([]);
  });
});

/** Functions whose first argument is the receiver of a method of the same name. */
const methods = Object.keys(FUNCTIONS).filter((name) => name in k.Tensor.prototype);
describe('Tensor', () => {
  it.each(methods)('%s', async (name) => {
    const method: Callable = (x, ...rest) => (Reflect.get(Object(x) as object, name) as Callable).apply(x, rest);
    expect(await refused(method, FUNCTIONS[name])).toEqual([]);
  });
});

it('all of this was about something', () => {
  expect(taken.axis).toBeGreaterThan(60);
  expect(taken.keepdims).toBeGreaterThan(15);
});
