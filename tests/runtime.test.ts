// init, diagnose, memory, synchronize, shutdown and onerror as a user sees them.
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as k from '../src';
import {
  DeviceError, FaultError, diagnose, indexSelect, init, memory, onerror, shutdown, synchronize, tensor,
} from '../src'; // prettier-ignore

afterEach(() => {
  shutdown();
  onerror(null);
});

const badRow = (): unknown => indexSelect(tensor([1, 2, 3]), 0, tensor(new Int32Array([7])));

describe('devices by their names', () => {
  test("'cpu' is another word for wasm wherever a device is read", async () => {
    await init({ device: 'cpu' });
    expect(diagnose()).toContain('device: wasm');
    const x = k.ones([2, 2], { device: 'cpu' });
    const made = [
      ...[x, x.to('cpu'), x.to({ device: 'cpu' }), x.to('cpu', 'float64'), x.cpu(), k.zerosLike(x, { device: 'cpu' })],
      ...[k.tensor([1], { device: 'cpu' }), k.rand(2, { device: 'cpu' }), k.arange(3, { device: 'cpu' })],
      ...[k.trilIndices(2, 2, { device: 'cpu' }), k.eye(2, { device: 'cpu' }), x.newZeros([2], { device: 'cpu' })],
      new k.nn.Linear(2, 2, { device: 'cpu' }).weight,
      new k.nn.LSTM(2, 2, { device: 'cpu' }).parameters()[0],
      new k.nn.Linear(2, 2).to('cpu').weight,
      new k.nn.Linear(2, 2).to({ device: 'cpu' }).weight,
      new k.nn.Linear(2, 2).cpu().weight,
      await k.io.load<k.Tensor>(await k.io.save(x), { device: 'cpu' }),
      await k.io.load<k.Tensor>(await k.io.save(x), 'cpu'),
    ];
    expect(made.map(({ device }) => device)).toEqual(made.map(() => 'wasm'));
    expect(x.to('cpu')).toBe(x);
    expect(x.cpu()).toBe(x);
    expect([k.device('cpu'), k.device('wasm'), k.device('webgpu')]).toEqual(['wasm', 'wasm', 'webgpu']);
  });

  test('what there is none of is refused with the names of those that there are', async () => {
    const cuda = 'cuda' as 'cpu';
    const names = "must be 'cpu', 'wasm', 'webgpu' or 'meta', got 'cuda'.";
    expect(() => k.device(cuda)).toThrow(`device: type ${names}`);
    expect(() => k.zeros(2, { device: cuda })).toThrow(`zeros: device ${names}`);
    expect(() => k.ones(2).to({ device: cuda })).toThrow(`to: device ${names}`);
    expect(() => k.ones(2).to(cuda)).toThrow("'cpu', 'wasm', 'webgpu' or 'meta'");
    expect(() => new k.nn.Linear(2, 2).to(cuda)).toThrow("'cpu', 'wasm', 'webgpu' or 'meta'");
    await expect(init({ device: cuda })).rejects.toThrow(
      "init: device must be 'cpu', 'wasm', 'webgpu', 'meta' or 'auto', got 'cuda'.",
    );
  });

  test('init makes tensors on meta, which starts nothing', async () => {
    await init({ device: 'meta' });
    expect([k.zeros(2).device, diagnose()]).toEqual(['meta', 'wasm: not started']);
    expect(k.ones(2, { device: 'wasm' }).device).toBe('wasm');
    shutdown();
    expect(k.zeros(2).device).toBe('wasm');
  });

  test('isAvailable says what init would find', async () => {
    expect(await Promise.all([k.isAvailable('cpu'), k.isAvailable('wasm')])).toEqual([true, true]);
    expect(await k.isAvailable('webgpu')).toBe(false);
    vi.stubGlobal('navigator', { gpu: { requestAdapter: () => Promise.resolve(null) } });
    expect(await k.isAvailable('webgpu')).toBe(false);
    const adapter = { info: { vendor: 'a', architecture: 'b', description: '' } };
    vi.stubGlobal('navigator', { gpu: { requestAdapter: () => Promise.resolve(adapter) } });
    expect(await k.isAvailable('webgpu')).toBe(true);
    vi.unstubAllGlobals();
    await expect(k.isAvailable('cuda' as 'cpu')).rejects.toThrow(
      "isAvailable: device must be 'cpu', 'wasm', 'webgpu' or 'meta'",
    );
  });
});

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

  test('init comes first', async () => {
    await init({ threads: 0 });
    await expect(init()).rejects.toThrow(DeviceError);
    await expect(init()).rejects.toThrow(
      'init: must come before the first tensor, but the wasm device is running with other settings.',
    );
  });

  test('init once more with the same settings changes nothing', async () => {
    await init({ threads: 0, maxMemory: 2 ** 26 });
    const x = tensor([1]);
    await init({ maxMemory: 2 ** 26, threads: 0 });
    expect(await x.tolist()).toEqual([1]);
    shutdown();
    const y = tensor([2]);
    await init();
    expect(await y.tolist()).toEqual([2]);
    await expect(init({ threads: 0 })).rejects.toThrow('Call shutdown() first.');
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
