// Quantized tensors and fake quantization, bit for bit as PyTorch 1.13 (recorded.json, by record.py).
import { expect, describe, it } from 'vitest';
import {
  cat, dequantize, fakeQuantizePerChannelAffine, fakeQuantizePerTensorAffine, quantizePerChannel, quantizePerTensor, tensor,
  type QDType, type QuantizedTensor, type Tensor,
} from '../../src'; // prettier-ignore
import recorded from './recorded.json';

const x = (): Tensor => tensor(recorded.x);
const { scales, zeroPoints } = recorded;
const float32 = (values: unknown): number[] => ([values].flat(9) as number[]).map(Math.fround);
const numbers = async (t: Tensor): Promise<number[]> => Array.from(await t.data(), Number);

interface Quantized {
  readonly int: number[][];
  readonly deq: number[][];
  readonly repr: string;
}
async function check(q: QuantizedTensor, { int, deq, repr }: Quantized): Promise<void> {
  expect(await q.intRepr().tolist()).toEqual(int);
  // toBe-like: -0 is 0 in PyTorch's lists too.
  expect(await numbers(q.dequantize())).toEqual(float32(deq));
  expect(await numbers(dequantize(q))).toEqual(float32(deq));
  expect(await q.repr()).toBe(repr);
}

describe('quantizePerTensor', () => {
  it.each(recorded.perTensor)('$args', async ({ args: [scale, zeroPoint, dtype], ...expected }) => {
    const given = [scale as number, zeroPoint as number, dtype as QDType] as const;
    const q = quantizePerTensor(x(), ...given);
    await check(q, expected);
    expect([await q.qScale(), await q.qZeroPoint(), q.dtype, q.qscheme()]).toEqual([...given, 'per_tensor_affine']);
    expect(q.intRepr().dtype).toBe(dtype === 'qint8' ? 'int8' : 'uint8');
    expect([q.shape, q.ndim, q.numel(), q.device]).toEqual([[4, 5], 2, 20, 'wasm']);
    const ofTensors = quantizePerTensor(x(), tensor([given[0]]), tensor([given[1]]), given[2]);
    expect(await ofTensors.intRepr().tolist()).toEqual(expected.int);
    expect(await ofTensors.qZeroPoint()).toBe(zeroPoint);
    expect(
      await quantizePerTensor(x().t(), ...given)
        .permute(1, 0)
        .intRepr()
        .tolist(),
    ).toEqual(expected.int);
  });

  it('gives other shapes of the same integers', async () => {
    const q = quantizePerTensor(x(), 0.5, 0, 'qint8');
    expect(await q.reshape(2, 10).dequantize().tolist()).toEqual(await q.dequantize().reshape(2, 10).tolist());
    expect(q.reshape(2, 2, 5).flatten(1).shape).toEqual([2, 10]);
    expect(q.flatten().shape).toEqual([20]);
  });

  it('puts NaN at the lower bound and takes no gradient', async () => {
    const q = quantizePerTensor(tensor([NaN, Infinity, -Infinity], { requiresGrad: true }), 1, 3, 'quint8');
    expect(await q.intRepr().tolist()).toEqual([0, 255, 0]);
    expect(q.dequantize().requiresGrad).toBe(false);
  });
});

describe('quantizePerChannel', () => {
  it('is PyTorch’s', async () => {
    for (const axis of [1, -1]) {
      const q = quantizePerChannel(x(), tensor(scales), tensor(zeroPoints, { dtype: 'int64' }), axis, 'qint8');
      await check(q, recorded.perChannel);
      expect([q.qPerChannelAxis(), q.qscheme()]).toEqual([1, 'per_channel_affine']);
      expect(await q.qPerChannelScales().tolist()).toEqual(float32(scales));
      expect(await q.qPerChannelZeroPoints().tolist()).toEqual(zeroPoints);
    }
  });
});

describe('fakeQuantizePerTensorAffine', () => {
  it.each(recorded.fake)('$args', async ({ args, out, grad }) => {
    const [scale, zeroPoint, quantMin, quantMax] = args;
    for (const [s, z] of [[scale, zeroPoint], [tensor([scale]), tensor([zeroPoint])]]) {
      const leaf = x().requiresGrad_();
      const y = fakeQuantizePerTensorAffine(leaf, s, z, quantMin, quantMax);
      expect(await numbers(y)).toEqual(float32(out));
      y.backward(tensor(recorded.x.flat().map((_, i) => i)).reshape(4, 5));
      expect(await numbers(leaf.grad!)).toEqual(float32(grad));
    }
  }); // prettier-ignore
});

describe('fakeQuantizePerChannelAffine', () => {
  it('is PyTorch’s', async () => {
    const { out, grad } = recorded.fakePerChannel;
    const leaf = x().requiresGrad_();
    const y = fakeQuantizePerChannelAffine(leaf, tensor(scales), tensor(zeroPoints, { dtype: 'int32' }), 1, -8, 7);
    expect(await numbers(y)).toEqual(float32(out));
    y.backward(tensor(recorded.x.flat().map((_, i) => i)).reshape(4, 5));
    expect(await numbers(leaf.grad!)).toEqual(float32(grad));
  });
});

describe('what is refused', () => {
  const q = (): QuantizedTensor => quantizePerTensor(x(), 0.1, 3, 'quint8');
  const perChannel = (): QuantizedTensor => quantizePerChannel(x(), tensor(scales), tensor(zeroPoints), 1, 'qint8');

  it('operations of real numbers', () => {
    // @ts-expect-error a quantized tensor is no tensor
    expect(() => x().add(q())).toThrow(/got (a )?QuantizedTensor/);
    // @ts-expect-error a quantized tensor is no tensor
    expect(() => cat([q()])).toThrow(/a list of tensors/);
  });

  it('values and shapes that do not fit', () => {
    expect(() => quantizePerTensor(x(), 0.1, 256, 'quint8')).toThrow('zeroPoint must be an integer from 0 to 255, got 256.');
    expect(() => quantizePerTensor(x().to('float64'), 0.1, 0, 'qint8')).toThrow('quantizePerTensor: the input must be float32, got float64.'); // prettier-ignore
    expect(() => quantizePerTensor(x(), tensor([1, 2]), 0, 'qint8')).toThrow('scale must have one element, got [2].');
    expect(() => quantizePerChannel(x(), tensor(scales), tensor(zeroPoints), 0, 'qint8')).toThrow('one element for each of the 4 places along dimension 0, got [5].'); // prettier-ignore
    expect(() => fakeQuantizePerTensorAffine(x(), 1, 0, 3, 2)).toThrow('quantMin must not be above quantMax, got 3 and 2.');
    expect(() => fakeQuantizePerTensorAffine(x(), 1, 9, 0, 7)).toThrow('zeroPoint must be an integer from 0 to 7, got 9.');
    expect(() => fakeQuantizePerTensorAffine(x().to('int32'), 1, 0, 0, 7)).toThrow('floating-point dtype, got int32');
    expect(() => perChannel().flatten()).toThrow('flatten: the tensor must have one scale, got one for each channel.');
    expect(() => q().qPerChannelAxis()).toThrow('the tensor must have a scale for each channel, got one for all.');
  });
}); // prettier-ignore
