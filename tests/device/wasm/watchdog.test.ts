// When an engine counts as dead: by looks at its progress, not by the clock alone.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Watchdog } from '../../../src/device/wasm/workers/watchdog';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A watchdog of one second, which looks every 100 ms, over `state.progress`. */
function watch(): { state: { progress: number | null }; onHang: ReturnType<typeof vi.fn<() => void>> } {
  const state: { progress: number | null } = { progress: 1 };
  const onHang = vi.fn<() => void>();
  new Watchdog(1000, () => state.progress, onHang).wake();
  return { state, onHang };
}

/** The thread stands still, and then the timer fires, late. */
function stall(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
  const { performance } = globalThis;
  const now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now + ms);
  vi.advanceTimersToNextTimer();
}

afterEach(() => void vi.restoreAllMocks());

test('no progress for the patience is a hang, reported once', () => {
  const { onHang } = watch();
  vi.advanceTimersByTime(1000);
  expect(onHang).not.toHaveBeenCalled();
  vi.advanceTimersByTime(200);
  expect(onHang).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(10_000);
  expect(onHang).toHaveBeenCalledOnce();
});

test('however long it takes, what moves is alive', () => {
  const { state, onHang } = watch();
  for (let i = 0; i < 100; i++) {
    vi.advanceTimersByTime(900);
    state.progress = i;
  }
  expect(onHang).not.toHaveBeenCalled();
});

test('nothing outstanding ends the watch', () => {
  const { state, onHang } = watch();
  state.progress = null;
  vi.advanceTimersByTime(100);
  expect(vi.getTimerCount()).toBe(0);
  expect(onHang).not.toHaveBeenCalled();
});

test('a stall of this thread is not held against the workers', () => {
  const { onHang } = watch();
  vi.advanceTimersByTime(1000);
  // One look more would be the end.
  stall(60_000);
  expect(onHang).not.toHaveBeenCalled();
});
