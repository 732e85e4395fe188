// Starting, watching and stopping devices: init, diagnose, memory, synchronize, shutdown, onerror.
import type { DeviceName, MemoryInfo } from './device/contract';
import { forgetDevice, getDevice, registerDevice, runningDevices, setDefaultDevice } from './device/registry';
import type { Fault } from './device/faults';
import { createWasmDevice, type WasmDevice } from './device/wasm/device';
import type { EngineSettings } from './device/wasm/start';
import { DeviceError, type KindlingError } from './errors';
import { addBallast } from './memory';

/** Milliseconds that a fault may wait for a read to reject with it before it goes to onerror's listener. */
const GRACE = 3000;
/** Bytes of ballast dropped when memory runs short: as much as a hurried collector should feel. */
const PRESSURE_BALLAST = 256 * 2 ** 20;

/**
 * What may be asked of the device; by default everything is detected. In Node the default is the calling thread;
 * workers that `threads` asks for keep the process alive until `shutdown()`.
 */
export interface InitOptions extends EngineSettings {
  /** Where tensors are made: 'auto' is the best device there is. */
  readonly device?: 'auto' | DeviceName;
}

type ErrorListener = (error: KindlingError) => void;

let listener: ErrorListener | null = null;
let wasm: WasmDevice | null = null;
let options: InitOptions = {};

registerDevice('wasm', () => {
  wasm = createWasmDevice(options);
  wasm.stream.onFault = (fault) => {
    const timer: unknown = setTimeout(() => tell(fault), GRACE);
    (timer as { unref?: () => void }).unref?.();
  };
  wasm.stream.onMemoryPressure = () => addBallast(PRESSURE_BALLAST);
  return wasm;
});

/**
 * Chooses the device and how it runs. Optional, and comes before the first tensor; without it the first operation starts the wasm engine.
 * @throws DeviceError if a device runs already, or the one asked for is not to be had.
 */
export function init(wanted: InitOptions = {}): void {
  if (wasm !== null) {
    throw new DeviceError(
      'init: must come before the first tensor, but the wasm device is running. Call shutdown() first.',
    );
  }
  if (wanted.device === 'webgpu') {
    throw new DeviceError(`init: device must be 'auto' or 'wasm', got 'webgpu'.`, { device: wanted.device });
  }
  options = wanted;
  setDefaultDevice('wasm');
  getDevice('wasm');
}

/** What was detected and chosen, and why, one line each. */
export function diagnose(): string {
  return wasm === null ? 'wasm: not started' : ['device: wasm', ...wasm.diagnose()].join('\n');
}

/** Bytes of device memory: held by tensors, taken from the system, and the greatest held so far. */
export function memory(): MemoryInfo {
  return wasm === null ? { live: 0, reserved: 0, peak: 0 } : wasm.memory();
}

/**
 * Resolves when everything queued so far is done.
 * @throws FaultError the oldest fault that no read has rejected with.
 */
export async function synchronize(): Promise<void> {
  for (const device of runningDevices()) await device.synchronize();
}

/** Stops the workers and gives all memory back. Tensors made before cannot be used; the next operation starts anew. */
export function shutdown(): void {
  if (wasm === null) return;
  for (const fault of wasm.undelivered()) tell(fault);
  wasm.shutdown();
  forgetDevice('wasm');
  wasm = null;
}

/** Sets who is told, once, of every fault that no read has rejected with; null sends it to console.error. */
export function onerror(tellTo: ErrorListener | null): void {
  listener = tellTo;
}

function tell(fault: Fault): void {
  if (fault.isTold) return;
  fault.isTold = true;
  // eslint-disable-next-line no-console -- the last resort for an error that nobody asked for
  if (listener === null) console.error(fault.error);
  else listener(fault.error);
}
