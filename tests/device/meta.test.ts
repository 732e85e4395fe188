// Tensors and modules on the meta device: shapes and dtypes without values, and without memory for them.
import { describe, expect, it } from 'vitest';
import { errorOf } from '../harness/errors';
import {
  arange, bernoulli, cat, device, DeviceError, float64, fromArray, isAvailable, LoadError, manualSeed, memory, nn, normal, ones,
  optim, rand, randint, randn, randperm, tensor, zeros, type Tensor,
} from '../../src'; // prettier-ignore

const META = { device: 'meta' } as const;
const NO_VALUES = /has a shape and a dtype but no values/;

describe('tensors on meta', () => {
  it('have what operations make of shapes and dtypes', () => {
    const a = zeros([64, 3, 4], { ...META, requiresGrad: true });
    const b = a
      .matmul(ones([4, 5], META))
      .add(tensor([1, 2, 3, 4, 5], META))
      .softmax(-1);
    expect([b.shape, b.dtype, b.device, b.isMeta]).toEqual([[64, 3, 5], 'float32', 'meta', true]);
    expect(cat([b, b.to(float64)], 1).dtype).toBe('float64');
    expect(b.transpose(0, 1).reshape(3, -1).shape).toEqual([3, 320]);
    expect(b.max(1).indices.dtype).toBe('int64');
    b.sum().backward();
    expect(a.grad?.shape).toEqual([64, 3, 4]);
  });

  it('take no memory, whatever their size', () => {
    const before = memory().live;
    const great = randn([1e6, 1e5], META).matmul(zeros([1e5, 1e6], META));
    expect(great.shape).toEqual([1e6, 1e6]);
    expect(great.mul(2).add_(1).t().isContiguous()).toBe(false);
    expect(arange(1e12, META).shape).toEqual([1e12]);
    expect(great.asStrided([2, 2], [3, 1e11]).shape).toEqual([2, 2]);
    expect(memory().live).toBe(before);
  });

  it('take no random numbers, and refuse what no device takes', async () => {
    manualSeed(1);
    const expected = await randn(4).tolist();
    manualSeed(1);
    for (const make of [
      () => rand([3], META), () => randint(0, 3, [3], META), () => randperm(3, META), () => zeros(20, META).normal_(),
      () => normal(0, 1, [3], META), () => zeros(3, META).random_(5), () => bernoulli(zeros(3, META)),
      () => new nn.Conv2d(3, 4, 3, META).weight,
    ]) expect(make().device).toBe('meta'); // prettier-ignore
    expect(await randn(4).tolist()).toEqual(expected);
    expect(() => zeros(3, META).normal_(0, -1)).toThrow(/normal_/);
    expect(() => zeros([2, 3], META).add(zeros([2, 4], META))).toThrow(/broadcast/);
  });

  it.each<[string, (x: Tensor) => Promise<unknown>]>([
    ['item', (x) => x.sum().item()],
    ['tolist', (x) => x.tolist()],
    ['data', (x) => x.data()],
    ['nonzero', (x) => x.nonzero()],
  ])('%s is refused, as there are no values', async (_, read) => {
    const error = await read(zeros(3, META)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as Error).message).toMatch(NO_VALUES);
  });

  it('are not moved to a device with values, nor mixed with its tensors', async () => {
    expect(() => zeros(3, META).to('wasm')).toThrow(NO_VALUES);
    expect(() => zeros(3, META).cpu()).toThrow(NO_VALUES);
    expect(() => zeros(3, META).add(zeros(3))).toThrow(DeviceError);
    const x = fromArray(new Float32Array([1, 2]), [2]);
    expect(x.to('meta').shape).toEqual([2]);
    expect(await x.tolist()).toEqual([1, 2]);
    expect([device('meta'), await isAvailable('meta')]).toEqual(['meta', true]);
  });

  // Printed by torch 1.13.
  it('print as in PyTorch', async () => {
    expect(await zeros([2, 3], META).repr()).toBe("tensor(..., device='meta', size=(2, 3))");
    expect(await zeros([2], { ...META, dtype: 'int64' }).repr()).toBe(
      "tensor(..., device='meta', size=(2,), dtype=torch.int64)",
    );
    expect(await ones([], { ...META, requiresGrad: true }).repr()).toBe(
      "tensor(..., device='meta', size=(), requires_grad=True)",
    );
  });
});

