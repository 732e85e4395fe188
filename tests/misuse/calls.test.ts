// No argument is ignored: every public function is called with one thing wrong, and must say so in its own words.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import * as k from '../../src';
import {
  DATA,
  LOSS_METHODS,
  MODULE_METHODS,
  OPTIMIZERS,
  OTHERS,
  SCHEDULES,
  STATIC,
  TENSOR_METHODS,
  type Subject,
} from './classes';
import {
  AUTOGRAD,
  CHECKPOINTS,
  COLLATION,
  CONSTRAINTS,
  DISTRIBUTIONS,
  FUNC,
  FUNCTIONAL_DERIVATIVES,
  FUNCTIONS,
  IN_PAGES,
  IO,
  LINALG,
  QUANTIZATION,
  SAVED,
  SPECIAL,
  DEBUG,
  PROFILER,
  TESTING,
  type Call,
} from './functions';
import { FX, GRAPHS } from './graphs';
import {
  FUNCTIONAL,
  INIT,
  MODULES,
  NN,
  PARAMETRIZATIONS,
  PARAMETRIZE,
  PRUNE,
  RNN,
  SWA_UTILS,
  UNCALLABLE,
  UTILS,
} from './modules';
import { errorOf, isOurs, wrongCalls } from './mutations';

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
const counts = { names: 0, forms: 0, silent: 0 };
afterAll(() => {
  k.shutdown();
  console.log(`misuse: ${counts.names} names, ${counts.forms} forms tried, ${counts.silent} silent`);
});

/** What the wrong calls of `fn` that do not throw, or throw in JavaScript's words, have wrong. */
async function silent(
  fn: (...args: readonly unknown[]) => unknown,
  call: Call,
  takesObject = false,
): Promise<string[]> {
  expect(await errorOf(() => fn(...call()))).toBeNull();
  const found: string[] = [];
  counts.names++;
  for (const { what, args } of wrongCalls(call, takesObject)) {
    counts.forms++;
    const error = await errorOf(() => fn(...args));
    if (error === null) found.push(`${what}: passes`);
    else if (!isOurs(error)) found.push(`${what}: ${error instanceof Error ? error.message : typeof error}`);
  }
  counts.silent += found.length;
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
  'nn.utils.parametrize': [k.nn.utils.parametrize, PARAMETRIZE],
  'nn.utils.prune': [k.nn.utils.prune, PRUNE],
  'nn.utils.rnn': [k.nn.utils.rnn, RNN],
  nn: [k.nn, NN],
  autograd: [k.autograd, AUTOGRAD],
  'autograd.functional': [k.autograd.functional, FUNCTIONAL_DERIVATIVES],
  'autograd.graph': [k.autograd.graph, SAVED],
  func: [k.func, FUNC],
  'utils.checkpoint': [k.utils.checkpoint, CHECKPOINTS],
  data: [k.data, COLLATION],
  'optim.swaUtils': [k.optim.swaUtils, SWA_UTILS],
  io: [k.io, IO],
  'ao.quantization': [k.ao.quantization, QUANTIZATION],
  distributions: [k.distributions, DISTRIBUTIONS],
  profiler: [k.profiler, PROFILER],
  fx: [k.fx, FX],
  debug: [k.debug, DEBUG],
  testing: [k.testing, TESTING],
  'distributions.constraints': [k.distributions.constraints, CONSTRAINTS],
};

