// How the classic script gets the kernels of the webgpu device: by a second classic script, from the folder it came from.
import { DeviceError } from '../../base/errors';
import type * as KernelModule from './kernels';

const FILE = 'kindling.webgpu.js';

/** What the second script defines. */
const defined = (): typeof KernelModule | undefined =>
  (globalThis as { readonly kindlingWebGpu?: typeof KernelModule }).kindlingWebGpu;

/** The element of this script, which the browser tells only while it runs. None in a worker. */
const own = (globalThis.document as Document | undefined)?.currentScript as HTMLScriptElement | null | undefined;

/** The kernels of the webgpu device. Rejects with a DeviceError if their file cannot be had. */
export async function loadKernels(): Promise<typeof KernelModule> {
  if (defined() === undefined && own?.src) await run(own, new URL(FILE, own.src).href);
  const kernels = defined();
  if (kernels !== undefined) return kernels;
  throw new DeviceError(
    'init',
    `the webgpu device needs ${FILE}, which could not be loaded${own?.src ? ` from ${new URL('.', own.src).href}` : ''}. ` +
      `Put it beside kindling.global.js, or load it by a script element (in a worker: importScripts) after that.`,
    { device: 'webgpu' },
  );
}

/** Resolves when the script has run, or failed to. It is let in by what let this one in. */
function run({ nonce, crossOrigin }: HTMLScriptElement, src: string): Promise<void> {
  return new Promise((resolve) => {
    const script = Object.assign(document.createElement('script'), { src, nonce, crossOrigin });
    script.onload = script.onerror = () => resolve();
    document.head.append(script);
  });
}
