// The two builds of the engine as one run of bytes. They differ in few places, so pieces of both by turns compress to
// little more than one build: 26 KB instead of 46 (deflate looks back 32 KB, which a pair of pieces must fit).
//
//   | length of a | length of b | a[0, PIECE) | b[0, PIECE) | a[PIECE, 2 PIECE) | ...     lengths: 32 bits, little-endian

const PIECE = 8192;
const HEADER = 8;

/** Both arrays as one. */
export function interleave(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER + a.length + b.length);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, a.length, true);
  header.setUint32(4, b.length, true);
  let at = HEADER;
  for (let from = 0; at < bytes.length; from += PIECE) {
    for (const whole of [a, b]) {
      const piece = whole.subarray(from, from + PIECE);
      bytes.set(piece, at);
      at += piece.length;
    }
  }
  return bytes;
}

/** The arrays that `interleave` joined. */
export function separate(bytes: Uint8Array<ArrayBuffer>): [a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>] {
  const header = new DataView(bytes.buffer, bytes.byteOffset);
  const a = new Uint8Array(header.getUint32(0, true));
  const b = new Uint8Array(header.getUint32(4, true));
  let at = HEADER;
  for (let from = 0; at < bytes.length; from += PIECE) {
    for (const whole of [a, b]) {
      const piece = bytes.subarray(at, at + Math.max(0, Math.min(PIECE, whole.length - from)));
      if (piece.length > 0) whole.set(piece, from);
      at += piece.length;
    }
  }
  return [a, b];
}
