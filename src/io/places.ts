// Places in the browser that keep a file: an entry of IndexedDB, a file of the private file system. New content is written
// beside the old, read back, and takes its place in one step, so that nothing is lost on the way and no tab sees a half.
import { KindError, KindlingError, LoadError } from '../base/errors';
import type { Bytes } from './bytes';

/** A place in the browser that holds the bytes of one file. */
export interface Place {
  read(): Promise<Bytes>;
  write(content: Blob): Promise<void>;
  remove(): Promise<void>;
}

/** The place of an address, or null for one on the network. @throws TypeError for a name that no store takes */
export function placeOf(op: string, address: string): Place | null {
  const [scheme, name] = [address.slice(0, address.indexOf(':')), address.slice(address.indexOf(':') + 1)];
  if (scheme !== 'indexeddb' && scheme !== 'opfs') return null;
  if (name === '') throw new KindError(op, `the address must have a name after '${scheme}:', got none.`);
  return scheme === 'indexeddb' ? inDatabase(name) : inFileSystem(op, name);
}

const missing = (address: string): LoadError =>
  new LoadError('load', `${address} must have been stored before, got nothing there.`, { address });

/** What to throw where new content could not be kept. */
function unwritten(address: string, cause: unknown): KindlingError {
  if (cause instanceof KindlingError) return cause;
  const error = new KindlingError(
    'store',
    `${address} must be written and read back whole, got ${String(cause)}. What was there before is as it was.`,
    { address },
  );
  error.cause = cause;
  return error;
}

/**
 * Bytes that are written and compared at once. A value of IndexedDB has an end: 127 MiB in Chromium.
 * https://crbug.com/40089061
 */
const CHUNK_BYTES = 16 * 2 ** 20;

/** Parts of a file, as the bytes of each. */
async function* chunksOf(content: Blob): AsyncGenerator<Bytes> {
  for (let begin = 0; begin < content.size; begin += CHUNK_BYTES) {
    yield new Uint8Array(await content.slice(begin, begin + CHUNK_BYTES).arrayBuffer());
  }
}

/** @throws KindlingError unless what was read back is what was written */
function compare(address: string, written: Uint8Array, read: unknown): void {
  if (!(read instanceof Uint8Array && isSame(written, read))) throw unwritten(address, 'other bytes');
}

/** Word by word where they begin at one: a chunk is compared in the middle of a page's work. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const words = a.byteOffset % 4 === 0 && b.byteOffset % 4 === 0 ? Math.floor(a.length / 4) : 0;
  const [x, y] = [a, b].map(({ buffer, byteOffset }) => new Uint32Array(buffer, words === 0 ? 0 : byteOffset, words));
  for (let i = 0; i < words; i++) if (x[i] !== y[i]) return false;
  for (let i = 4 * words; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

// ---- IndexedDB --------------------------------------------------------------------------------
//
//   NAME                    { generation, chunks, bytes }; before chunks, the bytes themselves
//   [NAME, generation, i]   chunk i, an ArrayBuffer
//
// A generation is what one call of `write` has written. It counts from when NAME says so.

const DATABASE = 'kindling';
const TABLE = 'checkpoints';
/** What a tab left behind that ended while it wrote is removed after this many milliseconds. */
const ABANDONED_AFTER = 24 * 3_600_000;

interface Head {
  readonly generation: string;
  readonly chunks: number;
  readonly bytes: number;
}
const isHead = (value: unknown): value is Head =>
  typeof value === 'object' && value !== null && 'generation' in value && 'chunks' in value;

/** All keys that begin with these, which are sorted before those with a list behind them. */
const under = (...begin: string[]): IDBKeyRange => IDBKeyRange.bound(begin, [...begin, []]);

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the request failed'));
  });

/** Makes requests in one transaction, and waits for it: all of it is kept, or nothing. */
async function transact<T>(
  address: string,
  mode: IDBTransactionMode,
  use: (table: IDBObjectStore, set: (result: T) => void) => void,
): Promise<T | undefined> {
  if (typeof indexedDB === 'undefined') throw new KindError(address, 'there is no IndexedDB here.');
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
  const database = await settled(opening);
  try {
    const transaction = database.transaction(TABLE, mode, { durability: 'strict' });
    let result: T | undefined;
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
    });
    use(transaction.objectStore(TABLE), (value) => (result = value));
    await done;
    return result;
  } finally {
    database.close();
  }
}

