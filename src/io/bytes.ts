// Bytes of files: checked reading, growing writing. All numbers are little-endian.
import { LoadError } from '../base/errors';
import type { Pauses } from '../core/pace';

/** Bytes in plain, unshared memory. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Reads a file front to back; whatever would reach beyond the end is an error before anything is made of it. */
export class ByteReader {
  private readonly view: DataView;

  constructor(
    readonly bytes: Bytes,
    /** What is being read, for messages. */
    private readonly what: string,
    public position = 0,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.position;
  }

  /** Moves past `count` bytes and gives where they begin. @throws LoadError if there are fewer */
  private advance(count: number): number {
    if (!(count >= 0 && count <= this.left)) {
      throw new LoadError(
        'load',
        `${this.what} ends too early, at ${this.bytes.length} bytes: ${count} are needed at ${this.position}. ` +
          `The file is cut off or damaged.`,
      );
    }
    this.position += count;
    return this.position - count;
  }

  u8(): number {
    return this.bytes[this.advance(1)];
  }

  u16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  i32(): number {
    return this.view.getInt32(this.advance(4), true);
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  /** Beyond 2^53 only roughly, which is beyond every file. */
  u64(): number {
    return Number(this.view.getBigUint64(this.advance(8), true));
  }

  /** Pickles keep floats big-endian. */
  f64BigEndian(): number {
    return this.view.getFloat64(this.advance(8), false);
  }

  /** A view of the next bytes. */
  take(count: number): Bytes {
    const begin = this.advance(count);
    return this.bytes.subarray(begin, begin + count);
  }

  /** The text up to the next newline, which is passed over. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    const text = decodeText(this.take(end < 0 ? this.left + 1 : end - this.position));
    this.position++;
    return text;
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Text of bytes; what is no UTF-8 becomes U+FFFD. */
export const decodeText = (bytes: Bytes): string => utf8.decode(bytes);

/** The longest message about a file; a file may have names of any length. */
const MAX_MESSAGE = 600;

/** What to throw for `error`, so that its message has an end. */
export function clipped(error: unknown): unknown {
  if (!(error instanceof LoadError) || error.message.length <= MAX_MESSAGE) return error;
  const { text, op, data } = error;
  return new LoadError(op, `${text.slice(0, MAX_MESSAGE - 260)} … ${text.slice(-200)}`, data);
}

/** A file that grows at its end. */
export class ByteWriter {
  private readonly parts: Bytes[] = [];
  length = 0;

  /** Appends a view, which must not change until the file is done. */
  append(bytes: Bytes): this {
    this.parts.push(bytes);
    this.length += bytes.length;
    return this;
  }

  u8(...values: number[]): this {
    return this.append(Uint8Array.from(values));
  }

  u16(...values: number[]): this {
    for (const value of values) this.u8(value & 255, (value >> 8) & 255);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.u16(value & 0xffff, value >>> 16);
    return this;
  }

  u64(value: number): this {
    return this.u32(value >>> 0, Math.floor(value / 2 ** 32));
  }

  text(value: string): this {
    return this.append(new TextEncoder().encode(value));
  }

  /** All of it. */
  finish(): ArrayBuffer {
    const file = new Uint8Array(this.length);
    let position = 0;
    for (const part of this.parts) {
      file.set(part, position);
      position += part.length;
    }
    return file.buffer;
  }

  /** All of it, for what may be great: the page has turns in between. */
  async finishInParts(pauses: Pauses): Promise<ArrayBuffer> {
    const file = new Uint8Array(this.length);
    let position = 0;
    for (const part of this.parts) {
      for (let begin = 0; begin < part.length; begin += COPIED_AT_ONCE) {
        const piece = part.subarray(begin, begin + COPIED_AT_ONCE);
        file.set(piece, position);
        position += piece.length;
        if (piece.length === COPIED_AT_ONCE) await pauses.pause();
      }
    }
    return file.buffer;
  }
}

/** A few ms. Bytes. */
const COPIED_AT_ONCE = 2 ** 22;
