// The engine's binary: one file serves shared and unshared memory; it is embedded packed, in base64.
import engines, { sizes } from 'kindling:wasm';
import { DeviceError } from '../../../base/errors';
import { unpackLzma } from './lzma';

/** The two builds, from one source. */
export type Build = 'relaxed' | 'baseline';

/**
 * Sets the flag byte of the memory import: 3 shared, 1 not, both with a maximum. Changes `binary` and returns it.
 * The byte follows the import's name 'memory' and kind 2 in the import section.
 */
export function patchMemoryFlag(binary: Uint8Array<ArrayBuffer>, shared: boolean): Uint8Array<ArrayBuffer> {
  const name = [6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2];
  const at = binary.findIndex((_, i) => name.every((byte, j) => binary[i + j] === byte)) + name.length;
  if (at < name.length || (binary[at] !== 3 && binary[at] !== 1))
    throw new Error('internal: the engine imports no memory');
  binary[at] = shared ? 3 : 1;
  return binary;
}

/** Compiles a build, embedded or from `url` (a folder with <build>.wasm in it, or the file itself). */
export async function compileBuild(build: Build, shared: boolean, url?: string): Promise<WebAssembly.Module> {
  const bytes = await (url === undefined ? unpack(build) : download(url, build));
  return WebAssembly.compile(patchMemoryFlag(bytes, shared));
}

/** The builds differ little, so that the second, which costs the page 1 KB, is packed as its differences from the first. */
async function unpack(build: Build): Promise<Uint8Array<ArrayBuffer>> {
  if (engines === '') {
    throw new DeviceError('init: this entry has no engine inside. Give init({ wasmUrl, workerUrl }).', { build });
  }
  const packed = Uint8Array.from(atob(engines), (character) => character.charCodeAt(0));
  const [relaxed, baseline] = sizes;
  return build === 'relaxed'
    ? unpackLzma(packed, relaxed)
    : (await unpackLzma(packed, relaxed + baseline)).slice(relaxed);
}

async function download(url: string, build: Build): Promise<Uint8Array<ArrayBuffer>> {
  const file = url.endsWith('.wasm') ? url : `${url.replace(/\/$/, '')}/${build}.wasm`;
  const response = await fetch(file);
  if (!response.ok) {
    throw new DeviceError(`init: wasmUrl ${file} must be readable, got status ${response.status}.`, { url: file });
  }
  return new Uint8Array(await response.arrayBuffer());
}
