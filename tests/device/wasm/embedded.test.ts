import engines from 'kindling:wasm';
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { interleave, separate } from '../../../src/device/wasm/interleave';

test('the embedded engines are those that were compiled', () => {
  const [relaxed, baseline] = separate(new Uint8Array(inflateRawSync(Buffer.from(engines, 'base64'))));
  expect(Buffer.from(relaxed).equals(readFileSync('build/relaxed.wasm'))).toBe(true);
  expect(Buffer.from(baseline).equals(readFileSync('build/baseline.wasm'))).toBe(true);
  expect(WebAssembly.validate(relaxed)).toBe(true);
  expect(WebAssembly.validate(baseline)).toBe(true);
});

test.each([
  [0, 0],
  [0, 1],
  [1, 0],
  [8191, 8193],
  [8192, 8192],
  [100, 20000],
  [20000, 16384],
])('arrays of %i and %i bytes come back as they were', (n, m) => {
  const a = Uint8Array.from({ length: n }, (_, i) => i * 7);
  const b = Uint8Array.from({ length: m }, (_, i) => i * 13 + 1);
  expect(separate(interleave(a, b))).toEqual([a, b]);
});
