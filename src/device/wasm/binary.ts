// The engine's binary: one file serves shared and unshared memory; it is embedded deflated, in base64.
import engines from 'kindling:wasm';
import { DeviceError } from '../../errors';
import { separate } from './interleave';

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
  const bytes = url === undefined ? await unpack(build) : await download(url, build);
  return WebAssembly.compile(patchMemoryFlag(bytes, shared));
}

async function unpack(build: Build): Promise<Uint8Array<ArrayBuffer>> {
  if (engines === '') {
    throw new DeviceError('init: this entry has no engine inside. Give init({ wasmUrl, workerUrl }).', { build });
  }
  const [relaxed, baseline] = separate(await inflate(engines));
  return build === 'relaxed' ? relaxed : baseline;
}

async function inflate(base64: string): Promise<Uint8Array<ArrayBuffer>> {
  const deflated = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function download(url: string, build: Build): Promise<Uint8Array<ArrayBuffer>> {
  const file = url.endsWith('.wasm') ? url : `${url.replace(/\/$/, '')}/${build}.wasm`;
  const response = await fetch(file);
  if (!response.ok) {
    throw new DeviceError(`init: wasmUrl ${file} must be readable, got status ${response.status}.`, { url: file });
  }
  return new Uint8Array(await response.arrayBuffer());
}
