// npm run conformance -- --dir DIR [--device wasm|webgpu] [--workers N|inline] [--filter RE] [--json FILE]
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { diagnose, init, onerror, shutdown } from '../../src/index';
import { folderAt } from './folder';
import { failuresOf, report } from './report';
import { runFolder } from './suite';

const OPTIONS = {
  dir: { type: 'string', default: 'tests/conformance/cases' },
  device: { type: 'string', default: 'wasm' },
  workers: { type: 'string', default: 'inline' },
  filter: { type: 'string', default: '' },
  json: { type: 'string' },
} as const;

/** Runs the cases that the command line names; the exit status. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  if (values.device !== 'wasm') throw new Error(`--device ${values.device} runs in a browser, which is not there yet.`);
  if (!/^(inline|[1-9]\d*)$/.test(values.workers)) {
    throw new Error(`--workers must be a number or 'inline', got '${values.workers}'.`);
  }
  await init(values.workers === 'inline' ? {} : { threads: Number(values.workers) });
  // Faults that no read asked for belong to cases that must fail.
  onerror(() => undefined);
  const results = await runFolder(folderAt(values.dir), new RegExp(values.filter));
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(results, null, 1));
  console.log(diagnose());
  console.log(report(results));
  shutdown();
  return failuresOf(results).length > 0 || results.length === 0 ? 1 : 0;
}
