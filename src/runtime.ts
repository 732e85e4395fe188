// Starting, watching and stopping devices: init, diagnose, memory, synchronize, shutdown, onerror.
import type { DeviceGiven, DeviceName, MemoryInfo } from './device/contract';
import { forgetDevice, getDevice, registerDevice, runningDevices, setDefaultDevice } from './device/registry';
import type { Fault } from './device/faults';
import { createMetaDevice } from './device/meta';
import { createWasmDevice, type WasmDevice } from './device/wasm/device';
import { findAdapter, hasWebGpu, missing, type AdapterChoice } from './device/webgpu/adapter';
import { createWebGpuDevice, type WebGpuDevice } from './device/webgpu/device';
import { loadKernels } from './device/webgpu/load';
import type { EngineSettings } from './device/wasm/workers/start';
import { isPlainObject } from './base/arguments';
import { describe } from './base/errorText';
import { KindError, DeviceError, type KindlingError } from './base/errors';
import { COUNT, FUNCTION, kind, oneOf, oneOfOr, TEXT } from './base/kinds';
import { argument, signature } from './base/signature';
import { DEVICE } from './core/kinds';
import { addBallast } from './core/garbage';
import { makeRoom, shortageAdvice } from './core/reclaim';
import { forgetTask } from './core/taskRecord';
import { adviseBy } from './device/shortage';

/** Milliseconds that a fault may wait for a read to reject with it before it goes to onerror's listener. */
const GRACE = 3000;
/** Bytes of ballast dropped when memory runs short: as much as a hurried collector should feel. */
const PRESSURE_BALLAST = 256 * 2 ** 20;

/**
 * What may be asked of the device; by default everything is detected. In Node the default is the calling thread;
 * workers that `threads` asks for keep the process alive until `shutdown()`.
 */
export interface InitOptions extends EngineSettings {
  /** Where tensors are made; default 'wasm', which may be called 'cpu'. 'auto' is webgpu unless its adapter is missing or computes on the processor. */
  readonly device?: 'auto' | DeviceGiven;
}

const ADDRESS = kind<string>('an address', (value) => typeof value === 'string' || value instanceof URL);
const BYTES = kind<number>('a positive number', (value) => typeof value === 'number' && value > 0);

type ErrorListener = (error: KindlingError) => void;

let listener: ErrorListener | null = null;
let wasm: WasmDevice | null = null;
let webgpu: WebGpuDevice | null = null;
let options: InitOptions = {};
/** What the last `init` gave, as long as it holds. */
let beginning: Promise<void> | null = null;
/** What came of `device: 'auto'`, in words. */
let choice: string | null = null;

adviseBy(shortageAdvice);

registerDevice('meta', createMetaDevice);

registerDevice('wasm', () => {
  wasm = createWasmDevice(options);
  watch(wasm);
  return wasm;
});

/** What `device: 'auto'` has found, for the device that it starts: an adapter gives one device only. */
let adapterFound: AdapterChoice | null = null;

registerDevice('webgpu', () => {
  const found = adapterFound;
  adapterFound = null;
  if (!hasWebGpu())
    throw missing('there is no navigator.gpu here (it takes a browser with WebGPU, and https or localhost)');
  const device = createWebGpuDevice(options, found === null ? findAdapter() : Promise.resolve(found));
  watch(device);
  device.stream.onEnd = () => {
    if (webgpu !== device) return;
    forgetDevice('webgpu');
    webgpu = null;
    beginning = null;
  };
  webgpu = device;
  return device;
});

/** Faults that nobody reads are told after a while; memory that runs short is felt by the garbage collector. */
function watch({ stream }: WasmDevice | WebGpuDevice): void {
  stream.onFault = (fault) => {
    const timer: unknown = setTimeout(() => tell(fault), GRACE);
    (timer as { unref?: () => void }).unref?.();
  };
  stream.onMemoryPressure = () => addBallast(PRESSURE_BALLAST);
  stream.makeRoom = makeRoom;
}

/** Settings are given by name only. */
const INIT = {
  takes: signature('init', [
    argument('device', oneOfOr({ cpu: 'wasm' }, 'wasm', 'webgpu', 'meta', 'auto'), undefined), argument('threads', COUNT, undefined),
    argument('workerUrl', ADDRESS, undefined), argument('wasmUrl', ADDRESS, undefined),
    argument('maxMemory', BYTES, undefined), argument('patience', BYTES, undefined),
    argument('mode', TEXT, undefined), argument('build', oneOf('baseline', 'relaxed'), undefined),
  ]), // prettier-ignore
  options(args: readonly unknown[]): InitOptions {
    const [given] = args;
    if (args.length > 1 || !(given === undefined || isPlainObject(given))) {
      throw new KindError(
        'init',
        `settings must be one object, as in init({ device: 'webgpu' }), got ${args.map(describe).join(', ')}.`,
      );
    }
    const taken = this.takes.take(args);
    return Object.fromEntries(Object.entries(taken).filter(([, value]) => value !== undefined));
  },
};

/** Whether two settings ask for the same. */
const isEqual = (a: InitOptions, b: InitOptions): boolean => {
  const [mine, others]: Readonly<Record<string, unknown>>[] = [{ ...a }, { ...b }];
  return [...Object.keys(mine), ...Object.keys(others)].every((name) => mine[name] === others[name]);
};

/**
 * Chooses the device and how it runs. Optional, and comes before the first tensor; without it, or without `device`, tensors
 * are made on the wasm device. The promise need not be waited for, except with 'auto': which device it is to be is known
 * when the browser's adapter has answered, and a tensor made before that decides for wasm. Once more with the same settings changes
 * nothing.
 * @throws DeviceError, by the promise, if a device runs already with other settings, or the one asked for is not to be had
 */
