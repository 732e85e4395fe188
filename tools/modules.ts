// The library as ES modules cut as the sources are, each with its declarations beside it: what bundlers and editors get.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import ts from 'typescript';
import type { Plugin } from 'vite';
import { ROOT } from './engine.ts';

/** The files of the library, without those that only declare. */
export const librarySources = (): string[] => [
  resolve(ROOT, 'assembly/engine/commands.ts'),
  ...readdirSync(resolve(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => resolve(ROOT, 'src', file)),
];

/** What `./name` in a source means, as ES modules want it: `./name.js`, or `./name/index.js` for a folder. */
function explicit(id: string, importer: string): string {
  const isFolder = existsSync(resolve(dirname(importer), id, 'index.ts'));
  const target = relative(dirname(importer), resolve(dirname(importer), isFolder ? `${id}/index.js` : `${id}.js`));
  return target.startsWith('.') ? target : `./${target}`;
}

/** Keeps imports of other sources as they are written: a bundler that joined them would make objects of the namespaces. */
export function asWritten(): Plugin {
  return {
    name: 'kindling-as-written',
    enforce: 'pre',
    resolveId(id, importer) {
      if (importer === undefined || !id.startsWith('.')) return null;
      return { id: explicit(id, importer), external: true };
    },
  };
}

/** Emits what TypeScript declares of the sources, without what is marked as internal. */
export function declarations(): Plugin {
  return {
    name: 'kindling-declarations',
    generateBundle() {
      const { options } = ts.getParsedCommandLineOfConfigFile(
        resolve(ROOT, 'tsconfig.json'),
        { noEmit: false, emitDeclarationOnly: true, declaration: true, stripInternal: true, incremental: false },
        { ...ts.sys, onUnRecoverableConfigFileDiagnostic: refuse },
      ) as ts.ParsedCommandLine;
      delete options.tsBuildInfoFile;
      const ambient = resolve(ROOT, 'src/device/wasm/engine');
      const roots = [...librarySources(), `${ambient}/assembly.d.ts`, `${ambient}/virtual.d.ts`];
      const program = ts.createProgram(roots, { ...options, rootDir: ROOT, outDir: '/' });
      const { diagnostics } = program.emit(
        undefined,
        (file, source) => this.emitFile({ type: 'asset', fileName: file.slice(1), source }),
        undefined,
        true,
        { afterDeclarations: [explicitImports] },
      );
      [...diagnostics, ...program.getGlobalDiagnostics()].forEach(refuse);
    },
  };
}

function refuse({ messageText }: ts.Diagnostic): void {
  throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** Writes the imports of declarations as `asWritten` does those of the code. */
const explicitImports: ts.TransformerFactory<ts.SourceFile | ts.Bundle> = (context) => (file) => {
  if (ts.isBundle(file)) return file;
  const { factory } = context;
  const withExtension = <N extends ts.Node>(node: N): N =>
    ts.visitEachChild(
      node,
      (child) =>
        ts.isStringLiteral(child) && child.text.startsWith('.')
          ? factory.createStringLiteral(explicit(child.text, file.fileName), true)
          : child,
      context,
    );
  const visit = (node: ts.Node): ts.Node => {
    const inside = ts.visitEachChild(node, visit, context);
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isModuleDeclaration(node))
      return withExtension(inside);
    // import('./name').Name
    if (!ts.isImportTypeNode(inside)) return inside;
    const { argument, attributes, qualifier, typeArguments, isTypeOf } = inside;
    return factory.updateImportTypeNode(
      inside,
      withExtension(argument),
      attributes,
      qualifier,
      typeArguments,
      isTypeOf,
    );
  };
  return ts.visitEachChild(file, visit, context);
};
