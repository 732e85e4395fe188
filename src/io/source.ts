// Where checkpoints come from and go to: addresses, files that the user chose, what a page may keep, downloads.
import { describe } from '../base/errorText';
import { ANYTHING, kind, TEXT } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { KindError, LoadError, ValueError } from '../base/errors';
import type { Bytes } from './bytes';
import { placeOf, type Place } from './places';
import type { TimeOptions } from './time';

/**
 * What `load` reads from: an address, a response to a request of one's own, a chosen file, or bytes. `indexeddb:NAME` and
 * `opfs:PATH` are what `store` has written.
 */
export type LoadSource = string | URL | Response | Blob | ArrayBuffer | Uint8Array;

/** What `store` and `download` take. */
export type StoreContent = ArrayBuffer | ArrayBufferView | Blob;

/** How `load` reads. */
export interface ReadOptions extends TimeOptions {
  /** Called as bytes arrive from an address, with their number and the whole, null if the server does not say. */
  onProgress?: (loaded: number, total: number | null) => void;
}

/** A source in a message. */
export function addressOf(source: unknown): string {
  if (typeof source === 'string') return source.length > 200 ? `${source.slice(0, 200)}…` : source;
  if (source instanceof URL) return source.href;
  if (source instanceof Response) return source.url === '' ? 'the response' : source.url;
  if (source instanceof Blob) return 'name' in source ? `the file ${String(source.name)}` : 'the Blob';
  return 'the source';
}

/** All bytes of a source. @throws LoadError if it cannot be read, TypeError if it is none */
export async function readBytes(
  op: string,
  source: LoadSource,
  onProgress: ReadOptions['onProgress'],
  ending: AbortSignal,
): Promise<Bytes> {
  if (typeof source === 'string' && source !== '') {
    const kept = placeOf(op, source);
    return kept === null ? fromNetwork(source, onProgress, ending) : told(await kept.read(), onProgress);
  }
  if (source instanceof URL) return fromNetwork(source, onProgress, ending);
  if (source instanceof Response) return fromResponse(source, onProgress, ending);
  if (source instanceof ArrayBuffer) return told(new Uint8Array(source), onProgress);
  // A copy of shared memory, which might change while it is read.
  if (source instanceof Uint8Array) {
    return told(source.buffer instanceof ArrayBuffer ? (source as Bytes) : new Uint8Array(source), onProgress);
  }
  if (source instanceof Blob) return told(new Uint8Array(await source.arrayBuffer()), onProgress);
  throw new KindError(
    op,
    'the source must be an address, a URL, a Response, a Blob or File, an ArrayBuffer or a Uint8Array, ' +
      `got ${describe(source)}.`,
  );
}

function told(bytes: Bytes, onProgress: ReadOptions['onProgress']): Bytes {
  onProgress?.(bytes.length, bytes.length);
  return bytes;
}

async function fromNetwork(
  address: string | URL,
  onProgress: ReadOptions['onProgress'],
  signal: AbortSignal,
): Promise<Bytes> {
  const response = await fetch(address, { signal }).catch((cause: unknown) => {
    throw failed(signal, `load: ${addressOf(address)} must be reachable`, cause, { url: String(address) });
  });
  return fromResponse(response, onProgress, signal);
}

/** An error for a part of reading that failed, unless the reading was ended. */
function failed(signal: AbortSignal, what: string, cause: unknown, data: Record<string, unknown>): unknown {
  if (signal.aborted) return signal.reason;
  const error = new LoadError(null, `${what}, got ${String(cause)}.`, data);
  error.cause = cause;
  return error;
}

async function fromResponse(
  response: Response,
  onProgress: ReadOptions['onProgress'],
  signal: AbortSignal,
): Promise<Bytes> {
  const address = addressOf(response);
  const { url, status } = response;
  if (response.type === 'opaque') {
    throw new LoadError(
      'load',
      `${address} must be readable, got an opaque response. Request it without mode 'no-cors'.`,
    );
  }
  if (!response.ok) {
    throw new LoadError('load', `${address} must be there to be read, got ${status} ${response.statusText}.`, {
      url,
      status,
    });
  }
  if (response.bodyUsed) {
    throw new KindError('load', `${address} must not have been read before, got a response whose body was used.`);
  }
  const total = lengthOf(response);
  const received = new Received(total);
  const reader = response.body?.getReader();
  const cancel = (): void => void reader?.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener('abort', cancel);
  try {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      received.append(part.value);
      onProgress?.(received.length, total);
    }
  } catch (cause) {
    throw failed(signal, `load: ${address} broke off after ${received.length} of ${total ?? 'unknown'} bytes`, cause, {
      url,
    });
  } finally {
    signal.removeEventListener('abort', cancel);
  }
  signal.throwIfAborted();
  if (total !== null && received.length < total) {
    const found = `must have the ${total} bytes that were announced, got ${received.length}`;
    throw new LoadError('load', `${address} ${found}.`, { url });
  }
  return received.bytes;
}