describe.each(Object.entries(TABLES))('%s', (_, [space, calls]) => {
  const names = Object.keys(calls).filter((name) => name in space);
  it.each(names.filter((name) => !(calls === IO && IN_PAGES.includes(name))))('%s', async (name) => {
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

describe('what needs a page', () => {
  it.each(IN_PAGES)('%s', async (name) => {
    const fn = Reflect.get(k.io, name) as Callable;
    const valid = await errorOf(() => fn(...IO[name]()));
    expect(String(valid)).toMatch(/there is no|needs a page/);
    // Any text is a name.
    for (const { what, args } of wrongCalls(IO[name]).filter((wrong) => !wrong.what.endsWith('another text'))) {
      counts.forms++;
      const error = await errorOf(() => fn(...args));
      expect(isOurs(error), what).toBe(true);
      expect(String(error), what).not.toBe(String(valid));
    }
    counts.names++;
  });
});

const SUBJECTS: Readonly<Record<string, Subject>> = { ...OPTIMIZERS, ...SCHEDULES, ...DATA, ...OTHERS, ...GRAPHS };

/** Names and classes of all that can be reached from `kindling`. */
function reachable(): { classes: Map<string, AnyClass>; spaces: [name: string, space: object][] } {
  const classes = new Map<string, AnyClass>();
  const spaces: [string, object][] = [];
  const walk = (name: string, space: object): void => {
    spaces.push([name, space]);
    for (const [key, value] of Object.entries(space) as [string, unknown][]) {
      if (isClass(value)) classes.set(value.name, value);
      else if (Object.prototype.toString.call(value) === '[object Module]') walk(name === 'kindling' ? key : `${name}.${key}`, value as object); // prettier-ignore
    }
  };
  walk('kindling', k);
  return { classes, spaces };
}
type AnyClass = (new (...args: readonly unknown[]) => object) & { readonly prototype: object };
const isClass = (value: unknown): value is AnyClass =>
  typeof value === 'function' && /^class/.test(Function.prototype.toString.call(value));
const { classes, spaces } = reachable();

describe('constructors of other classes', () => {
  const made = Object.entries(SUBJECTS).filter(([, { args }]) => args !== null);
  it.each(made.map(([name]) => name))('%s', async (name) => {
    const type = classes.get(name);
    const { args } = SUBJECTS[name];
    if (type === undefined || args === null) throw new Error(`${name} is not there`);
    expect(await silent((...given) => new type(...given), args)).toEqual([]);
  });
});

const objectOf = (name: string, { args, make }: Subject, method = ''): object => {
  if (make !== undefined) return make(method);
  const type = classes.get(name) as AnyClass;
  return new type(...(args?.() ?? []));
};
const OWN: readonly [name: string, method: string, subject: Subject][] = Object.entries({ ...SUBJECTS, ...MODULE_METHODS })
  .flatMap(([name, subject]) => Object.keys(subject.methods ?? {}).map((method): [string, string, Subject] => [name, method, subject])); // prettier-ignore

describe('methods of other classes', () => {
  it.each(OWN)('%s.%s', async (name, method, subject) => {
    const call = subject.methods?.[method];
    if (call === undefined) throw new Error(`${method} has no call`);
    const fn = (...args: readonly unknown[]): unknown =>
      (objectOf(name, subject, method) as Record<string, Callable>)[method](...args);
    // A state dict is an object itself, and a file of another release may have more in it.
    const takesObject = /^(loadStateDict|withData)$/.test(method);
    expect(await silent(fn, call, takesObject)).toEqual([]);
  });

  it('take what they take and no more, where that is anything', async () => {
    const scope = k.scope();
    scope[Symbol.dispose]();
    const calls: [Callable, string][] = [
      [(...args) => Reflect.apply(k.nn.deepcopy, undefined, args) as unknown, 'deepcopy: takes at most 1'],
      [(...args) => Reflect.apply(k.isTensor, undefined, args) as unknown, 'isTensor: takes at most 1'],
      [(...args) => (scope as object as Record<string, Callable>).end(...args), 'Scope.end: takes at most 1'],
    ];
    for (const [fn, message] of calls) {
      expect(await errorOf(() => fn(null))).toBeNull();
      expect(String(await errorOf(() => fn(null, 1)))).toContain(message);
      counts.names++;
    }
  });

  it.each(STATIC)('static %s %s', async (type, name, call) => {
    expect(await silent((...args) => (type as Record<string, Callable>)[name](...args), call)).toEqual([]);
  });

  it.each(Object.keys(TENSOR_METHODS))('Tensor.%s', async (name) => {
    const fn = (...args: readonly unknown[]): unknown =>
      (k.rand(2, 2).requiresGrad_(/^re(tainGrad|gisterHook)$/.test(name)) as object as Record<string, Callable>)[name](
        ...args,
      );
    expect(await silent(fn, TENSOR_METHODS[name])).toEqual([]);
  });
});

/** Starting and stopping; each of them stops what the one before has started. */
describe('losses', () => {
  it.each(Object.keys(LOSS_METHODS))('%s', async (name) => {
    const fn = (...args: readonly unknown[]): unknown =>
      (k.rand(2).requiresGrad_().sum() as object as Record<string, Callable>)[name](...args);
    expect(await silent(fn, LOSS_METHODS[name])).toEqual([]);
  });
});

describe('devices', () => {
  it('init', async () => {
    const fn: Callable = (...args) => {
      k.shutdown();
      return Reflect.apply(k.init, undefined, args);
    };
    expect(await silent(fn, () => [{ device: 'wasm', threads: 0, patience: 1.5, maxMemory: 2 ** 27 + 0.5, build: 'relaxed' }])).toEqual([]); // prettier-ignore
  });
  it('shutdown', async () => {
    expect(
      await silent(
        (...args) => Reflect.apply(k.shutdown, undefined, args),
        () => [],
      ),
    ).toEqual([]);
  });
});

describe('every public name is tried', () => {
  /** Above, or takes any value at all. */
  const APART = ['kindling.init', 'kindling.shutdown', 'kindling.isTensor', 'nn.deepcopy', 'fx.getattr', 'fx.getitem'];
  it('functions', () => {
    const untried = spaces.flatMap(([name, space]) =>
      Object.entries(space)
        .filter(([, fn]) => typeof fn === 'function' && !isClass(fn))
        .map(([fn]) => fn)
        .filter((fn) => !(name in TABLES && fn in TABLES[name][1]))
        .map((fn) => `${name}.${fn}`),
    );
    expect(untried).toEqual(APART);
  });

  it('classes', () => {
    const isError = (type: AnyClass): boolean => type.prototype instanceof Error;
    const untried = [...classes].filter(
      ([name, type]) => !isError(type) && !(type.name in MODULES) && !(name in SUBJECTS),
    );
    expect(untried.map(([name]) => name)).toEqual(ABSTRACT);
  });

  it('methods', () => {
    const seen = new Set<object>();
    const untried: string[] = [];
    const tried = new Set(OWN.map(([name, method]) => `${name}.${method}`));
    for (const type of [...classes.values(), scopeClass()]) {
      for (let proto = type.prototype; proto !== Object.prototype && !seen.has(proto);) {
        seen.add(proto);
        const name = proto.constructor.name;
        for (const key of Object.getOwnPropertyNames(proto)) {
          const method = `${name}.${key}`;
          if (!isMethod(proto, key) || tried.has(method) || INTERNAL.has(method) || method === 'Scope.end' || INHERITED.has(key) || HOT.has(key)) continue; // prettier-ignore
          const isTensors = name === 'Tensor' && (key in TENSOR_METHODS || key in LOSS_METHODS || key.replace(/_$/, '') in FUNCTIONS); // prettier-ignore
          if (!isTensors) untried.push(method);
        }
        proto = Object.getPrototypeOf(proto) as object;
      }
    }
    expect(untried).toEqual([]);
  });
});

const scopeClass = (): AnyClass => {
  const scope = k.scope();
  scope[Symbol.dispose]();
  return scope.constructor as AnyClass;
};

/** Whether a property is a method; those of Tensor are found by a getter. */
function isMethod(proto: object, key: string): boolean {
  if (key === 'constructor' || key.startsWith('_')) return false;
  const { value, get } = Object.getOwnPropertyDescriptor(proto, key) as { value?: unknown; get?: () => unknown };
  if (proto !== k.Tensor.prototype || get === undefined) return typeof value === 'function';
  return typeof Reflect.get(k.ones(1, 1), key) === 'function';
}

/** Bases that users do not make objects of, and nn.Identity, which takes anything. */
const ABSTRACT: readonly string[] = ['Tensor', 'Function', 'Module', 'UninitializedBuffer', 'UninitializedParameter', 'Identity']; // prettier-ignore

/** What classes have each of their own and the library calls, or that is tried as a call of the module. */
const INHERITED: ReadonlySet<string> = new Set([
  'forward',
  'toJSON',
  'extraRepr',
  'toString',
  'repr',
  'upgradeState',
  'materialize',
  'convert',
  // Of interpreters of graphs.
  ...[
    'run',
    'runNode',
    'mapNodesToValues',
    'placeholder',
    'getAttr',
    'callFunction',
    'callMethod',
    'callModule',
    'output',
  ],
  ...['isLeafModule', 'printTabular', 'updateArg', 'updateKwarg', 'createNode', 'propagate'],
]);

/** What is private or protected in TypeScript, or marked as internal, and not there for users. */
const INTERNAL: ReadonlySet<string> = new Set(
  sources().flatMap((text) => {
    const found = text.matchAll(/^(?:export )?(?:abstract )?class (\w+)|^ {2}(?:private|protected)(?: [a-z]+)*? ?\*?(\w+)(?:<.*>)?\(|@internal(?:(?!\*\/)[^])*\*\/\n {2}(?:[a-z]+ )*(\w+)(?:<.*>)?\(/gm); // prettier-ignore
    let owner = '';
    return [...found].flatMap(([, type, hidden, internal]) => {
      if (type !== undefined) owner = type;
      return type === undefined ? [`${owner}.${hidden ?? internal}`] : [];
    });
  }),
);

/** The text of all sources. */
function sources(): string[] {
  const root = new URL('../../src/', import.meta.url);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(new URL(name, root), 'utf8'));
}

/** Called for each number that is drawn and each tensor that is freed: nothing is spent on looking at what they do not take. */
const HOT: ReadonlySet<string> = new Set(['random', 'random64', 'random53', 'normal', 'release']);
