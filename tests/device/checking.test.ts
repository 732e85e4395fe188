// The checking mode, which all tests run under, finds what it is there to find.
import { afterEach, describe, expect, it, test } from 'vitest';
import * as k from '../../src';
import { Opcode, Softmax } from '../../assembly/engine/commands';
import { denseStrides } from '../../src/base/shape';
import { checked } from '../../src/device/checking';
import { KERNELS, kernelsBy, type KernelName, type Kernels, type Operands, type View } from '../../src/device/contract';
import { instruments } from '../../src/device/instruments';
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

/** What a kernel is called with. */
interface Call {
  readonly inputs: Operands;
  readonly outputs: Operands;
  readonly params: unknown;
}

/** Plain views in the place of tensors, whose memory may be gone later. */
const plain = (views: Operands): Operands =>
  views.map((view) => {
    if (view === null) return null;
    const { buffer, dtype, shape, strides, offset } = view;
    return { buffer, dtype, shape, strides, offset };
  });

/** A call of each kernel among those that the samples make. */
function recordCalls(): Map<KernelName, Call> {
  const calls = new Map<KernelName, Call>();
  const before = instruments.current;
  // Random matrices have no Cholesky factors, and nobody reads them.
  k.onerror(() => undefined);
  const wraps = (kernels: Kernels): Kernels =>
    kernelsBy((kernel) => (inputs, outputs, params) => {
      const isEmpty = [...inputs, ...outputs].some((view) => view?.shape.includes(0));
      if (!calls.has(kernel) && !isEmpty) calls.set(kernel, { inputs: plain(inputs), outputs: plain(outputs), params });
      kernels[kernel](inputs, outputs, params);
    });
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

/** The same call with one of its views changed, for each of them. */
function* changes({ inputs, outputs, params }: Call, change: (view: View) => View): Generator<Call> {
  const changed = (views: Operands): Operands[] =>
    views.flatMap((view, i) => (view === null ? [] : [views.with(i, change(view))]));
  for (const other of changed(inputs)) yield { inputs: other, outputs, params };
  for (const other of changed(outputs)) yield { inputs, outputs: other, params };
}

test('the rule of every kernel refuses each of its views if it is too short, or elsewhere', () => {
  const calls = recordCalls();
  expect([...calls.keys()].sort()).toEqual(Object.keys(KERNELS).sort());
  const kernels = checked(kernelsBy(() => () => undefined));
  for (const [kernel, call] of calls) {
    const run = kernels[kernel];
    run(call.inputs, call.outputs, call.params);
    const refuses = ({ inputs, outputs, params }: Call): boolean => {
      try {
        run(inputs, outputs, params);
        return false;
      } catch (error) {
        return String(error).startsWith(`Error: internal: ${kernel}: `);
      }
    };
    const outcomes = (change: (view: View) => View): boolean[] => [...changes(call, change)].map(refuses);
    const [first, last, elsewhere] = [shortened(false), shortened(true), moved].map(outcomes);
    // Images of pools may have any height and width, but a plane for each of the results.
    expect([kernel, first.map((isRefused, i) => isRefused || last[i])]).toEqual([kernel, first.map(() => true)]);
    expect([kernel, elsewhere]).toEqual([kernel, first.map(() => true)]);
    expect(first.length).toBeGreaterThan(0);
    const missing = [
      ...(call.inputs.length > 0 ? [{ ...call, inputs: call.inputs.slice(1) }] : []),
      { ...call, outputs: [...call.outputs, null] },
    ];
    // A foreach takes any number of groups.
    if (kernel !== 'foreach') expect([kernel, missing.map(refuses)]).toEqual([kernel, missing.map(() => true)]);
  }
});
