// What is checked where values enter: sizes and offsets that are not whole, counts that no memory holds, arrays with holes,
// arrays without a dtype of their own, assignments to what is no attribute.
import { afterAll, describe, expect, it } from 'vitest';
import * as k from '../../src';
import { arange, ones, tensor, type Tensor } from '../../src';

afterAll(() => {
  k.shutdown();
});

const v = arange(1, 7);
const x = arange(1, 10).view(3, 3);
/** Calls what the types forbid. */
const loose = (target: object): Record<string, (...args: unknown[]) => Tensor> =>
  target as Record<string, (...args: unknown[]) => Tensor>;

describe('what is not whole', () => {
  it.each<[string, () => unknown, string]>([
    ['diagonal', () => x.diagonal(0.5).fill_(100), 'diagonal: offset must be a whole number, got 0.5.'],
    ['diagonal of NaN', () => x.diagonal(NaN), 'diagonal: offset must be a whole number, got NaN.'],
    ['asStrided', () => v.asStrided([2], [1], 14.5).fill_(0), 'asStrided: storageOffset must be a whole number of at'],
    ['strides', () => v.asStrided([2], [1.5]), 'asStrided: stride must be a list, each a whole number of at least 0'],
    ['tensorSplit', () => loose(v).tensorSplit([1.5, 4]), 'tensorSplit: indicesOrSections must be a whole number'],
    ['unfold', () => v.unfold(0, 2, 1.5), 'unfold: step must be a whole number of at least 1, got 1.5.'],
    ['expand', () => loose(v).expand('2', 6), "expand: size must be a list of whole numbers, got ['2', 6]."],
    ['expand by null', () => loose(v).expand(null, 6), 'expand: takes at most 2 arguments (input, size), got 3.'],
    [
      'pad',
      () => k.constantPadNd(v, [NaN, 1]),
      'constantPadNd: pad must be a list, each a whole number, got [NaN, 1].',
    ],
    ['narrow', () => v.narrow(0, 1, 2.5), 'narrow: length must be a whole number of at least 0, got 2.5.'],
    ['roll', () => v.roll(1.5), 'roll: shifts must be a whole number, or a list of them, got 1.5.'],
    ['tril', () => loose(x).tril('1'), "tril: diagonal must be a whole number, got '1'."],
    ['repeat', () => loose(v).repeat('2'), "repeat: repeats must be a list of whole numbers of at least 0, got ['2']."],
    ['linspace', () => loose(k).linspace('0', '1', 3), "linspace: start must be a number, got '0'."],
    ['randperm', () => k.randperm(2.5), 'randperm: n must be a whole number of at least 0, got 2.5.'],
    ['bernoulli_', () => ones(3).bernoulli_(6), 'bernoulli_: p must be in [0, 1], got 6.'],
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });
});

describe('what is not ignored', () => {
  it.each<[string, () => unknown, string]>([
    ['one argument too many', () => loose(k).mm(x, x, 5), 'mm: takes at most 2 arguments (input, mat2), got 3.'],
    [
      'a misspelt option',
      () => loose(x).add(x, { alfa: 2 }),
      "add: no option is called 'alfa'. The options are input, other, alpha.",
    ],
    ['a tensor for a list of them', () => loose(k).cat(x), 'cat: tensors must be a list of tensors, got a Tensor.'],
    ['no function', () => loose(k).noGrad(), 'noGrad: fn must be a function whose body runs in that mode'],
    ['an argument of item', () => loose(x).item(0), 'item: takes at most 0 arguments (none), got 1.'],
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });

  it('an option of init, which rejects', async () => {
    await expect(loose(k).init({ devcie: 'wasm' })).rejects.toThrow("no option is called 'devcie'");
  });

  it('sizes in a row and options by name', async () => {
    expect(v.newZeros(2, 3, 4).shape).toEqual([2, 3, 4]);
    expect(ones(2).requiresGrad_({ requiresGrad: false }).requiresGrad).toBe(false);
    expect(await loose(k).add(ones(1), ones(1), 2).tolist()).toEqual([3]);
    expect(await loose(k).mm({ input: x, mat2: x }).tolist()).toEqual(await x.mm(x).tolist());
    expect(x.to('wasm', 'float64', true).dtype).toBe('float64');
  });
});

