// What the built files promise: no code from strings, one classic script, classes that keep their names.
import { readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Script } from 'node:vm';
import ts from 'typescript';
import { expect, test } from 'vitest';
import type * as kindling from '../../src';

const scripts = readdirSync('dist').filter((file) => file.endsWith('.js'));
const source = (file: string): string => readFileSync(`dist/${file}`, 'utf8');
const load = async (file: string): Promise<Exports> => (await import(resolve('dist', file))) as Exports;

type Exports = Readonly<Record<string, unknown>>;

/** Runs the classic script as a page does, and gives its global. */
function loadGlobal(): Exports {
  const exports: unknown = new Script(`${source('kindling.global.js')}\n;kindling`).runInThisContext();
  return exports as Exports;
}

/** Names of exports that are classes, one level of namespaces deep, with the names that the classes have themselves. */
function classNames(exports: Exports, prefix = ''): [name: string, own: string][] {
  return Object.entries(exports).flatMap(([name, value]): [string, string][] => {
    if (typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))) {
      return [[name, value.name]];
    }
    const isNamespace = typeof value === 'object' && value !== null && prefix === '' && /^[a-z]/.test(name);
    return isNamespace ? classNames(value as Exports, `${name}.`) : [];
  });
}

test('there are five scripts', () => {
  expect(scripts.sort()).toEqual([
    'kindling-worker.js',
    'kindling.external.js',
    'kindling.global.js',
    'kindling.js',
    'kindling.webgpu.js',
  ]);
});

/** Calls of eval, and of Function, which makes code from strings as well. Methods that are called eval are none. */
function codeFromStrings(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (
      (ts.isCallExpression(node) || ts.isNewExpression(node)) &&
      /^(eval|Function)$/.test(node.expression.getText())
    ) {
      found.push(node.getText().slice(0, 80));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source(file), ts.ScriptTarget.ES2022, true));
  return found;
}

test.each(scripts)('%s makes no code from strings', (file) => {
  expect(codeFromStrings(file)).toEqual([]);
});

test.each(['kindling.global.js', 'kindling.webgpu.js', 'kindling-worker.js'])('%s is a classic script', (file) => {
  // Modules' syntax (import, export, top-level await) does not parse as a script.
  expect(() => new Script(source(file))).not.toThrow();
  expect(source(file)).not.toContain('import.meta');
});

test('all entries export the same names', async () => {
  const names = Object.keys(await load('kindling.js')).sort();
  expect(names.length).toBeGreaterThan(0);
  expect(Object.keys(await load('kindling.external.js')).sort()).toEqual(names);
  expect(Object.keys(await load('esm/src/index.js')).sort()).toEqual(names);
  expect(Object.keys(loadGlobal()).sort()).toEqual(names);
});

test('classes have the names they are exported by, minified or not', async () => {
  for (const exports of [await load('kindling.js'), loadGlobal()]) {
    for (const [name, own] of classNames(exports)) expect(own).toBe(name);
  }
});

/** Paths of functions by what they lead to, however many names that has. */
function namesOfOne(exports: Exports): string[] {
  const paths = new Map<unknown, string[]>();
  const visit = (object: Exports, prefix: string): void => {
    for (const [name, value] of Object.entries(object)) {
      const path = `${prefix}${name}`;
      if (typeof value === 'function') paths.set(value, [...(paths.get(value) ?? []), path]);
      else if (typeof value === 'object' && value !== null && /^[a-z]/.test(name)) visit(value as Exports, `${path}.`);
    }
  };
  visit(exports, '');
  return [...paths.values()].map((names) => names.sort().join(' = ')).sort();
}

test('the names of all entries lead to the same functions', async () => {
  const expected = namesOfOne(await load('kindling.js'));
  expect(expected.length).toBeGreaterThan(700);
  expect(namesOfOne(await load('kindling.external.js'))).toEqual(expected);
  expect(namesOfOne(await load('esm/src/index.js'))).toEqual(expected);
  expect(namesOfOne(loadGlobal())).toEqual(expected);
});

test('modules, optimizers and schedules of the classic script are those of the others, key by key', async () => {
  const describe = (exports: Exports): unknown => {
    const { nn, optim } = exports as typeof kindling;
    const modules = [
      new nn.Transformer(8, 2, 1, 1, 16),
      new nn.LSTM(3, 4, { numLayers: 2, bidirectional: true, projSize: 2 }),
      new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2), new nn.PReLU(), new nn.InstanceNorm1d(2)),
      new nn.ModuleList([new nn.Bilinear(2, 3, 4), new nn.EmbeddingBag(3, 4), new nn.GRUCell(2, 3)]),
      new nn.AdaptiveLogSoftmaxWithLoss(4, 9, [3]),
      nn.utils.weightNorm(new nn.Linear(2, 3)),
    ];
    const optimizer = new optim.RMSprop(modules[0].parameters(), { momentum: 0.5 });
    const schedule = new optim.lrScheduler.CyclicLR(optimizer, 0.01, 0.1);
    return {
      modules: modules.map((module) => [String(module), Object.keys(module.stateDict()), Object.keys(module)]),
      parameters: modules.map((module) => Array.from(module.namedParameters(), ([name]) => name)),
      optimizer: optimizer.stateDict().param_groups,
      schedule: Object.entries(schedule.stateDict()),
    };
  };
  const expected = describe(await load('kindling.js'));
  expect(describe(loadGlobal())).toEqual(expected);
});
