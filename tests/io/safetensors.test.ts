import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LoadError } from '../../src/base/errors';
import { fileDType } from '../../src/io/fileDtypes';
import { io, nn, type Tensor } from '../../src';
import { decode, encode } from '../../src/io/safetensors';
import type { TensorBytes } from '../../src/io/safetensors';
import { readCases } from '../harness/conformance';
import type { RecordedTensor } from '../harness/conformance';

interface FileCase {
  id: string;
  file: string;
  expect: { $dict: [string, RecordedTensor][] };
  metadata: Record<string, string> | null;
}

const readFile = ({ file }: FileCase): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../conformance/cases/serialization/${file}`, import.meta.url)));
const named = (cases: FileCase[]): [string, FileCase][] => cases.map((c) => [c.id, c]);

const { load } = io;

/** A file with this header and data, for headers that `encode` would not write. */
function fileOf(header: string, data: readonly number[] = []): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

describe('files written elsewhere', () => {
  const sound = readCases<FileCase>('serialization/safetensors');
  it.each(named(sound))('reads %s', (_, c) => {
    const { tensors, metadata } = decode(readFile(c));
    expect([...tensors.keys()].sort()).toEqual(c.expect.$dict.map(([name]) => name).sort());
    for (const [name, { dtype, shape, data }] of c.expect.$dict) {
      expect(tensors.get(name)).toMatchObject({ dtype: { name: dtype }, shape });
      expect(Buffer.from((tensors.get(name) as TensorBytes).bytes).toString('base64')).toBe(data);
    }
    expect(metadata).toEqual(Object.assign(Object.create(null), c.metadata));
  });

  it.each(named(readCases<FileCase>('serialization/safetensors_malformed')))('refuses %s', (_, c) => {
    expect(() => decode(readFile(c))).toThrow(LoadError);
    expect(() => decode(readFile(c))).toThrow(/^load: /);
  });
});

describe('encode', () => {
  const tensors = new Map<string, TensorBytes>([
    ['flags', { dtype: fileDType('bool'), shape: [3], bytes: Uint8Array.of(1, 0, 1) }],
    ['0', { dtype: fileDType('float32'), shape: [2], bytes: new Uint8Array(Float32Array.of(1.5, -2).buffer) }],
    ['__proto__', { dtype: fileDType('int64'), shape: [], bytes: new Uint8Array(BigInt64Array.of(7n).buffer) }],
    ['name "quoted" ü\n', { dtype: fileDType('uint8'), shape: [0, 4], bytes: new Uint8Array(0) }],
    ['d', { dtype: fileDType('float64'), shape: [1, 1], bytes: new Uint8Array(Float64Array.of(Math.PI).buffer) }],
    ['i', { dtype: fileDType('int32'), shape: [1], bytes: new Uint8Array(Int32Array.of(-9).buffer) }],
  ]);

  it('gives back what it was given, aligned', async () => {
    const file = await encode(tensors, { format: 'pt', note: 'ünï' });
    const { tensors: read, metadata } = decode(new Uint8Array(file));
    expect(new Map([...read].sort())).toEqual(new Map([...tensors].sort()));
    expect(metadata).toEqual(Object.assign(Object.create(null), { format: 'pt', note: 'ünï' }));
    for (const { dtype, bytes } of read.values() as Iterable<TensorBytes>)
      expect(bytes.byteOffset % dtype.bytes).toBe(0);
  });

  it('writes the layout of the format', async () => {
    const file = new Uint8Array(
      await encode(new Map([['w', { dtype: fileDType('uint8'), shape: [2], bytes: Uint8Array.of(5, 6) }]])),
    );
    const header = '{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    const padding = ' '.repeat(56 - header.length);
    expect(file).toEqual(fileOf(header + padding, [5, 6]));
    expect(decode(new Uint8Array(await encode(new Map()))).tensors.size).toBe(0);
  });

  it('refuses the reserved name', async () => {
    const clash = new Map([['__metadata__', { dtype: fileDType('uint8'), shape: [0], bytes: new Uint8Array(0) }]]);
    await expect(encode(clash)).rejects.toThrow("save: no tensor may be called '__metadata__'.");
  });
});

describe('decode', () => {
  it('reads a view into a larger buffer', () => {
    const file = fileOf('{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', [9]);
    const larger = new Uint8Array(file.length + 5);
    larger.set(file, 3);
    const { tensors } = decode(larger.subarray(3, 3 + file.length));
    expect(tensors.get('w')).toMatchObject({ bytes: Uint8Array.of(9) });
  });

  it('leaves prototypes alone', () => {
    const text = '{"__metadata__":{"__proto__":"x"},"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
    const { tensors, metadata } = decode(fileOf(text, [1]));
    expect([...tensors.keys()]).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(metadata)).toBeNull();
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  it.each([
    ['a deep header', '{"a":'.repeat(200_000), /^load: the header must be JSON/],
    ['metadata of numbers', '{"__metadata__":{"a":1}}', /^load: __metadata__ must map strings to strings, got {"a":1}/],
    [
      'an entry that is null',
      '{"a":null}',
      /^load: tensor 'a' must have a dtype, a shape of sizes and two data_offsets/,
    ],
    ['a size as text', '{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}', /^load: tensor 'a' must have/],
    [
      'a shape beyond doubles',
      '{"a":{"dtype":"U8","shape":[9e15,9e15],"data_offsets":[0,0]}}',
      /takes 8\.1e\+31 bytes, got bytes 0 to 0 of 1/,
    ],
    ['a name that occurs twice', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', /^load: the header must name everything once, got 'a' twice\.$/], // prettier-ignore
    ['a field that occurs twice', '{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}', /once, got 'shape' twice\./], // prettier-ignore
    ['metadata that occur twice', '{"__metadata__":{"a":"x: {\\"","a":"y"},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', /once, got 'a' twice\./], // prettier-ignore
    ['an entry that is deep', `{"a":{"dtype":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, /^load: tensor 'a' must have a dtype.{0,80}got {"dtype":\[\[…\]\]}\.$/], // prettier-ignore
    ['trailing bytes', '{}', /^load: the tensors must fill the data of 1 bytes, got 0\./],
  ])('refuses %s', (_, header, message) => {
    expect(() => decode(fileOf(header, [1]))).toThrow(message);
  });

  it.each<[string, number[], string, number[] | bigint[]]>([
    // 0, the least and greatest subnormal, 1, -1.125, the greatest.
    ['F8_E4M3', [0, 1, 7, 0x38, 0xb9, 0x7e], 'float32', [0, 2 ** -9, 7 * 2 ** -9, 1, -1.125, 448]],
    ['F8_E4M3', [0x7f, 0xff], 'float32', [NaN, NaN]],
    ['F8_E5M2', [0, 1, 3, 0x3c, 0xbd, 0x7b, 0x7c, 0xfc, 0x7e], 'float32', [0, 2 ** -16, 3 * 2 ** -16, 1, -1.25, 57344, Infinity, -Infinity, NaN]], // prettier-ignore
    ['F8_E8M0', [0, 127, 128, 255], 'float32', [2 ** -127, 1, 2, NaN]],
    ['U16', [0xff, 0xff, 1, 0], 'int32', [65535, 1]],
    ['U32', [0xff, 0xff, 0xff, 0xff], 'int64', [4294967295]],
    ['U64', [1, 0, 0, 0, 0, 0, 0, 0], 'int64', [1]],
  ])('%s becomes a dtype that holds its values', async (code, data, dtype, values) => {
    const size = code === 'U16' ? 2 : code === 'U32' ? 4 : code === 'U64' ? 8 : 1;
    const entry = { dtype: code, shape: [data.length / size], data_offsets: [0, data.length] };
    const { x } = await load(fileOf(JSON.stringify({ x: entry }), data));
    expect(x.dtype).toBe(dtype);
    expect(await x.tolist()).toEqual(values);
  });

  it.each<[string, number[]]>([
    ['F4', [2]],
    ['F6_E2M3', [4]],
    ['C64', [1]],
    ['U64', [1]],
  ])('%s that no dtype holds leaves the others', async (code, shape) => {
    const bytes = code === 'F4' ? 1 : code === 'F6_E2M3' ? 3 : 8;
    const header = {
      w: { dtype: 'U8', shape: [2], data_offsets: [0, 2] },
      x: { dtype: code, shape, data_offsets: [2, 2 + bytes] },
    };
    const loaded = await load<Record<string, unknown>>(
      fileOf(JSON.stringify(header), [5, 6, ...Array<number>(bytes).fill(255)]),
    );
    expect(await (loaded.w as Tensor).tolist()).toEqual([5, 6]);
    expect(loaded.x).toBeInstanceOf(io.Foreign);
    expect(String(loaded.x)).toBe(`a value of safetensors ${code}, which JavaScript does not have`);
    expect(() => new nn.Linear(1, 1).loadStateDict({ weight: loaded.w, bias: loaded.x } as nn.StateDict)).toThrow(
      'bias',
    );
  });

  it.each([0, 7])('refuses a file of %i bytes', (bytes) => {
    expect(() => decode(new Uint8Array(bytes))).toThrow(`load: a safetensors file has at least 8 bytes, got ${bytes}.`);
  });
});
