import engines, { sizes } from 'kindling:wasm';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { unpackLzma } from '../../../src/device/wasm/engine/lzma';
import { packLzma } from '../../../vite.config';

test('the embedded engines are those that were compiled', async () => {
  const [relaxed, baseline] = sizes;
  const both = await unpackLzma(Buffer.from(engines, 'base64'), relaxed + baseline);
  expect(Buffer.from(both.subarray(0, relaxed)).equals(readFileSync('build/relaxed.wasm'))).toBe(true);
  expect(Buffer.from(both.subarray(relaxed)).equals(readFileSync('build/baseline.wasm'))).toBe(true);
  expect(WebAssembly.validate(both.slice(0, relaxed))).toBe(true);
  expect(WebAssembly.validate(both.slice(relaxed))).toBe(true);
});

test('the second build costs little, as both have the same functions in the same order', async () => {
  const [relaxed, baseline] = sizes;
  const both = Buffer.from(engines, 'base64');
  const first = packLzma((await unpackLzma(both, relaxed + baseline)).subarray(0, relaxed));
  expect(both.length).toBeLessThan(1.1 * first.length);
});

/** Bytes that look random, the same in every run. */
function noise(n: number): number[] {
  let seed = 1;
  return Array.from({ length: n }, () => (seed = (seed * 48271) % 2147483647) & 0xff);
}

const far = noise(70_000);

test.each([
  ['nothing', []],
  ['one byte', [7]],
  ['bytes without order', noise(5000)],
  ['one byte over and over', Array<number>(3000).fill(9)],
  ['words with changes', Array.from({ length: 20_000 }, (_, i) => (i % 61 === 0 ? i >> 5 : i % 7) & 0xff)],
  ['copies from far away', [...far, ...far.slice(3, 900), ...far.slice(100, 2000), ...far]],
  ['copies by turns', Array.from({ length: 4000 }, (_, i) => far.slice((i % 5) * 50, (i % 5) * 50 + 20)).flat()],
])('%s come back as they were', async (_, bytes) => {
  const packed = packLzma(Uint8Array.from(bytes));
  expect(await unpackLzma(packed, bytes.length)).toEqual(Uint8Array.from(bytes));
});

test('a part may be unpacked', async () => {
  const packed = packLzma(Uint8Array.from(far));
  expect(await unpackLzma(packed, 1000)).toEqual(Uint8Array.from(far.slice(0, 1000)));
});
