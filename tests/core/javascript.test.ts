// Tensors and modules as JavaScript itself takes them: consoles, JSON, operators.
import { inspect } from 'node:util';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import * as k from '../../src';
import { installDevtoolsFormatter, nn, tensor, zeros, type Tensor } from '../../src';

afterEach(() => {
  vi.unstubAllGlobals();
});
afterAll(() => {
  k.shutdown();
});

// prettier-ignore
const matrix = (): Tensor => tensor([[1, 2, 3], [4, 5, 6]]);

describe('consoles', () => {
  it('print values that the page knows, and only while they are those', async () => {
    const x = matrix();
    expect(inspect(x)).toBe('tensor([[1., 2., 3.],\n        [4., 5., 6.]])');
    x.add_(1);
    expect(inspect(x)).toBe('Tensor(shape=[2, 3], dtype=float32, device=wasm, values: await x.repr())');
    await x.tolist();
    expect(inspect(x)).toBe(await x.repr());
    x.select(0, 0).zero_();
    expect(inspect(x)).toContain('await x.repr()');
    const y = x.mul(2);
    expect(inspect({ y })).toContain('y: Tensor(shape=[2, 3], dtype=float32, device=wasm, values: await x.repr())');
    await y.sum(0).data();
    expect(inspect(y)).toContain('await x.repr()');
    expect(inspect(tensor(new Int32Array([1, 2])).requiresGrad)).toBe('false');
    const source = new Float32Array([1, 2]);
    const own = tensor(source);
    source[0] = 9;
    expect(inspect(own)).toBe('tensor([1., 2.])');
    const read = await own.data();
    read[0] = 9;
    expect(inspect(own)).toBe('tensor([1., 2.])');
  });

  it('print a tensor that a scope has freed', () => {
    let inner = tensor([1]);
    k.scope(() => {
      inner = tensor([1, 2]);
    });
    expect(inspect(inner)).toBe('Tensor(shape=[2], dtype=float32, freed)');
  });

  it('print modules as PyTorch does', () => {
    const net = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU());
    expect(inspect(net)).toBe(String(net));
    expect(inspect(net)).toContain('(0): Linear(in_features=2, out_features=3, bias=True)');
  });

  it('of DevTools take a formatter', () => {
    interface Formatter {
      header(value: unknown): readonly unknown[] | null;
      hasBody(value: unknown): boolean;
      body(value: unknown): readonly unknown[];
    }
    const page: Formatter[] = [];
    vi.stubGlobal('devtoolsFormatters', page);
    installDevtoolsFormatter();
    installDevtoolsFormatter();
    expect(page).toHaveLength(1);
    const [formatter] = page;
    expect(formatter.header(tensor([1, 2]))?.[2]).toBe('tensor([1., 2.])');
    expect(formatter.hasBody(tensor([1, 2]))).toBe(false);
    const net = new nn.Sequential(new nn.ReLU());
    expect([formatter.header(net)?.[2], formatter.hasBody(net), formatter.body(net)[2]]).toEqual([
      'Sequential(',
      true,
      String(net),
    ]);
    const foreign = { [Symbol.for('nodejs.util.inspect.custom')]: () => 'theirs' };
    expect([
      formatter.header(foreign),
      formatter.header([tensor(1)]),
      formatter.header(null),
      formatter.header('text'),
    ]).toEqual([null, null, null, null]);
  });
});

describe('JSON and operators', () => {
  it('say what to do instead', () => {
    const x = tensor([1]);
    expect(() => JSON.stringify({ x })).toThrow('JSON.stringify(await x.tolist())');
    expect(() => JSON.stringify({ net: new nn.ReLU() })).toThrow('await io.save(net.stateDict())');
    expect(() => Number(x)).toThrow('await x.item()');
    expect(() => (x as never as number) * 2).toThrow('a.add(b)');
    expect(`${String(x)}`).toBe('Tensor(shape=[1], dtype=float32, device=wasm)');
  });
});

describe('arrays of every kind', () => {
  it('make tensors', async () => {
    const arrays = [
      ...[new Float32Array([1, 2]), new Float64Array([1, 2]), new Int8Array([1, 2]), new Uint8Array([1, 2])],
      ...[new Uint8ClampedArray([1, 2]), new Int16Array([1, 2]), new Uint16Array([1, 2]), new Int32Array([1, 2])],
      ...[new Uint32Array([1, 2]), new BigInt64Array([1n, 2n]), new BigUint64Array([1n, 2n])],
    ];
    for (const array of arrays) {
      expect(await tensor(array).tolist()).toEqual([1, 2]);
      expect(await k.fromArray(array, [2, 1]).tolist()).toEqual([[1], [2]]);
    }
    expect(arrays.map((array) => tensor(array).dtype)).toEqual([
      ...['float32', 'float64', 'int8', 'uint8', 'uint8', 'int16', 'int32', 'int32', 'int64', 'int64', 'int64'],
    ]);
    const half = Object.assign([1.5, 2], { [Symbol.toStringTag]: 'Float16Array' as const });
    expect([tensor(half).dtype, await tensor(half).tolist()]).toEqual(['float16', [1.5, 2]]);
    expect(await k.fromArray(half, [2, 1]).tolist()).toEqual([[1.5], [2]]);
    class ImageData {
      readonly [Symbol.toStringTag] = 'ImageData';
      readonly data = Uint8ClampedArray.from([1, 2, 3, 4]);
      readonly width = 1;
      readonly height = 1;
    }
    expect(await tensor(new ImageData()).tolist()).toEqual([[[1, 2, 3, 4]]]);
  });
});

describe('setRngState', () => {
  it('takes a tensor', async () => {
    k.manualSeed(3);
    const state = tensor(k.getRngState());
    const drawn = await k.rand(4).tolist();
    await k.setRngState(state);
    expect(await k.rand(4).tolist()).toEqual(drawn);
    expect(() => void k.setRngState(zeros(3))).toThrow('setRngState: newState must be a Uint8Array, or a uint8 tensor');
    await expect(k.setRngState(tensor(new Uint8Array(3)))).rejects.toThrow(
      'setRngState: a state has 5056 bytes, got 3.',
    );
  });
});
