// dtype and device of every module that has parameters.
import { afterAll, describe, expect, it } from 'vitest';
import { nn, shutdown, zeros } from '../../src';

afterAll(() => shutdown());

const OPTIONS = { dtype: 'bfloat16', device: 'wasm' } as const;

const MODULES: Readonly<Record<string, () => nn.Module>> = {
  Linear: () => new nn.Linear(3, 2, OPTIONS),
  Bilinear: () => new nn.Bilinear(3, 2, 4, OPTIONS),
  Conv1d: () => new nn.Conv1d(2, 3, 3, OPTIONS),
  Conv2d: () => new nn.Conv2d(2, 3, 3, OPTIONS),
  Conv3d: () => new nn.Conv3d(2, 3, 3, OPTIONS),
  ConvTranspose1d: () => new nn.ConvTranspose1d(2, 3, 3, OPTIONS),
  ConvTranspose2d: () => new nn.ConvTranspose2d(2, 3, 3, OPTIONS),
  ConvTranspose3d: () => new nn.ConvTranspose3d(2, 3, 3, OPTIONS),
  BatchNorm1d: () => new nn.BatchNorm1d(3, OPTIONS),
  BatchNorm2d: () => new nn.BatchNorm2d(3, OPTIONS),
  BatchNorm3d: () => new nn.BatchNorm3d(3, OPTIONS),
  InstanceNorm1d: () => new nn.InstanceNorm1d(3, { affine: true, trackRunningStats: true, ...OPTIONS }),
  InstanceNorm2d: () => new nn.InstanceNorm2d(3, { affine: true, trackRunningStats: true, ...OPTIONS }),
  InstanceNorm3d: () => new nn.InstanceNorm3d(3, { affine: true, trackRunningStats: true, ...OPTIONS }),
  GroupNorm: () => new nn.GroupNorm(2, 4, OPTIONS),
  LayerNorm: () => new nn.LayerNorm(4, OPTIONS),
  RMSNorm: () => new nn.RMSNorm(4, OPTIONS),
  Embedding: () => new nn.Embedding(4, 3, OPTIONS),
  EmbeddingBag: () => new nn.EmbeddingBag(4, 3, OPTIONS),
  PReLU: () => new nn.PReLU(OPTIONS),
  RNN: () => new nn.RNN(3, 2, OPTIONS),
  LSTM: () => new nn.LSTM(3, 2, OPTIONS),
  GRU: () => new nn.GRU(3, 2, OPTIONS),
  RNNCell: () => new nn.RNNCell(3, 2, OPTIONS),
  LSTMCell: () => new nn.LSTMCell(3, 2, OPTIONS),
  GRUCell: () => new nn.GRUCell(3, 2, OPTIONS),
  MultiheadAttention: () => new nn.MultiheadAttention(4, 2, OPTIONS),
  Transformer: () => new nn.Transformer({ dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, ...OPTIONS }),
  TransformerEncoderLayer: () => new nn.TransformerEncoderLayer(4, 2, OPTIONS),
  TransformerDecoderLayer: () => new nn.TransformerDecoderLayer(4, 2, OPTIONS),
  AdaptiveLogSoftmaxWithLoss: () => new nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2], OPTIONS),
};

const LAZY: Readonly<Record<string, readonly [make: () => nn.Module, shape: number[]]>> = {
  LazyLinear: [() => new nn.LazyLinear(2, OPTIONS), [1, 3]],
  LazyConv1d: [() => new nn.LazyConv1d(2, 3, OPTIONS), [1, 2, 5]],
  LazyConv2d: [() => new nn.LazyConv2d(2, 3, OPTIONS), [1, 2, 5, 5]],
  LazyConv3d: [() => new nn.LazyConv3d(2, 3, OPTIONS), [1, 2, 5, 5, 5]],
  LazyConvTranspose1d: [() => new nn.LazyConvTranspose1d(2, 3, OPTIONS), [1, 2, 5]],
  LazyConvTranspose2d: [() => new nn.LazyConvTranspose2d(2, 3, OPTIONS), [1, 2, 5, 5]],
  LazyConvTranspose3d: [() => new nn.LazyConvTranspose3d(2, 3, OPTIONS), [1, 2, 5, 5, 5]],
  LazyBatchNorm1d: [() => new nn.LazyBatchNorm1d(OPTIONS), [2, 3]],
  LazyBatchNorm2d: [() => new nn.LazyBatchNorm2d(OPTIONS), [2, 3, 4, 4]],
  LazyBatchNorm3d: [() => new nn.LazyBatchNorm3d(OPTIONS), [2, 3, 4, 4, 4]],
  LazyInstanceNorm1d: [() => new nn.LazyInstanceNorm1d({ affine: true, ...OPTIONS }), [2, 3, 4]],
  LazyInstanceNorm2d: [() => new nn.LazyInstanceNorm2d({ affine: true, ...OPTIONS }), [2, 3, 4, 4]],
  LazyInstanceNorm3d: [() => new nn.LazyInstanceNorm3d({ affine: true, ...OPTIONS }), [2, 3, 4, 4, 4]],
};

function expectOptions(module: nn.Module): void {
  const tensors = [...module.parameters(), ...module.buffers()].filter((t) => t.isFloatingPoint());
  expect(tensors.length).toBeGreaterThan(0);
  for (const t of tensors) expect([t.dtype, t.device]).toEqual(['bfloat16', 'wasm']);
}

describe('dtype and device', () => {
  it.each(Object.entries(MODULES))('of %s', (_name, make) => {
    expectOptions(make());
  });

  it.each(Object.entries(LAZY))('of %s', (_name, [make, shape]) => {
    const module = make();
    const out = module(zeros(shape, { dtype: 'bfloat16' })) as { dtype: string };
    expect(out.dtype).toBe('bfloat16');
    expectOptions(module);
  });

  it.each([
    ['half', 'float16'],
    ['bfloat16', 'bfloat16'],
  ] as const)('of a module after %s()', (method, dtype) => {
    const net = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2));
    const parameters = [...net.parameters()];
    expect(net[method]()).toBe(net);
    expect([...net.parameters()]).toEqual(parameters);
    const buffers = Object.fromEntries([...net.namedBuffers()].map(([name, buffer]) => [name, buffer.dtype]));
    expect(buffers).toEqual({ '1.running_mean': dtype, '1.running_var': dtype, '1.num_batches_tracked': 'int64' });
    for (const parameter of parameters) expect(parameter.dtype).toBe(dtype);
    expect(net.to({ dtype: 'float32' }).parameters()[0].dtype).toBe('float32');
  });
});
