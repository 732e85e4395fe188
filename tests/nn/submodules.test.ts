// setSubmodule, and what clips and shares from PyTorch 2 on.
import { describe, expect, it } from 'vitest';
import { nn, noGrad, randn, ShapeError, tensor } from '../../src';

class Net extends nn.Module {
  body = new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU());
  head = new nn.Linear(2, 1);
  scale = this.registerBuffer('scale', tensor([1]));
}

describe('setSubmodule', () => {
  it('replaces modules, in containers too, and adds new ones', () => {
    const net = new Net();
    net.setSubmodule('head', new nn.Identity());
    net.setSubmodule('body.1', new nn.Tanh(), { strict: true });
    net.setSubmodule('tail', new nn.Sigmoid());
    expect([net.head.constructor.name, net.body[1].constructor.name]).toEqual(['Identity', 'Tanh']);
    expect(net.namedModules().map(([name]) => name)).toEqual(['', 'body', 'body.0', 'body.1', 'head', 'tail']);
    expect(net.getSubmodule('tail')).toBeInstanceOf(nn.Sigmoid);
  });

  it('refuses what cannot be', () => {
    const net = new Net();
    const module = new nn.ReLU();
    const refused: [target: string, strict: boolean, message: string][] = [
      ['', false, 'setSubmodule: target must be the name of a submodule'],
      ['scale', false, "setSubmodule: 'scale' must be a module, got"],
      ['tail', true, "Net: there is no submodule called 'tail'."],
      ['tail.0', false, "there is no submodule called 'tail'"],
    ];
    for (const [target, strict, message] of refused) {
      expect(() => {
        net.setSubmodule(target, module, strict);
      }).toThrow(message);
    }
  });
});

describe('clipping in two steps', () => {
  const parameters = (): nn.Parameter[] =>
    [[3], [4, 12]].map((values) => {
      const p = new nn.Parameter(tensor(values));
      p.grad = tensor(values);
      return p;
    });
  const gradients = (list: readonly nn.Parameter[]): nn.Parameter['grad'][] => list.map(({ grad }) => grad);

  it('is clipGradNorm_', async () => {
    const list = parameters();
    const total = nn.utils.getTotalNorm(gradients(list) as never);
    expect(await total.item()).toBe(13);
    expect(await nn.utils.getTotalNorm(gradients(list) as never, Infinity).item()).toBe(12);
    expect(await nn.utils.getTotalNorm([]).item()).toBe(0);
    nn.utils.clipGradsWithNorm_(list, 6.5, total);
    const other = parameters();
    nn.utils.clipGradNorm_(other, 6.5);
    for (const i of [0, 1]) expect(await list[i].grad?.tolist()).toEqual(await other[i].grad?.tolist());
    expect(await list[0].grad?.item()).toBeCloseTo(1.5, 5);
    nn.utils.clipGradsWithNorm_(list, { maxNorm: 100, totalNorm: tensor(1) });
    expect(await list[0].grad?.item()).toBeCloseTo(1.5, 5);
    expect(() => {
      nn.utils.clipGradsWithNorm_(list, 1, tensor([1]));
    }).toThrow(ShapeError);
    expect(() => nn.utils.getTotalNorm([tensor([1])], 0)).toThrow('getTotalNorm: normType must be positive');
  });
});

describe('scaledDotProductAttention with fewer heads of keys', () => {
  const F = nn.functional;
  it('shares each among neighbouring heads of the query', async () => {
    const [q, key, value] = [randn(2, 4, 3, 8), randn(2, 2, 5, 8), randn(2, 2, 5, 6)];
    const shared = F.scaledDotProductAttention(q, key, value, { enableGqa: true, scale: 0.3 });
    expect(shared.shape).toEqual([2, 4, 3, 6]);
    for (const head of [0, 1, 2, 3]) {
      const kv = Math.floor(head / 2);
      const one = F.scaledDotProductAttention(q.select(1, head), key.select(1, kv), value.select(1, kv), {
        scale: 0.3,
      });
      const difference = noGrad(() => shared.select(1, head).sub(one).abs().max());
      expect(await difference.item()).toBeLessThan(1e-5);
    }
    expect(() => F.scaledDotProductAttention(q, randn(2, 3, 5, 8), value, { enableGqa: true })).toThrow(
      'must be a multiple of those of key and value',
    );
    expect(() => F.scaledDotProductAttention(q, key, value)).toThrow(ShapeError);
  });
});
