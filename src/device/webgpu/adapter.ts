// Asks the browser for an adapter and a device with all that the adapter has.
import { DeviceError } from '../../base/errors';

/** What an adapter is, as far as the choice of a device needs to know. */
export interface AdapterChoice {
  /** Null if there is none. */
  readonly adapter: GPUAdapter | null;
  /** Computes on the processor: slower than the wasm device. */
  readonly isFallback: boolean;
  /** What was found, in words. */
  readonly note: string;
}

const MEND = `Use init({ device: 'wasm' }), or 'auto' to let the library choose.`;

/** The browser's entry to WebGPU, if there is one. */
const gpu = (): GPU | undefined => (globalThis.navigator as { readonly gpu?: GPU } | undefined)?.gpu;

/** Whether it makes sense to ask for an adapter at all. */
export const hasWebGpu = (): boolean => gpu() !== undefined;

/** The error of init({ device: 'webgpu' }) where it cannot work. */
export function missing(reason: string): DeviceError {
  return new DeviceError('init', `the webgpu device cannot be had, as ${reason}. ${MEND}`, { device: 'webgpu' });
}

/** Looks for an adapter. */
export async function findAdapter(): Promise<AdapterChoice> {
  const entry = gpu();
  if (entry === undefined) {
    const note = 'there is no navigator.gpu here (it needs a browser with WebGPU, and https or localhost)';
    return { adapter: null, isFallback: false, note };
  }
  const adapter = await entry.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) return { adapter, isFallback: false, note: 'the browser has no adapter for it' };
  const { vendor, architecture, description } = adapter.info;
  const isFallback = isSoftware(adapter);
  const name = [vendor, architecture, description].filter((part) => part !== '').join(' ');
  return {
    adapter,
    isFallback,
    note: `${name || 'unnamed'}${isFallback ? ', a fallback that computes on the processor' : ''}`,
  };
}

/** Where the flag stands has changed with the specification. */
function isSoftware(adapter: GPUAdapter): boolean {
  const { info } = adapter as { readonly info: GPUAdapterInfo & { readonly isFallbackAdapter?: boolean } };
  const old = (adapter as { readonly isFallbackAdapter?: boolean }).isFallbackAdapter;
  return info.isFallbackAdapter ?? old ?? info.architecture === 'swiftshader';
}

/** Limits that kernels can use more of than every adapter must have. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** What is used where the adapter has it: sums within a subgroup, times of kernels for profiles. */
const FEATURES = ['subgroups', 'timestamp-query'] as const;

/** A device with the adapter's limits and those features that it has. */
export function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  return adapter.requestDevice({
    requiredLimits,
    requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)),
  });
}

/** Invocations of a subgroup, if the device has subgroups and all are of that size; else 0. */
export function subgroupSize({ info }: GPUAdapter, device: GPUDevice): number {
  const { subgroupMinSize, subgroupMaxSize } = info;
  return device.features.has('subgroups') && subgroupMinSize === subgroupMaxSize ? subgroupMinSize : 0;
}
