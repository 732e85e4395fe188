// The checking mode, which all tests run under, finds what it is there to find.
import { afterEach, describe, expect, it, test } from 'vitest';
import * as k from '../../src';
import { Opcode, Softmax } from '../../assembly/engine/commands';
import { denseStrides } from '../../src/base/shape';
import { checked } from '../../src/device/checking';
import type { Kernels, View } from '../../src/device/contract';
import { instruments } from '../../src/device/instruments';
import { isView, KERNEL_NAMES } from '../../src/device/widening';
import { LINALG_SAMPLES } from '../ops/linalgSamples';
import { SAMPLES, type Input } from '../ops/samples';
import { TENSOR_SAMPLES } from '../ops/tensorSamples';
import { engine, floats, MODES, room, shutdown, sum, tensor } from './wasm/harness';

afterEach(shutdown);

describe.each(MODES)('guard words, %s', (_name, settings) => {
  it.each([
    ['behind', 0, 20],
    ['one element behind', 0, 17],
    ['before', -1, 16],
  ])('show a kernel that writes %s its memory', async (_where, offset, n) => {
    const device = engine(settings);
    const [x, out] = [tensor(device, new Float32Array(32)), room(device, 16)];
    const args = { outer: 1, n, inner: 1, log: 0, dtype: 0 };
    const address = device.stream.pointer(out) + 4 * offset;
    device.stream.emit(Opcode.Softmax, Softmax, { x: device.stream.pointer(x), out: address, ...args }, [x], [out]);
    const after = sum(device, tensor(device, Float32Array.of(1, 2)));
    await expect(floats(device, out)).rejects.toThrow(/^internal: the Softmax kernel, .* wrote outside of its memory/);
    // The guards were mended: whatever comes later is blamed on nobody.
    await floats(device, after).catch(() => undefined);
    expect(await floats(device, sum(device, tensor(device, Float32Array.of(1, 2))))).toEqual(Float32Array.of(3));
  });

  it('follow their blocks through thousands of tensors', async () => {
    const device = engine(settings);
    const kept: View[] = [];
    for (let i = 0; i < 3000; i++) {
      const x = tensor(device, Float32Array.of(i, 1));
      if (i % 2 === 0) kept.push(x);
      else device.free(x.buffer);
    }
    expect(await floats(device, sum(device, kept[1499]))).toEqual(Float32Array.of(2999));
    await device.synchronize();
  });
});

/** Arguments with plain views in the place of tensors, deep in groups of them. */
function copyViews(x: unknown): unknown {
  if (Array.isArray(x)) return x.map(copyViews);
  if (isView(x)) {
    const { buffer, dtype, shape, strides, offset } = x;
    return { buffer, dtype, shape, strides, offset };
  }
  const isGroup = typeof x === 'object' && x !== null && 'inputs' in x && !('name' in x);
  return isGroup ? Object.fromEntries(Object.entries(x).map(([name, views]) => [name, copyViews(views)])) : x;
}

/** The arguments of each kernel in the calls that the samples make, one call of each. */
function recordCalls(): Map<keyof Kernels, readonly unknown[]> {
  const calls = new Map<keyof Kernels, readonly unknown[]>();
  const before = instruments.current;
  // Random matrices have no Cholesky factors, and nobody reads them.
  k.onerror(() => undefined);
  const wraps = (kernels: Kernels): Kernels =>
    Object.fromEntries(
      KERNEL_NAMES.map((name) => [
        name,
        (...args: unknown[]) => {
          const isEmpty = args.flat().some((arg) => isView(arg) && arg.shape.includes(0));
          // Tensors are views whose memory may be gone later.
          if (!calls.has(name) && !isEmpty) calls.set(name, copyViews(args) as unknown[]);
          (kernels[name] as (...args: unknown[]) => void)(...args);
        },
      ]),
    ) as { [K in keyof Kernels]: Kernels[K] };
  if (before !== null) instruments.current = { ...before, kernels: wraps };
  const make = ({ shape, kind, high }: Input): k.Tensor =>
    kind === 'index' ? k.randint(0, high, shape) : kind === 'bool' ? k.rand(shape).lt(0.5) : k.rand(shape).add(1);
  for (const { call, inputs } of Object.values({ ...SAMPLES, ...TENSOR_SAMPLES, ...LINALG_SAMPLES })) {
    for (const spec of inputs) {
      const leaves = spec.map(make).map((x) => (x.isFloatingPoint() ? x.detach().requiresGrad_() : x));
      const result = call(...leaves);
      const [out] = (result instanceof k.Tensor ? [result] : result).filter((t) => t.requiresGrad);
      if (out !== undefined) out.sum().backward();
    }
  }
  const w = k.ones([3], { requiresGrad: true });
  w.mul(2).sum().backward();
  new k.optim.SGD([w], { lr: 1 }).step();
  k.shutdown();
  k.onerror(null);
  instruments.current = before;
  return calls;
}

/** A view with one of its dimensions shorter by one: the first, or the last. */
const shortened =
  (last: boolean) =>
  ({ buffer, dtype, shape, offset }: View): View => {
    const at = last ? shape.length - 1 : 0;
    const shorter = shape.length === 0 ? [0] : shape.map((size, d) => (d === at ? size - 1 : size));
    return { buffer, dtype, shape: shorter, strides: denseStrides(shorter), offset };
  };

/** A view that starts behind its memory. */
const moved = ({ buffer, dtype, shape, strides }: View): View => ({
  buffer,
  dtype,
  shape,
  strides,
  offset: buffer.bytes,
});

/** The same arguments with one of their views changed, for each of them. */
function* changes(args: readonly unknown[], change: (view: View) => View): Generator<unknown[]> {
  for (const [i, arg] of args.entries()) {
    const put = (value: unknown): unknown[] => args.map((other, j) => (j === i ? value : other));
    if (isView(arg)) yield put(change(arg));
    else if (Array.isArray(arg)) for (const inner of changes(arg, change)) yield put(inner);
    else if (typeof arg === 'object' && arg !== null && 'inputs' in arg && 'outputs' in arg && !('name' in arg)) {
      for (const inputs of changes(arg.inputs as View[], change)) yield put({ ...arg, inputs });
      for (const outputs of changes(arg.outputs as View[], change)) yield put({ ...arg, outputs });
    }
  }
}

test('the rule of every kernel refuses each of its views if it is too short, or elsewhere', () => {
  const calls = recordCalls();
  expect([...calls.keys()].sort()).toEqual([...KERNEL_NAMES].sort());
  const nothing = Object.fromEntries(KERNEL_NAMES.map((name) => [name, () => undefined])) as unknown;
  const kernels = checked(nothing as Kernels);
  for (const [name, args] of calls) {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- kernels are functions in a record, without `this`
    const call = kernels[name] as (...args: unknown[]) => void;
    call(...args);
    const refuses = (changed: unknown[]): boolean => {
      try {
        call(...changed);
        return false;
      } catch (error) {
        return String(error).startsWith(`Error: internal: ${name}: `);
      }
    };
    const outcomes = (change: (view: View) => View): boolean[] => [...changes(args, change)].map(refuses);
    const [first, last, elsewhere] = [shortened(false), shortened(true), moved].map(outcomes);
    // Images of pools may have any height and width, but a plane for each of the results.
    expect([name, first.map((isRefused, i) => isRefused || last[i])]).toEqual([name, first.map(() => true)]);
    expect([name, elsewhere]).toEqual([name, first.map(() => true)]);
    expect(first.length).toBeGreaterThan(0);
  }
});
