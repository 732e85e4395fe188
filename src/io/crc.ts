// The checksum of zip records: CRC-32, eight bytes at a time, by a table for each place among the eight.
import type { Pauses } from '../core/pace';

/** Remainders of the reflected polynomial: TABLES[256 k + byte] is that of the byte with k zero bytes behind it. */
const TABLES = new Uint32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  TABLES[byte] = remainder;
}
for (let i = 256; i < TABLES.length; i++) {
  const shorter = TABLES[i - 256];
  TABLES[i] = (shorter >>> 8) ^ TABLES[shorter & 255];
}

/** Bytes between two pauses: a few ms. */
const PART = 2 ** 21;

/** Checksum of a zip record, with turns of the page in between. */
export async function crc32(bytes: Uint8Array, pauses: Pauses): Promise<number> {
  let crc = 0xffffffff;
  for (let begin = 0; begin < bytes.length; begin += PART) {
    crc = continued(crc, bytes, begin, Math.min(begin + PART, bytes.length));
    if (begin + PART < bytes.length) await pauses.pause();
  }
  return ~crc >>> 0;
}

function continued(crc: number, bytes: Uint8Array, begin: number, end: number): number {
  let at = begin;
  for (; at + 8 <= end; at += 8) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    crc =
      TABLES[0x700 + (crc & 255)] ^
      TABLES[0x600 + ((crc >>> 8) & 255)] ^
      TABLES[0x500 + ((crc >>> 16) & 255)] ^
      TABLES[0x400 + (crc >>> 24)] ^
      TABLES[0x300 + bytes[at + 4]] ^
      TABLES[0x200 + bytes[at + 5]] ^
      TABLES[0x100 + bytes[at + 6]] ^
      TABLES[bytes[at + 7]];
  }
  for (; at < end; at++) crc = TABLES[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  return crc;
}
