import { afterEach, expect, test } from 'vitest';
import type { DType } from '../../src/dtype';
import type { View } from '../../src/device/contract';
import { createWasmDevice, type WasmDevice } from '../../src/device/wasm/device';

let device: WasmDevice;
afterEach(() => device.shutdown());

function tensor(values: number[], dtype: DType = 'float32'): View {
  const data = dtype === 'float32' ? new Float32Array(values) : new Int32Array(values);
  const buffer = device.allocate(data.byteLength);
  device.upload(buffer, data);
  device.seal(buffer);
  return { buffer, dtype, shape: [values.length], strides: [1], offset: 0 };
}

const floats = async (view: View): Promise<number[]> => [...new Float32Array(await device.read(view))];

test('what is uploaded is read', async () => {
  device = createWasmDevice({ mode: 'inline' });
  for (const n of [0, 1, 3, 4, 5, 16, 17, 1000]) {
    const values = Array.from({ length: n }, (_, i) => i * 0.5);
    expect(await floats(tensor(values))).toEqual(values);
  }
  expect(device.diagnose()).toContain('engine: on the calling thread');
});

test('sums', async () => {
  device = createWasmDevice({ mode: 'inline' });
  const x = tensor([1, 2, 3, 4]);
  const out: View = { ...x, buffer: device.allocate(4), shape: [], strides: [] };
  device.reduce('sum', x, out, { outer: 1, n: 4, inner: 1 });
  device.seal(out.buffer);
  expect(await floats(out)).toEqual([10]);
});
