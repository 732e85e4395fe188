import baseline from 'kindling:wasm/baseline';
import relaxed from 'kindling:wasm/relaxed';
import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';

test.each([
  ['relaxed', relaxed],
  ['baseline', baseline],
])('the embedded %s engine inflates to a valid module', (_, deflated) => {
  const binary = inflateRawSync(Buffer.from(deflated, 'base64'));
  expect(WebAssembly.validate(binary)).toBe(true);
});
