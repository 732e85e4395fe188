// The kernels are a module of their own, which bundlers put into a file of its own. The classic script has loadScript.ts
// in the place of this.
import { DeviceError } from '../../base/errors';
import type * as KernelModule from './kernels';

/** The kernels of the webgpu device. Rejects with a DeviceError if their file cannot be had. */
export async function loadKernels(): Promise<typeof KernelModule> {
  try {
    return await import('./kernels');
  } catch (error) {
    throw new DeviceError(
      'init',
      `the kernels of the webgpu device could not be loaded (${String(error)}). ` +
        `Serve all files that the bundler made, or use init({ device: 'wasm' }).`,
      { device: 'webgpu' },
    );
  }
}
