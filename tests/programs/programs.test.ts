// Programs as users of PyTorch write them: they compile under strict types against the files of the package, and what they print is
// what their twins in PyTorch printed. `PROGRAMS=all` adds those that take long.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLOSENESS, LONG, OWN } from './settings';

const SOURCES = 'tests/programs/kindling';
const recorded = JSON.parse(readFileSync('tests/programs/recorded.json', 'utf8')) as Record<string, string[]>;
/** Those that others import. */
const PARTS = ['cartpole', 'mnist_data'];
const names = readdirSync(SOURCES)
  .filter((file) => file.endsWith('.mts'))
  .map((file) => basename(file, '.mts'));
const programs = names.filter((name) => !PARTS.includes(name) && (process.env.PROGRAMS === 'all' || !LONG.has(name)));

/** A project with the package in its node_modules. */
mkdirSync('build', { recursive: true });
const project = mkdtempSync(resolve('build/programs-'));
beforeAll(() => {
  const home = join(project, 'node_modules/kindling');
  mkdirSync(home, { recursive: true });
  for (const part of ['package.json', 'dist']) symlinkSync(resolve(part), join(home, part));
  for (const name of names) {
    const text = readFileSync(join(SOURCES, `${name}.mts`), 'utf8');
    writeFileSync(join(project, `${name}.mts`), text);
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
    writeFileSync(join(project, `${name}.mjs`), ts.transpileModule(text, { compilerOptions }).outputText);
  }
});
afterAll(() => {
  rmSync(project, { recursive: true });
});

test('all compile under strict types', () => {
  const files = names.map((name) => join(project, `${name}.mts`));
  const program = ts.createProgram(files, {
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    preserveSymlinks: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [resolve('node_modules/@types/node/index.d.ts')],
  });
  const complaints = ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${basename(file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  expect(complaints).toEqual([]);
});

/** Numbers of a line, and what stands between them; the two languages write lists with other spaces. */
const NUMBER = /-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/gi;
const split = (line: string): [words: string, numbers: string[]] => [
  line.replace(NUMBER, '#').replace(/\s/g, ''),
  line.match(NUMBER) ?? [],
];
/** Half a unit of the last place that was printed. */
const rounding = (text: string): number => {
  const [mantissa, exponent = '0'] = text.toLowerCase().split('e');
  return 0.5 * 10 ** (Number(exponent) - (mantissa.split('.')[1] ?? '').length);
};

/** What the programs print. Two run at a time: each begins when the last but one has ended. */
const runs = new Map<string, Promise<string>>();
beforeAll(() => {
  const lanes = [Promise.resolve(''), Promise.resolve('')];
  for (const [i, name] of programs.entries()) {
    const run = async (): Promise<string> => {
      const ran = await promisify(execFile)(process.execPath, [join(project, `${name}.mjs`)], { timeout: 600_000 });
      return ran.stdout;
    };
    const printed = lanes[i % 2].then(run, run);
    printed.catch(() => undefined);
    lanes[i % 2] = printed;
    runs.set(name, printed);
  }
});

test.each(programs)(
  '%s prints what PyTorch prints',
  async (name) => {
    const printed = (await runs.get(name)) ?? '';
    const lines = printed.trim().split('\n');
    const want = OWN[name] ?? recorded[name];
    expect(lines.map((line) => split(line)[0])).toEqual(want.map((line) => split(line)[0]));
    const closeness = CLOSENESS[name] ?? 1e-3;
    const far = lines.flatMap((line, i) => {
      const [, given] = split(line);
      const isFar = split(want[i])[1].some((text, n) => {
        const [value, right] = [Number(given[n]), Number(text)];
        return !(Math.abs(value - right) <= closeness * Math.abs(right) + rounding(given[n]) + rounding(text));
      });
      return isFar ? [`${line}   PyTorch: ${want[i]}`] : [];
    });
    expect(far).toEqual([]);
  },
  660_000,
);
