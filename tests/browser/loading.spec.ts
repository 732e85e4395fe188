// Every entry loads under the policy it is meant for.
import { expect, test } from './fixtures';

test('an isolated page has shared memory', async ({ open }) => {
  const page = await open('isolated', 'kindling.js');
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
});

test('a plain page has none', async ({ open }) => {
  const page = await open('plain', 'kindling.js');
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
});

test('the classic script loads from another origin', async ({ open }) => {
  await open('plain', 'kindling.global.js', { from: 'cdn' });
});

test('the module loads from another origin', async ({ open }) => {
  await open('isolated', 'kindling.js', { from: 'cdn' });
});

test('the module loads under a strict policy', async ({ open }) => {
  await open('strict', 'kindling.js');
});

test('the entry with separate files loads under a policy without blob workers', async ({ open }) => {
  await open('external', 'kindling.external.js');
});
