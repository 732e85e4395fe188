// Unpacks LZMA, which takes a quarter less than deflate for the engine's binaries, of which every page downloads both.
// The price is about 50 ms of the calling thread when the engine starts (one build, Node 20, 2-core x86-64; 4 ms once the
// loop is compiled), so that it gives way to others again and again.
// The format is Igor Pavlov's (lzma-specification.txt of the LZMA SDK, public domain), with the parameters that packers
// use by default: 3 bits of literal context, none of literal position, 2 of position.
//
//   | parameters: 1 byte | dictionary: 4 | size: 8 | bits, coded by their probability ... |        little-endian
import { yieldTask } from '../../task';

const HEADER = 13;
const CONTEXT_BITS = 3;
/** Bytes between two turns of the event loop: some 3 ms. */
const SLICE = 16 * 1024;
/** Bytes are told apart by the last two bits of their position. */
const POSITIONS = 4;
const STATES = 12;
/** From this state on the last thing was a copy, not a literal. */
const AFTER_COPY = 7;

// Where the probabilities of each kind of bit begin.
const IS_COPY = 0;
const IS_REPEAT = IS_COPY + STATES * POSITIONS;
/** Three bits say which of the four last distances is repeated. */
const IS_OLDER = IS_REPEAT + STATES;
const IS_LONG = IS_OLDER + 3 * STATES;
const SLOT = IS_LONG + STATES * POSITIONS;
const SPECIAL = SLOT + 4 * 64;
const ALIGN = SPECIAL + 128;
const LENGTH = ALIGN + 16;
const REPEAT_LENGTH = LENGTH + 2 + POSITIONS * 16 + 256;
const LITERAL = REPEAT_LENGTH + 2 + POSITIONS * 16 + 256;
const MODELS = LITERAL + (0x300 << CONTEXT_BITS);

/** Reads bits by the probability, of 2^11, that they are 0, and learns it. */
class BitReader {
  private readonly chances = new Uint16Array(MODELS).fill(1024);
  private range = 2 ** 32 - 1;
  private code = 0;

  /** The first of the five bytes that start the stream is 0. */
  constructor(
    private readonly packed: Uint8Array,
    private at: number,
  ) {
    for (let i = 0; i < 5; i++) this.shift();
  }

  private shift(): void {
    this.code = ((this.code << 8) | this.packed[this.at++]) >>> 0;
  }

  private refill(): void {
    if (this.range >= 2 ** 24) return;
    this.range = (this.range << 8) >>> 0;
    this.shift();
  }

  bit(model: number): number {
    const chance = this.chances[model];
    const bound = (this.range >>> 11) * chance;
    const bit = this.code < bound ? 0 : 1;
    if (bit === 0) {
      this.range = bound;
      this.chances[model] += (2048 - chance) >> 5;
    } else {
      this.range -= bound;
      this.code -= bound;
      this.chances[model] -= chance >> 5;
    }
    this.refill();
    return bit;
  }

  /** A number of so many bits, each with a probability for every beginning; the highest bit comes first. */
  tree(models: number, bits: number): number {
    let node = 1;
    for (let i = 0; i < bits; i++) node = 2 * node + this.bit(models + node);
    return node - (1 << bits);
  }

  /** The same with the lowest bit first. */
  reversedTree(models: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(models + node);
      node = 2 * node + bit;
      value |= bit << i;
    }
    return value;
  }

  /** A number whose bits are as likely 0 as 1. */
  plain(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.range >>>= 1;
      const bit = this.code < this.range ? 0 : 1;
      if (bit === 1) this.code -= this.range;
      value = 2 * value + bit;
      this.refill();
    }
    return value;
  }

  /** The length of a copy, less 2. */
  length(models: number, position: number): number {
    if (this.bit(models) === 0) return this.tree(models + 2 + position * 8, 3);
    if (this.bit(models + 1) === 0) return 8 + this.tree(models + 2 + (POSITIONS + position) * 8, 3);
    return 16 + this.tree(models + 2 + POSITIONS * 16, 8);
  }

  /** How far back a copy lies, less 1: a slot of six bits gives the highest bits. */
  distance(length: number): number {
    const slot = this.tree(SLOT + Math.min(length, 3) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const high = (2 | (slot & 1)) << bits;
    if (slot < 14) return high + this.reversedTree(SPECIAL + high - slot, bits);
    return high + this.plain(bits - 4) * 16 + this.reversedTree(ALIGN, 4);
  }
}

/** The first `size` bytes of what is packed. */
export async function unpackLzma(packed: Uint8Array, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(size);
  const bits = new BitReader(packed, HEADER);
  /** The last four distances, the latest first. */
  const distances = [0, 0, 0, 0];
  let state = 0;
  let at = 0;
  let pause = SLICE;
  while (at < size) {
    if (at >= pause) {
      pause = at + SLICE;
      await yieldTask();
    }
    const position = at % POSITIONS;
    if (bits.bit(IS_COPY + state * POSITIONS + position) === 0) {
      const models = LITERAL + 0x300 * (at === 0 ? 0 : out[at - 1] >> (8 - CONTEXT_BITS));
      let byte = 1;
      if (state >= AFTER_COPY) {
        // It differs from the byte that the copy would have gone on with, so that byte is told along as far as it agrees.
        let other = out[at - distances[0] - 1];
        while (byte < 0x100) {
          const expected = (other <<= 1) & 0x100;
          const bit = bits.bit(models + 0x100 + expected + byte);
          byte = 2 * byte + bit;
          if (bit !== expected >> 8) break;
        }
      }
      while (byte < 0x100) byte = 2 * byte + bits.bit(models + byte);
      out[at++] = byte;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    const wasLiteral = state < AFTER_COPY;
    let length = -1;
    if (bits.bit(IS_REPEAT + state) === 0) {
      length = bits.length(LENGTH, position);
      distances.unshift(bits.distance(length));
      distances.pop();
      state = wasLiteral ? 7 : 10;
    } else {
      let which = 0;
      while (which < 3 && bits.bit(IS_OLDER + which * STATES + state) === 1) which++;
      distances.unshift(...distances.splice(which, 1));
      if (which > 0 || bits.bit(IS_LONG + state * POSITIONS + position) === 1) {
        length = bits.length(REPEAT_LENGTH, position);
        state = wasLiteral ? 8 : 11;
      } else state = wasLiteral ? 9 : 11;
    }
    for (const end = Math.min(size, at + length + 2); at < end; at++) out[at] = out[at - distances[0] - 1];
  }
  return out;
}
