// Saving and loading a state dict as safetensors: to bytes or a download, from bytes, a Blob or File, a URL.
import { DTYPES } from '../dtype';
import { LoadError } from '../errors';
import { unscoped } from '../memory';
import { to } from '../ops/copy';
import { fromArray } from '../ops/creation';
import type { StateDict } from '../nn/stateDict';
import type { Tensor } from '../tensor';
import { decode, encode, type Metadata, type TensorBytes } from './safetensors';

/** What `load` reads from: an address, a response to a request of one's own, a chosen file, or bytes. */
export type LoadSource = string | URL | Response | Blob | ArrayBuffer | Uint8Array<ArrayBuffer>;

export interface LoadOptions {
  /** Called as bytes arrive from an address, with their number and the whole, null if the server does not say. */
  onProgress?: (loaded: number, total: number | null) => void;
  /** Ends the download. */
  signal?: AbortSignal;
}

/**
 * The bytes of a safetensors file with these tensors, as they are at the call: changes that are queued later, such as
 * further training steps, do not show.
 * @example download('net.safetensors', await save(net.stateDict()))
 * @throws FaultError if an operation that a value depends on met bad data
 */
export async function save(stateDict: Readonly<StateDict>, metadata?: Metadata): Promise<ArrayBuffer> {
  // All reads are queued before the first await.
  const reads = Object.entries(stateDict).map(async ([name, tensor]): Promise<[string, TensorBytes]> => {
    const { dtype, shape } = tensor;
    const { buffer, byteOffset, byteLength } = await tensor.data();
    return [name, { dtype, shape, bytes: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) }];
  });
  return encode(new Map(await Promise.all(reads)), metadata);
}

/**
 * The tensors of a safetensors file, on the default device, in an object without prototype.
 * @example net.loadStateDict(await load('net.safetensors', { onProgress: (loaded) => bar.value = loaded }))
 * @throws LoadError if the address cannot be fetched or the file is not sound, DTypeError for a dtype that kindling lacks
 */
export async function load(source: LoadSource, options: LoadOptions = {}): Promise<StateDict> {
  const { tensors } = decode(await readBytes(source, options));
  const stateDict = Object.create(null) as StateDict;
  unscoped(() => {
    for (const [name, entry] of tensors) stateDict[name] = makeTensor(entry);
  });
  return stateDict;
}

/** The metadata of a safetensors file, such as { format: 'pt' }. */
export async function loadMetadata(source: LoadSource, options: LoadOptions = {}): Promise<Metadata> {
  return decode(await readBytes(source, options)).metadata;
}

/** Hands the reader of a page a file to save. @throws TypeError outside a page */
export function download(name: string, content: ArrayBuffer | Blob): void {
  if (typeof document === 'undefined')
    throw new TypeError('download: needs a page. Write the bytes to a file instead.');
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content]));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Browsers start to read the file only after this task.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function makeTensor({ dtype, shape, bytes }: TensorBytes): Tensor {
  // A copy of their own, as typed arrays need alignment that files need not have.
  const values = DTYPES[dtype].array(bytes.slice().buffer);
  // A byte of a bool may be anything; the conversion makes it 0 or 1.
  return to(fromArray(values, shape), dtype);
}

async function readBytes(source: LoadSource, { onProgress, signal }: LoadOptions): Promise<Uint8Array<ArrayBuffer>> {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const response = source instanceof Response ? source : await fetch(source, signal === undefined ? {} : { signal });
  if (!response.ok) {
    throw new LoadError(
      `load: ${response.url} must be there to be read, got ${response.status} ${response.statusText}.`,
      {
        url: response.url,
        status: response.status,
      },
    );
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const total = lengthOf(response);
  let loaded = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    chunks.push(part.value);
    loaded += part.value.length;
    onProgress?.(loaded, total);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** The length that the server announced, unless it counts compressed bytes. */
function lengthOf({ headers }: Response): number | null {
  const length = headers.get('content-length');
  return length === null || headers.has('content-encoding') ? null : Number(length);
}
