// The shipped types as projects see them that depend on the package, however they resolve modules.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** A project with the package in its node_modules. */
const project = mkdtempSync(join(tmpdir(), 'kindling-types-'));
beforeAll(() => {
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'kindling'), { recursive: true });
  cpSync('package.json', join(modules, 'kindling/package.json'));
  symlinkSync(resolve('dist'), join(modules, 'kindling/dist'));
  symlinkSync(resolve('node_modules/comlink'), join(modules, 'comlink'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
});
afterAll(() => {
  rmSync(project, { recursive: true });
});

type Style = readonly [name: string, module: ts.ModuleKind, moduleResolution: ts.ModuleResolutionKind];
const STYLES: readonly Style[] = [
  ['bundler', ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
  ['node16', ts.ModuleKind.Node16, ts.ModuleResolutionKind.Node16],
  ['nodenext', ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
];

function programOf(text: string, [name, module, moduleResolution]: Style): ts.Program {
  const file = join(project, `${name}.ts`);
  writeFileSync(file, text);
  return ts.createProgram([file], {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    verbatimModuleSyntax: true,
    preserveSymlinks: true,
    target: ts.ScriptTarget.ES2022,
    module,
    moduleResolution,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
  });
}

/** What TypeScript says of a program, with the files it is about. */
const complaints = (program: ts.Program): string[] =>
  ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${file?.fileName.slice(project.length) ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );

const CONSUMER = `import { init, io, nn, ones, optim, tensor, type Tensor } from 'kindling';
import * as module from 'kindling/kindling.js';
import * as external from 'kindling/external';
void init({ threads: 2 });
class Net extends nn.Module {
  fc = new nn.Linear(2, 3);
  override forward(x: Tensor): Tensor {
    return this.fc(x).relu().sum(1, { keepdim: true });
  }
}
const net = new Net();
const optimizer = new optim.SGD(net.parameters(), { lr: 0.1, momentum: 0.9 });
const layers: nn.Sequential = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU());
const loss: Tensor = layers(ones(4, 2)).sum().mul_(2);
loss.backward();
await optimizer.step();
export const text: number = await loss.item();
export const shape: readonly number[] = tensor([[1, 2]]).mT.shape;
export const loads: typeof io.load = module.io.load;
export const same: typeof nn.Linear = external.nn.Linear;
`;

test.each(STYLES)('a strict program that resolves modules as %s does compiles', (...style) => {
  expect(complaints(programOf(CONSUMER, style))).toEqual([]);
});

test('what is internal is refused', () => {
  const names = ['home', 'autograd', 'viewLink', 'ownGrad', 'replaceGrad', 'alias', 'lieAs', 'adopt', 'bytes'];
  const text = `import { tensor } from 'kindling';
const x = tensor([1]);
export const all = [x.shape, ${names.map((name) => `x.${name}`).join(', ')}];
`;
  expect(complaints(programOf(text, STYLES[0]))).toEqual(
    names.map((name) => expect.stringContaining(`Property '${name}' does not exist on type 'Tensor'`) as string),
  );
});

test("the only any is in Module's forward", () => {
  const program = programOf(CONSUMER, STYLES[0]);
  const places: string[] = [];
  const visit = (file: ts.SourceFile, node: ts.Node, member: string): void => {
    const name =
      ts.isClassElement(node) || ts.isTypeElement(node) || ts.isDeclarationStatement(node) ? node.name : undefined;
    const here = name === undefined ? member : name.getText(file);
    if (node.kind === ts.SyntaxKind.AnyKeyword) places.push(`${file.fileName}: ${here}`);
    ts.forEachChild(node, (child) => {
      visit(file, child, here);
    });
  };
  const files = program.getSourceFiles().filter(({ fileName }) => fileName.includes('/kindling/dist/'));
  expect(files.length).toBeGreaterThan(50);
  for (const file of files) visit(file, file, '');
  expect(places.filter((place) => !place.endsWith('module/module.d.ts: forward'))).toEqual([]);
});
