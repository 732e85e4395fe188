// A device made of its stream and its kernels: kernels are checked in a checking mode, and widened for narrow dtypes.
import { itemSize } from '../base/dtype';
import { observing, type QueuedWork } from '../base/observer';
import { denseStrides, isDense, numelOf } from '../base/shape';
import type { Device, Kernels, View } from './contract';
import { instruments } from './instruments';
import type { DeviceStream } from './stream';
import { tap } from './tap';
import { copyProgram, widening } from './widening';

/** The device of that stream. `wide` are its kernels, for the dtypes that they compute in. */
export function deviceOf(
  name: Device['name'],
  stream: DeviceStream,
  wide: Kernels,
  supports: Device['supports'],
): Device {
  const kernels = widening(instruments.current?.kernels(wide) ?? wide, stream);
  const observed = (
    kernel: string,
    inputs: QueuedWork['inputs'],
    outputs: QueuedWork['outputs'],
    bytes: number,
    queue: () => void,
  ): void => observing.current?.queue({ device: name, kernel, inputs, outputs, bytes, stream }, queue);
  const device: Device = {
    name,
    hasValues: true,
    run: (kernel, inputs, outputs, params) => {
      tap.current?.run(device, kernel, inputs, outputs, params);
      if (observing.current === null) kernels[kernel](inputs, outputs, params);
      else observed(kernel, inputs, outputs, 0, () => kernels[kernel](inputs, outputs, params));
    },
    allocate: (bytes, dtype) => {
      const buffer = stream.allocate(bytes, dtype);
      tap.current?.allocated(device, buffer, bytes, dtype);
      return buffer;
    },
    free: (buffer) => stream.free(buffer),
    upload: (buffer, data, start) => {
      tap.current?.upload(device, buffer, data, start ?? 0);
      if (observing.current === null) stream.upload(buffer, data, start);
      else observed('upload', [], [], data.byteLength, () => stream.upload(buffer, data, start));
    },
    receive: (buffer, data) => {
      tap.current?.outside('a tensor moves to another device');
      if (observing.current === null) stream.receive(buffer, data);
      else observed('receive', [], [], buffer.bytes, () => stream.receive(buffer, data));
    },
    seal: (buffer) => {
      tap.current?.seal(device, buffer);
      stream.seal(buffer);
    },
    supports,
    read: (view) => {
      tap.current?.outside('a value is read');
      return read(stream, kernels, view);
    },
    synchronize: () => stream.synchronize(),
    throttle: (steps) => stream.throttle(steps),
    mark: () => {
      tap.current?.mark(device);
      stream.lag.mark();
    },
    memory: () => stream.memory(),
    clock: () => stream.clock,
  };
  return device;
}

/** A strided view is made dense by the device first; the page never looks at elements. */
async function read(stream: DeviceStream, kernels: Kernels, view: View): Promise<ArrayBuffer> {
  const { dtype, shape, strides } = view;
  const elements = numelOf(shape);
  if (elements === 0 || isDense(shape, strides)) return stream.read(view);
  const buffer = stream.allocate(elements * itemSize(dtype), dtype);
  try {
    const dense = { buffer, dtype, shape, strides: denseStrides(shape), offset: 0 };
    kernels.pointwise([view], [dense], { program: copyProgram(dtype), scalars: [] });
    return await stream.read(dense);
  } finally {
    stream.free(buffer);
  }
}
