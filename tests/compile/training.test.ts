// Training steps through compile give the bits that they give without, with dropout and schedules.
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/index';
import { cnn, dcgan, gpt, lstm, train } from './models';

const CASES = { cnn, gpt, lstm, dcgan };

describe('compiled training', () => {
  for (const [name, make] of Object.entries(CASES)) {
    it(`${name}: the same bits for 200 steps`, async () => {
      const eager = await train(make, 200, false);
      const before = compile.stats();
      const compiled = await train(make, 200, true);
      const after = compile.stats();
      expect(after.replayed - before.replayed).toBe(197);
      expect(compiled).toEqual(eager);
    });
  }
});
