// The parts of the benchmark that decide whether a figure may be believed. Nothing here is timed.
import { describe, expect, test } from 'vitest';
import { disagreement } from './agreement';
import { permute, values } from './data';
import { LINES } from './lines';
import { initialParameters, modelOf } from './models';
import { OnnxGraph } from './onnxModel';
import { median } from './report';
import { parseSettings } from './settings';

const digest = (...sample: number[]) => ({
  length: sample.length,
  sample,
  greatest: Math.max(...sample.map(Math.abs)),
});

describe('agreement', () => {
  test('is relative to the greatest magnitude', () => {
    expect(disagreement(digest(100, 0.5), digest(100, 0), 1e-2)).toBeNull();
    expect(disagreement(digest(100, 1.5), digest(100, 0), 1e-2)).toMatch('1 of 2');
  });
  test('is broken by NaN and by another length', () => {
    expect(disagreement(digest(NaN, 0), digest(1, 0), 1)).toMatch('NaN instead of 1');
    expect(disagreement(digest(1), digest(1, 0), 1)).toBe('1 elements instead of 2');
  });
});

test('values depend on the name alone', () => {
  expect(values('a', [4])).toEqual(values('a', [4]));
  expect(values('a', [4]).data).not.toEqual(values('b', [4]).data);
  expect(values('a', [1000], 2).data.every((x) => x >= -2 && x < 2)).toBe(true);
});

test('permute moves dimensions', () => {
  const x = { shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) };
  expect(permute(x, [1, 0])).toEqual({ shape: [3, 2], data: Float32Array.of(0, 3, 1, 4, 2, 5) });
  expect(permute({ shape: [1, 2, 3], data: x.data }, [2, 0, 1]).shape).toEqual([3, 1, 2]);
});

test('an ONNX model is the bytes that protobuf prescribes', () => {
  const graph = new OnnxGraph();
  const x = graph.input('x', { shape: [300], data: new Float32Array(300) });
  const bytes = graph.encode(graph.node('Relu', [x]), [300]);
  // ir_version: 8; opset_import: { version: 17 }; graph: { name: "line" ...
  const start = [0x08, 8, 0x42, 2, 0x10, 17, 0x3a, bytes.length - 8, 0x12, 4, ...new TextEncoder().encode('line')];
  expect([...bytes.slice(0, start.length)]).toEqual(start);
  // dim: { dim_value: 300 } is a varint of two bytes
  expect(Buffer.from(bytes).includes(Buffer.from([0x0a, 3, 0x08, 0xac, 0x02]))).toBe(true);
});

test('lines have names of their own', () => {
  expect(new Set(LINES.map(({ name }) => name)).size).toBe(LINES.length);
});

test('norms start as the identity, weights small', () => {
  const parameters = initialParameters(modelOf('transformer'));
  expect(new Set(parameters['encoder.layers.0.norm1.weight'].data)).toEqual(new Set([1]));
  expect(new Set(parameters['encoder.layers.1.norm2.bias'].data)).toEqual(new Set([0]));
  expect(Math.max(...parameters['encoder.layers.0.linear2.weight'].data)).toBeLessThan(1 / Math.sqrt(512));
});

test('a median of an even count lies between the two in the middle', () => {
  expect(median([4, 1, 3, 100])).toBe(3.5);
  expect(median([5, 1, 3])).toBe(3);
});

test('settings', () => {
  const settings = parseSettings(['--peers', 'kindling-wasm,jax-wasm', '--filter', '^sum', '--rounds', '3']);
  expect(settings?.contenders.map(({ name }) => name)).toEqual(['kindling-wasm', 'jax-wasm']);
  expect(settings?.lines.map(({ name }) => name)).toEqual(['sum 1e6']);
  expect(settings?.rounds).toBe(3);
  expect(() => parseSettings(['--peers', 'torch'])).toThrow('there is no torch');
  expect(() => parseSettings(['--rounds', '0'])).toThrow('--rounds must be a positive integer');
  expect(() => parseSettings(['--filter', 'nothing'])).toThrow('matches no line');
});
