import { describe, expect, it } from 'vitest';
import { eye, manualSeed, nn, ones, optim, randn, tensor, zeros, type Tensor } from '../../../src';
import { expectTensor } from '../../harness/allclose';

const { parametrizations, parametrize } = nn.utils;
const { registerParametrization, removeParametrizations, isParametrized } = parametrize;

class Symmetric extends nn.Module {
  calls = 0;
  override forward(x: Tensor): Tensor {
    this.calls++;
    return x.triu().add(x.triu(1).T);
  }
  rightInverse(a: Tensor): Tensor {
    return a.triu();
  }
}

class Scaled extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.mul(2);
  }
}

/** Of a column and a row. */
class RankOne extends nn.Module {
  override forward(column: Tensor, row: Tensor): Tensor {
    return column.unsqueeze(-1).matmul(row.unsqueeze(-2));
  }
  rightInverse(z: Tensor): Tensor[] {
    return [z.select(1, 0), ones(z.shape[1])];
  }
}

const values = async (t: Tensor): Promise<unknown> => t.tolist();

describe('a parametrized tensor', () => {
  it('is computed from its original, which learns', async () => {
    const layer = registerParametrization(new nn.Linear(2, 2), 'weight', new Symmetric());
    const [original] = layer.parametrizations.get('weight').originals;
    layer.weight = new nn.Parameter(tensor([[1, 2], [2, 3]])); // prettier-ignore
    expect(await values(layer.weight)).toEqual([[1, 2], [2, 3]]); // prettier-ignore
    expect(await values(original)).toEqual([[1, 2], [0, 3]]); // prettier-ignore
    expect(Object.keys(layer.stateDict())).toEqual(['bias', 'parametrizations.weight.original']);
    layer(ones(1, 2)).sum().backward();
    new optim.SGD(layer.parameters(), 1).step();
    expect(await values(layer.weight)).toEqual([[0, 0], [0, 2]]); // prettier-ignore
    expect([layer instanceof nn.Linear, layer.constructor.name]).toEqual([true, 'ParametrizedLinear']);
    expect(parametrize.typeBeforeParametrizations(layer)).toBe(nn.Linear);
  });

  it('may have several parametrizations, or start from several tensors', async () => {
    const layer = new nn.Linear(2, 2, { bias: false });
    registerParametrization(layer, 'weight', new Symmetric());
    registerParametrization(layer, 'weight', new Scaled());
    layer.loadStateDict({ 'parametrizations.weight.original': tensor([[1, 2], [9, 3]]) }); // prettier-ignore
    expect(await values(layer.weight)).toEqual([[2, 4], [4, 6]]); // prettier-ignore
    const rankOne = registerParametrization(new nn.Linear(3, 2, { bias: false }), 'weight', new RankOne());
    expect(rankOne.namedParameters().map(([name, { shape }]) => [name, shape])).toEqual([
      ['parametrizations.weight.original0', [2]],
      ['parametrizations.weight.original1', [3]],
    ]);
    expect(() => removeParametrizations(rankOne, 'weight', false)).toThrow('which cannot be left as one.');
    expect(removeParametrizations(rankOne, 'weight').weight).toBeInstanceOf(nn.Parameter);
  });

  it('can be a buffer', async () => {
    const norm = new nn.BatchNorm1d(2);
    registerParametrization(norm, 'running_mean', new Scaled());
    expect(Object.keys(norm.stateDict())).toContain('parametrizations.running_mean.original');
    removeParametrizations(norm, 'running_mean', false);
    expect(Object.fromEntries(norm.namedBuffers()).running_mean.shape).toEqual([2]);
    expect(await values(norm.running_mean as Tensor)).toEqual([0, 0]);
  });

  it('becomes an ordinary one again', async () => {
    const layer = new nn.Linear(2, 2);
    const { weight } = layer;
    registerParametrization(layer, 'weight', new Scaled());
    expect([isParametrized(layer), isParametrized(layer, 'weight'), isParametrized(layer, 'bias')]).toEqual([
      true,
      true,
      false,
    ]);
    const scaled = await values(layer.weight);
    removeParametrizations(layer, 'weight');
    expect(layer.weight).toBe(weight);
    expect(await values(layer.weight)).toEqual(scaled);
    expect([isParametrized(layer), layer.constructor]).toEqual([false, nn.Linear]);
    expect(
      layer
        .namedParameters()
        .map(([name]) => name)
        .sort(),
    ).toEqual(['bias', 'weight']);
  });

  it('is computed once within cached', async () => {
    const layer = new nn.Linear(2, 2);
    const symmetric = new Symmetric();
    registerParametrization(layer, 'weight', symmetric);
    symmetric.calls = 0;
    parametrize.cached(() => [layer.weight, layer.weight]);
    expect(symmetric.calls).toBe(1);
    await parametrize.cached(async () => {
      expect(layer.weight).toBe(layer.weight);
      await Promise.resolve();
      expect(layer.weight).toBe(layer.weight);
    });
    expect(layer.weight).not.toBe(layer.weight);
  });

  it('must be there, and stay alike', () => {
    const layer = new nn.Linear(2, 3);
    expect(() => registerParametrization(layer, 'weigth', new Scaled())).toThrow(
      "registerParametrization: Linear has no parameter or buffer 'weigth'. It has weight, bias.",
    );
    class Wider extends nn.Module {
      override forward(x: Tensor): Tensor {
        return x.unsqueeze(0);
      }
    }
    expect(() => registerParametrization(layer, 'weight', new Wider())).toThrow(/may not change the shape/);
    registerParametrization(layer, 'bias', new Wider(), { unsafe: true });
    expect(layer.bias?.shape).toEqual([1, 3]);
    expect(() => (layer.bias = new nn.Parameter(zeros(3)))).toThrow('Wider must have a rightInverse');
    expect(() => removeParametrizations(layer, 'weight')).toThrow(
      "'weight' of ParametrizedLinear is not parametrized.",
    );
  });
});

