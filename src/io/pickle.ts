// Writes pickles, protocol 2 as torch.save does: plain values, containers, and tensors by reference to storages.
import { ByteWriter } from './bytes';
import type { FileDType } from './fileDtypes';

/** A tensor to write: its place in storage number `storage`. */
export class PickledTensor {
  constructor(
    readonly storage: number,
    readonly dtype: FileDType,
    /** Elements of the storage. */
    readonly numel: number,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly requiresGrad: boolean,
    readonly isParameter: boolean,
  ) {}
}

/** A tuple to write, as opposed to a list. */
export class PickledTuple {
  constructor(readonly items: readonly Pickled[]) {}
}

/** What can be written; tensors have been exchanged for their places. */
export type Pickled =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickledTensor
  | PickledTuple
  | readonly Pickled[]
  | ReadonlySet<Pickled>
  | ReadonlyMap<Pickled, Pickled>
  | { readonly [key: string]: Pickled };

/** Legacy files give storages a fifth item. */
type Format = 'zip' | 'legacy';

/** The pickle of a value, ended. */
export function pickle(value: unknown, format: Format): ByteWriter {
  const writer = new Pickler(format);
  writer.out.u8(0x80, 2);
  writer.write(value as Pickled);
  writer.op('.');
  return writer.out;
}

class Pickler {
  readonly out = new ByteWriter();
  /** Where objects that have been written are in the memo. */
  private readonly memo = new Map<unknown, number>();

  constructor(private readonly format: Format) {}

  op(code: string): this {
    this.out.u8(code.charCodeAt(0));
    return this;
  }

  write(value: Pickled): void {
    if (value === null || value === undefined) this.op('N');
    else if (typeof value === 'boolean') this.out.u8(value ? 0x88 : 0x89);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'bigint') this.integer(value);
    else if (typeof value === 'string') this.text(value);
    else if (!this.recall(value)) this.object(value);
  }

  /** What has been written before is referred to, so that shared objects stay shared and circles end. */
  private recall(value: object): boolean {
    const index = this.memo.get(value);
    if (index !== undefined) this.op('j').out.u32(index);
    return index !== undefined;
  }

  private memoize(value: unknown): void {
    this.op('r').out.u32(this.memo.size);
    this.memo.set(value, this.memo.size);
  }

  private number(value: number): void {
    if (Number.isInteger(value) && !Object.is(value, -0) && Math.abs(value) <= Number.MAX_SAFE_INTEGER) {
      if (Math.abs(value) < 2 ** 31) this.op('J').out.u32(value >>> 0);
      else this.integer(BigInt(value));
      return;
    }
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, false);
    this.op('G').out.append(bytes);
  }

  private integer(value: bigint): void {
    const bytes: number[] = [];
    for (let rest = value; ; rest >>= 8n) {
      bytes.push(Number(rest & 255n));
      const sign = bytes[bytes.length - 1] >= 128 ? -1n : 0n;
      if (rest >> 8n === sign) break;
    }
    this.out.u8(0x8a, bytes.length, ...bytes);
  }

  private text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.op('X').out.u32(bytes.length).append(bytes);
  }

  private global(module: string, name: string): void {
    this.op('c').out.text(`${module}\n${name}\n`);
  }

  private tuple(write: () => void): void {
    this.op('(');
    write();
    this.op('t');
  }

  private numbers(values: readonly number[]): void {
    this.tuple(() => {
      for (const value of values) this.number(value);
    });
  }

  private object(value: Exclude<Pickled, null | undefined | boolean | number | bigint | string>): void {
    if (value instanceof PickledTensor) {
      if (value.isParameter) this.parameter(value);
      else this.tensor(value);
      this.memoize(value);
    } else if (value instanceof PickledTuple) {
      this.tuple(() => {
        for (const item of value.items) this.write(item);
      });
    } else if (value instanceof Uint8Array) {
      this.op('B').out.u32(value.length).append(value.slice());
    } else if (Array.isArray(value)) {
      this.op(']').memoize(value);
      this.items(value as readonly Pickled[], 'e');
    } else if (value instanceof Set) {
      this.global('__builtin__', 'set');
      this.tuple(() => this.write([...(value as ReadonlySet<Pickled>)]));
      this.op('R').memoize(value);
    } else {
      this.dict(value as ReadonlyMap<Pickled, Pickled> | Readonly<Record<string, Pickled>>);
    }
  }

  private items(values: readonly Pickled[], end: string): void {
    this.op('(');
    for (const value of values) this.write(value);
    this.op(end);
  }

  private dict(value: ReadonlyMap<Pickled, Pickled> | Readonly<Record<string, Pickled>>): void {
    const versions = Object.getOwnPropertyDescriptor(value, '_metadata');
    const hasVersions = versions !== undefined && versions.enumerable !== true;
    if (hasVersions) this.ordered();
    else this.op('}');
    this.memoize(value);
    this.items((value instanceof Map ? [...value] : entriesOf(value as Record<string, Pickled>)).flat(), 'u');
    if (!hasVersions) return;
    // The attributes of the dict: { '_metadata': OrderedDict of versions }.
    this.op('}');
    this.text('_metadata');
    this.ordered();
    this.items(Object.entries(versions.value as Record<string, Pickled>).flat(), 'u');
    this.op('s').op('b');
  }

  private ordered(): void {
    this.global('collections', 'OrderedDict');
    this.op(')').op('R');
  }

  private parameter(value: PickledTensor): void {
    this.global('torch._utils', '_rebuild_parameter');
    this.tuple(() => {
      this.tensor(value);
      this.write(value.requiresGrad);
      this.ordered();
    });
    this.op('R');
  }

  private tensor({ storage, dtype, numel, offset, shape, strides, requiresGrad, isParameter }: PickledTensor): void {
    this.global('torch._utils', '_rebuild_tensor_v2');
    this.tuple(() => {
      this.tuple(() => {
        this.text('storage');
        this.global('torch', `${dtype.storage}Storage`);
        this.text(String(storage));
        this.text('cpu');
        this.number(numel);
        if (this.format === 'legacy') this.write(null);
      });
      this.op('Q');
      this.number(offset);
      this.numbers(shape);
      this.numbers(strides);
      this.write(requiresGrad && !isParameter);
      this.ordered();
    });
    this.op('R');
  }
}

/**
 * JavaScript's objects have names only. Whole numbers are written as numbers where PyTorch has numbers: in the state of
 * optimizers, in counts. Where the values are tensors they are names, as in state dicts. A Map keeps its keys as they are.
 */
function entriesOf(value: Readonly<Record<string, Pickled>>): [Pickled, Pickled][] {
  const entries = Object.entries(value);
  return hasIntegerKeys(entries) ? entries.map(([key, item]) => [Number(key), item]) : entries;
}

/** Whether entries of an object stand for a dict of integers. */
export const hasIntegerKeys = (entries: readonly (readonly [string, unknown])[]): boolean =>
  entries.length > 0 &&
  entries.every(([key, item]) => /^(0|[1-9]\d{0,8})$/.test(key) && !(item instanceof PickledTensor));