describe('modules on meta', () => {
  class Net extends nn.Module {
    embedding = new nn.Embedding(1e6, 1e4, META);
    norm = new nn.BatchNorm1d(1e4, META);
    layer: nn.Linear;
    again: nn.Linear;

    constructor(classes: number) {
      super();
      this.layer = new nn.Linear(1e4, classes, META);
      this.again = this.layer;
    }

    override forward(ids: Tensor): Tensor {
      return this.layer(this.norm(this.embedding(ids)));
    }
  }

  it('compute shapes and train without memory', () => {
    const before = memory().live;
    const net = new Net(1e7);
    const out = net(zeros([8], { ...META, dtype: 'int64' }));
    expect(out.shape).toEqual([8, 1e7]);
    const optimizer = new optim.Adam(net.parameters());
    nn.functional.crossEntropy(out, zeros([8], { ...META, dtype: 'int64' })).backward();
    void optimizer.step();
    expect(net.layer.weight.grad?.shape).toEqual([1e7, 1e4]);
    expect(net.stateDict()['layer.weight'].device).toBe('meta');
    expect(memory().live).toBe(before);
  });

  it('get memory by toEmpty and values by loading', async () => {
    const source = new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4));
    const net = new nn.Sequential(new nn.Linear(3, 4, META), new nn.BatchNorm1d(4, META));
    const weight = net.getParameter('0.weight');
    expect(errorOf(() => net.loadStateDict(source.stateDict())).message).toMatch(/Call toEmpty\('wasm'\) first/);
    expect(() => net.to('wasm')).toThrow(NO_VALUES);
    expect(net.toEmpty({ device: 'cpu' })).toBe(net);
    expect([weight.device, weight.requiresGrad, net.getParameter('0.weight') === weight]).toEqual(['wasm', true, true]);
    expect(net.getBuffer('1.num_batches_tracked').dtype).toBe('int64');
    net.loadStateDict(source.stateDict());
    expect(await net.eval()(ones(2, 3)).tolist()).toEqual(await source.eval()(ones(2, 3)).tolist());
  });

  it('take the tensors of a state dict with assign', async () => {
    const source = new nn.Linear(3, 4);
    const net = new nn.Linear(3, 4, META);
    net.loadStateDict(source.stateDict(), { assign: true });
    expect(await net(ones(3)).tolist()).toEqual(await source(ones(3)).tolist());
  });

  it('are moved there, sharing what they share, and cannot be loaded from there', () => {
    const [layer, norm] = [new nn.Linear(3, 3), new nn.BatchNorm1d(3)];
    const net = new nn.Sequential(layer, norm, layer).to('meta');
    const { weight } = layer;
    expect(net.parameters().map((p) => p.device)).toEqual(Array(4).fill('meta'));
    net.toEmpty();
    expect(weight.device).toBe('wasm');
    expect(net.getParameter('2.weight').storage).toBe(weight.storage);
    const error = errorOf(() => net.loadStateDict(new nn.Sequential(new nn.Linear(3, 3, META)).stateDict(), false));
    expect(error).toBeInstanceOf(LoadError);
    expect(error.message).toMatch(/on meta/);
  });

  it('toEmpty leaves descendants alone without recurse, and refuses what it does not know', () => {
    const net = new nn.Sequential(new nn.Linear(3, 3, META));
    expect(net.toEmpty({ recurse: false }).getParameter('0.weight').device).toBe('meta');
    expect(() => net.toEmpty({ where: 'wasm' } as never)).toThrow(/no option is called 'where'/);
  });
});

describe('skipInit', () => {
  it('makes any module without a draw, on the device that is asked for', async () => {
    class Net extends nn.Module {
      layers = new nn.ModuleList([new nn.Linear(2, 3), new nn.GRU(3, 4)]);
    }
    manualSeed(0);
    const expected = await rand(2).tolist();
    manualSeed(0);
    const net = nn.utils.skipInit(Net);
    expect(net.parameters().every((p) => p.device === 'wasm' && p.requiresGrad)).toBe(true);
    expect(nn.utils.skipInit(nn.Linear, 2, 3, { device: 'wasm', dtype: 'float64' }).weight.dtype).toBe('float64');
    expect(nn.utils.skipInit(nn.Linear, 2, 3, { device: 'meta' }).weight.device).toBe('meta');
    expect(zeros(1).device).toBe('wasm');
    expect(await rand(2).tolist()).toEqual(expected);
  });
});
