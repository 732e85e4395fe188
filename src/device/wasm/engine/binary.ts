// The engine's binary: one file serves shared and unshared memory; it is embedded deflated, in base64.
import relaxed from 'kindling:relaxed';
import { DeviceError } from '../../../base/errors';

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
  if (url !== undefined) return compileFile(url, build, shared);
  const deflated = await embedded(build);
  if (deflated === '') {
    throw new DeviceError('init', 'this entry has no engine inside. Give init({ wasmUrl, workerUrl }).', { build });
  }
  return WebAssembly.compile(patchMemoryFlag(await inflate(deflated), shared));
}

/** The build that most browsers take is at hand; bundlers that split code leave the other to those that ask for it. */
const embedded = async (build: Build): Promise<string> =>
  build === 'relaxed' ? relaxed : (await import('kindling:baseline')).default;

/** What newer browsers have. */
interface Base64Reader {
  readonly fromBase64?: (text: string) => Uint8Array<ArrayBuffer>;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as Base64Reader;
  if (fromBase64 !== undefined) return fromBase64.call(Uint8Array, base64);
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The bytes that were deflated and written as base64. */
export async function inflate(base64: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = bytesOf(base64);
  // Written at once: a stream of a Blob would ask the browser's process for each piece.
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const writer = writable.getWriter();
  const written = Promise.all([writer.write(bytes), writer.close()]);
  const [inflated] = await Promise.all([new Response(readable).arrayBuffer(), written]);
  return new Uint8Array(inflated);
}

/** The file has the flag of shared memory, so that it is compiled as it comes where memory is shared. */
async function compileFile(url: string, build: Build, shared: boolean): Promise<WebAssembly.Module> {
  const file = url.endsWith('.wasm') ? url : `${url.replace(/\/$/, '')}/${build}.wasm`;
  const response = await fetch(file);
  if (!response.ok) {
    throw new DeviceError('init', `wasmUrl ${file} must be readable, got status ${response.status}.`, { url: file });
  }
  // Servers that do not know the type of the file have it compiled once it is there.
  const isTyped = response.headers.get('Content-Type')?.split(';')[0].trim().toLowerCase() === 'application/wasm';
  if (shared && isTyped) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(patchMemoryFlag(new Uint8Array(await response.arrayBuffer()), shared));
}