function inDatabase(name: string): Place {
  const address = `indexeddb:${name}`;

  /** Lets a generation count, and removes the one before and those that were left behind. */
  const swap = (head: Head): Promise<unknown> =>
    transact(address, 'readwrite', (table) => {
      const before = table.get(name) as IDBRequest<unknown>;
      const keys = table.getAllKeys(under(name));
      // Requests are answered in order.
      keys.onsuccess = () => {
        const old = isHead(before.result) ? before.result.generation : null;
        const generations = keys.result.map((key) => (key as string[])[1]);
        if (generations.filter((generation) => generation === head.generation).length !== head.chunks) {
          table.transaction.abort();
          return;
        }
        table.put(head, name);
        const isOver = (generation: string): boolean =>
          generation === old || parseInt(generation, 36) < Date.now() - ABANDONED_AFTER;
        for (const generation of new Set(generations)) {
          if (generation !== head.generation && isOver(generation)) table.delete(under(name, generation));
        }
      };
    });

  return {
    async read() {
      const found = await transact<Blob | Bytes>(address, 'readonly', (table, set) => {
        const request = table.get(name) as IDBRequest<unknown>;
        request.onsuccess = () => {
          const { result } = request;
          if (result instanceof ArrayBuffer) set(new Uint8Array(result));
          else if (result instanceof Blob) set(result);
          else if (ArrayBuffer.isView(result))
            set(new Uint8Array(result.buffer, result.byteOffset, result.byteLength).slice());
          else if (isHead(result)) readChunks(table, result, set);
        };
      });
      if (found === undefined) throw missing(address);
      return found instanceof Blob ? new Uint8Array(await found.arrayBuffer()) : found;
    },
    async write(content) {
      // The time comes first, to tell what was left behind.
      const generation = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
      let chunks = 0;
      try {
        for await (const chunk of chunksOf(content)) {
          const number = chunks++;
          await transact(address, 'readwrite', (table) => table.put(chunk.buffer, [name, generation, number]));
        }
        let number = 0;
        for await (const chunk of chunksOf(content)) {
          const key = [name, generation, number++];
          const read = await transact<unknown>(address, 'readonly', (table, set) => {
            const request = table.get(key) as IDBRequest<unknown>;
            request.onsuccess = () => set(request.result);
          });
          compare(address, chunk, read instanceof ArrayBuffer ? new Uint8Array(read) : read);
        }
        await swap({ generation, chunks, bytes: content.size });
      } catch (cause) {
        if (cause instanceof TypeError) throw cause;
        await transact(address, 'readwrite', (table) => table.delete(under(name, generation))).catch(() => undefined);
        throw unwritten(address, cause);
      }
    },
    async remove() {
      await transact(address, 'readwrite', (table) => {
        table.delete(name);
        table.delete(under(name));
      });
    },
  };

  function readChunks(table: IDBObjectStore, { generation, chunks, bytes }: Head, set: (found: Bytes) => void): void {
    const all = new Uint8Array(bytes);
    let position = 0;
    for (let i = 0; i < chunks; i++) {
      const request = table.get([name, generation, i]) as IDBRequest<unknown>;
      request.onsuccess = () => {
        // Written in one step with what is missing here: it was removed by other means.
        if (!(request.result instanceof ArrayBuffer)) return;
        all.set(new Uint8Array(request.result), position);
        position += request.result.byteLength;
        if (position === bytes) set(all);
      };
    }
  }
}

// ---- the private file system ------------------------------------------------------------------

/** How names of files end that are being written. */
const PART = '.kindling-part';

/** Not in TypeScript's library yet. https://developer.mozilla.org/docs/Web/API/FileSystemHandle/move */
interface Movable {
  move?: (name: string) => Promise<void>;
}

function inFileSystem(op: string, path: string): Place {
  const address = `opfs:${path}`;
  const folders = path.split('/');
  const name = folders.pop() ?? '';
  if ([...folders, name].some((part) => part === '' || part === '.' || part === '..')) {
    throw new KindError(op, `a path must be names with a slash between, got '${path}'.`);
  }
  const folder = async (create: boolean): Promise<FileSystemDirectoryHandle> => {
    if (typeof navigator === 'undefined' || !('storage' in navigator) || !('getDirectory' in navigator.storage)) {
      throw new KindError(address, 'there is no private file system here.');
    }
    let found = await navigator.storage.getDirectory();
    for (const part of folders) found = await found.getDirectoryHandle(part, { create });
    return found;
  };
  const isMissing = (error: unknown): boolean => error instanceof DOMException && error.name === 'NotFoundError';
  /** Writers wait for each other and for readers, in whichever tab. */
  const locked = <T>(mode: LockMode, use: () => Promise<T>): Promise<T> =>
    typeof navigator !== 'undefined' && 'locks' in navigator
      ? navigator.locks.request(`kindling ${address}`, { mode }, use)
      : use();
  const isPart = (file: string): boolean => file.startsWith(`${name}.`) && file.endsWith(PART);

  const put = async (to: FileSystemFileHandle, content: Blob): Promise<void> => {
    const stream = await to.createWritable();
    try {
      await stream.write(content);
      await stream.close();
    } catch (cause) {
      // A file that is still open for writing could not be removed.
      await stream.abort().catch(() => undefined);
      throw cause;
    }
    const back = await to.getFile();
    const parts = chunksOf(back);
    for await (const chunk of chunksOf(content)) compare(address, chunk, (await parts.next()).value);
    if (back.size !== content.size) throw unwritten(address, `${back.size} bytes instead of ${content.size}`);
  };

  return {
    read: () =>
      locked('shared', async () => {
        try {
          const file = await (await (await folder(false)).getFileHandle(name)).getFile();
          return new Uint8Array(await file.arrayBuffer());
        } catch (error) {
          throw isMissing(error) ? missing(address) : error;
        }
      }),
    write: (content) =>
      locked('exclusive', async () => {
        const home = await folder(true);
        // None is being written while the lock is held: a tab ended that wrote them.
        for await (const file of home.keys()) if (isPart(file)) await home.removeEntry(file).catch(() => undefined);
        const partName = `${name}.${Math.random().toString(36).slice(2)}${PART}`;
        try {
          const part: FileSystemFileHandle & Movable = await home.getFileHandle(partName, { create: true });
          await put(part, content);
          if (part.move !== undefined) return await part.move(name);
          // What a stream writes takes the place of the file when it is closed, whole.
          await put(await home.getFileHandle(name, { create: true }), content);
          await home.removeEntry(partName);
        } catch (cause) {
          await home.removeEntry(partName).catch(() => undefined);
          throw unwritten(address, cause);
        }
      }),
    remove: () =>
      locked('exclusive', async () => {
        try {
          await (await folder(false)).removeEntry(name);
        } catch (error) {
          if (!isMissing(error)) throw error;
        }
      }),
  };
}
