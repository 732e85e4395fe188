// The wasm device: memory and stream, and every kernel by the lowering of its family.
import { itemSize } from '../../base/dtype';
import { copyProgram, widening } from '../widening';
import { denseStrides, isDense, numelOf } from '../../base/shape';
import type { Device, DeviceBuffer, MemoryInfo, View } from '../contract';
import type { Fault } from '../faults';
import { instruments } from '../instruments';
import { wasmKernels } from './kernels';
import { startEngine, type EngineSettings } from './workers/start';
import { WasmStream, type WasmBuffer } from './stream';
import type { KernelTime } from './transport/transport';

/** What `createWasmDevice` gives: the contract, and what the runtime needs beside it. */
export interface WasmDevice extends Device {
  readonly stream: WasmStream;
  /** How the engine runs and why, line by line. */
  diagnose(): string[];
  /** Starts or ends measuring; gives what each kind of command has taken since the last call, the most expensive first. */
  profile(isOn: boolean): KernelTime[];
  shutdown(): void;
  /** Faults that no read has rejected with. */
  undelivered(): Fault[];
}

/** Starts an engine; its first commands wait until it is up. */
export function createWasmDevice(settings: EngineSettings = {}): WasmDevice {
  const notes: string[] = [];
  const stream = new WasmStream((events) => startEngine(settings, events, notes));
  const unchecked = wasmKernels(stream);
  const checked = instruments.current?.kernels(unchecked) ?? unchecked;
  const memory = {
    allocate: (bytes: number) => stream.allocate(bytes),
    free: (buffer: DeviceBuffer) => stream.free(own(buffer)),
  };
  const kernels = widening(checked, memory);
  const device: WasmDevice = {
    run: (kernel, inputs, outputs, params) => kernels[kernel](inputs, outputs, params),
    ...memory,
    name: 'wasm',
    stream,
    upload: (buffer, data) => stream.upload(own(buffer), data),
    receive: (buffer, data) => stream.receive(own(buffer), data),
    seal: (buffer) => stream.seal(own(buffer)),
    supports: () => true,
    read: (view) => read(device, view),
    synchronize: () => stream.synchronize(),
    throttle: (steps) => stream.throttle(steps),
    mark: () => {
      stream.lag.mark();
    },
    memory: (): MemoryInfo => stream.memory(),
    clock: () => stream.clock,
    diagnose: () => [...stream.describe(), ...notes],
    profile: (isOn) => stream.profile(isOn),
    shutdown: () => stream.shutdown(),
    undelivered: () => stream.undelivered(),
  };
  return device;
}

/** Buffers that reach this device were made by it. */
const own = (buffer: DeviceBuffer): WasmBuffer => buffer as WasmBuffer;

/** A strided view is made dense by the device first; the page never looks at elements. */
async function read(device: WasmDevice, view: View): Promise<ArrayBuffer> {
  const { stream } = device;
  const elements = numelOf(view.shape);
  const bytes = elements * itemSize(view.dtype);
  if (elements === 0 || isDense(view.shape, view.strides)) return stream.read(view, bytes);
  const buffer = stream.allocate(bytes);
  try {
    const dense = { buffer, dtype: view.dtype, shape: view.shape, strides: denseStrides(view.shape), offset: 0 };
    device.run('pointwise', [view], [dense], { program: copyProgram(view.dtype), scalars: [] });
    return await stream.read(dense, bytes);
  } finally {
    stream.free(buffer);
  }
}
