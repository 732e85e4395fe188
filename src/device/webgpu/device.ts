// The webgpu device: memory, stream and kernels, of which the last are loaded with the first use.
import type { KindlingError } from '../../base/errors';
import { kernelsBy, type Device, type Kernels, type Operands } from '../contract';
import { deviceOf } from '../device';
import { findAdapter, missing, requestDevice, subgroupSize, type AdapterChoice } from './adapter';
import { loadKernels } from './load';
import { GpuStream } from './stream';

/** What `createWebGpuDevice` gives: the contract, and what the runtime needs beside it. */
export interface WebGpuDevice extends Device {
  readonly stream: GpuStream;
  /** Resolves when the adapter has given a device. Rejects with a DeviceError if there is none to be had. */
  readonly started: Promise<void>;
  /** What was found, line by line. */
  diagnose(): string[];
}

/** What may be asked for. */
export interface GpuSettings {
  /** Most memory to use, in bytes; default 4 GB. */
  readonly maxMemory?: number;
}

/** Starts the device; its first commands wait until the adapter has answered. `choice` is given if it has already. */
export function createWebGpuDevice(
  settings: GpuSettings = {},
  choice: Promise<AdapterChoice> = findAdapter(),
): WebGpuDevice {
  const notes: string[] = ['adapter: not found yet'];
  const stream = new GpuStream(settings.maxMemory);
  const start = async (): Promise<void> => {
    const { adapter, note, isFallback } = await choice;
    notes[0] = `adapter: ${note}`;
    if (adapter === null) throw missing(note);
    // The kernels first: a device that nobody uses would have to be destroyed.
    const module = await loadKernels();
    const gpu = await requestDevice(adapter);
    stream.isSoftware = isFallback;
    stream.subgroup = subgroupSize(adapter, gpu);
    const { maxBufferSize, maxStorageBuffersPerShaderStage } = gpu.limits;
    notes.push(
      `limits: ${Math.floor(maxBufferSize / 2 ** 20)} MB a buffer, ${maxStorageBuffersPerShaderStage} buffers a kernel`,
    );
    loaded = module.gpuKernels(stream);
    stream.start(gpu, module.FAILURE);
  };
  const started = start();
  // Whoever waits is told; a page that does not hears it from its first read.
  started.catch((error: KindlingError) => stream.fail(error));
  let loaded: Kernels | null = null;
  const late = kernelsBy((name) => (inputs, outputs, params) => {
    if (loaded !== null) {
      loaded[name](inputs, outputs, params);
      return;
    }
    const [reads, writes] = [inputs, outputs].map(asNow);
    stream.inTurn(() => loaded?.[name](reads, writes, params));
  });
  return Object.assign(
    deviceOf('webgpu', stream, late, (dtype) => dtype !== 'float64'),
    { stream, started, diagnose: () => notes },
  );
}

/** Views as they are now: they may be tensors, whose memory may be gone when the call is made. */
const asNow = (views: Operands): Operands =>
  views.map((view) => {
    if (view === null) return null;
    const { buffer, dtype, shape, strides, offset } = view;
    return { buffer, dtype, shape, strides, offset };
  });
