import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LoadError } from '../../src/base/errors';
import { fileDType } from '../../src/io/fileDtypes';
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
      expect(Buffer.from(tensors.get(name)?.bytes ?? []).toString('base64')).toBe(data);
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

  it('gives back what it was given, aligned', () => {
    const file = encode(tensors, { format: 'pt', note: 'ünï' });
    const { tensors: read, metadata } = decode(new Uint8Array(file));
    expect(new Map([...read].sort())).toEqual(new Map([...tensors].sort()));
    expect(metadata).toEqual(Object.assign(Object.create(null), { format: 'pt', note: 'ünï' }));
    for (const { dtype, bytes } of read.values()) expect(bytes.byteOffset % dtype.bytes).toBe(0);
  });

  it('writes the layout of the format', () => {
    const file = new Uint8Array(
      encode(new Map([['w', { dtype: fileDType('uint8'), shape: [2], bytes: Uint8Array.of(5, 6) }]])),
    );
    const header = '{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    const padding = ' '.repeat(56 - header.length);
    expect(file).toEqual(fileOf(header + padding, [5, 6]));
    expect(decode(new Uint8Array(encode(new Map()))).tensors.size).toBe(0);
  });

  it('refuses the reserved name', () => {
    const clash = new Map([['__metadata__', { dtype: fileDType('uint8'), shape: [0], bytes: new Uint8Array(0) }]]);
    expect(() => encode(clash)).toThrow("save: no tensor may be called '__metadata__'.");
  });
});

describe('decode', () => {
  it('reads a view into a larger buffer', () => {
    const file = fileOf('{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', [9]);
    const larger = new Uint8Array(file.length + 5);
    larger.set(file, 3);
    expect(decode(larger.subarray(3, 3 + file.length)).tensors.get('w')?.bytes).toEqual(Uint8Array.of(9));
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
    ['trailing bytes', '{}', /^load: the tensors must fill the data of 1 bytes, got 0\./],
  ])('refuses %s', (_, header, message) => {
    expect(() => decode(fileOf(header, [1]))).toThrow(message);
  });

  it.each([0, 7])('refuses a file of %i bytes', (bytes) => {
    expect(() => decode(new Uint8Array(bytes))).toThrow(`load: a safetensors file has at least 8 bytes, got ${bytes}.`);
  });
});
