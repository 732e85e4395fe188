// What the shipped files weigh (npm run size): none may jump by more than a tenth over the committed table, sizes.json. A
// change that means to writes the table anew: UPDATE_SIZES=1 npm run size.
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const FILES = [
  'kindling.global.js',
  'kindling.webgpu.js',
  'kindling.js',
  'kindling.external.js',
  'kindling-worker.js',
  'relaxed.wasm',
  'baseline.wasm',
] as const;
type Sizes = Readonly<Record<(typeof FILES)[number], number>>;

const TABLE = new URL('sizes.json', import.meta.url);
const ALLOWED = 1.1;

const gzipped = (file: string): number => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).byteLength;

if (process.env.UPDATE_SIZES !== undefined) {
  const sizes = Object.fromEntries(FILES.map((file) => [file, gzipped(file)]));
  writeFileSync(TABLE, `${JSON.stringify(sizes, null, 2)}\n`);
}
const committed = JSON.parse(readFileSync(TABLE, 'utf8')) as Sizes;

test.each(FILES)('%s', (file) => {
  const size = gzipped(file);
  console.log(`${file.padEnd(22)} ${size} bytes gzipped, ${committed[file]} in the table`);
  expect(size).toBeLessThan(ALLOWED * committed[file]);
});
