// The pickle machine, protocols 0 to 5: a stack, a memo, and a list of what may be named (pickled.ts). It calls nothing
// else, imports nothing, and takes every size from the bytes that are there.
// https://github.com/python/cpython/blob/main/Lib/pickletools.py
import { LoadError } from '../base/errors';
import { decodeText, type ByteReader } from './bytes';
import { Foreign } from './foreign';
import { globalOf } from './names';
import { NumpyArray, NumpyDType } from './numpy';
import { Dict, Global, TensorLayout, Tuple } from './pickled';

/** Integers of more bytes than this are refused: the longest that PyTorch writes, its magic number, has 10. */
const MAX_INTEGER_BYTES = 64;
/** Opcodes that hold a method of the machine below; the rest is refused by number. */
type Opcode = (machine: Machine) => void;

/**
 * Reads one pickle from where the reader is. `load` resolves what it calls persistent: storages. With `weightsOnly`, what
 * tensors and containers are not made of is refused where it is named, instead of having a stand-in.
 */
export function unpickle(reader: ByteReader, load: (id: readonly unknown[]) => unknown, weightsOnly = false): unknown {
  const machine = new Machine(reader, load, weightsOnly);
  for (;;) {
    const code = reader.u8();
    if (code === STOP) return machine.pop();
    const opcode = OPCODES.get(code);
    if (opcode === undefined) {
      throw new LoadError(
        'load',
        `the pickle must be made of known opcodes, got ${code} at ${reader.position - 1}. The file is damaged or no checkpoint.`,
      );
    }
    opcode(machine);
  }
}

const STOP = '.'.charCodeAt(0);

class Machine {
  private stack: unknown[] = [];
  /** The stacks below the marks. */
  private readonly below: unknown[][] = [];
  private readonly memo = new Map<number, unknown>();
  private copied = 0;

  constructor(
    readonly reader: ByteReader,
    readonly load: (id: readonly unknown[]) => unknown,
    private readonly weightsOnly: boolean,
  ) {}

  /** Pushes what a name stands for. */
  global(module: string, name: string): void {
    this.push(globalOf(module, name, this.weightsOnly));
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0) throw new LoadError('load', 'the pickle takes a value from an empty stack.');
    return this.stack.pop();
  }

  get top(): unknown {
    if (this.stack.length === 0) throw new LoadError('load', 'the pickle looks at an empty stack.');
    return this.stack[this.stack.length - 1];
  }

  mark(): void {
    this.below.push(this.stack);
    this.stack = [];
  }

  /** What was pushed since the last mark. */
  popMark(): unknown[] {
    const below = this.below.pop();
    if (below === undefined) throw new LoadError('load', 'the pickle takes values up to a mark that is not there.');
    const items = this.stack;
    this.stack = below;
    return items;
  }

  put(index: number): void {
    this.memo.set(index, this.top);
  }

  memoize(): void {
    this.put(this.memo.size);
  }

  get(index: number): void {
    if (!this.memo.has(index))
      throw new LoadError('load', `the pickle refers to value ${index}, which it has not kept.`);
    this.push(this.memo.get(index));
  }

  tuple(count: number): void {
    const items = Array.from({ length: count }, () => this.pop()).reverse();
    this.push(new Tuple(items));
  }

  append(items: readonly unknown[]): void {
    const { top } = this;
    if (top instanceof Set) for (const item of items) top.add(item);
    else if (Array.isArray(top)) for (const item of items) top.push(item);
    else if (top instanceof Foreign) for (const item of items) top.items.push(item);
    else throw new LoadError('load', 'the pickle appends to what is no list.');
  }

  setItems(items: readonly unknown[]): void {
    const { top } = this;
    if (!(top instanceof Dict || top instanceof Foreign) || items.length % 2 === 1) {
      throw new LoadError('load', 'the pickle sets items of what is no dict.');
    }
    for (let i = 0; i < items.length; i += 2) {
      // A key that occurs twice has its last value, as in Python.
      if (top instanceof Dict) top.entries.set(items[i], items[i + 1]);
      else top.entries.push([items[i], items[i + 1]]);
    }
  }

  /** func(*args), if it is on the list. */
  reduce(): void {
    const args = this.pop();
    const func = this.pop();
    if (!(func instanceof Global) || func.call === undefined || !(args instanceof Tuple)) {
      const name = func instanceof Global ? func.name : typeof func;
      throw new LoadError('load', `the pickle must only call what makes tensors and containers, got ${name}.`);
    }
    // What makes containers copies them: as often as one likes for a few bytes, were it not counted.
    this.copied += args.items.reduce<number>((sum, item) => sum + sizeOf(item), 0);
    if (this.copied > this.reader.bytes.length) throw new LoadError('load', 'the pickle copies more than it holds.');
    this.push(func.call(args.items));
  }

  /** State of an object: attributes of an OrderedDict, of a stand-in. What parameters and tensors carry besides is dropped. */
  build(): void {
    const state = this.pop();
    const { top } = this;
    if (top instanceof NumpyDType || top instanceof NumpyArray) top.build(state);
    else if (top instanceof Foreign) top.state = state;
    else if (top instanceof Dict && state instanceof Dict) top.attributes = state;
    else if (!(top instanceof TensorLayout)) throw new LoadError('load', 'the pickle sets the state of what has none.');
  }

  persistent(): void {
    const id = this.pop();
    if (!(id instanceof Tuple)) throw new LoadError('load', 'the pickle refers to a storage by what is no tuple.');
    this.push(this.load(id.items));
  }

  text(length: number): void {
    this.push(decodeText(this.reader.take(length)));
  }

  bytes(length: number): void {
    this.push(this.reader.take(length).slice());
  }

  /** A little-endian integer in two's complement. */
  integer(length: number): void {
    if (length > MAX_INTEGER_BYTES) {
      throw new LoadError('load', `integers must have at most ${MAX_INTEGER_BYTES} bytes, got ${length}.`);
    }
    let value = 0n;
    const bytes = this.reader.take(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
    this.push(plainInteger(BigInt.asIntN(8 * length, value)));
  }
}