describe('parametrizations', () => {
  it.each(['matrix_exp', 'cayley', 'householder'] as const)(
    'orthogonal by %s keeps what is orthogonal, and learns',
    async (orthogonalMap) => {
      for (const [rows, columns] of [
        [4, 4],
        [5, 3],
        [3, 5],
      ] as const) {
        // prettier-ignore
        manualSeed(1);
        const layer = new nn.Linear(columns, rows, { bias: false });
        nn.init.orthogonal_(layer.weight);
        const before = await values(layer.weight);
        parametrizations.orthogonal(layer, { orthogonalMap });
        await expectTensor(layer.weight, (before as number[][]).flat(), { rtol: 0, atol: 1e-5 });
        const optimizer = new optim.SGD(layer.parameters(), 0.1);
        const x = randn(8, columns);
        const loss = layer(x).square().mul(randn(8, rows)).sum();
        loss.backward();
        optimizer.step();
        const q = rows <= columns ? layer.weight : layer.weight.mT;
        await expectTensor(q.matmul(q.mT), Array.from(await eye(Math.min(rows, columns)).data(), Number), {
          rtol: 0,
          atol: 1e-5,
        });
        expect(await values(layer.weight)).not.toEqual(before);
      }
    },
  );

  it('orthogonal without a base is the product of reflections', async () => {
    manualSeed(2);
    const layer = new nn.Linear(3, 5, { bias: false });
    nn.init.orthogonal_(layer.weight);
    const before = ((await values(layer.weight)) as number[][]).flat();
    parametrizations.orthogonal(layer, { orthogonalMap: 'householder', useTrivialization: false });
    await expectTensor(layer.weight, before, { rtol: 0, atol: 1e-5 });
    const map = parametrizations.orthogonal(new nn.Linear(3, 3), { orthogonalMap: 'cayley', useTrivialization: false });
    expect(() => (map.weight = new nn.Parameter(eye(3)))).toThrow(
      'can be assigned to cayley only with useTrivialization',
    );
    expect(() => parametrizations.orthogonal(new nn.Linear(3, 3), 'bias')).toThrow('must be a matrix');
  });

  it('weightNorm is length and direction', async () => {
    const linear = new nn.Linear(2, 3);
    const before = ((await values(linear.weight)) as number[][]).flat();
    const layer = parametrizations.weightNorm(linear);
    expect(layer.parametrizations.get('weight').originals.map(({ shape }) => shape)).toEqual([[3, 1], [3, 2]]); // prettier-ignore
    await expectTensor(layer.weight, before);
  });

  it('spectralNorm divides by the greatest singular value', async () => {
    manualSeed(0);
    const layer = parametrizations.spectralNorm(new nn.Linear(2, 2));
    layer.loadStateDict({ 'parametrizations.weight.original': tensor([[3, 0], [0, 1]]) }, false); // prettier-ignore
    for (let i = 0; i < 20; i++) void layer.weight;
    await expectTensor(layer.weight, [1, 0, 0, 1 / 3], { rtol: 0, atol: 1e-5 });
  });
});

