// Functions of one example over many.
import { describe, expect, it } from 'vitest';
import { dot, func, manualSeed, matmul, nn, ones, rand, randn, ShapeError, tensor, type Tensor } from '../../src';

const { functionalCall, grad, jacrev, stackModuleState, vmap } = func;

const expectSame = async (t: Tensor, wanted: Tensor): Promise<void> => {
  expect(t.shape).toEqual(wanted.shape);
  const expected = await wanted.data();
  (await t.data()).forEach((value, i) => {
    expect(Number(value)).toBeCloseTo(Number(expected[i]), 5);
  });
};

describe('vmap', () => {
  it('maps along the first dimension, or those that are named', async () => {
    const [x, y] = [randn(4, 3), randn(4, 3)];
    const products = x.mul(y).sum(1);
    const pairs = (a: Tensor, b: Tensor): Tensor => dot(a, b);
    await expectSame(vmap(pairs)(x, y), products);
    await expectSame(vmap(pairs, { inDims: [1, 0] })(x.T, y), products);
    await expectSame(vmap(pairs, [-1, 0])(x.T, y), products);
    await expectSame(vmap(pairs, [null, 0])(y.at(0), x), x.matmul(y.at(0)));
    await expectSame(vmap((a: Tensor) => a.mul(2), 0, 1)(x), x.mul(2).T);
  });

  it('takes and gives arrays and objects, and shares what is no tensor', async () => {
    const x = randn(4, 3);
    const f = (p: { a: Tensor; b: readonly [Tensor] }, factor: number): { sum: Tensor; both: [Tensor, Tensor] } => ({
      sum: p.a.sum().mul(factor),
      both: [p.a, p.b[0]],
    });
    const out = vmap(f, { inDims: [{ a: 0, b: [null] }, null], outDims: { sum: 0, both: [1, 0] } })(
      { a: x, b: [ones(2)] },
      3,
    );
    await expectSame(out.sum, x.sum(1).mul(3));
    await expectSame(out.both[0], x.T);
    await expectSame(out.both[1], ones(4, 2));
  });

  it('nests with itself and with derivatives', async () => {
    const [a, b] = [randn(2, 3), randn(4, 3)];
    const row = (x: Tensor): Tensor => vmap((y: Tensor) => dot(x, y))(b);
    await expectSame(vmap(row)(a), matmul(a, b.T));
    await expectSame(vmap(grad((x: Tensor) => x.pow(3).sum()))(a), a.pow(2).mul(3));
    await expectSame(grad((x: Tensor) => vmap((y: Tensor) => y.pow(3).sum())(x).sum())(a), a.pow(2).mul(3));
    const j = jacrev((x: Tensor) => x.sin())(b.at(0));
    await expectSame(vmap(jacrev((x: Tensor) => x.sin()))(b).at(0), j);
    const leaf = randn(2, 3).requiresGrad_();
    vmap((x: Tensor) => x.pow(2).sum())(leaf)
      .sum()
      .backward();
    await expectSame(leaf.grad as Tensor, leaf.detach().mul(2));
  });

  it('gives gradients for each example, and runs ensembles', async () => {
    const net = new nn.Linear(3, 1);
    const params = Object.fromEntries(net.namedParameters());
    const x = randn(5, 3);
    const loss = (p: Record<string, Tensor>, one: Tensor): Tensor => functionalCall(net, p, [one]).pow(2).sum();
    const g = vmap(grad(loss), { inDims: [null, 0] })(params, x);
    expect([g.weight.shape, g.bias.shape]).toEqual([[5, 1, 3], [5, 1]]); // prettier-ignore
    await expectSame(g.weight.squeeze(1), net(x).mul(2).mul(x).detach());
    const models = [new nn.Linear(3, 2), new nn.Linear(3, 2)];
    const [stacked] = stackModuleState(models);
    const outputs = vmap((p: Record<string, Tensor>) => functionalCall(models[0], p, [x]))(stacked);
    await expectSame(outputs.at(1).detach(), models[1](x).detach());
  });

  it('refuses random numbers, or draws them as it is told', async () => {
    const noisy = (x: Tensor): Tensor => x.add(rand(1));
    const x = ones(3, 1);
    expect(() => vmap(noisy)(x)).toThrow('vmap: the function must not draw random numbers unless randomness is');
    manualSeed(0);
    const different = (await vmap(noisy, { randomness: 'different' })(x).data()) as Float32Array;
    expect(new Set(different).size).toBe(3);
    const same = (await vmap(noisy, { randomness: 'same' })(x).data()) as Float32Array;
    expect(new Set(same).size).toBe(1);
    const layer = new nn.Dropout(0.5);
    expect(() => vmap((t: Tensor) => layer(t))(x)).toThrow('random numbers');
    await expectSame(vmap((t: Tensor) => layer.eval()(t))(x), x);
  });

  it('says what it needs', () => {
    const sum = (...list: Tensor[]): Tensor => list.reduce((a, b) => a.add(b));
    expect(() => vmap(sum)(ones(2), ones(3))).toThrow('vmap: all arguments must have the same number of examples, got 2 and 3.');
    expect(() => vmap(sum)(ones(0))).toThrow(ShapeError);
    expect(() => vmap(sum, null)(ones(2))).toThrow('at least one argument must have a dimension of examples');
    expect(() => vmap(sum, [0, 0])(ones(2))).toThrow('vmap: inDims must have the structure of what it stands for');
    expect(() => vmap(sum, 1)(ones(2))).toThrow('vmap: inDims');
    expect(() => vmap((x: Tensor, n: number) => x.mul(n))(ones(2), 3)).toThrow('Give null for it in inDims.');
    expect(() => vmap((x: Tensor) => x.ndim as never)(ones(2))).toThrow("vmap: the function's result: must be a tensor");
    expect(() => vmap(sum, 0, null)(ones(2))).toThrow('outDims must be a dimension');
    expect(() => vmap(sum, 0, 2)(ones(2, 2))).toThrow('vmap: outDims');
    expect(() => vmap((x: Tensor) => tensor([1]).add(x), { outDims: [0] })(ones(2))).toThrow('outDims must have the structure');
  }); // prettier-ignore
});