/** Items of a container, or length of a text. */
function sizeOf(value: unknown): number {
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.entries.size;
  return Array.isArray(value) || typeof value === 'string' ? value.length : 0;
}

/** A number where it is exact. */
const plainInteger = (value: bigint): number | bigint => {
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value;
};

/** An integer written out, with the L of Python 2. */
function parseInteger(text: string): unknown {
  if (text === '00') return false;
  if (text === '01') return true;
  if (!/^-?\d{1,150}L?$/.test(text))
    throw new LoadError('load', `the pickle must have an integer, got '${text.slice(0, 40)}'.`);
  return plainInteger(BigInt(text.replace('L', '')));
}

/** A float written out. */
function parseFloat(text: string): number {
  const names: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, nan: NaN };
  const value = Object.hasOwn(names, text) ? names[text] : Number(text);
  if (text === '' || (Number.isNaN(value) && text !== 'nan')) {
    throw new LoadError('load', `the pickle must have a float, got '${text.slice(0, 40)}'.`);
  }
  return value;
}

/** A string in quotes, with the escapes that matter. */
function parseQuoted(text: string): string {
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted === null)
    throw new LoadError('load', `the pickle must have a string in quotes, got '${text.slice(0, 40)}'.`);
  return unescape(quoted[2]);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

const unescape = (text: string): string =>
  text.replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|(.))/gis, (...match: string[]) => {
    const [, byte, short, long, other] = match as (string | undefined)[];
    const code = parseInt(byte ?? short ?? long ?? '', 16);
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    return other === undefined ? '\ufffd' : (ESCAPES[other] ?? other);
  });

const nameOf = (value: unknown): string => {
  if (typeof value !== 'string') throw new LoadError('load', 'the pickle names something by what is no text.');
  return value;
};

