// The binaries as the sources embed them.
import relaxed from 'kindling:relaxed';
import baseline from 'kindling:baseline';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inflate } from '../../../src/device/wasm/engine/binary';

test.each([
  ['relaxed', relaxed],
  ['baseline', baseline],
])('the embedded %s engine is the one that was compiled', async (name, deflated) => {
  const binary = await inflate(deflated);
  expect(Buffer.from(binary).equals(readFileSync(`build/${name}.wasm`))).toBe(true);
  expect(WebAssembly.validate(binary)).toBe(true);
});
