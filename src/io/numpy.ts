// NumPy's numbers, texts and arrays in pickles: they stand beside tensors in many checkpoints.
import { LoadError } from '../base/errors';
import { decodeHalf } from '../base/half';
import type { Bytes } from './bytes';
import { BY_NAME, type FileDType } from './fileDtypes';
import { Foreign } from './foreign';
import { Global, sizesOf, Tuple } from './pickled';

/** numpy.dtype(code, align, copy), with the byte order that its state tells. */
export class NumpyDType {
  order = '=';
  constructor(readonly code: string) {}

  /** Sets the state: (version, order, ...). */
  build(state: unknown): void {
    const order: unknown = state instanceof Tuple ? state.items[1] : null;
    if (typeof order === 'string') this.order = order;
  }
}

/** An array, empty until its state is set: (version, shape, dtype, whether columns are contiguous, bytes). */
export class NumpyArray {
  shape: readonly number[] = [0];
  dtype: FileDType | null = null;
  isColumnMajor = false;
  bytes: Bytes = new Uint8Array();
  /** What it is instead, if kindling has no such dtype. */
  foreign: Foreign | null = new Foreign('numpy.ndarray');

  build(state: unknown): void {
    const items = state instanceof Tuple ? state.items : [];
    const [shape, dtype, isColumnMajor, bytes] = items.length === 5 ? items.slice(1) : items;
    this.set(shape, dtype, isColumnMajor === true, bytes);
  }

  set(shape: unknown, dtype: unknown, isColumnMajor: boolean, bytes: unknown): void {
    const known = dtype instanceof NumpyDType ? fileDTypeOf(dtype) : null;
    if (known === null || !(bytes instanceof Uint8Array)) {
      const code = dtype instanceof NumpyDType ? dtype.code : 'unknown';
      this.foreign = new Foreign(`numpy.ndarray of dtype ${code}`, [shape]);
      return;
    }
    this.shape = sizesOf('an array', 'shape', shape);
    const count = this.shape.reduce((product, size) => product * size, 1);
    if (count * known.bytes !== bytes.length) {
      throw new LoadError(
        'load',
        `an array of ${count} elements of ${known.name} must have its bytes, got ${bytes.length}.`,
      );
    }
    this.dtype = known;
    this.isColumnMajor = isColumnMajor;
    this.bytes = bytes as Bytes;
    this.foreign = null;
  }
}

/** By NumPy's codes, those that kindling holds. */
const DTYPES: Readonly<Record<string, string>> = {
  f2: 'float16', f4: 'float32', f8: 'float64', i1: 'int8', i2: 'int16', i4: 'int32', i8: 'int64', u1: 'uint8', b1: 'bool',
}; // prettier-ignore

function fileDTypeOf({ code, order }: NumpyDType): FileDType | null {
  if (order === '>') return null;
  return BY_NAME.get(Object.hasOwn(DTYPES, code) ? DTYPES[code] : '') ?? null;
}

const NUMBERS: Readonly<Record<string, (view: DataView, little: boolean) => unknown>> = {
  b1: (view) => view.getUint8(0) !== 0,
  i1: (view) => view.getInt8(0),
  u1: (view) => view.getUint8(0),
  i2: (view, little) => view.getInt16(0, little),
  u2: (view, little) => view.getUint16(0, little),
  i4: (view, little) => view.getInt32(0, little),
  u4: (view, little) => view.getUint32(0, little),
  i8: (view, little) => plain(view.getBigInt64(0, little)),
  u8: (view, little) => plain(view.getBigUint64(0, little)),
  f2: (view, little) => decodeHalf('float16', Uint16Array.of(view.getUint16(0, little)).buffer)[0],
  f4: (view, little) => view.getFloat32(0, little),
  f8: (view, little) => view.getFloat64(0, little),
};

const plain = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

/** scalar(dtype, bytes): a number, a flag or a text. */
function scalar([dtype, bytes]: readonly unknown[]): unknown {
  if (!(dtype instanceof NumpyDType) || !(bytes instanceof Uint8Array)) return new Foreign('numpy.generic', [bytes]);
  const { code, order } = dtype;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (Object.hasOwn(NUMBERS, code) && bytes.length === Number(code.slice(1))) return NUMBERS[code](view, order !== '>');
  // Texts are of code points of four bytes.
  if (/^U\d+$/.test(code) && bytes.length % 4 === 0) {
    const points = Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, order !== '>'));
    if (points.every((point) => point <= 0x10ffff)) return String.fromCodePoint(...points.filter((point) => point > 0));
  }
  return new Foreign(`numpy scalar of dtype ${code}`, [bytes]);
}

const arrayOf = ([bytes, dtype, shape, order]: readonly unknown[]): NumpyArray => {
  const array = new NumpyArray();
  array.set(shape, dtype, order === 'F', bytes);
  return array;
};

/** The names of NumPy that are read, by module of version 1 and of version 2. */
export const NUMPY = new Map<string, Global>();
const add = (name: string, call?: (args: readonly unknown[]) => unknown): void =>
  void NUMPY.set(name, new Global(name, call));
add('numpy.dtype', ([code]) => new NumpyDType(typeof code === 'string' ? code : 'unknown'));
add('numpy.ndarray');
for (const core of ['numpy.core', 'numpy._core']) {
  add(`${core}.multiarray.scalar`, scalar);
  add(`${core}.multiarray._reconstruct`, () => new NumpyArray());
  add(`${core}.numeric._frombuffer`, arrayOf);
}
