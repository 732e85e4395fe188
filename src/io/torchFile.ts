// PyTorch's two formats: the zip archive of torch.save since 1.6, and the stream of pickles before.
//
//   zip:     NAME/data.pkl, NAME/data/0, NAME/data/1, ..., NAME/version
//   legacy:  magic | version | system | object | keys: pickles, then per key | count u64 | elements |
//
// The object's pickle refers to storages; they are read when it is known which, and of what size.
import { LoadError } from '../base/errors';
import { Pauses } from '../core/pace';
import { ByteReader, ByteWriter, decodeText, type Bytes } from './bytes';
import { Foreign } from './foreign';
import { pickle, type Pickled } from './pickle';
import { Dict, Global, storageDType, StorageReference, type StorageRecord } from './pickled';
import { unpickle } from './unpickle';
import { writeZip, ZipReader } from './zip';

/** An object as read, and the bytes of the storages that its tensors are in. */
export interface TorchFile {
  readonly root: unknown;
  readonly storages: ReadonlyMap<StorageRecord, Bytes>;
}

/** What torch.save writes first and second into a legacy file. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

/** Classes of storages that kindling does not hold, and what an element takes in a legacy file. */
const FOREIGN_STORAGE = /^torch(?:\.storage)?\.(\w+)Storage$/;
const FOREIGN_BYTES: Readonly<Record<string, number | undefined>> = {
  ComplexFloat: 8, ComplexDouble: 16, QInt8: 1, QUInt8: 1, QInt32: 4, QUInt4x2: 1, QUInt2x4: 1,
}; // prettier-ignore

/** Storages met so far, each once. */
class Storages {
  readonly records = new Map<string, StorageRecord>();
  /** Sizes of elements of storages that kindling does not hold, by key. */
  readonly foreign = new Map<string, number | undefined>();

  /** ('storage', class, key, location, count), in legacy files with a part of it: (key, offset, count) or None. */
  readonly resolve = ([kind, type, key, location, numel, part = null]: readonly unknown[]): unknown => {
    // Legacy files have the source of a module's class beside it.
    if (kind === 'module' && type instanceof Global) return type;
    const dtype = type instanceof Global ? storageDType(type) : null;
    const kindOfStorage = type instanceof Global ? FOREIGN_STORAGE.exec(type.name)?.[1] : undefined;
    if (kind === 'storage' && dtype === null && kindOfStorage !== undefined && typeof key === 'string') {
      this.foreign.set(key, FOREIGN_BYTES[kindOfStorage]);
      return new Foreign((type as Global).name, [numel]);
    }
    if (kind !== 'storage' || dtype === null || typeof key !== 'string' || !isCount(numel)) {
      throw new LoadError('load', 'a storage must be given by its class, key, location and number of elements.');
    }
    let record = this.records.get(key);
    if (record === undefined)
      this.records.set(
        key,
        (record = { key, dtype, numel, location: typeof location === 'string' ? location : 'cpu' }),
      );
    if (record.dtype !== dtype || record.numel !== numel) {
      throw new LoadError('load', `storage '${key}' must be the same wherever it occurs, got two sizes or dtypes.`);
    }
    if (part === null) return new StorageReference(record, 0, numel);
    const [, offset, count] = (part as { items?: readonly unknown[] }).items ?? [];
    if (!isCount(offset) || !isCount(count) || offset + count > numel) {
      throw new LoadError('load', `a part of storage '${key}' must lie within its ${numel} elements.`);
    }
    return new StorageReference(record, offset, count);
  };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Reads the zip format. @throws LoadError for what is no sound archive of a checkpoint */
export async function readTorchZip(file: Bytes, weightsOnly: boolean): Promise<TorchFile> {
  const zip = new ZipReader(file);
  const pickles = zip.names.filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new LoadError('load', `the archive must have one record NAME/data.pkl, got ${pickles.length}.`);
  }
  const root = pickles[0].slice(0, -'data.pkl'.length);
  if (zip.has(`${root}constants.pkl`)) {
    throw new LoadError('load', 'the archive is a TorchScript program. Save its state_dict() instead.');
  }
  const order = zip.has(`${root}byteorder`) ? decodeText(await zip.read(`${root}byteorder`)) : 'little';
  if (order !== 'little') throw new LoadError('load', `elements must be little-endian, got '${order.slice(0, 20)}'.`);

