// The examples of the overview of layers, activations, containers and models.
import { beforeEach, describe, expect, it } from 'vitest';
import { int64, io, manualSeed, nn, noGrad, ones, optim, randint, randn, tensor, type Tensor } from '../../src';

const F = nn.functional;

beforeEach(() => {
  manualSeed(0);
});

class SimpleModel extends nn.Module {
  linear = new nn.Linear(10, 5);
  activation = new nn.ReLU();

  override forward(input: Tensor): Tensor {
    let x = this.linear(input);
    x = this.activation(x);
    return x;
  }
}

class SequentialModel extends nn.Module {
  layers = new nn.Sequential(new nn.Linear(10, 20), new nn.ReLU(), new nn.Linear(20, 5));

  override forward(x: Tensor): Tensor {
    return this.layers(x);
  }
}

class ListModel extends nn.Module {
  layers = new nn.ModuleList([new nn.Linear(10, 20), new nn.Linear(20, 30), new nn.Linear(30, 40)]);

  override forward(input: Tensor): Tensor {
    let x = input;
    for (const layer of this.layers) x = F.relu(layer(x));
    return x;
  }
}

class DictModel extends nn.Module {
  layers = new nn.ModuleDict({ encoder: new nn.Linear(10, 20), decoder: new nn.Linear(20, 10) });

  override forward(input: Tensor): Tensor {
    let x = this.layers.get('encoder')(input);
    x = F.relu(x);
    x = this.layers.get('decoder')(x);
    return x;
  }
}

describe('Models and containers', () => {
  it.each([
    ['SimpleModel', () => new SimpleModel(), [3, 5]],
    ['SequentialModel', () => new SequentialModel(), [3, 5]],
    ['ModuleList', () => new ListModel(), [3, 40]],
    ['ModuleDict', () => new DictModel(), [3, 10]],
  ])('%s', (_name, make, shape) => {
    const model = make();
    expect(model(randn(3, 10)).shape).toEqual(shape);
  });
});

describe('Layers', () => {
  it.each<[string, () => Tensor, number[]]>([
    ['Linear', () => new nn.Linear(4, 2)(randn(1, 4)), [1, 2]],
    ['Conv2d', () => new nn.Conv2d(3, 16, { kernelSize: 3, padding: 1 })(randn(1, 3, 64, 64)), [1, 16, 64, 64]],
    ['Conv1d', () => new nn.Conv1d(2, 4, 3)(randn(1, 2, 8)), [1, 4, 6]],
    ['Conv3d', () => new nn.Conv3d(1, 2, 3)(randn(1, 1, 4, 5, 6)), [1, 2, 2, 3, 4]],
    ['ConvTranspose2d', () => new nn.ConvTranspose2d(2, 3, 2, { stride: 2 })(randn(1, 2, 4, 4)), [1, 3, 8, 8]],
    ['MaxPool2d', () => new nn.MaxPool2d(2)(randn(1, 3, 32, 32)), [1, 3, 16, 16]],
    ['AvgPool2d', () => new nn.AvgPool2d(2)(randn(1, 3, 32, 32)), [1, 3, 16, 16]],
    ['AdaptiveAvgPool2d', () => new nn.AdaptiveAvgPool2d(1)(randn(1, 3, 32, 32)), [1, 3, 1, 1]],
    ['BatchNorm2d', () => new nn.BatchNorm2d(16)(randn(2, 16, 4, 4)), [2, 16, 4, 4]],
    ['LayerNorm', () => new nn.LayerNorm(10)(randn(5, 10)), [5, 10]],
    ['GroupNorm', () => new nn.GroupNorm(2, 4)(randn(5, 4, 3)), [5, 4, 3]],
    ['Dropout', () => new nn.Dropout(0.3)(randn(5, 10)), [5, 10]],
    ['BatchNorm1d', () => new nn.BatchNorm1d(3)(randn(4, 3)), [4, 3]],
    ['BatchNorm3d', () => new nn.BatchNorm3d(2)(randn(2, 2, 3, 3, 3)), [2, 2, 3, 3, 3]],
    ['InstanceNorm2d', () => new nn.InstanceNorm2d(3)(randn(2, 3, 4, 4)), [2, 3, 4, 4]],
    ['LocalResponseNorm', () => new nn.LocalResponseNorm(2)(randn(2, 4, 3, 3)), [2, 4, 3, 3]],
    ['Dropout1d', () => new nn.Dropout1d(0.5)(randn(2, 3, 4)), [2, 3, 4]],
    ['Dropout2d', () => new nn.Dropout2d(0.5)(randn(2, 3, 4, 4)), [2, 3, 4, 4]],
    ['Dropout3d', () => new nn.Dropout3d(0.5)(randn(2, 3, 2, 2, 2)), [2, 3, 2, 2, 2]],
    ['RNN', () => new nn.RNN(10, 20)(randn(5, 3, 10))[0], [5, 3, 20]],
    ['GRU', () => new nn.GRU(10, 20)(randn(5, 3, 10))[1], [1, 3, 20]],
    [
      'MultiheadAttention',
      () => new nn.MultiheadAttention(16, 4)(randn(5, 2, 16), randn(7, 2, 16), randn(7, 2, 16))[0],
      [5, 2, 16],
    ],
    [
      'TransformerEncoderLayer',
      () => new nn.TransformerEncoderLayer({ dModel: 512, nhead: 8 })(randn(3, 2, 512)),
      [3, 2, 512],
    ],
    ['Upsample', () => new nn.Upsample({ scaleFactor: 2, mode: 'nearest' })(randn(1, 3, 4, 4)), [1, 3, 8, 8]],
    ['PixelShuffle', () => new nn.PixelShuffle(2)(randn(1, 8, 3, 3)), [1, 2, 6, 6]],
    ['ZeroPad2d', () => new nn.ZeroPad2d(1)(randn(1, 3, 4, 4)), [1, 3, 6, 6]],
    ['ReflectionPad2d', () => new nn.ReflectionPad2d(1)(randn(1, 3, 4, 4)), [1, 3, 6, 6]],
    ['ConstantPad2d', () => new nn.ConstantPad2d(1, 0.5)(randn(1, 3, 4, 4)), [1, 3, 6, 6]],
    ['CosineSimilarity', () => new nn.CosineSimilarity()(randn(5, 8), randn(5, 8)), [5]],
    ['PairwiseDistance', () => new nn.PairwiseDistance()(randn(5, 8), randn(5, 8)), [5]],
    ['Embedding', () => new nn.Embedding(1000, 64)(tensor([1, 5, 9], { dtype: int64 })), [3, 64]],
    ['Flatten', () => new nn.Flatten()(randn(1, 3, 28, 28)), [1, 2352]],
    ['Unflatten', () => new nn.Unflatten(1, [3, 28, 28])(randn(1, 2352)), [1, 3, 28, 28]],
    ['ReLU', () => new nn.ReLU()(randn(3)), [3]],
    ['LeakyReLU', () => new nn.LeakyReLU({ negativeSlope: 0.01 })(randn(3)), [3]],
    ['PReLU', () => new nn.PReLU()(randn(3)), [3]],
    ['Sigmoid', () => new nn.Sigmoid()(randn(3)), [3]],
    ['Tanh', () => new nn.Tanh()(randn(3)), [3]],
    ['Softmax', () => new nn.Softmax({ dim: 1 })(randn(2, 3)), [2, 3]],
    ['GELU', () => new nn.GELU()(randn(3)), [3]],
  ])('%s', async (_name, call, shape) => {
    const output = call();
    expect(output.shape).toEqual(shape);
    expect((await output.data()).every((value) => Number.isFinite(Number(value)))).toBe(true);
  });

  it('LSTM', () => {
    const rnn = new nn.LSTM(10, 20, { numLayers: 2 });
    const x = randn(5, 3, 10);
    const [output, [h, c]] = rnn(x);
    expect([output.shape, h.shape, c.shape]).toEqual([[5, 3, 20], [2, 3, 20], [2, 3, 20]]); // prettier-ignore
  });

  it('has losses', async () => {
    const criterion = new nn.CrossEntropyLoss();
    const pred = tensor([[0, 0]]);
    expect(await criterion(pred, tensor([1], { dtype: int64 })).item()).toBeCloseTo(Math.log(2), 6);
    expect(await new nn.MSELoss()(ones(2), ones(2).mul(3)).item()).toBe(4);
    expect(await new nn.SmoothL1Loss()(ones(2), ones(2).mul(3)).item()).toBe(1.5);
    expect(await new nn.BCELoss()(ones(2).mul(0.5), ones(2)).item()).toBeCloseTo(Math.log(2), 6);
    const logProbabilities = F.logSoftmax(pred, 1);
    expect(await new nn.NLLLoss()(logProbabilities, tensor([0], { dtype: int64 })).item()).toBeCloseTo(Math.log(2), 6);
  });
});

