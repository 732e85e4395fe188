// Zip archives, as far as checkpoints are such: reading stored and deflated records, writing stored ones. Everything
// that a directory claims is held against the size of the file before it is believed. No library: the smallest one is
// larger than this file, and trusts the sizes.
//
//   | records: local header, name, extra, data | ... | central directory: one entry per record | end of directory |
//
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
import { LoadError, ValueError } from '../base/errors';
import { Pauses } from '../core/pace';
import { ByteReader, ByteWriter, decodeText, type Bytes } from './bytes';
import { crc32 } from './crc';

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const END_BYTES = 22;
const ZIP64_LOCATOR = 0x07064b50;
const ZIP64_END = 0x06064b50;
const ZIP64_EXTRA = 1;
/** A value of this size stands in the zip64 extra field instead. */
const IN_ZIP64 = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
/** The end of the directory is followed by a comment of at most this many bytes. */
const MAX_COMMENT = 0xffff;
/** Records may inflate to this many times the size of the file, all together. PyTorch stores them as they are. */
const MAX_INFLATION = 8;

/** What the directory says of a record. */
interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  readonly compressedSize: number;
  readonly headerOffset: number;
}

/** Whether a file begins like a zip archive. */
export const isZip = (file: Bytes): boolean =>
  file.length >= 4 && new DataView(file.buffer, file.byteOffset).getUint32(0, true) === LOCAL_HEADER;

/** A zip archive whose directory has been checked. */
export class ZipReader {
  private readonly entries = new Map<string, Entry>();
  private inflated = 0;
  private readonly pauses = new Pauses();

  /** @throws LoadError for a directory that is not there, does not fit the file, or lists a name twice */
  constructor(private readonly file: Bytes) {
    const { offset, count, end } = findDirectory(file);
    const reader = new ByteReader(file.subarray(0, end), 'the directory of the zip archive', offset);
    let total = 0;
    for (let i = 0; i < count; i++) {
      const entry = readEntry(reader);
      if (this.entries.has(entry.name)) throw damaged(`lists '${entry.name}' twice`);
      // Records that overlap could hold a file many times over.
      total += entry.compressedSize;
      if (entry.headerOffset >= offset || total > offset) throw damaged(`puts '${entry.name}' outside of the file`);
      this.entries.set(entry.name, entry);
    }
  }

  get names(): string[] {
    return [...this.entries.keys()];
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** The bytes of a record: a view of the file if it is stored. @throws LoadError if it is missing or damaged */
  async read(name: string): Promise<Bytes> {
    const entry = this.entries.get(name);
    if (entry === undefined) throw new LoadError('load', `the archive must have a record '${name}', which it lacks.`);
    const data = this.locate(entry);
    const bytes = entry.method === STORED ? data : await this.inflate(entry, data);
    if ((await crc32(bytes, this.pauses)) !== entry.crc) {
      throw new LoadError('load', `the record '${name}' must have the checksum of the directory. The file is damaged.`);
    }
    return bytes;
  }

  private locate({ name, headerOffset, compressedSize, size, method }: Entry): Bytes {
    const reader = new ByteReader(this.file, `the record '${name}'`, headerOffset);
    if (reader.u32() !== LOCAL_HEADER) throw damaged(`points '${name}' at what is no record`);
    reader.take(22);
    const [nameBytes, extraBytes] = [reader.u16(), reader.u16()];
    if (decodeText(reader.take(nameBytes)) !== name) throw damaged(`points '${name}' at another record`);
    reader.take(extraBytes);
    if (method !== STORED && method !== DEFLATED) throw damaged(`compresses '${name}' by the unknown method ${method}`);
    if (method === STORED && size !== compressedSize) throw damaged(`gives '${name}' two sizes`);
    return reader.take(compressedSize);
  }

  /** Inflates piece by piece, so that no more is made than the directory claims and the limit allows. */
  private async inflate({ name, size }: Entry, data: Bytes): Promise<Bytes> {
    this.inflated += size;
    if (this.inflated > MAX_INFLATION * this.file.length) {
      throw new LoadError(
        'load',
        `records must not inflate to more than ${MAX_INFLATION} times the file's ${this.file.length} bytes, ` +
          `got ${this.inflated} bytes at '${name}'.`,
      );
    }
    const bytes = new Uint8Array(size);
    let length = 0;
    try {
      const reader = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        if (length + part.value.length > size) {
          await reader.cancel();
          throw damaged(`gives '${name}' fewer bytes than it has`);
        }
        bytes.set(part.value, length);
        length += part.value.length;
      }
    } catch (cause) {
      if (cause instanceof LoadError) throw cause;
      throw new LoadError('load', `the record '${name}' must be deflated data, got ${String(cause)}.`);
    }
    if (length !== size) throw damaged(`gives '${name}' more bytes than it has`);
    return bytes;
  }
}

