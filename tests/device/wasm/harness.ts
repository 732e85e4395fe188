// Devices and tensors for tests of the engine alone, without Tensor.
import type { PointwiseProgram, View } from '../../../src/device/contract';
import { createWasmDevice, type WasmDevice } from '../../../src/device/wasm/device';
import type { EngineSettings } from '../../../src/device/wasm/workers/start';
import type { DType } from '../../../src/base/dtype';
import { add, input } from '../../../src/expression/expression';

/** Every way to run the engine. */
export const MODES: [name: string, settings: EngineSettings][] = [
  ['inline', { mode: 'inline' }],
  ['batch', { mode: 'batch' }],
  ...[1, 2, 3, 5].map((threads): [string, EngineSettings] => [`${threads} workers`, { mode: 'shared', threads }]),
];

const running: WasmDevice[] = [];

/** A device that `shutdown` stops. */
export function engine(settings: EngineSettings): WasmDevice {
  const device = createWasmDevice(settings);
  running.push(device);
  return device;
}

export function shutdown(): void {
  for (const device of running.splice(0)) device.shutdown();
}

/** A sealed one-dimensional tensor. */
export function tensor(device: WasmDevice, data: Float32Array | Int32Array): View {
  const out = room(device, data.length, data instanceof Float32Array ? 'float32' : 'int32');
  device.upload(out.buffer, data);
  device.seal(out.buffer);
  return out;
}

/** Memory for n elements of four bytes, not yet sealed. */
export function room(device: WasmDevice, n: number, dtype: DType = 'float32'): View {
  return { buffer: device.allocate(n * 4, dtype), dtype, shape: [n], strides: [1], offset: 0 };
}

/** The sum of all elements, sealed. */
export function sum(device: WasmDevice, x: View): View {
  const out = room(device, 1);
  device.run('reduce', [x], [out], { kind: 'sum', axis: { outer: 1, n: x.shape[0], inner: 1 } });
  device.seal(out.buffer);
  return out;
}

export const floats = async (device: WasmDevice, view: View): Promise<Float32Array> =>
  new Float32Array(await device.read(view));

const ADD: PointwiseProgram = {
  name: 'add',
  inputs: ['float32', 'float32'],
  outputs: [add(input(0, 'float32'), input(1, 'float32'))],
  outputDTypes: ['float32'],
};

/** x += y in place. */
export function addTo(device: WasmDevice, x: View, y: View): void {
  device.run('pointwise', [x, y], [x], { program: ADD, scalars: [] });
}

/** Elements of a one-dimensional x by index, sealed. */
export function pick(device: WasmDevice, x: View, index: View, op: string, what: string): View {
  const out = room(device, index.shape[0]);
  const axis = { outer: 1, n: x.shape[0], inner: 1 };
  device.run('indexSelect', [x, index], [out], { axis, options: { op, what, ignore: null } });
  device.seal(out.buffer);
  return out;
}
