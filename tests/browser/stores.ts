// What is tried of the stores in every browser, as functions that run in a page which has the library.
import type * as Kindling from '../../src';

declare const kindling: typeof Kindling;

/** What came of it: what did not come back, or passed though it should not. Nothing is as it should be. */
export type Findings = readonly string[];

/** Every kind of content comes back, and what is none is refused and leaves what is there. */
export async function tryContents(address: string): Promise<Findings> {
  const { io, tensor } = kindling;
  const found: string[] = [];
  const saved = async (value: number): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await io.save({ w: tensor([value]) }, { format: 'safetensors' }));
  const kept = async (): Promise<unknown> => (await io.load(address)).w.item();
  /** The bytes in the middle of a longer buffer. */
  const within = (bytes: Uint8Array, buffer: ArrayBufferLike): Uint8Array => {
    const view = new Uint8Array(buffer, 8, bytes.length);
    view.set(bytes);
    return view;
  };

  const kinds: Record<string, (bytes: Uint8Array<ArrayBuffer>) => Kindling.io.StoreContent> = {
    'an ArrayBuffer': (bytes) => bytes.buffer,
    'a Uint8Array': (bytes) => bytes,
    'a view in the middle': (bytes) => within(bytes, new ArrayBuffer(bytes.length + 16)),
    'a DataView': (bytes) => new DataView(bytes.buffer),
    'an Int8Array': (bytes) => new Int8Array(bytes.buffer),
    'a Blob': (bytes) => new Blob([bytes]),
    'a File': (bytes) => new File([bytes], 'w.safetensors'),
    ...('SharedArrayBuffer' in globalThis && {
      'shared memory': (bytes) => within(bytes, new SharedArrayBuffer(bytes.length + 16)),
    }),
  };
  let value = 0;
  for (const [name, make] of Object.entries(kinds)) {
    await io.store(address, make(await saved(++value)));
    if ((await kept()) !== value) found.push(`${name} does not come back`);
  }

  const transferred = new ArrayBuffer(8);
  structuredClone(transferred, { transfer: [transferred] });
  const foreign: Record<string, unknown> = {
    nothing: undefined,
    null: null,
    text: 'weights',
    'a number': 5,
    'an array': [1, 2],
    'a state dict': { w: tensor([1]) },
    'a tensor': tensor([1]),
    'a promise': io.save({}),
    'no bytes': new ArrayBuffer(0),
    'no bytes of a Blob': new Blob([]),
    'a buffer that was transferred': transferred,
  };
  for (const [name, content] of Object.entries(foreign)) {
    const refused = await io.store(address, content as ArrayBuffer).then(
      () => false,
      (error: unknown) => String(error).includes('store: the content must'),
    );
    if (!refused) found.push(`${name} is not refused`);
    if ((await kept()) !== value) found.push(`${name} has touched what was there`);
  }
  return found;
}

/** Writing that fails, or writes other bytes, leaves what was there, and nothing beside it. */
export async function tryFailures(address: string): Promise<Findings> {
  const { io, tensor } = kindling;
  const found: string[] = [];
  const file = async (value: number): Promise<ArrayBuffer> =>
    io.save({ w: tensor([value]) }, { format: 'safetensors' });
  await io.store(address, await file(1));

  /** Replaces a method of the browser while `store` runs. */
  const failing = async (
    what: string,
    prototype: object,
    name: string,
    by: (own: (...args: unknown[]) => unknown) => (this: unknown, ...args: unknown[]) => unknown,
  ): Promise<void> => {
    const own = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
    Reflect.set(prototype, name, by(own));
    const outcome = await io
      .store(address, await file(2))
      .then(() => 'stored', String)
      .finally(() => Reflect.set(prototype, name, own));
    if (!outcome.includes('must be written and read back whole')) found.push(`${what}: ${outcome}`);
    if ((await (await io.load(address)).w.item()) !== 1) found.push(`${what}: what was there is lost`);
  };
  const refuse = () => () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  if (address.startsWith('indexeddb:')) {
    await failing('no room', IDBObjectStore.prototype, 'put', refuse);
    // Other bytes than were given, as a broken disk writes them.
    await failing('other bytes', IDBObjectStore.prototype, 'put', (own) =>
      function (value, key) {
        const bytes = value instanceof ArrayBuffer ? new Uint8Array(value.slice(0)) : null;
        if (bytes !== null) bytes[bytes.length - 1] ^= 1;
        return Reflect.apply(own, this, [bytes?.buffer ?? value, key]);
      }); // prettier-ignore
  } else {
    await failing('no room', FileSystemWritableFileStream.prototype, 'write', refuse);
    await failing('fewer bytes', FileSystemWritableFileStream.prototype, 'write', (own) =>
      function (content) {
        return Reflect.apply(own, this, [(content as Blob).slice(0, 10)]);
      }); // prettier-ignore
  }
  await io.store(address, await file(3));
  if ((await (await io.load(address)).w.item()) !== 3) found.push('nothing can be stored afterwards');
  await io.remove(address);
  return found;
}

/** `megabytes` of numbers that are all the same come back as they are, many at once. */
export async function tryTogether({
  address,
  megabytes,
  rounds,
}: {
  address: string;
  megabytes: number;
  rounds: number;
}): Promise<Findings> {
  // prettier-ignore
  const { io } = kindling;
  const found: string[] = [];
  const count = (megabytes * 2 ** 20) / 4;
  /** safetensors of `count` times `value`, made without the device. */
  const file = (value: number): Blob => {
    const header = new TextEncoder().encode(
      JSON.stringify({ w: { dtype: 'F32', shape: [count], data_offsets: [0, 4 * count] } }).padEnd(120),
    );
    const length = new BigUint64Array([BigInt(header.length)]);
    return new Blob([length, header, new Float32Array(count).fill(value)]);
  };
  /** The one value of all; NaN if they differ. */
  const kept = async (): Promise<number> => {
    const { w } = await io.load(address);
    const [least, most] = await Promise.all([w.min().item(), w.max().item()]);
    w.release();
    return least === most ? least : NaN;
  };
  const own = Math.floor(Math.random() * 1000) + 1;
  await io.store(address, file(own));
  for (let round = 0; round < rounds; round++) {
    const [, value] = await Promise.all([io.store(address, file(own + round)), kept()]);
    if (Number.isNaN(value)) found.push(`round ${round}: parts of two writes`);
  }
  if (Number.isNaN(await kept())) found.push('the last write is not whole');
  return found;
}
