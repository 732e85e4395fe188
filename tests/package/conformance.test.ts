// The recorded cases on the classic script, which is minified, unlike the sources that all other tests run.
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXCEPTIONS } from '../conformance/exceptions';
import type { UnitResult } from '../conformance/report';

/** Runs all recorded cases on a script. */
async function outcomesOf(script: string): Promise<UnitResult['outcomes']> {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-conformance-'));
  const json = join(folder, 'outcomes.json');
  const args = ['--experimental-wasm-relaxed-simd', 'tests/conformance/start.js', '--script', script, '--json', json];
  try {
    // It exits with 1 where a case fails; which they are is in the file.
    const error = await new Promise<ExecFileException | null>((resolve) =>
      execFile(process.execPath, args, { maxBuffer: 2 ** 26 }, resolve),
    );
    expect(error?.code ?? 0, error?.message).toBeLessThan(2);
    return (JSON.parse(readFileSync(json, 'utf8')) as UnitResult[]).flatMap(({ outcomes }) => outcomes);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the classic script gives what PyTorch gives', async () => {
  const outcomes = await outcomesOf('dist/kindling.global.js');
  const failures = outcomes.filter(({ id, state }) => state === 'failed' && !(id in EXCEPTIONS));
  expect(failures.map(({ id, detail }) => `${id}: ${detail}`)).toEqual([]);
  expect(outcomes.filter(({ state }) => state === 'passed').length).toBeGreaterThan(4700);
}, 300_000);