  const storages = new Storages();
  const reader = new ByteReader(await zip.read(pickles[0]), 'the pickle');
  const value = unpickle(reader, storages.resolve, weightsOnly);
  const bytes = new Map<StorageRecord, Bytes>();
  for (const record of storages.records.values()) {
    const data = await zip.read(`${root}data/${record.key}`);
    checkBytes(record, data.length);
    bytes.set(record, data);
  }
  return { root: value, storages: bytes };
}

function checkBytes({ key, numel, dtype }: StorageRecord, bytes: number): void {
  if (numel * dtype.bytes === bytes) return;
  throw new LoadError(
    'load',
    `storage '${key}' of ${numel} elements of ${dtype.name} takes ${numel * dtype.bytes} bytes, got ${bytes}.`,
  );
}

/** Reads the legacy format. @throws LoadError for what is no sound checkpoint */
export function readTorchLegacy(file: Bytes, weightsOnly: boolean): TorchFile {
  const reader = new ByteReader(file, 'the checkpoint');
  const nothing = (): never => {
    throw new LoadError('load', 'the head of the checkpoint must refer to no storage. The file is damaged.');
  };
  const magic = unpickle(reader, nothing);
  if (magic !== MAGIC) {
    throw new LoadError(
      'load',
      `the checkpoint must begin with PyTorch's magic number. The file is another pickle: save with torch.save.`,
    );
  }
  const protocol = unpickle(reader, nothing);
  if (protocol !== PROTOCOL) throw new LoadError('load', `the checkpoint must have version ${PROTOCOL}.`);
  const system = unpickle(reader, nothing);
  if (system instanceof Dict && system.entries.get('little_endian') === false) {
    throw new LoadError('load', 'elements must be little-endian, got big-endian.');
  }
  const storages = new Storages();
  const root = unpickle(reader, storages.resolve, weightsOnly);
  const keys = unpickle(reader, nothing);
  const bytes = new Map<StorageRecord, Bytes>();
  for (const key of Array.isArray(keys) ? (keys as unknown[]) : []) {
    const name = typeof key === 'string' ? key : '';
    if (storages.foreign.has(name)) {
      const size = storages.foreign.get(name);
      if (size === undefined)
        throw new LoadError('load', `storage '${name}' must be of a dtype that PyTorch 1.13 has.`);
      reader.take(reader.u64() * size);
      continue;
    }
    const record = storages.records.get(name);
    if (record === undefined) throw new LoadError('load', 'the checkpoint lists a storage that nothing is in.');
    const count = reader.u64();
    if (count !== record.numel) {
      throw new LoadError('load', `storage '${record.key}' must have ${record.numel} elements, got ${count}.`);
    }
    bytes.set(record, reader.take(count * record.dtype.bytes));
  }
  for (const { key } of [...storages.records.values()].filter((record) => !bytes.has(record))) {
    throw new LoadError('load', `the checkpoint lacks the elements of storage '${key}'.`);
  }
  return { root, storages: bytes };
}

/** Writes the zip format. */
export function writeTorchZip(value: Pickled, storages: readonly Bytes[]): Promise<ArrayBuffer> {
  const root = 'archive';
  const text = (content: string): Bytes => new TextEncoder().encode(content);
  return writeZip([
    [`${root}/data.pkl`, new Uint8Array(pickle(value, 'zip').finish())],
    ...storages.map((data, i): [string, Bytes] => [`${root}/data/${i}`, data]),
    [`${root}/version`, text('3\n')],
  ]);
}

/** Writes the legacy format. */
export function writeTorchLegacy(
  value: Pickled,
  storages: readonly Bytes[],
  counts: readonly number[],
): Promise<ArrayBuffer> {
  const sizes = { short: 2, int: 4, long: 4 };
  const file = new ByteWriter();
  const heads = [MAGIC, PROTOCOL, { protocol_version: PROTOCOL, little_endian: true, type_sizes: sizes }, value];
  for (const head of heads) file.append(new Uint8Array(pickle(head, 'legacy').finish()));
  file.append(
    new Uint8Array(
      pickle(
        storages.map((_, i) => String(i)),
        'legacy',
      ).finish(),
    ),
  );
  storages.forEach((data, i) => file.u64(counts[i]).append(data));
  return file.finishInParts(new Pauses());
}
