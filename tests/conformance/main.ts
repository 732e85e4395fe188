// npm run conformance -- --dir DIR [--device wasm|webgpu] [--workers N|inline] [--filter RE] [--json FILE] [--script FILE]
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { diagnose, init, onerror, shutdown } from '../../src';
import { runInBrowser } from './browser';
import type { CaseFolder } from './cases';
import { folderAt } from './folder';
import { failuresOf, report, type UnitResult } from './report';
import { runFolder } from './suite';

const OPTIONS = {
  dir: { type: 'string', default: 'tests/conformance/cases' },
  device: { type: 'string', default: 'wasm' },
  workers: { type: 'string', default: 'inline' },
  filter: { type: 'string', default: '' },
  json: { type: 'string' },
  /** A built classic script to run instead of the sources (start.js). */
  script: { type: 'string' },
} as const;

interface Run {
  readonly results: UnitResult[];
  /** What device was found, in words. */
  readonly device: string;
}

const RUNNERS: Readonly<Record<string, (folder: CaseFolder, filter: string, workers: string) => Promise<Run>>> = {
  wasm: runHere,
  webgpu: runInBrowser,
};

/** Runs the cases that the command line names; the exit status. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  if (!Object.hasOwn(RUNNERS, values.device)) {
    throw new Error(`--device must be one of ${Object.keys(RUNNERS).join(', ')}, got '${values.device}'.`);
  }
  if (!/^(inline|[1-9]\d*)$/.test(values.workers)) {
    throw new Error(`--workers must be a number or 'inline', got '${values.workers}'.`);
  }
  const folder = folderAt(values.dir);
  const { results, device } = await RUNNERS[values.device](folder, values.filter, values.workers);
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(results, null, 1));
  console.log(device);
  console.log(report(results));
  return failuresOf(results).length > 0 || results.length === 0 ? 1 : 0;
}

async function runHere(folder: CaseFolder, filter: string, workers: string): Promise<Run> {
  await init(workers === 'inline' ? {} : { threads: Number(workers) });
  // Faults that no read asked for belong to cases that must fail.
  onerror(() => undefined);
  const results = await runFolder(folder, new RegExp(filter));
  const device = diagnose();
  shutdown();
  return { results, device };
}
