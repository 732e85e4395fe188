// The shipped types of Tensor have its methods.
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const CODE = `import { nn, ones, type Tensor } from './dist/kindling.js';
const net: nn.Sequential = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU());
const loss: Tensor = net(ones(4, 2)).sum().mul_(2);
loss.backward();
export const text: Promise<number> = loss.item();
export const shape: readonly number[] = net[0].parameters()[0].shape;
`;

test('a program that calls methods compiles', () => {
  const file = resolve('methods.example.ts');
  const host: ts.LanguageServiceHost = {
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (name) => {
      const text = name === file ? CODE : ts.sys.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => process.cwd(),
    getCompilationSettings: () => ({
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: [],
    }),
    getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: (name) => ts.sys.readFile(name),
  };
  const messages = ts
    .createLanguageService(host)
    .getSemanticDiagnostics(file)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  expect(messages).toEqual([]);
});