describe('counts that nothing holds', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['arange', () => arange(1e15), /memory/],
    ['arange to infinity', () => arange(Infinity), /start must be a finite number, got Infinity/],
    ['vander', () => k.linalg.vander(ones(2), 1e15), /memory/],
    ['eye', () => k.eye(1e8), /memory/],
    ['rand', () => k.rand(1e15), /memory/],
    ['trilIndices', () => k.trilIndices(1e9, 1e9), /trilIndices: row times col must be at most/],
    ['combinations', () => k.combinations(ones(100), 50), /combinations: there must be at most/],
    ['mvlgamma', () => k.mvlgamma(ones(2), 1e9), /mvlgamma: p must be/],
    ['histogram', () => k.histogram(ones(3), 1e15), /memory/],
    ['tensorSplit', () => loose(ones(3)).tensorSplit(1e12), /tensorSplit: the number of pieces must be at most/],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  it('differences beyond the last element are none', () => {
    expect(ones(3).diff(1e9).shape).toEqual([0]);
  });
});

describe('arrays', () => {
  it('holes are no numbers', () => {
    // eslint-disable-next-line no-sparse-arrays -- what is tried
    expect(() => tensor([1, , 3] as number[])).toThrow('tensor: values must be numbers');
  });

  it.each<[string, ArrayBufferView, string, number[]]>([
    ['clamped bytes', new Uint8ClampedArray([255, 0]), 'uint8', [255, 0]],
    ['16 bits', new Uint16Array([1, 65535]), 'int32', [1, 65535]],
    ['32 bits', new Uint32Array([1, 4294967295]), 'int64', [1, 4294967295]],
    ['64 bits', new BigUint64Array([1n, 2n ** 52n]), 'int64', [1, 2 ** 52]],
  ])('%s without a sign', async (_, data, dtype, values) => {
    const t = loose(k).tensor(data);
    expect([t.dtype, await t.tolist()]).toEqual([dtype, values]);
  });

  it('64 bits beyond int64', () => {
    expect(() => loose(k).tensor(new BigUint64Array([2n ** 63n]))).toThrow('tensor: an int64 must be below 2^63');
  });

  it('pixels', async () => {
    const pixels = {
      data: new Uint8ClampedArray([1, 2, 3, 4]),
      width: 1,
      height: 1,
      [Symbol.toStringTag]: 'ImageData',
    };
    const t = loose(k).tensor(Object.assign(Object.create({}) as object, pixels));
    expect(await t.tolist()).toEqual([[[1, 2, 3, 4]]]);
  });
});

describe('assignments', () => {
  it.each<[string, unknown, string]>([
    ['data', ones(2), 'Tensor: data is a method, got an assignment. noGrad(() => x.copy_(values)) writes'],
    ['shape', [1], 'Tensor: shape is no property to assign to, got an assignment. x.reshape(...)'],
    ['device', 'webgpu', "Tensor: device is no property to assign to, got an assignment. x.to('webgpu')"],
    ['sum', 1, 'Tensor: sum is a method, got an assignment.'],
    ['T', ones(2), 'Tensor: T is no property to assign to, got an assignment.'],
  ])('%s', (name, value, message) => {
    expect(() => Reflect.set(new k.Parameter(ones(2)), name, value)).toThrow(message);
  });

  it('other names are attributes', () => {
    const t: Tensor & { note?: string } = ones(2);
    t.note = 'mine';
    expect(t.note).toBe('mine');
  });

  it('in-place forms that change the shape still do', () => {
    expect(ones(2, 3).t_().shape).toEqual([3, 2]);
  });
});
