// Great files: tensors that go to the device in parts, bytes that come without a length, checksums of any length.
import { crc32 as zlibCrc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { io, randn, tensor, zeros, type Tensor } from '../../src';
import { Pauses } from '../../src/core/pace';
import { crc32 } from '../../src/io/crc';

/** More than two parts of 4 MB, and not a whole number of them. */
const GREAT = 2_500_001;

test.each(['torch', 'legacy', 'safetensors'] as const)('%s: great tensors come back whole', async (format) => {
  const values = { great: randn(GREAT), small: tensor([1, 2]), many: tensor(new Float64Array(600_000).fill(0.1)) };
  const file = await io.save(values, { format });
  const loaded = await io.load<typeof values>(file);
  for (const name of ['great', 'small', 'many'] as const) {
    expect(loaded[name].dtype).toBe(values[name].dtype);
    expect(await loaded[name].equal(values[name])).toBe(true);
  }
});

test('bytes without an announced length', async () => {
  const file = new Uint8Array(await io.save({ x: randn(700_000) }));
  const expected = await io.load<{ x: Tensor }>(file);
  for (const size of [1, 100_000, 1_500_000]) {
    const parts = new ReadableStream({
      start(controller) {
        // The head byte by byte, as networks may give it.
        const step = (at: number): number => (size > 1 || at < 100 ? size : file.length);
        for (let at = 0; at < file.length; at += step(at)) controller.enqueue(file.slice(at, at + step(at)));
        controller.close();
      },
    });
    const { x } = await io.load<{ x: Tensor }>(new Response(parts));
    expect(await x.equal(expected.x)).toBe(true);
  }
});

/** A response of these bytes that announces something. */
const announcing = (file: BodyInit, length: string): Response =>
  new Response(file, { headers: { 'content-length': length } });

test('a length that is announced and does not come takes no memory', async () => {
  const file = await io.save({ x: zeros(3) });
  // Beyond what an ArrayBuffer can have, beyond what is believed at once, just below it.
  for (const length of [`9${'0'.repeat(15)}`, String(2 ** 30 + 1), String(2 ** 30)]) {
    await expect(io.load(announcing(file, length))).rejects.toThrow(
      `load: the response must have the ${length} bytes that were announced, got ${file.byteLength}.`,
    );
  }
});

test('more than was announced, and what is no count', async () => {
  const file = await io.save({ x: tensor([7]) });
  for (const [length, total] of [
    ['10', 10],
    ['-5', null],
    ['1.5', null],
    ['many', null],
    ['', null],
  ] as const) {
    // prettier-ignore
    const totals = new Set<number | null>();
    const { x } = await io.load<{ x: Tensor }>(announcing(file, length), {
      onProgress: (_, total) => totals.add(total),
    });
    expect(await x.tolist()).toEqual([7]);
    expect([...totals]).toEqual([total]);
  }
});

test('parts are written behind work that still uses the memory', async () => {
  const { great } = await io.load<{ great: Tensor }>(await io.save({ great: zeros(GREAT).add(3) }));
  let x = zeros(GREAT);
  // What is freed here is free only behind the commands.
  for (let i = 0; i < 5; i++) x = x.add(great);
  const [again] = await Promise.all([io.load<{ great: Tensor }>(await io.save({ great })), x.sum().item()]);
  expect(await again.great.equal(great)).toBe(true);
  expect(await x.amin().item()).toBe(15);
});

test('the checksum is that of zlib', async () => {
  for (const length of [0, 1, 7, 8, 9, 100, 2 ** 21 + 3]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 13);
    expect(await crc32(bytes, new Pauses()), `${length} bytes`).toBe(zlibCrc32(bytes));
  }
});
