// The engine end to end in every mode: uploads, kernels, reads, and the same bits from any number of workers.
import { afterEach, describe, expect, test } from 'vitest';
import { MODES, engine, floats, shutdown, sum, tensor } from './harness';

afterEach(shutdown);

describe.each(MODES)('%s', (_, settings) => {
  test('what is uploaded is read', async () => {
    const device = engine(settings);
    for (const n of [0, 1, 3, 4, 5, 16, 17, 1000, 100_003]) {
      const values = Float32Array.from({ length: n }, (_, i) => i * 0.5);
      expect(await floats(device, tensor(device, values))).toEqual(values);
    }
  });

  test('commands run in order, and freed memory may be used again at once', async () => {
    const device = engine(settings);
    let expected = 0;
    const reads: Promise<Float32Array>[] = [];
    for (let i = 0; i < 50; i++) {
      const x = tensor(device, new Float32Array(5000).fill(i));
      const out = sum(device, x);
      device.free(x.buffer);
      reads.push(floats(device, out));
      device.free(out.buffer);
      expected += 5000 * i;
    }
    const sums = await Promise.all(reads);
    expect(sums.reduce((total, [value]) => total + value, 0)).toBe(expected);
  });
});