describe('other utils', () => {
  it('refuse what is not there', () => {
    const layer = new nn.Linear(2, 2);
    expect(() => nn.utils.removeWeightNorm(layer)).toThrow("nothing of the kind is at 'weight' of Linear.");
    nn.utils.weightNorm(layer);
    expect(() => nn.utils.weightNorm(layer)).toThrow("must have a parameter 'weight', got what weightNorm computes.");
    expect(() => nn.utils.removeSpectralNorm(layer)).toThrow("nothing of the kind is at 'weight' of Linear.");
    expect(() => nn.utils.vectorToParameters(zeros(3), layer.parameters())).toThrow('needs a vector of 8 elements');
    expect(() => nn.utils.fuseLinearBnEval(layer, new nn.BatchNorm1d(2))).toThrow('must be in evaluation mode');
  });

  it('fuse a linear layer with its normalization', async () => {
    manualSeed(0);
    const [linear, norm] = [new nn.Linear(3, 4), new nn.BatchNorm1d(4)];
    norm(linear(randn(16, 3)));
    for (const layer of [linear, norm]) layer.eval();
    const x = randn(2, 3);
    const expected = ((await values(norm(linear(x)))) as number[][]).flat();
    await expectTensor(nn.utils.fuseLinearBnEval(linear, norm)(x), expected, { rtol: 1e-5, atol: 1e-6 });
  });

  it('skip initialisation without a draw', async () => {
    manualSeed(0);
    const expected = await values(randn(3));
    manualSeed(0);
    const layer = nn.utils.skipInit(nn.Linear, 3, 4, { bias: false });
    expect(layer.weight.shape).toEqual([4, 3]);
    expect(await values(randn(3))).toEqual(expected);
  });
});

describe('what user code gives', () => {
  class Given extends nn.Module {
    constructor(readonly value: () => unknown) {
      super();
    }
    override forward(x: Tensor): Tensor {
      return (this.value() ?? x) as Tensor;
    }
  }
  it.each<[string, () => unknown, string]>([
    ['a number', () => 5, 'parametrize: forward of Given: must give a tensor, got number 5.'],
    ['a promise', () => Promise.resolve(1), 'parametrize: forward of Given: must be synchronous, got a promise.'],
  ])('forward: %s, also when the tensor is read later', (_, value, message) => {
    const layer = new nn.Linear(2, 2);
    expect(() => registerParametrization(layer, 'weight', new Given(value) as never)).toThrow(message);
    let now: () => unknown = () => undefined;
    const other = new nn.Linear(2, 2);
    registerParametrization(other, 'weight', new Given(() => now()) as never);
    now = value;
    expect(() => other.weight).toThrow(message);
  });

  it('rightInverse', () => {
    class Inverse extends Given {
      rightInverse(): unknown {
        return [zeros(2, 2), 'x'];
      }
    }
    const layer = new nn.Linear(2, 2);
    expect(() => registerParametrization(layer, 'weight', new Inverse(() => undefined) as never)).toThrow(
      "parametrize: rightInverse of Inverse: must give a tensor, got 'x'.",
    );
  });
});
