// The allocator alone: random use against what must always hold.
import { describe, expect, test } from 'vitest';
import { ALIGNMENT, Allocator, type Block } from '../../../src/device/wasm/engine/allocator';

/** xorshift: the same numbers in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** What is wrong with the heap, in words. */
function flaws(heap: Allocator, used: ReadonlySet<Block>, end: number): string[] {
  const found: string[] = [];
  let expected = 128;
  let live = 0;
  let previousFree = false;
  for (const block of heap.blocks()) {
    if (block.pointer !== expected) found.push(`a gap or an overlap at ${block.pointer}`);
    if (block.pointer % ALIGNMENT !== 0) found.push(`misaligned at ${block.pointer}`);
    if (block.free === used.has(block)) found.push(`wrongly marked at ${block.pointer}`);
    if (block.free && previousFree) found.push(`not merged at ${block.pointer}`);
    previousFree = block.free;
    if (!block.free) live += block.bytes;
    expected += block.bytes;
  }
  if (expected > end) found.push('beyond the memory asked for');
  if (heap.live !== live) found.push(`live is ${heap.live}, not ${live}`);
  return found;
}

describe('Allocator', () => {
  test.each([1, 2, 3])('random use keeps the heap whole (seed %i)', (seed) => {
    const random = randomFrom(seed * 7919);
    let end = 128;
    const heap = new Allocator(100, (needed) => (end = Math.max(end, needed)));
    const used = new Map<Block, { pointer: number; bytes: number }>();
    let seq = 0;
    for (let i = 0; i < 3000; i++) {
      seq++;
      if (random() < 0.55) {
        const bytes = Math.floor(random() ** 4 * 1e6);
        const completed = seq - Math.floor(random() * 50);
        const block = random() < 0.3 ? heap.allocateIdle(bytes, completed) : heap.allocate(bytes);
        expect(block.bytes).toBeGreaterThanOrEqual(bytes);
        used.set(block, { pointer: block.pointer, bytes: block.bytes });
      } else if (used.size > 0) {
        const block = [...used.keys()][Math.floor(random() * used.size)];
        expect({ pointer: block.pointer, bytes: block.bytes }).toEqual(used.get(block));
        used.delete(block);
        heap.release(block, seq);
      }
      if (i % 20 === 0) expect(flaws(heap, new Set(used.keys()), end)).toEqual([]);
    }
    for (const block of used.keys()) heap.release(block, seq);
    expect([...heap.blocks()]).toHaveLength(1);
    expect(heap.live).toBe(0);
    expect(heap.peak).toBeGreaterThan(0);
  });

  test('the page gets only blocks whose last command is done', () => {
    const heap = new Allocator(0, () => undefined);
    const busy = heap.allocate(1024);
    const idle = heap.allocate(1024);
    const wall = heap.allocate(64);
    heap.release(busy, 10);
    heap.release(heap.allocateIdle(64, 9), 0);
    expect(heap.allocateIdle(1024, 9).pointer).toBeGreaterThan(wall.pointer);
    expect(heap.allocate(1024).pointer).toBe(busy.pointer);
    heap.release(idle, 9);
    expect(heap.allocateIdle(1024, 9).pointer).toBe(idle.pointer);
  });

  test('a merged block is as busy as the busier half', () => {
    const heap = new Allocator(0, () => undefined);
    const [a, b, wall] = [heap.allocate(64), heap.allocate(64), heap.allocate(64)];
    heap.release(a, 5);
    heap.release(b, 3);
    expect(heap.allocateIdle(128, 4).pointer).toBeGreaterThan(wall.pointer);
    expect(heap.allocateIdle(128, 5).pointer).toBe(a.pointer);
  });

  test('a loop of equal steps stays in the memory of the first', () => {
    let end = 0;
    const heap = new Allocator(0, (needed) => (end = Math.max(end, needed)));
    const step = (): void => {
      const blocks = [100, 5000, 64, 300_000, 7].map((bytes) => heap.allocate(bytes));
      for (const block of blocks) heap.release(block, 0);
    };
    step();
    const first = end;
    for (let i = 0; i < 100; i++) step();
    expect(end).toBe(first);
  });
});
