// Compiled training with two workers: the bits of a run without, for 200 steps.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile, init, shutdown } from '../../src/index';
import { cnn, dcgan, gpt, lstm, train } from './models';

beforeAll(() => init({ threads: 2 }));
afterAll(() => {
  shutdown();
});

it.each(Object.entries({ cnn, gpt, lstm, dcgan }))('%s', async (_, make) => {
  const eager = await train(make, 200, false);
  const before = compile.stats().replayed;
  const compiled = await train(make, 200, true);
  expect(compile.stats().replayed - before).toBe(197);
  expect(compiled).toEqual(eager);
});
