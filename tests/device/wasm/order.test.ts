// Order, volume and determinism: ring and backlog, sleep and wake, barrier, the same bits from any number of workers.
import { instruments } from '../../../src/device/instruments';
import type { MeasuredCommand } from '../../../src/base/observer';
import { afterEach, describe, expect, test } from 'vitest';
import { MAX_COMMAND_WORDS, Opcode, RING_WORDS } from '../../../assembly/engine/commands';
import { MODES, addTo, engine, floats, room, shutdown, sum, tensor } from './harness';

afterEach(shutdown);

describe.each(MODES)('%s', (_, settings) => {
  test('100,000 commands without an await', async () => {
    const device = engine(settings);
    const total = tensor(device, new Float32Array(10));
    const one = tensor(device, new Float32Array(10).fill(1));
    for (let i = 0; i < 100_000; i++) addTo(device, total, one);
    expect(await floats(device, total)).toEqual(new Float32Array(10).fill(100_000));
  });

  test('commands of many lengths wrap around the ring', async () => {
    const device = engine(settings);
    const total = tensor(device, new Float32Array(1));
    const one = tensor(device, Float32Array.of(1));
    const filler = new Uint32Array(MAX_COMMAND_WORDS);
    let words = 0;
    let count = 0;
    for (let length = 4; words < 5 * RING_WORDS; length = (length * 7 + 3) % 30_000) {
      const padded = Math.max(6, length);
      // A Write of no bytes, with a long tail.
      device.stream.emitWords(Opcode.Write, filler, padded, [], []);
      addTo(device, total, one);
      words += padded;
      count++;
      if (count % 20 === 0) await device.throttle(1);
    }
    expect(await floats(device, total)).toEqual(Float32Array.of(count));
  });

  test('uploads never overtake commands that still read what was freed', async () => {
    const device = engine(settings);
    const sums = [];
    const n = 3000;
    for (let i = 0; i < 200; i++) {
      const x = tensor(device, new Float32Array(n).fill(i));
      sums.push(sum(device, x));
      device.free(x.buffer);
      if (i % 50 === 49) await device.throttle(2);
    }
    for (const [i, view] of sums.entries()) expect(await floats(device, view)).toEqual(Float32Array.of(n * i));
  });

  test('a value read is that of its moment', async () => {
    const device = engine(settings);
    const x = tensor(device, new Float32Array(1000));
    const one = tensor(device, new Float32Array(1000).fill(1));
    const reads: Promise<Float32Array>[] = [];
    for (let i = 0; i < 100; i++) {
      reads.push(floats(device, x));
      addTo(device, x, one);
    }
    for (const [i, values] of (await Promise.all(reads)).entries()) expect(values[999]).toBe(i);
  });

  test('the engine sleeps and wakes at any moment', async () => {
    const device = engine(settings);
    const x = tensor(device, Float32Array.of(0));
    const one = tensor(device, Float32Array.of(1));
    for (let i = 1; i <= 300; i++) {
      addTo(device, x, one);
      // From no pause to longer than the leader spins.
      const until = performance.now() + (i % 30) * 0.01;
      while (performance.now() < until);
      if (i % 3 === 0) expect(await floats(device, x)).toEqual(Float32Array.of(i));
    }
  });

  test('a stream that is held waits, in order', async () => {
    const device = engine(settings);
    const x = tensor(device, Float32Array.of(1));
    let release = (): void => undefined;
    device.stream.hold(new Promise<void>((resolve) => (release = resolve)));
    addTo(device, x, x);
    const read = floats(device, x);
    addTo(device, x, x);
    const settled = await Promise.race([read, new Promise((resolve) => setTimeout(() => resolve('waits'), 50))]);
    expect(settled).toBe('waits');
    release();
    expect(await read).toEqual(Float32Array.of(2));
    expect(await floats(device, x)).toEqual(Float32Array.of(4));
  });

  test('throttle lets the page run ahead by its number of steps', async () => {
    const device = engine(settings);
    const x = tensor(device, new Float32Array(100_000).fill(1));
    for (let step = 0; step < 10; step++) {
      for (let i = 0; i < 5; i++) device.free(sum(device, x).buffer);
      await device.throttle(2);
    }
    await device.synchronize();
    expect(device.memory().live).toBe(400_000);
  });
});

test('the same bits inline, in batches and from 1, 2, 3 and 5 workers', async () => {
  // Sizes around the chunks of the reduction; values whose sum depends on the order.
  const sizes = [1, 4095, 4096, 4097, 16_385, 65_536, 300_001];
  const results: Uint32Array[] = [];
  for (const [, settings] of MODES) {
    const device = engine({ ...settings, build: 'baseline' });
    const sums = sizes.map((n) => {
      const values = Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) * 43758.5453);
      return sum(device, tensor(device, values));
    });
    const matrix = tensor(
      device,
      Float32Array.from({ length: 300 * 257 }, (_, i) => Math.cos(i) * 1e3),
    );
    const columns = room(device, 257);
    device.run('reduce', [matrix], [columns], { kind: 'sum', axis: { outer: 1, n: 300, inner: 257 } });
    const values: number[] = [];
    for (const view of [...sums, columns]) values.push(...new Uint32Array(await device.read(view)));
    results.push(Uint32Array.from(values));
  }
  for (const result of results) expect(result).toEqual(results[0]);
});

test.each([
  ['inline', {}],
  ['shared', { threads: 2 }],
  ['batch', {}],
] as const)('each command is measured: %s', async (mode, settings) => {
  // The checking mode has commands of its own.
  instruments.current = null;
  const device = engine({ mode, ...settings });
  const x = tensor(device, new Float32Array(1_000_000).fill(1));
  const times: MeasuredCommand[] = [];
  const begun = performance.now();
  const end = device.stream.measure((more) => void times.push(...more));
  const first = device.clock() + 1;
  // More than the engine has room for before it hands them over.
  for (let i = 0; i < 1500; i++) sum(device, i === 0 ? x : tensor(device, Float32Array.of(1, 2, 3)));
  const last = device.clock();
  await end();
  const ended = performance.now();
  sum(device, x);
  await device.synchronize();
  const reductions = times.filter(({ name }) => name === 'Reduce');
  expect(reductions).toHaveLength(1500);
  expect(times.every(({ seq }, i) => i === 0 || seq > times[i - 1].seq)).toBe(true);
  expect([reductions[0].seq >= first, (reductions.at(-1) as MeasuredCommand).seq <= last]).toEqual([true, true]);
  expect(reductions[0].end).toBeGreaterThan(reductions[0].start);
  expect(times.every(({ start, end }, i) => start <= end && (i === 0 || times[i - 1].end <= start))).toBe(true);
  // On the clock of this thread: origins of threads are known to about a millisecond.
  expect([times[0].start > begun - 5, (times.at(-1) as MeasuredCommand).end < ended + 5]).toEqual([true, true]);
});
