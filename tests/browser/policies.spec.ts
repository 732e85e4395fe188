// Design 11: one script from anywhere, strict content security policies, no bundler.
import { expect, test } from './fixtures';
import { hasLearnt, train } from './training';

const STEPS = 20;

test('the classic script trains from another origin', async ({ open }) => {
  const page = await open('plain', 'kindling.global.js', { from: 'cdn' });
  expect(hasLearnt(await page.evaluate(train, { steps: STEPS }))).toBe(true);
});

test('the classic script trains from another origin with shared memory', async ({ open }) => {
  const page = await open('isolated', 'kindling.global.js', { from: 'cdn' });
  const result = await page.evaluate(train, { steps: STEPS, init: { threads: 2 } });
  expect(result.diagnosis).toContain('threads: 2');
  expect(hasLearnt(result)).toBe(true);
});

test('the module trains from another origin', async ({ open }) => {
  const page = await open('isolated', 'kindling.js', { from: 'cdn' });
  expect(hasLearnt(await page.evaluate(train, { steps: STEPS }))).toBe(true);
});

test('everything inlined trains under a strict policy, in a worker', async ({ open }) => {
  const page = await open('strict', 'kindling.js');
  const result = await page.evaluate(train, { steps: STEPS });
  expect(result.diagnosis).toContain('engine: one worker');
  expect(hasLearnt(result)).toBe(true);
});

test('separate files train where blob workers are forbidden', async ({ open }) => {
  const page = await open('external', 'kindling.external.js');
  const init = { workerUrl: '/dist/kindling-worker.js', wasmUrl: '/dist' };
  const result = await page.evaluate(train, { steps: STEPS, init });
  expect(result.diagnosis).toContain('engine: one worker');
  expect(hasLearnt(result)).toBe(true);
});

test('a page that forbids the worker trains inline, and is told', async ({ open, warnings }) => {
  const page = await open('workerless', 'kindling.js');
  const result = await page.evaluate(train, { steps: STEPS });
  expect(result.diagnosis).toContain('engine: on the calling thread');
  expect(warnings.join('\n')).toContain('no worker could be started');
  expect(hasLearnt(result)).toBe(true);
});
