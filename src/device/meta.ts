// The meta device: tensors with a shape and a dtype and nothing else. Shape rules run as on any device, its kernels do nothing.
import { DeviceError } from '../base/errors';
import { observing, type ObservedStream } from '../base/observer';
import { formatShape } from '../base/shape';
import type { AllocatedBuffer, Device } from './contract';
import { yieldTask } from './task';

/** A buffer without memory. */
const nothing = (): AllocatedBuffer => ({ bytes: 0, born: 0, firstRead: 0, lastUse: 0 });
const doNothing = (): void => undefined;

/** The error for values that are asked for where there are none. */
export const noValues = (op: string | null, shape: readonly number[]): DeviceError =>
  new DeviceError(
    op,
    `a tensor on the meta device has a shape and a dtype but no values, got one of shape ${formatShape(shape)} to read. ` +
      `Give a module memory with toEmpty('wasm'), then load or initialise it.`,
    { device: 'meta', shape },
  );

/** There is nothing to measure. */
const stream: ObservedStream = {
  clock: 0,
  memory: () => ({ live: 0 }),
  measure: () => () => Promise.resolve(),
};

/** A device on which nothing is stored or computed. */
export const createMetaDevice = (): Device => ({
  name: 'meta',
  hasValues: false,
  run: (kernel, inputs, outputs) => {
    observing.current?.queue({ device: 'meta', kernel, inputs, outputs, bytes: 0, stream }, doNothing);
  },
  allocate: nothing,
  free: doNothing,
  upload: doNothing,
  receive: doNothing,
  read: (view) => Promise.reject(noValues(null, view.shape)),
  seal: doNothing,
  supports: () => true,
  synchronize: () => Promise.resolve(),
  throttle: yieldTask,
  mark: doNothing,
  memory: () => ({ live: 0, reserved: 0, peak: 0 }),
  clock: () => 0,
});
