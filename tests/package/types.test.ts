// The shipped types stand alone and say what things are.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const TYPES = resolve('dist/kindling.d.ts');

test('the types compile in a strict project that checks libraries', () => {
  const program = ts.createProgram([TYPES], {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
  });
  const messages = ts
    .getPreEmitDiagnostics(program, program.getSourceFile(TYPES))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  expect(messages).toEqual([]);
});

test("the only any is in Module's forward", () => {
  const file = ts.createSourceFile(TYPES, readFileSync(TYPES, 'utf8'), ts.ScriptTarget.ES2022, true);
  const places: string[] = [];
  const visit = (node: ts.Node, member: string): void => {
    const name =
      ts.isClassElement(node) || ts.isTypeElement(node) || ts.isDeclarationStatement(node) ? node.name : undefined;
    const here = name === undefined ? member : name.getText(file);
    if (node.kind === ts.SyntaxKind.AnyKeyword) places.push(here);
    ts.forEachChild(node, (child) => {
      visit(child, here);
    });
  };
  visit(file, '');
  expect(places.filter((place) => place !== 'forward')).toEqual([]);
});
