// The webgpu device: memory and stream, and every kernel by its family.
import { copyProgram, widening } from '../widening';
import { denseStrides, isDense, numelOf } from '../../shape';
import type { Device, Kernels, View } from '../contract';
import { findAdapter, missing, requestDevice, subgroupSize, type AdapterChoice } from './adapter';
import { convKernels } from './kernels/conv';
import { gatherKernels } from './kernels/gather';
import { columnKernels } from './kernels/columns';
import { gemmKernels } from './kernels/gemm';
import { linalgKernels } from './kernels/linalg';
import { normKernels } from './kernels/norm';
import { pointwiseKernels } from './kernels/pointwise';
import { poolKernels } from './kernels/pool';
import { reduceKernels } from './kernels/reduce';
import { softmaxKernels } from './kernels/softmax';
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
  const device = choice.then(async ({ adapter, note, isFallback }) => {
    notes[0] = `adapter: ${note}`;
    if (adapter === null) throw missing(note);
    const gpu = await requestDevice(adapter);
    stream.isSoftware = isFallback;
    stream.subgroup = subgroupSize(adapter, gpu);
    const { maxBufferSize, maxStorageBuffersPerShaderStage } = gpu.limits;
    notes.push(
      `limits: ${Math.floor(maxBufferSize / 2 ** 20)} MB a buffer, ${maxStorageBuffersPerShaderStage} buffers a kernel`,
    );
    return gpu;
  });
  const stream = new GpuStream(device, settings.maxMemory);
  const reducing = reduceKernels(stream);
  const kernels: Kernels = {
    ...reducing,
    ...convKernels(stream, reducing),
    ...columnKernels(stream),
    ...gatherKernels(stream),
    ...gemmKernels(stream),
    ...linalgKernels(stream),
    ...normKernels(stream, reducing),
    ...pointwiseKernels(stream),
    ...poolKernels(stream),
    ...softmaxKernels(stream),
  };
  const started = device.then(() => undefined);
  // Whoever waits is told; a page that does not hears it from its first read.
  started.catch(() => undefined);
  const memory: Pick<Device, 'allocate' | 'free'> = {
    allocate: (bytes, dtype) => stream.allocate(bytes, dtype),
    free: (buffer) => stream.free(buffer),
  };
  return {
    ...widening(kernels, memory),
    ...memory,
    name: 'webgpu',
    stream,
    started,
    upload: (buffer, data) => stream.upload(buffer, data),
    receive: (buffer, data) => stream.receive(buffer, data),
    seal: (buffer) => stream.seal(buffer),
    supports: (dtype) => dtype !== 'float64',
    read: (view) => read(stream, kernels, view),
    synchronize: () => stream.synchronize(),
    throttle: (steps) => stream.throttle(steps),
    memory: () => stream.memory(),
    diagnose: () => notes,
  };
}

/** A strided view is made dense by the device first; the page never looks at elements. */
async function read(stream: GpuStream, kernels: Kernels, view: View): Promise<ArrayBuffer> {
  const elements = numelOf(view.shape);
  if (elements === 0 || isDense(view.shape, view.strides)) return stream.read(view);
  const dense = { ...stream.temporary(elements, view.dtype), shape: view.shape, strides: denseStrides(view.shape) };
  try {
    kernels.pointwise(copyProgram(view.dtype), [view], [dense], []);
    return await stream.read(dense);
  } finally {
    stream.free(dense.buffer);
  }
}
