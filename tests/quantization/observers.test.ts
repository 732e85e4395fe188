// Observers: ranges, scales and zero points as PyTorch 1.13 (recorded.json, by record.py).
import { describe, expect, it } from 'vitest';
import { ao, fakeQuantizePerTensorAffine, nn, tensor, type Tensor } from '../../src';
import recorded from './recorded.json';

const { quantization } = ao;
const MAKE: Readonly<Record<string, (options: object) => ao.quantization.Observer>> = {
  MinMaxObserver: (o) => quantization.MinMaxObserver.withArgs(o)(),
  MovingAverageMinMaxObserver: (o) => quantization.MovingAverageMinMaxObserver.withArgs(o)(),
  PerChannelMinMaxObserver: (o) => quantization.PerChannelMinMaxObserver.withArgs(o)(),
  MovingAveragePerChannelMinMaxObserver: (o) => quantization.MovingAveragePerChannelMinMaxObserver.withArgs(o)(),
  HistogramObserver: (o) => quantization.HistogramObserver.withArgs(o)(),
};

const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);
const float32 = (values: number | number[]): number[] => [values].flat().map(Math.fround);

interface Expected {
  readonly name: string;
  readonly options: object;
  readonly scale: number[];
  readonly zeroPoint: number[];
  readonly min_val: number | number[];
  readonly max_val: number | number[];
}
async function check({ name, options, ...expected }: Expected, inputs: readonly Tensor[]): Promise<void> {
  const observer = MAKE[name](options);
  for (const x of inputs) expect(observer(x)).toBe(x);
  expect(await numbers(observer.min_val)).toEqual(float32(expected.min_val));
  expect(await numbers(observer.max_val)).toEqual(float32(expected.max_val));
  const [scale, zeroPoint] = await observer.calculateQparams();
  expect(await numbers(scale)).toEqual(float32(expected.scale));
  expect(await numbers(zeroPoint)).toEqual(expected.zeroPoint);
  // Saved and loaded it says the same.
  const other = MAKE[name](options);
  other.loadStateDict(observer.stateDict());
  const [again] = await other.calculateQparams();
  expect(await numbers(again)).toEqual(float32(expected.scale));
}

describe('observers', () => {
  it.each(recorded.observers)('$name $options', async (expected) => {
    await check(expected, recorded.batches.map((batch) => tensor(batch))); // prettier-ignore
  });
  it.each(recorded.histograms)('$name $options of wide inputs', async (expected) => {
    const count = recorded.histograms.indexOf(expected) === 0 ? 3 : recorded.histograms.indexOf(expected) === 1 ? 1 : 2;
    await check(expected, recorded.wide.slice(0, count).map((values) => tensor(values))); // prettier-ignore
  });

  it.each(Object.keys(MAKE))('%s gives 1 and 0 for nothing, and forgets', async (name) => {
    const observer = MAKE[name]({});
    const nothing = async (): Promise<number[][]> =>
      await Promise.all((await observer.calculateQparams()).map(numbers));
    expect(await nothing()).toEqual([[1], [0]]);
    const x = tensor([[1, 2], [3, 9]]); // prettier-ignore
    observer(x);
    expect(await nothing()).not.toEqual([[1], [0]]);
    observer.resetMinMaxVals();
    expect(await nothing()).toEqual([[1], [0]]);
    const empty = tensor([]);
    expect(observer(empty)).toBe(empty);
    expect(await nothing()).toEqual([[1], [0]]);
  });

  it('refuse options that do not fit', () => {
    const { MinMaxObserver, PerChannelMinMaxObserver } = quantization;
    expect(() => new MinMaxObserver({ qscheme: 'per_channel_affine' })).toThrow('qscheme must be per tensor');
    expect(() => new PerChannelMinMaxObserver({ qscheme: 'per_tensor_affine' })).toThrow('qscheme must be per channel');
    expect(() => new MinMaxObserver({ quantMin: 0 })).toThrow('must be given both or neither');
    expect(() => new MinMaxObserver({ quantMin: 1, quantMax: 3 })).toThrow('with 0 among them, got 1 and 3');
    expect(() => new MinMaxObserver({ qscheme: 'per_tensor_symmetric', reduceRange: true })).toThrow('reduceRange');
    // @ts-expect-error unknown
    expect(() => new MinMaxObserver({ range: true })).toThrow("no option is called 'range'");
  });

  it('stand in a network and find the grid of fake quantization', async () => {
    const observer = new quantization.MinMaxObserver();
    const net = new nn.Sequential(observer, new nn.ReLU());
    net(tensor([-1, 0, 1.55]));
    const [scale, zeroPoint] = observer.calculateQparams();
    const y = await numbers(fakeQuantizePerTensorAffine(tensor([-3, 0, 9]), scale, zeroPoint, 0, 255));
    [-1, 0, 1.55].forEach((value, i) => { expect(y[i]).toBeCloseTo(value, 6); }); // prettier-ignore
  });
});
