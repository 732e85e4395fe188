// Faults: bad data rejects the reads that depend on it, holds off the writes behind it, and harms nothing else.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Opcode, Reduce } from '../../../assembly/engine/commands';
import type { View } from '../../../src/device/contract';
import type { WasmDevice } from '../../../src/device/wasm/device';
import { DeviceError, FaultError } from '../../../src/base/errors';
import { MODES, addTo, engine, floats, pick, room, shutdown, sum, tensor } from './harness';

afterEach(shutdown);

const ints = (...values: number[]): Int32Array => Int32Array.from(values);

describe.each(MODES)('%s', (_, settings) => {
  /** Steps of a loop that adds table[index] to the weights; returns the last "loss". */
  function train(device: WasmDevice, weights: View, table: View, indices: number[]): View {
    let loss = table;
    for (const index of indices) {
      const row = pick(device, table, tensor(device, ints(index)), 'crossEntropy', 'label');
      loss = sum(device, row);
      addTo(device, weights, row);
    }
    return loss;
  }

  test('a bad label at step 10 leaves the weights as after step 9', async () => {
    const device = engine(settings);
    const table = tensor(
      device,
      Float32Array.from({ length: 10 }, (_, i) => i),
    );
    const weights = tensor(device, new Float32Array(1));
    const labels = Array.from({ length: 50 }, (_, i) => (i + 1 === 10 ? 12 : 1));
    const loss = train(device, weights, table, labels);
    await expect(device.read(loss)).resolves.toBeDefined();
    await expect(device.read(weights)).rejects.toThrow('crossEntropy: label 12 is out of range for 10 classes');
    expect(await floats(device, weights)).toEqual(Float32Array.of(9));

    train(device, weights, table, [2, 3]);
    expect(await floats(device, weights)).toEqual(Float32Array.of(14));
    await device.synchronize();
  });

  test('what depends on the weights rejects too, until a read has told of the fault', async () => {
    const device = engine(settings);
    const table = tensor(
      device,
      Float32Array.from({ length: 10 }, (_, i) => i),
    );
    const weights = tensor(device, new Float32Array(1));
    train(device, weights, table, [1, 2, 70, 3]);
    const after = sum(device, weights);
    await expect(device.read(after)).rejects.toThrow(FaultError);
    // The value was computed from weights that are not those of step 3.
    await expect(device.read(after)).rejects.toThrow(FaultError);
    expect(await floats(device, sum(device, weights))).toEqual(Float32Array.of(3));
  });

  test('a fault that the page knows of still blocks what is queued later, before it is read', async () => {
    const device = engine(settings);
    const table = tensor(
      device,
      Float32Array.from({ length: 4 }, (_, i) => i),
    );
    const weights = tensor(device, new Float32Array(1));
    const clean = tensor(device, Float32Array.of(5));
    train(device, weights, table, [1, -1]);
    expect(await floats(device, clean)).toEqual(Float32Array.of(5));
    train(device, weights, table, [2, 3]);
    await expect(device.read(weights)).rejects.toThrow('label -1 is out of range for 4 classes');
    expect(await floats(device, weights)).toEqual(Float32Array.of(1));
    train(device, weights, table, [2]);
    expect(await floats(device, weights)).toEqual(Float32Array.of(3));
  });

  test('indices are named with their range, and many bad ones are one fault', async () => {
    const device = engine(settings);
    const table = tensor(device, new Float32Array(50_000));
    const bad = pick(device, table, tensor(device, new Int32Array(1000).fill(70_000)), 'embedding', 'index');
    await expect(device.read(bad)).rejects.toThrow('embedding: index 70000 is out of range [0, 50000)');
    await device.synchronize();
  });

  test('synchronize rejects with a fault that nobody read, once', async () => {
    const device = engine(settings);
    const onFault = vi.fn();
    device.stream.onFault = onFault;
    pick(device, tensor(device, new Float32Array(3)), tensor(device, ints(3)), 'gather', 'index');
    await expect(device.synchronize()).rejects.toThrow('gather: index 3 is out of range [0, 3)');
    await device.synchronize();
    expect(onFault).toHaveBeenCalledTimes(1);
  });

  test('more faults than the table holds skip all guarded writes', async () => {
    const device = engine(settings);
    const table = tensor(device, new Float32Array(3).fill(1));
    const weights = tensor(device, new Float32Array(1));
    const one = tensor(device, ints(1));
    const bad = Array.from({ length: 100 }, () => pick(device, table, tensor(device, ints(9)), 'gather', 'index'));
    addTo(device, weights, pick(device, table, one, 'gather', 'index'));
    for (const view of bad) await expect(device.read(view)).rejects.toThrow(FaultError);
    await device.read(weights).catch(() => undefined);
    expect(await floats(device, weights)).toEqual(Float32Array.of(0));
    addTo(device, weights, pick(device, table, one, 'gather', 'index'));
    expect(await floats(device, weights)).toEqual(Float32Array.of(1));
  });

  test('overwriting the whole of a bad tensor makes it good', async () => {
    const device = engine(settings);
    const table = tensor(device, new Float32Array(3).fill(1));
    const bad = pick(device, table, tensor(device, ints(9)), 'gather', 'index');
    await expect(device.read(bad)).rejects.toThrow(FaultError);
    device.run('reduce', [table], [bad], { kind: 'sum', axis: { outer: 1, n: 3, inner: 1 } });
    expect(await floats(device, bad)).toEqual(Float32Array.of(3));
  });

  /** The result of commands that trap, at addresses beyond the memory, in that many tasks each. */
  function trap(device: WasmDevice, ...tasks: number[]): View {
    const out = room(device, 64);
    for (const outer of tasks) {
      const sizes = { x: 0xf0000000, out: device.stream.pointer(out), workspace: 0, outer, n: 65536, inner: 1 };
      device.stream.emit(Opcode.Reduce, Reduce, { ...sizes, kind: 0, dtype: 0 }, [], [out]);
    }
    device.seal(out.buffer);
    return out;
  }

  test('a trap costs what depends on it, and nothing beside', async () => {
    const device = engine(settings);
    const weights = tensor(device, Float32Array.of(1));
    const others = tensor(device, Float32Array.of(1));
    const before = tensor(device, Float32Array.of(7));
    for (let round = 0; round < 3; round++) {
      const out = trap(device, round === 1 ? 1 : 64);
      const behind = sum(device, out);
      const beside = sum(device, before);
      addTo(device, weights, behind);
      addTo(device, others, beside);
      const after = sum(device, others);
      const reads = [weights, behind, beside, others, after].map((view) => floats(device, view));
      const outcomes = await Promise.allSettled(reads);
      const values = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value[0] : 'lost'));
      const grown = 1 + 7 * (round + 1);
      expect(values).toEqual(['lost', 'lost', 7, grown, grown]);
      // The step was not made, and now counts as never made.
      expect(await floats(device, weights)).toEqual(Float32Array.of(1));
    }
    await device.synchronize().catch(() => undefined);
    await device.synchronize();
  });

  test('traps among more commands than fit into the ring and a batch', async () => {
    const device = engine(settings);
    const weights = tensor(device, Float32Array.of(0));
    const others = tensor(device, Float32Array.of(0));
    const one = tensor(device, Float32Array.of(1));
    for (let i = 0; i < 15_000; i++) {
      addTo(device, others, one);
      if (i === 10 || i === 9000) addTo(device, weights, sum(device, trap(device, 1)));
      else if (i > 10) addTo(device, weights, one);
    }
    await expect(device.read(weights)).rejects.toThrow(/it trapped/);
    expect(await floats(device, others)).toEqual(Float32Array.of(15_000));
  });

  test('a trap costs what the command wrote, not the engine', async () => {
    const device = engine(settings);
    const weights = tensor(device, Float32Array.of(1));
    const before = tensor(device, Float32Array.of(7));
    const out = trap(device, 64, 1);
    await expect(device.read(out)).rejects.toThrow(/internal: the Reduce kernel did not finish, it trapped/);
    await expect(device.read(out)).rejects.toThrow(DeviceError);
    await device.synchronize().catch(() => undefined);
    expect(await floats(device, before)).toEqual(Float32Array.of(7));
    addTo(device, weights, before);
    expect(await floats(device, weights)).toEqual(Float32Array.of(8));
  });
});