const OPCODES: ReadonlyMap<number, Opcode> = new Map(
  (
    [
      // The frame of a pickle.
      [0x80, ({ reader }) => void reader.u8()],
      [0x95, ({ reader }) => void reader.take(8)],
      ['(', (m) => m.mark()],
      ['0', (m) => void m.pop()],
      ['1', (m) => void m.popMark()],
      ['2', (m) => m.push(m.top)],
      // The memo.
      ['p', (m) => m.put(Number(m.reader.line()))],
      ['q', (m) => m.put(m.reader.u8())],
      ['r', (m) => m.put(m.reader.u32())],
      [0x94, (m) => m.memoize()],
      ['g', (m) => m.get(Number(m.reader.line()))],
      ['h', (m) => m.get(m.reader.u8())],
      ['j', (m) => m.get(m.reader.u32())],
      // Plain values.
      ['N', (m) => m.push(null)],
      [0x88, (m) => m.push(true)],
      [0x89, (m) => m.push(false)],
      ['K', (m) => m.push(m.reader.u8())],
      ['M', (m) => m.push(m.reader.u16())],
      ['J', (m) => m.push(m.reader.i32())],
      ['I', (m) => m.push(parseInteger(m.reader.line()))],
      ['L', (m) => m.push(parseInteger(m.reader.line()))],
      [0x8a, (m) => m.integer(m.reader.u8())],
      [0x8b, (m) => m.integer(m.reader.u32())],
      ['F', (m) => m.push(parseFloat(m.reader.line()))],
      ['G', (m) => m.push(m.reader.f64BigEndian())],
      ['S', (m) => m.push(parseQuoted(m.reader.line()))],
      ['T', (m) => m.text(m.reader.u32())],
      ['U', (m) => m.text(m.reader.u8())],
      ['V', (m) => m.push(unescape(m.reader.line()))],
      ['X', (m) => m.text(m.reader.u32())],
      [0x8c, (m) => m.text(m.reader.u8())],
      [0x8d, (m) => m.text(m.reader.u64())],
      ['B', (m) => m.bytes(m.reader.u32())],
      ['C', (m) => m.bytes(m.reader.u8())],
      [0x8e, (m) => m.bytes(m.reader.u64())],
      [0x96, (m) => m.bytes(m.reader.u64())],
      // Containers.
      [')', (m) => m.push(new Tuple([]))],
      ['t', (m) => m.push(new Tuple(m.popMark()))],
      [0x85, (m) => m.tuple(1)],
      [0x86, (m) => m.tuple(2)],
      [0x87, (m) => m.tuple(3)],
      [']', (m) => m.push([])],
      ['l', (m) => m.push(m.popMark())],
      ['a', (m) => m.append([m.pop()])],
      ['e', (m) => m.append(m.popMark())],
      ['}', (m) => m.push(new Dict())],
      [
        'd',
        (m) => {
          const items = m.popMark();
          m.push(new Dict());
          m.setItems(items);
        },
      ],
      [
        's',
        (m) => {
          const value = m.pop();
          m.setItems([m.pop(), value]);
        },
      ],
      ['u', (m) => m.setItems(m.popMark())],
      [0x8f, (m) => m.push(new Set())],
      [0x90, (m) => m.append(m.popMark())],
      [0x91, (m) => m.push(new Set(m.popMark()))],
      // What has a name, each looked up in the list before anything else.
      ['c', (m) => m.global(m.reader.line(), m.reader.line())],
      [
        0x93,
        (m) => {
          const name = nameOf(m.pop());
          m.global(nameOf(m.pop()), name);
        },
      ],
      [
        'i',
        (m) => {
          const args = m.popMark();
          m.global(m.reader.line(), m.reader.line());
          m.push(new Tuple(args));
          m.reduce();
        },
      ],
      [
        'o',
        (m) => {
          const [func, ...args] = m.popMark();
          m.push(func);
          m.push(new Tuple(args));
          m.reduce();
        },
      ],
      ['R', (m) => m.reduce()],
      [0x81, (m) => m.reduce()],
      [
        0x92,
        (m) => {
          // Keyword arguments are a part of what a stand-in is made from.
          const named = m.pop();
          m.reduce();
          if (m.top instanceof Foreign) m.top.args = [...m.top.args, named];
        },
      ],
      ['b', (m) => m.build()],
      ['Q', (m) => m.persistent()],
    ] satisfies [number | string, Opcode][]
  ).map(([code, opcode]) => [typeof code === 'string' ? code.charCodeAt(0) : code, opcode]),
);
