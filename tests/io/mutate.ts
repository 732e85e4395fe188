// Broken files for the fuzzing of `load`: sound ones with bytes changed, cut, doubled and exchanged, also inside of zip
// archives and headers, where checksums and lengths would stop it at the door otherwise. One seed gives one sequence.
import { ZipReader, isZip, writeZip } from '../../src/io/zip';

export type Bytes = Uint8Array<ArrayBuffer>;

/** Numbers in [0, 2^32) from a seed: mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return (x ^ (x >>> 14)) >>> 0;
  };
}

/** Numbers that sizes and counts go wrong at. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
/** Opcodes that call, build, refer and copy. */
const OPCODES = Array.from('cRbiotu}])(sade012qhjrX.QNKMJG\x81\x85\x86\x87\x8a\x8b\x8c\x8e\x93\x94', (c) =>
  c.charCodeAt(0),
);

/** One sound file and others to mix in, broken somewhere. */
export async function mutate(file: Bytes, other: Bytes, next: () => number): Promise<Bytes> {
  const kind = next() % 4;
  if (kind === 0 && isZip(file)) return inZip(file, next);
  if (kind === 1 && file[8] === 0x7b) return inHeader(file, next);
  return damage(file, other, next);
}

/** One to four changes. */
function damage(file: Bytes, other: Bytes, next: () => number): Bytes {
  let bytes = file.slice();
  for (let changes = 1 + (next() % 4); changes > 0; changes--) {
    const at = next() % (bytes.length + 1);
    const count = next() % 32;
    switch (next() % 8) {
      case 0:
        if (at < bytes.length) bytes[at] ^= 1 << (next() % 8);
        break;
      case 1:
        for (let i = at; i < Math.min(bytes.length, at + count); i++) bytes[i] = next();
        break;
      case 2:
        if (at < bytes.length) bytes[at] = OPCODES[next() % OPCODES.length];
        break;
      case 3:
        if (at + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(at, EDGES[next() % EDGES.length], true);
        break;
      case 4:
        bytes = bytes.slice(0, at);
        break;
      case 5:
        bytes = join(bytes.subarray(0, at), bytes.subarray(at + count));
        break;
      case 6:
        bytes = join(bytes.subarray(0, at), bytes.subarray(Math.max(0, at - count)));
        break;
      default: {
        const from = next() % (other.length + 1);
        bytes = join(bytes.subarray(0, at), other.subarray(from, from + count), bytes.subarray(at));
      }
    }
  }
  return bytes;
}

function join(...parts: Uint8Array[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

/** An archive one record of which is broken, with sound checksums. */
async function inZip(file: Bytes, next: () => number): Promise<Bytes> {
  let zip: ZipReader;
  try {
    zip = new ZipReader(file);
  } catch {
    return file;
  }
  const names = zip.names;
  // Mostly the pickle, where there is most to break.
  const pickles = names.filter((name) => name.endsWith('.pkl'));
  const broken = next() % 4 > 0 && pickles.length > 0 ? pickles[0] : names[next() % names.length];
  const records = names.map(async (name): Promise<[string, Bytes]> => {
    const data = await zip.read(name);
    return [name, name === broken ? damage(data, file, next) : data];
  });
  return new Uint8Array(await writeZip(await Promise.all(records)));
}

/** A safetensors file whose header is broken, with the right length. */
function inHeader(file: Bytes, next: () => number): Bytes {
  const length = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  if (length > file.length - 8) return file;
  const header = damage(file.slice(8, 8 + length), file, next);
  const size = new Uint8Array(8);
  new DataView(size.buffer).setUint32(0, header.length, true);
  return join(size, header, file.subarray(8 + length));
}
