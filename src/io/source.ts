// Where checkpoints come from and go to: addresses, files that the user chose, what a page may keep, downloads.
import { LoadError } from '../base/errors';
import type { Bytes } from './bytes';

/**
 * What `load` reads from: an address, a response to a request of one's own, a chosen file, or bytes. `indexeddb:NAME` and
 * `opfs:PATH` are what `store` has written.
 */
export type LoadSource = string | URL | Response | Blob | ArrayBuffer | Uint8Array<ArrayBuffer>;

/** How `load` reads an address. */
export interface ReadOptions {
  /** Called as bytes arrive from an address, with their number and the whole, null if the server does not say. */
  onProgress?: (loaded: number, total: number | null) => void;
  /** Ends the download. */
  signal?: AbortSignal;
}

/** All bytes of a source. @throws LoadError if the address cannot be read */
export async function readBytes(source: LoadSource, { onProgress, signal }: ReadOptions): Promise<Bytes> {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const kept = typeof source === 'string' ? keptIn(source) : null;
  if (kept !== null) return kept.read();
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
  const chunks: Bytes[] = [];
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

/**
 * Keeps bytes in the browser, under `indexeddb:NAME` or, in the page's private file system, `opfs:PATH`.
 * @example await store('indexeddb:net', await save(net.stateDict())); net.loadStateDict(await load('indexeddb:net'))
 * @throws TypeError for another address, or where there is no such store
 */
export async function store(address: string, content: ArrayBuffer): Promise<void> {
  await placeOf('store', address).write(content);
}

/** Removes what `store` has kept; nothing happens if there is nothing. */
export async function remove(address: string): Promise<void> {
  await placeOf('remove', address).remove();
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

/** A place in the browser that holds the bytes of one file. */
interface Place {
  read(): Promise<Bytes>;
  write(content: ArrayBuffer): Promise<void>;
  remove(): Promise<void>;
}

function placeOf(op: string, address: string): Place {
  const place = keptIn(address);
  if (place === null) {
    throw new TypeError(`${op}: the address must begin with 'indexeddb:' or 'opfs:', got '${address}'.`);
  }
  return place;
}

/** The place of an address, or null for one on the network. */
function keptIn(address: string): Place | null {
  const [scheme, name] = [address.slice(0, address.indexOf(':')), address.slice(address.indexOf(':') + 1)];
  if (scheme === 'indexeddb') return inDatabase(name);
  return scheme === 'opfs' ? inFileSystem(name) : null;
}

const missing = (address: string): LoadError =>
  new LoadError(`load: ${address} must have been stored before, got nothing there.`, { address });

const DATABASE = 'kindling';
const TABLE = 'checkpoints';

function inDatabase(name: string): Place {
  /** Runs one request on the table and waits for it and its transaction. */
  const run = async <T>(mode: IDBTransactionMode, request: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    if (typeof indexedDB === 'undefined') throw new TypeError(`indexeddb:${name}: there is no IndexedDB here.`);
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
    const database = await settled(opening);
    try {
      const transaction = database.transaction(TABLE, mode);
      const done = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
      });
      const [result] = await Promise.all([settled(request(transaction.objectStore(TABLE))), done]);
      return result;
    } finally {
      database.close();
    }
  };
  return {
    async read() {
      const found: unknown = await run('readonly', (table) => table.get(name) as IDBRequest<unknown>);
      if (found instanceof ArrayBuffer) return new Uint8Array(found);
      throw missing(`indexeddb:${name}`);
    },
    write: async (content) => void (await run('readwrite', (table) => table.put(content, name))),
    remove: async () => void (await run('readwrite', (table) => table.delete(name))),
  };
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the request failed'));
  });

function inFileSystem(path: string): Place {
  const folders = path.split('/').filter((part) => part !== '');
  const name = folders.pop() ?? '';
  const folder = async (create: boolean): Promise<FileSystemDirectoryHandle> => {
    if (typeof navigator === 'undefined' || !('storage' in navigator)) {
      throw new TypeError(`opfs:${path}: there is no private file system here.`);
    }
    let found = await navigator.storage.getDirectory();
    for (const part of folders) found = await found.getDirectoryHandle(part, { create });
    return found;
  };
  const isMissing = (error: unknown): boolean => error instanceof DOMException && error.name === 'NotFoundError';
  return {
    async read() {
      try {
        const file = await (await (await folder(false)).getFileHandle(name)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      } catch (error) {
        throw isMissing(error) ? missing(`opfs:${path}`) : error;
      }
    },
    async write(content) {
      const stream = await (await (await folder(true)).getFileHandle(name, { create: true })).createWritable();
      await stream.write(content);
      await stream.close();
    },
    async remove() {
      try {
        await (await folder(false)).removeEntry(name);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    },
  };
}
