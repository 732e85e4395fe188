// What the shipped files weigh (npm run size).
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

/** What the classic script, with engine and worker inlined, may weigh. Bytes, gzipped. */
const GLOBAL_BUDGET = 200_000;

const FILES = [
  'kindling.global.js',
  'kindling.webgpu.js',
  'kindling.js',
  'kindling.external.js',
  'kindling-worker.js',
  'relaxed.wasm',
  'baseline.wasm',
] as const;

const gzipped = (file: string): number => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).byteLength;

test('the classic script keeps to its budget', () => {
  for (const file of FILES)
    console.log(`${file.padEnd(22)} ${(gzipped(file) / 1024).toFixed(1).padStart(7)} KB gzipped`);
  expect(gzipped('kindling.global.js')).toBeLessThan(GLOBAL_BUDGET);
});
