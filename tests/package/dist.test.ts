// What the built files promise: no code from strings, one classic script, classes that keep their names.
import { readFileSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Script } from 'node:vm';
import ts from 'typescript';
import { expect, test } from 'vitest';

const scripts = readdirSync('dist').filter((file) => file.endsWith('.js'));
const source = (file: string): string => readFileSync(`dist/${file}`, 'utf8');
const load = async (file: string): Promise<Exports> => (await import(resolve('dist', file))) as Exports;

type Exports = Readonly<Record<string, unknown>>;

/** Runs the classic script as a page does, and gives its global. */
function loadGlobal(): Exports {
  const exports: unknown = new Script(`${source('kindling.global.js')};kindling`).runInThisContext();
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
