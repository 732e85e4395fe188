// Every block of code in docs/profiler.md runs, one after the other, as one program.
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { afterAll, expect, it, vi } from 'vitest';
import * as kindling from '../../src';

afterAll(() => {
  kindling.shutdown();
  performance.clearMeasures();
  vi.restoreAllMocks();
});

it('the page runs', async () => {
  const page = readFileSync('docs/profiler.md', 'utf8');
  const blocks = [...page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  expect(blocks.length).toBeGreaterThan(6);
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  const { outputText } = ts.transpileModule(blocks.join('\n'), { compilerOptions });
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const names = Object.keys(kindling).filter((name) => name !== 'var');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the page is code
  const run = new Function(...names, `return (async () => {${outputText}})();`) as (
    ...values: unknown[]
  ) => Promise<void>;
  await run(...names.map((name) => Reflect.get(kindling, name) as unknown));
  const [[table], [memory]] = log.mock.calls as [string][];
  expect(table).toMatch(/^-+ .*\nName +Self CPU %/);
  expect(table).toMatch(/\nSelf WASM time total: /);
  expect(memory).toMatch(/^Peak memory on wasm: /);
});
