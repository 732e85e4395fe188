import { describe, expect, it } from 'vitest';
import { manualSeed, nn, ones, optim, tensor, type Tensor } from '../../../src';

const { prune } = nn.utils;

const layerOf = (values: number[][]): nn.Linear => {
  const layer = new nn.Linear(values[0].length, values.length, { bias: false });
  layer.loadStateDict({ weight: tensor(values) });
  return layer;
};
const zerosIn = async (t: Tensor): Promise<number> => Array.from(await t.data(), Number).filter((x) => x === 0).length;

describe('pruning', () => {
  it('keeps what was pruned at 0 while the rest learns', async () => {
    const layer = prune.l1Unstructured(layerOf([[1, -4, 2, 3]]), 'weight', 2);
    const optimizer = new optim.SGD(layer.parameters(), 1);
    layer(ones(1, 4)).sum().backward();
    optimizer.step();
    layer(ones(1, 4));
    expect(await layer.weight.tolist()).toEqual([[0, -5, 0, 2]]);
    expect(prune.isPruned(new nn.Sequential(layer))).toBe(true);
    prune.remove(layer, 'weight');
    expect([prune.isPruned(layer), layer.weight instanceof nn.Parameter]).toEqual([false, true]);
    expect(await layer.weight.tolist()).toEqual([[0, -5, 0, 2]]);
  });

  it('takes shares of what is left', async () => {
    const layer = layerOf([[1, 2, 3, 4, 5, 6, 7, 8]]);
    prune.l1Unstructured(layer, 'weight', 0.5);
    prune.l1Unstructured(layer, 'weight', 0.5);
    expect(await layer.weight.tolist()).toEqual([[0, 0, 0, 0, 0, 0, 7, 8]]);
    expect(await zerosIn(prune.randomUnstructured(layerOf([[1, 2, 3, 4]]), 'weight', 3).weight)).toBe(3);
  });

  it('takes channels', async () => {
    const weight = [[1, 9], [2, 1], [5, 5]]; // prettier-ignore
    const byNorm = prune.lnStructured(layerOf(weight), 'weight', { amount: 1, n: 2, dim: 0 });
    expect(await byNorm.weight.tolist()).toEqual([[1, 9], [0, 0], [5, 5]]); // prettier-ignore
    manualSeed(0);
    const random = prune.randomStructured(layerOf(weight), 'weight', 1, 1);
    expect(await zerosIn(random.weight)).toBe(3);
  });

  it("may be a method of one's own", async () => {
    class Negative extends prune.BasePruningMethod {
      readonly pruningType = 'unstructured';
      computeMask(scores: Tensor): Tensor {
        return scores.ge(0);
      }
    }
    const layer = layerOf([[1, -2, 3, 4]]);
    new Negative().apply(layer, 'weight');
    prune.l1Unstructured(layer, 'weight', 1);
    expect(await layer.weight.tolist()).toEqual([[0, -0, 3, 4]]);
    const both = new prune.PruningContainer(new Negative(), new prune.L1Unstructured(1));
    expect(await both.prune(tensor([1, -2, 3])).tolist()).toEqual([0, -0, 3]);
  });

  it.each<[string, () => unknown, string]>([
    ['a number', () => 1, 'prune: computeMask of Given: must give a tensor, got number 1.'],
    ['a promise', () => Promise.resolve(ones(1, 2)), 'prune: computeMask of Given: must be synchronous'],
    ['a mask that would broadcast', () => ones(2), 'prune: computeMask of Given: must give a mask of shape [1, 2], got [2].'], // prettier-ignore
  ])('refuses %s for a mask', (_, mask, message) => {
    class Given extends prune.BasePruningMethod {
      readonly pruningType = 'unstructured';
      computeMask(): Tensor {
        return mask() as Tensor;
      }
    }
    expect(() => new Given().apply(layerOf([[1, 2]]), 'weight')).toThrow(message);
    expect(() => new Given().prune(ones(1, 2))).toThrow(message);
  });

  it('says what is wrong', () => {
    const layer = layerOf([[1, 2]]);
    expect(() => prune.l1Unstructured(layer, 'weight', 3)).toThrow(
      'amount must be at most 2, all that there are, got 3.',
    );
    expect(() => prune.l1Unstructured(layer, 'weight', 1.5)).toThrow('or a share in [0, 1], got 1.5.');
    expect(() => prune.l1Unstructured(layer, 'bias', 1)).toThrow("Linear must have a parameter 'bias', got");
    expect(() => prune.remove(layer, 'weight')).toThrow("nothing of the kind is at 'weight' of Linear.");
    expect(() => prune.customFromMask(layer, 'weight', ones(3))).toThrow('the mask must have shape [1, 2], got [3].');
    expect(() => prune.lnStructured(new nn.Linear(2, 2), 'bias', 1, 2, 0)).toThrow('needs at least two dimensions');
    expect(() => prune.globalUnstructured([[layer, 'weight']], prune.RandomStructured, { amount: 1 })).toThrow(
      'RandomStructured must be unstructured, got structured.',
    );
  });
});