describe('Working with models', () => {
  it('lists and counts parameters', () => {
    const model = new SequentialModel();
    expect(model.parameters().map((param) => param.shape)).toEqual([[20, 10], [20], [5, 20], [5]]);
    expect(model.namedParameters().map(([name, param]) => `${name}: ${param.shape.join('x')}`)).toEqual([
      'layers.0.weight: 20x10',
      'layers.0.bias: 20',
      'layers.2.weight: 5x20',
      'layers.2.bias: 5',
    ]);
    const totalParams = model.parameters().reduce((sum, p) => sum + p.numel(), 0);
    expect(totalParams).toBe(325);
    model.layers.at(0).requiresGrad_(false);
    const trainable = model.parameters().filter((p) => p.requiresGrad);
    expect(trainable.reduce((sum, p) => sum + p.numel(), 0)).toBe(105);
  });

  it('trains and evaluates', async () => {
    const model = new nn.Sequential(new nn.Linear(10, 20), new nn.ReLU(), new nn.Dropout(0.1), new nn.Linear(20, 5));
    const criterion = new nn.CrossEntropyLoss();
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.5 });
    const [x, y] = [randn(16, 10), randint(0, 5, [16])];
    model.eval();
    const before = await noGrad(() => criterion(model(x), y)).item();
    model.train();
    for (let epoch = 0; epoch < 50; epoch++) {
      optimizer.zeroGrad();
      const loss = criterion(model(x), y);
      loss.backward();
      optimizer.step();
    }
    model.eval();
    const output = noGrad(() => model(x));
    expect(output.requiresGrad).toBe(false);
    expect(await criterion(output, y).item()).toBeLessThan(before / 2);
  });

  it('saves a state dict and loads it again', async () => {
    const model = new SimpleModel();
    const file = await io.save(model.stateDict());
    const loaded = new SimpleModel();
    loaded.loadStateDict(await io.load(file));
    loaded.eval();
    const x = randn(2, 10);
    expect(await loaded(x).tolist()).toEqual(await model(x).tolist());
  });

  it('loads a state dict into a model of the same structure', async () => {
    const model = new SimpleModel();
    const loaded = new SimpleModel();
    loaded.loadStateDict(model.stateDict());
    loaded.eval();
    const x = randn(2, 10);
    expect(await loaded(x).tolist()).toEqual(await model(x).tolist());
  });
});