export function init(...args: [options?: InitOptions]): Promise<void> {
  try {
    return begin(INIT.options(args));
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was thrown, whatever it is
    return Promise.reject(error);
  }
}

/** @throws DeviceError if a device runs with other settings */
function begin(wanted: InitOptions): Promise<void> {
  const running = wasm ?? webgpu;
  if (isEqual(wanted, options) && (running ?? beginning) !== null) return beginning ?? Promise.resolve();
  if (running !== null) {
    throw new DeviceError(
      'init',
      `must come before the first tensor, but the ${running.name} device is running with other settings. Call shutdown() first.`,
    );
  }
  const { device = 'wasm' } = wanted;
  options = wanted;
  choice = null;
  setDefaultDevice(device === 'auto' || device === 'cpu' ? 'wasm' : device);
  if (device === 'auto') return (beginning = chooseDevice());
  beginning = getDevice() === webgpu ? webgpu.started : Promise.resolve();
  // Who does not wait hears of it at the first read.
  beginning.catch(() => undefined);
  return beginning;
}

/** Takes webgpu if its adapter is a real one and its kernels can be had. */
async function chooseDevice(): Promise<void> {
  if (!hasWebGpu()) {
    choice = 'wasm, as there is no navigator.gpu here';
    getDevice('wasm');
    return;
  }
  const mine = options;
  const found = await findAdapter();
  let trouble = found.adapter === null || found.isFallback ? found.note : null;
  if (trouble === null) {
    await loadKernels().catch((error: unknown) => {
      trouble = String(error);
    });
  }
  if (options !== mine) return;
  if (trouble !== null) {
    choice = `wasm, as for webgpu: ${trouble}`;
    getDevice('wasm');
  } else if (wasm !== null) {
    choice = `wasm, as a tensor was made before the adapter (${found.note}) had answered; await init()`;
  } else {
    choice = `webgpu, by its adapter (${found.note})`;
    adapterFound = found;
    setDefaultDevice('webgpu');
    getDevice();
    await webgpu?.started;
  }
}

const NAMES_A_DEVICE = signature('device', [argument('type', DEVICE)]);
const IS_AVAILABLE = signature('isAvailable', [argument('device', DEVICE)]);

/**
 * The name of a device as tensors have it: 'cpu' is 'wasm'.
 * @throws TypeError for a device that there is none of, such as 'cuda': what runs on it in PyTorch runs on 'webgpu' here
 * @example const where = device((await isAvailable('webgpu')) ? 'webgpu' : 'cpu');
 * @see torch.device
 */
export function device(type: DeviceGiven, ...rest: readonly []): DeviceName {
  return NAMES_A_DEVICE.take([type, ...rest]).type;
}

/**
 * Whether a device is to be had here. The wasm and the meta device always are; of webgpu the browser's adapter knows, hence the promise. An
 * adapter that computes on the processor counts: init({ device: 'auto' }) is what looks for a fast one.
 * @see torch.cuda.is_available
 */
export async function isAvailable(device: DeviceGiven, ...rest: readonly []): Promise<boolean> {
  const { device: name } = IS_AVAILABLE.take([device, ...rest]);
  return name !== 'webgpu' || webgpu !== null || (await findAdapter()).adapter !== null;
}

/** What was detected and chosen, and why, one line each. */
export function diagnose(...args: readonly []): string {
  DIAGNOSE.values(args);
  const lines = choice === null ? [] : [`auto: ${choice}`];
  for (const device of [webgpu, wasm]) if (device !== null) lines.push(`device: ${device.name}`, ...device.diagnose());
  return lines.length === 0 ? 'wasm: not started' : lines.join('\n');
}

const MEMORY = signature('memory', []);
const DIAGNOSE = MEMORY.as('diagnose');
const SYNCHRONIZE = MEMORY.as('synchronize');
const SHUTDOWN = MEMORY.as('shutdown');
const ONERROR = signature('onerror', [argument('tellTo', FUNCTION, null)]);

/** Bytes of device memory, of all devices together: held by tensors, taken from the system, and the greatest held so far. */
export function memory(...args: readonly []): MemoryInfo {
  MEMORY.values(args);
  const total = { live: 0, reserved: 0, peak: 0 };
  for (const device of runningDevices()) {
    const { live, reserved, peak } = device.memory();
    total.live += live;
    total.reserved += reserved;
    total.peak += peak;
  }
  return total;
}

/**
 * Resolves when everything queued so far is done.
 * @throws FaultError the oldest fault that no read has rejected with.
 */
export async function synchronize(...args: readonly []): Promise<void> {
  SYNCHRONIZE.values(args);
  for (const device of runningDevices()) await device.synchronize();
}

/** Stops the devices and gives all memory back. Tensors made before cannot be used; the next operation starts anew. */
export function shutdown(...args: readonly []): void {
  SHUTDOWN.values(args);
  options = {};
  choice = null;
  beginning = null;
  for (const device of [wasm, webgpu]) {
    if (device === null) continue;
    for (const fault of device.stream.undelivered()) tell(fault);
    device.stream.shutdown();
    forgetDevice(device.name);
  }
  wasm = webgpu = null;
  forgetTask();
  setDefaultDevice('wasm');
}

/** Sets who is told, once, of every fault that no read has rejected with; null sends it to console.error. */
export function onerror(tellTo: ErrorListener | null, ...rest: readonly []): void {
  ONERROR.values([tellTo, ...rest]);
  listener = tellTo;
}

function tell(fault: Fault): void {
  if (fault.isTold) return;
  fault.isTold = true;
  // eslint-disable-next-line no-console -- the last resort for an error that nobody asked for
  if (listener === null) console.error(fault.error);
  else listener(fault.error);
}
