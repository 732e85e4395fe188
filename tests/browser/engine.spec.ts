// The engine in a page: with shared memory, without, where blob workers are blocked, and after shutdown.
import type * as Kindling from '../../src';
import { expect, test } from './fixtures';
import type { Entry, Policy } from './server';

declare const kindling: typeof Kindling;

const WAYS: [policy: Policy, entry: Entry, engine: RegExp][] = [
  ['isolated', 'kindling.js', /\d+ workers? over shared memory/],
  ['plain', 'kindling.js', /one worker with its own memory/],
  ['plain', 'kindling.global.js', /one worker with its own memory/],
  ['strict', 'kindling.js', /one worker with its own memory/],
];

for (const [policy, entry, engine] of WAYS) {
  test(`${entry} computes on a ${policy} page`, async ({ open }) => {
    const page = await open(policy, entry);
    const { values, large, diagnosis } = await page.evaluate(async () => {
      const x = kindling.tensor([1, 2, 3]);
      const values = await kindling.cat([x, x]).tolist();
      const ones = kindling.ones([3_000_000]);
      const large = await kindling.cat([ones, ones]).data();
      return { values, large: large.length, diagnosis: kindling.diagnose() };
    });
    expect(values).toEqual([1, 2, 3, 1, 2, 3]);
    expect(large).toBe(6_000_000);
    expect(diagnosis).toMatch(engine);
  });
}

test('separate files where blob workers are blocked', async ({ open }) => {
  const page = await open('external', 'kindling.external.js');
  const { values, diagnosis } = await page.evaluate(async () => {
    await kindling.init({ workerUrl: '/dist/kindling-worker.js', wasmUrl: '/dist' });
    return { values: await kindling.tensor([1, 2]).tolist(), diagnosis: kindling.diagnose() };
  });
  expect(values).toEqual([1, 2]);
  expect(diagnosis).toMatch(/one worker with its own memory/);
});

test('a blocked worker: what was queued is computed on the page, with a warning', async ({ open }) => {
  const page = await open('external', 'kindling.js');
  const warnings: string[] = [];
  page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
  const { values, diagnosis } = await page.evaluate(async () => {
    const values = await kindling.tensor([1, 2]).tolist();
    return { values, diagnosis: kindling.diagnose() };
  });
  expect(values).toEqual([1, 2]);
  expect(diagnosis).toMatch(/no worker could be started/);
  expect(warnings.join()).toContain('kindling: no worker could be started');
});

test('after shutdown the next tensor starts a new engine', async ({ open }) => {
  const page = await open('isolated', 'kindling.js');
  const values = await page.evaluate(async () => {
    await kindling.tensor([1]).data();
    kindling.shutdown();
    await kindling.init({ threads: 2 });
    return kindling.tensor([5]).tolist();
  });
  expect(values).toEqual([5]);
});
