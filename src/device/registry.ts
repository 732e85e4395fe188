// Which devices there are and which one new tensors go to. Devices are registered in runtime.ts and
// started by their first use.
import { DeviceError } from '../base/errors';
import type { Device, DeviceGiven, DeviceName } from './contract';

const factories = new Map<DeviceName, () => Device>();
const devices = new Map<DeviceName, Device>();
let defaultName: DeviceName = 'wasm';

/** Makes a device known; `create` runs when it is first asked for. */
export function registerDevice(name: DeviceName, create: () => Device): void {
  factories.set(name, create);
}

/**
 * The device of that name, or the default one, started if need be.
 * @throws DeviceError if no device of that name is registered.
 */
export function getDevice(given: DeviceGiven = defaultName): Device {
  const name = given === 'cpu' ? 'wasm' : given;
  const running = devices.get(name);
  if (running !== undefined) return running;
  const create = factories.get(name);
  if (create === undefined) {
    throw new DeviceError(null, `device must be one of ${[...factories.keys()].join(', ')}, got '${name}'.`, {
      device: name,
    });
  }
  const device = create();
  devices.set(name, device);
  return device;
}

/** Devices that have been started. */
export const runningDevices = (): Iterable<Device> => devices.values();

/** Forgets a device (it was shut down or lost); the next use starts a new one. */
export function forgetDevice(name: DeviceName): void {
  devices.delete(name);
}

/** Where tensors are made unless a call says otherwise. */
export const defaultDevice = (): DeviceName => defaultName;

export function setDefaultDevice(name: DeviceName): void {
  defaultName = name;
}
