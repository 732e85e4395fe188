// A page that awaits nothing: how far it may be ahead of its device, and what it is told.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Lag } from '../../src/device/lag';
import { yieldTask } from '../../src/device/task';

/** A device that works on one mark at a time, each for `ms`, beside this thread. */
function device(ms: number): { place: () => Promise<void>; ahead: () => number } {
  let free = 0;
  return {
    place: () => {
      free = Math.max(free, performance.now()) + ms;
      const at = free;
      return new Promise((resolve) => setTimeout(resolve, at - performance.now()));
    },
    ahead: () => free - performance.now(),
  };
}

let warn = vi.spyOn(console, 'warn');
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockReturnValue();
});
afterEach(() => {
  warn.mockRestore();
});

it('steps of a page that reads nothing wait, and it is told once', async () => {
  const { place, ahead } = device(60);
  const lag = new Lag(place);
  let most = 0;
  for (let frame = 0; frame < 60; frame++) {
    lag.mark();
    most = Math.max(most, ahead());
    await new Promise((resolve) => setTimeout(resolve, 8));
  }
  expect(most).toBeLessThan(2000);
  expect(warn).toHaveBeenCalledOnce();
  expect(warn).toHaveBeenCalledWith(
    expect.stringMatching(/^The page is \d+\.\d s of work ahead .*await optimizer\.step\(\)/),
  );
});

it('so do those of a page that awaits beside its steps, and not those of one that waits', async () => {
  for (const [times, isHeld] of [
    [20, true],
    [3, false],
  ] as const) {
    const { place, ahead } = device(60);
    const lag = new Lag(place);
    let most = 0;
    for (let frame = 0; frame < 60; frame++) {
      lag.awaited(Math.min(frame + 1, times));
      lag.mark();
      most = Math.max(most, ahead());
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
    expect(most < 2000).toBe(isHeld);
  }
});

it('a loop in one task is not held up', () => {
  const lag = new Lag(device(1000).place);
  const start = performance.now();
  for (let i = 0; i < 20; i++) {
    while (performance.now() < start + 5 * i);
    lag.mark();
  }
  expect(performance.now() - start).toBeLessThan(900);
});

it('nor is one that follows on a step of an earlier task, of which it cannot hear', async () => {
  const { place } = device(20);
  const lag = new Lag(place);
  lag.mark();
  await yieldTask();
  const start = performance.now();
  for (let i = 0; i < 60; i++) {
    while (performance.now() < start + 30 * i);
    lag.mark();
  }
  expect(performance.now() - start).toBeLessThan(2200);
  expect(warn).not.toHaveBeenCalled();
});

it('a page that its device keeps up with never waits', async () => {
  const lag = new Lag(device(1).place);
  for (let i = 0; i < 20; i++) {
    lag.mark();
    for (let turn = 0; turn < 20; turn++) await yieldTask();
  }
  expect(warn).not.toHaveBeenCalled();
});
