// In the shipped types `axis` may stand for `dim`, and `keepdims` for `keepdim`, wherever options have these.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: { '.': { types: string } } };
const program = ts.createProgram([resolve(manifest.exports['.'].types)], {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
  types: [],
});
const checker = program.getTypeChecker();
const SYNONYMS = { dim: 'axis', keepdim: 'keepdims' } as const;

/** The object types that are options among what a call may be given. */
function optionsOf(type: ts.Type): ts.Type[] {
  if (type.isUnion()) return type.types.flatMap(optionsOf);
  if (checker.isTupleType(type)) return checker.getTypeArguments(type as ts.TypeReference).flatMap(optionsOf);
  const isClass = type.getProperty('clone') !== undefined || type.getCallSignatures().length > 0;
  return isClass || checker.isArrayType(type) ? [] : [type];
}

let count = 0;
/** Calls that take a name, but not its synonym. */
function lacking(name: string, type: ts.Type): string[] {
  const forms = [...type.getCallSignatures(), ...type.getConstructSignatures()].flatMap(({ parameters }) =>
    parameters.flatMap((parameter) => optionsOf(checker.getTypeOfSymbol(parameter))),
  );
  return (Object.keys(SYNONYMS) as (keyof typeof SYNONYMS)[]).flatMap((key) => {
    if (!forms.some((form) => form.getProperty(key))) return [];
    count++;
    return forms.some((form) => form.getProperty(SYNONYMS[key])) ? [] : [`${name}: ${SYNONYMS[key]}`];
  });
}

/** Public values, one level of namespaces deep and more. */
function* publicTypes(symbol: ts.Symbol, prefix: string): Generator<[string, ts.Type]> {
  for (const exported of checker.getExportsOfModule(symbol)) {
    const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const name = `${prefix}${exported.name}`;
    if (target.flags & ts.SymbolFlags.ValueModule) yield* publicTypes(target, `${name}.`);
    else if (target.flags & ts.SymbolFlags.Value) yield [name, checker.getTypeOfSymbol(target)];
    if (name === 'Tensor') {
      const tensor = checker.getDeclaredTypeOfSymbol(target);
      for (const member of tensor.getProperties()) yield [`Tensor.${member.name}`, checker.getTypeOfSymbol(member)];
    }
  }
}

test('axis and keepdims have types', () => {
  const index = checker.getSymbolAtLocation(
    program.getSourceFile(resolve(manifest.exports['.'].types)) as ts.SourceFile,
  );
  const found = [...publicTypes(index as ts.Symbol, '')].flatMap(([name, type]) => lacking(name, type));
  expect(found).toEqual([]);
  expect(count).toBeGreaterThan(100);
});