/** The first room where a server does not say how much comes. Bytes. */
const FIRST_ROOM = 2 ** 20;
/** The longest announced length for which there is room at once. Bytes. */
const MOST_BELIEVED = 2 ** 30;

/** Bytes as they come, one behind the other: each is copied once, unless the room must grow. */
class Received {
  length = 0;
  private room: Bytes;

  constructor(expected: number | null) {
    // What a server announces may be anything: beyond this it is believed as it comes.
    this.room = new Uint8Array(expected !== null && expected <= MOST_BELIEVED ? expected : FIRST_ROOM);
  }

  append(part: Uint8Array): void {
    const end = this.length + part.length;
    if (end > this.room.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.room.length));
      larger.set(this.bytes);
      this.room = larger;
    }
    this.room.set(part, this.length);
    this.length = end;
  }

  get bytes(): Bytes {
    return this.room.subarray(0, this.length);
  }
}

/** The length that the server announced, unless it counts compressed bytes or is no count. */
function lengthOf({ headers }: Response): number | null {
  const length = headers.get('content-length')?.trim() ?? '';
  return /^\d+$/.test(length) && !headers.has('content-encoding') ? Number(length) : null;
}

const ADDRESS = argument('address', TEXT);
/** What is looked into by `contentOf`. */
const CONTENT = argument('content', { ...ANYTHING, takesObject: true }, undefined);
const STORE = signature('store', [ADDRESS, CONTENT]);
const REMOVE = signature('remove', [ADDRESS]);
const DOWNLOAD = signature('download', [
  argument(
    'name',
    kind<string>('text', (value) => typeof value === 'string' && value !== ''),
  ),
  CONTENT,
]);

/**
 * Keeps bytes in the browser, under `indexeddb:NAME` or, in the page's private file system, `opfs:PATH`. They are written
 * beside what is there and read back before they take its place: a failure leaves what was there, and another tab sees
 * one or the other, whole.
 * @example await store('indexeddb:net', await save(net.stateDict())); net.loadStateDict(await load('indexeddb:net'))
 * @throws TypeError for another address or content, or where there is no such store
 */
export async function store(...args: readonly [address: string, content: StoreContent]): Promise<void> {
  const { address, content } = STORE.take(args);
  const place = storePlace('store', address);
  await place.write(contentOf('store', content));
}

/** Removes what `store` has kept; nothing happens if there is nothing. */
export async function remove(...args: readonly [address: string]): Promise<void> {
  const { address } = REMOVE.take(args);
  await storePlace('remove', address).remove();
}

/** Hands the reader of a page a file to save. @throws TypeError outside a page */
export function download(...args: readonly [name: string, content: StoreContent]): void {
  const { name, content } = DOWNLOAD.take(args);
  const file = contentOf('download', content);
  if (typeof document === 'undefined')
    throw new KindError('download', 'needs a page. Write the bytes to a file instead.');
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // Browsers start to read the file only after this task.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function storePlace(op: string, address: string): Place {
  const place = placeOf(op, address);
  if (place === null) {
    throw new KindError(op, `the address must begin with 'indexeddb:' or 'opfs:', got ${describe(address)}.`);
  }
  return place;
}

/** The content as it is now. @throws TypeError for another kind, RangeError for none */
function contentOf(op: string, content: unknown): Blob {
  const blob =
    content instanceof Blob
      ? content
      : content instanceof ArrayBuffer
        ? new Blob([content])
        : ArrayBuffer.isView(content)
          ? // A copy, as memory that is shared is not taken.
            new Blob([new Uint8Array(content.buffer, content.byteOffset, content.byteLength).slice()])
          : null;
  if (blob === null) {
    throw new KindError(
      op,
      `the content must be an ArrayBuffer, as save() gives, a typed array or a Blob, got ${describe(content)}.`,
    );
  }
  if (blob.size === 0) {
    throw new ValueError(op, 'the content must have bytes, got none. A buffer that was transferred has none left.');
  }
  return blob;
}
