// The engine's two binaries in build/: compiled from assembly/ by AssemblyScript whenever they are older than their sources.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';

export const ROOT = resolve(import.meta.dirname, '..');
export const ENGINES = ['relaxed', 'baseline'] as const;
export type EngineBuild = (typeof ENGINES)[number];

/** What the binaries are made of. */
export const engineSources = (): string[] => [
  resolve(ROOT, 'asconfig.json'),
  ...readdirSync(resolve(ROOT, 'assembly'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => resolve(ROOT, 'assembly', file)),
];

const enginePath = (name: EngineBuild): string => resolve(ROOT, `build/${name}.wasm`);
const modified = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

let compilation: Promise<void> | null = null;

/** Compiles those binaries that are missing or older than their sources. */
export function compileEngine(): Promise<void> {
  // Bundlers load both binaries at the same time; one run makes both.
  compilation ??= compileStale().finally(() => (compilation = null));
  return compilation;
}

async function compileStale(): Promise<void> {
  const newest = Math.max(...engineSources().map(modified));
  const stale = ENGINES.filter((name) => modified(enginePath(name)) < newest);
  const compiler = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
  mkdirSync(resolve(ROOT, 'build'), { recursive: true });
  await Promise.all(
    stale.map(async (name) => {
      // Renamed into place, so that a process beside this one never reads half a file.
      const output = `build/${name}.${process.pid}.wasm`;
      const args = [compiler, 'assembly/index.ts', '--target', name, '--outFile', output];
      await promisify(execFile)(process.execPath, args, { cwd: ROOT });
      renameSync(resolve(ROOT, output), enginePath(name));
    }),
  );
}

/** The bytes of a binary, compiled first if need be. */
export async function readEngine(name: EngineBuild): Promise<Buffer<ArrayBuffer>> {
  await compileEngine();
  return readFileSync(enginePath(name));
}

/** A binary as the sources embed it: deflated, as base64. */
export const embedEngine = async (name: EngineBuild): Promise<string> =>
  deflateRawSync(await readEngine(name), { level: 9 }).toString('base64');
