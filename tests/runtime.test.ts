// init, diagnose, memory, synchronize, shutdown and onerror as a user sees them.
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  DeviceError, FaultError, diagnose, indexSelect, init, memory, onerror, shutdown, synchronize, tensor,
} from '../src'; // prettier-ignore

afterEach(() => {
  shutdown();
  onerror(null);
});

const badRow = (): unknown => indexSelect(tensor([1, 2, 3]), 0, tensor(new Int32Array([7])));

describe('runtime', () => {
  test('the first tensor starts the engine', async () => {
    expect(diagnose()).toBe('wasm: not started');
    expect(memory()).toEqual({ live: 0, reserved: 0, peak: 0 });
    const x = tensor([1, 2, 3]);
    expect(memory().live).toBe(64);
    expect(await x.tolist()).toEqual([1, 2, 3]);
    expect(diagnose()).toContain('engine: on the calling thread');
    expect(diagnose()).toContain('threads: none by default in Node');
  });

  test('init comes first', () => {
    void init({ threads: 0 });
    expect(() => init()).toThrow(DeviceError);
    expect(() => init()).toThrow('init: must come before the first tensor, but the wasm device is running.');
  });

  test('after shutdown old tensors are refused and new ones start a new engine', async () => {
    const old = tensor([1]);
    shutdown();
    await expect(old.data()).rejects.toThrow(/was shut down/);
    expect(await tensor([2]).tolist()).toEqual([2]);
  });

  test('synchronize rejects with a fault that nobody read', async () => {
    badRow();
    await expect(synchronize()).rejects.toThrow(FaultError);
    await synchronize();
  });

  test('onerror hears once of a fault that nobody reads', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const listener = vi.fn();
    onerror(listener);
    badRow();
    await tensor([1]).data();
    expect(listener).not.toHaveBeenCalled();
    vi.advanceTimersByTime(10_000);
    shutdown();
    vi.useRealTimers();
    expect(listener).toHaveBeenCalledTimes(1);
    expect(listener).toHaveBeenCalledWith(
      expect.objectContaining({ message: 'indexSelect: index 7 is out of range [0, 3)' }),
    );
  });
});