const damaged = (what: string): LoadError =>
  new LoadError('load', `the directory of the zip archive ${what}. The file is damaged.`);

/** Where the central directory is, and how many entries it has. */
function findDirectory(file: Bytes): { offset: number; count: number; end: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = file.length - END_BYTES; at >= Math.max(0, file.length - END_BYTES - MAX_COMMENT); at--) {
    if (view.getUint32(at, true) !== END_OF_DIRECTORY) continue;
    const reader = new ByteReader(file, 'the zip archive', at + 10);
    let [count, bytes, offset] = [reader.u16(), reader.u32(), reader.u32()];
    let end = at;
    if (offset === IN_ZIP64 || bytes === IN_ZIP64 || count === 0xffff) {
      const locator = new ByteReader(file, 'the zip archive', Math.max(0, at - 20));
      if (locator.u32() !== ZIP64_LOCATOR) throw damaged('lacks its zip64 record');
      locator.u32();
      const zip64 = new ByteReader(file, 'the zip archive', Math.min(locator.u64(), file.length));
      if (zip64.u32() !== ZIP64_END) throw damaged('lacks its zip64 record');
      end = zip64.position - 4;
      zip64.take(28);
      [count, bytes, offset] = [zip64.u64(), zip64.u64(), zip64.u64()];
    }
    // An entry takes at least 46 bytes, which bounds the count before anything is made of it.
    if (offset + bytes > end || count * 46 > bytes) throw damaged('does not fit the file');
    return { offset, count, end: offset + bytes };
  }
  throw new LoadError('load', 'the zip archive has no directory at its end. The file is cut off.');
}

function readEntry(reader: ByteReader): Entry {
  if (reader.u32() !== DIRECTORY_ENTRY) throw damaged('has an entry that is none');
  reader.u32();
  const [flags, method] = [reader.u16(), reader.u16()];
  reader.u32();
  const crc = reader.u32();
  let [compressedSize, size] = [reader.u32(), reader.u32()];
  const [nameBytes, extraBytes, commentBytes] = [reader.u16(), reader.u16(), reader.u16()];
  reader.take(8);
  let headerOffset = reader.u32();
  const name = decodeText(reader.take(nameBytes));
  const extra = new ByteReader(reader.take(extraBytes), `the entry of '${name}'`);
  reader.take(commentBytes);
  if (flags & ENCRYPTED) throw new LoadError('load', `the record '${name}' is encrypted, which cannot be read.`);
  while (extra.left >= 4) {
    const [id, bytes] = [extra.u16(), extra.u16()];
    const field = new ByteReader(extra.take(bytes), `the entry of '${name}'`);
    if (id !== ZIP64_EXTRA) continue;
    if (size === IN_ZIP64) size = field.u64();
    if (compressedSize === IN_ZIP64) compressedSize = field.u64();
    if (headerOffset === IN_ZIP64) headerOffset = field.u64();
  }
  return { name, method, crc, size, compressedSize, headerOffset };
}

/** Data of records begins at multiples of this, as PyTorch writes them. */
const ALIGNMENT = 64;
/** The extra field that pads up to there. */
const PADDING_EXTRA = 0x4246;

/** An archive of these records, stored as they are. @throws RangeError for more than zip without zip64 can hold */
export async function writeZip(records: readonly (readonly [name: string, data: Bytes])[]): Promise<ArrayBuffer> {
  const pauses = new Pauses();
  const file = new ByteWriter();
  const directory = new ByteWriter();
  for (const [name, data] of records) {
    const nameBytes = new TextEncoder().encode(name);
    const offset = file.length;
    const unpadded = offset + 30 + nameBytes.length + 4;
    const padding = (ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT;
    const crc = await crc32(data, pauses);
    // Version 2.0, no flags, stored, midnight of the first day that zip knows.
    const common = (to: ByteWriter): ByteWriter =>
      to.u16(20, 0, STORED, 0, 0x21).u32(crc, data.length, data.length).u16(nameBytes.length);
    common(file.u32(LOCAL_HEADER))
      .u16(4 + padding)
      .append(nameBytes);
    file.u16(PADDING_EXTRA, padding).append(new Uint8Array(padding)).append(data);
    common(directory.u32(DIRECTORY_ENTRY).u16(20)).u16(0, 0, 0, 0).u32(0, offset).append(nameBytes);
  }
  const offset = file.length;
  if (offset + directory.length >= IN_ZIP64 || records.length >= 0xffff) {
    throw new ValueError(
      'save',
      `a checkpoint holds less than 4 GiB in fewer than 65535 storages, got ${offset} bytes in ${records.length}.`,
    );
  }
  file.append(new Uint8Array(directory.finish()));
  file.u32(END_OF_DIRECTORY).u16(0, 0, records.length, records.length).u32(directory.length, offset).u16(0);
  return file.finishInParts(pauses);
}
