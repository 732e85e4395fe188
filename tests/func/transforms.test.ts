// Transformations of functions, against derivatives that can be written down.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { func, isGradEnabled, nn, noGrad, ones, randn, tensor, type Tensor } from '../../src';

const { grad, gradAndValue, hessian, jacfwd, jacrev, jvp, vjp } = func;

const close = async (t: Tensor, expected: unknown): Promise<void> => {
  const found = [await t.tolist()].flat(9) as number[];
  const wanted = [expected].flat(9) as number[];
  expect(found).toHaveLength(wanted.length);
  found.forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i], 5);
  });
};
const point = (): Tensor => tensor([0.5, -1, 2]);
const at = [0.5, -1, 2];

describe('grad', () => {
  it('nests', async () => {
    const x = tensor(1);
    const sin = (t: Tensor): Tensor => t.sin();
    await close(grad(sin)(x), Math.cos(1));
    await close(grad(grad(sin))(x), -Math.sin(1));
    await close(grad(grad(grad(sin)))(x), -Math.cos(1));
    expect(grad(grad(sin))(x).requiresGrad).toBe(false);
  });

  it('takes positions, names and auxiliary results', async () => {
    const f = (a: Tensor, b: Tensor): Tensor => a.mul(b).sum();
    const [a, b] = [point(), ones(3)];
    await close(grad(f, 1)(a, b), at);
    await close(grad(f, -1)(a, b), at);
    const both = grad(f, [0, 1])(a, b);
    await close(both[0], [1, 1, 1]);
    await close(both[1], at);
    const [g, aux] = grad((t: Tensor) => [t.sum(), { twice: t.mul(2), name: 'x' }] as const, { hasAux: true })(a);
    await close(g, [1, 1, 1]);
    await close(aux.twice, [1, -2, 4]);
    expect([aux.name, aux.twice.requiresGrad]).toEqual(['x', false]);
    const [gradient, value] = gradAndValue(f, { argnums: 1 })(a, b);
    await close(gradient, at);
    await close(value, 1.5);
    const [, [sum, rest]] = gradAndValue((t: Tensor) => [t.sum(), 3] as const, { hasAux: true })(a);
    await close(sum, 1.5);
    expect(rest).toBe(3);
    expectTypeOf(both).toEqualTypeOf<[Tensor, Tensor]>();
  });

  it('takes objects and arrays of tensors', async () => {
    const params = { fc: { w: point(), b: tensor(2) }, list: [ones(3)] as const };
    const g = grad((p: typeof params) => p.fc.w.mul(p.list[0]).sum().mul(p.fc.b))(params);
    await close(g.fc.w, [2, 2, 2]);
    await close(g.fc.b, 1.5);
    await close(g.list[0], [1, -2, 4]);
    expectTypeOf(g).toEqualTypeOf<typeof params>();
  });

  it('gives 0 where nothing depends on an argument', async () => {
    await close(grad((a: Tensor, b: Tensor) => b.sum().add(a.sum().mul(0)))(point(), ones(1)), [0, 0, 0]);
    await close(grad((a: Tensor, b: Tensor) => (a.shape, b.sum()))(point(), ones(1)), [0, 0, 0]);
    await close(grad((t: Tensor) => ones(t.shape.slice(1)))(point()), [0, 0, 0]);
  });

  it('leaves grad mode and the graph outside as they were', async () => {
    const x = point();
    const inner = noGrad(() => {
      const g = grad((t: Tensor) => {
        expect(isGradEnabled()).toBe(true);
        return t.pow(2).sum();
      })(x);
      expect(isGradEnabled()).toBe(false);
      return g;
    });
    await close(inner, [1, -2, 4]);
    expect([inner.requiresGrad, x.requiresGrad, x.grad]).toEqual([false, false, null]);
  });

  it('is differentiated by backward, with respect to its argument and to what the function has beside it', async () => {
    const x = point().requiresGrad_();
    const w = tensor(3).requiresGrad_();
    const g = grad((t: Tensor) => t.pow(3).sum().mul(w))(x);
    expect(g.requiresGrad).toBe(true);
    g.sum().backward();
    await close(
      x.grad as Tensor,
      at.map((v) => 18 * v),
    );
    await close(w.grad as Tensor, 3 * (0.25 + 1 + 4));
    expect(noGrad(() => grad((t: Tensor) => t.pow(3).sum().mul(w))(x)).requiresGrad).toBe(false);
  });

  it('says what it needs', () => {
    expect(() => grad((t: Tensor) => t)(point())).toThrow('grad: the function must give a tensor without dimensions, got shape [3]');
    expect(() => grad((t: Tensor) => t.sum(), 1)(point())).toThrow('grad: argnums');
    expect(() => grad((t: Tensor) => t.sum())(tensor([1, 2], { dtype: 'int64' }))).toThrow('only floating-point tensors');
    // @ts-expect-error -- a number is no tensor
    expect(() => grad((n: number) => n)(1)).toThrow('grad: an argument that is differentiated: must be a tensor');
    expect(() => grad((t: Tensor) => Promise.resolve(t) as never)(tensor(1))).toThrow('must be synchronous');
  }); // prettier-ignore
});

describe('vjp and jvp', () => {
  const f = (t: Tensor): Tensor => t.sin().mul(t.sum());
  // d f_i / d x_j = cos(x_i) s [i = j] + sin(x_i)
  const s = 1.5;
  const v = [1, 2, -1];
  const row = (i: number): number[] => at.map((x, j) => (i === j ? Math.cos(x) * s : 0) + Math.sin(at[i]));

  it('multiply with the Jacobian from either side', async () => {
    const [y, pullback] = vjp(f, point());
    await close(
      y,
      at.map((x) => Math.sin(x) * s),
    );
    for (const time of [1, 2]) {
      const [pulled] = pullback(tensor(v));
      await close(
        pulled,
        at.map((_x, j) => v.reduce((sum, vi, i) => sum + vi * row(i)[j], 0)),
      );
      expect([time, pulled.requiresGrad]).toEqual([time, false]);
    }
    const [value, pushed] = jvp(f, [point()], [tensor(v)]);
    await close(
      value,
      at.map((x) => Math.sin(x) * s),
    );
    await close(
      pushed,
      at.map((_x, i) => v.reduce((sum, vj, j) => sum + vj * row(i)[j], 0)),
    );
    expect([value.requiresGrad, pushed.requiresGrad]).toEqual([false, false]);
  });

  it('nest with each other', async () => {
    const cube = (t: Tensor): Tensor => t.pow(3).sum();
    // Forward over reverse: the Hessian diag(6 x) times v.
    const [, hv] = jvp(grad(cube), [point()], [tensor(v)]);
    await close(hv, at.map((x, i) => 6 * x * v[i]));
    // Reverse over forward: the gradient of 3 x² · v.
    await close(grad((t: Tensor) => jvp(cube, [t], [tensor(v)])[1])(point()), at.map((x, i) => 6 * x * v[i]));
    // Forward over forward.
    await close(jvp((t: Tensor) => jvp(cube, [t], [tensor(v)])[1], [point()], [tensor(v)])[1], at.reduce((sum, x, i) => sum + 6 * x * v[i] * v[i], 0));
  }); // prettier-ignore

  it('take several, objects, and auxiliary results', async () => {
    const g = (a: Tensor, p: { b: Tensor }): { y: Tensor; z: Tensor } => ({ y: a.mul(p.b), z: a.sum() });
    const [out, pullback] = vjp(g, point(), { b: ones(3).mul(2) });
    await close(out.y, [1, -2, 4]);
    const [da, dp] = pullback({ y: ones(3), z: tensor(10) });
    await close(da, [12, 12, 12]);
    await close(dp.b, at);
    const [, tangents] = jvp(g, [point(), { b: ones(3).mul(2) }], [ones(3), { b: ones(3) }]);
    await close(
      tangents.y,
      at.map((x) => 2 + x),
    );
    await close(tangents.z, 3);
    const [, , aux] = vjp((t: Tensor) => [t.sum(), t.mul(2)] as const, point(), { hasAux: true });
    await close(aux, [1, -2, 4]);
    expect(jvp((t: Tensor) => [t.sum(), 'aux'] as const, [point()], [ones(3)], { hasAux: true })[2]).toBe('aux');
  });

  it('refuse vectors of another shape, and what strict asks for', () => {
    expect(() => vjp(f, point())[1](ones(2))).toThrow('vjp: cotangents must have the shape [3], got [2].');
    expect(() => jvp(f, [point()], [ones(2)])).toThrow('jvp: tangents must have the shape [3], got [2].');
    expect(() => jvp(f, [point()], [] as never)).toThrow('jvp: there must be one of tangents for each of 1, got 0.');
    expect(() => jvp((t: Tensor) => ones(t.numel() - 1), [point()], [ones(3)], { strict: true })).toThrow(
      'jvp: with strict',
    );
  });

  it('give 0 for a result that does not depend on the primals', async () => {
    await close(jvp((t: Tensor) => ones(t.numel() - 1), [point()], [ones(3)])[1], [0, 0]);
    await close(jvp((t: Tensor) => t.mul(2), [point()], [ones(3)])[1], [2, 2, 2]);
  });
});

describe.each([
  ['jacrev', jacrev],
  ['jacfwd', jacfwd],
] as const)('%s', (name, jacobian) => {
  it('gives [...result, ...argument]', async () => {
    const j = jacobian((t: Tensor) => t.pow(2).sum().mul(t.reshape(3, 1)))(point());
    expect(j.shape).toEqual([3, 1, 3]);
    const sum = at.reduce((all, x) => all + x * x, 0);
    await close(
      j,
      at.map((x, i) => at.map((y, k) => 2 * y * x + (i === k ? sum : 0))),
    );
    expect(j.requiresGrad).toBe(false);
  });

  it('takes several arguments, objects, and gives aux', async () => {
    const f = (a: Tensor, b: Tensor): { y: Tensor } => ({ y: a.mul(b) });
    const { y } = jacobian(f, [0, 1])(point(), ones(3).mul(2));
    await close(y[0], [[2, 0, 0], [0, 2, 0], [0, 0, 2]]);
    await close(y[1], [[0.5, 0, 0], [0, -1, 0], [0, 0, 2]]);
    const [j, aux] = jacobian((t: Tensor) => [t.mul(2), t] as const, { hasAux: true })(ones(2));
    await close(j, [[2, 0], [0, 2]]);
    await close(aux, [1, 1]);
  }); // prettier-ignore

  it('nests', async () => {
    const cubes = (t: Tensor): Tensor => t.pow(3);
    const second = jacobian(jacobian(cubes))(ones(2).mul(2));
    expect(second.shape).toEqual([2, 2, 2]);
    await close(second, [[[12, 0], [0, 0]], [[0, 0], [0, 12]]]);
    await close(jacfwd(jacrev(cubes))(ones(2).mul(2)), [[[12, 0], [0, 0]], [[0, 0], [0, 12]]]);
    await close(jacrev(jacfwd(cubes))(ones(2).mul(2)), [[[12, 0], [0, 0]], [[0, 0], [0, 12]]]);
  }); // prettier-ignore

  it('is 0 where nothing depends on the argument, and has sizes of 0', async () => {
    await close(jacobian((t: Tensor) => ones(t.numel() - 1))(point()), [0, 0, 0, 0, 0, 0]);
    expect(jacobian((t: Tensor) => t.mul(2))(ones(0)).shape).toEqual([0, 0]);
    expect(name).toBe(jacobian.name);
  });
});

describe('hessian', () => {
  it('gives the second derivatives', async () => {
    await close(hessian((t: Tensor) => t.pow(3).sum())(point()), [[3, 0, 0], [0, -6, 0], [0, 0, 12]]);
    const [[aa, ab]] = hessian((a: Tensor, b: Tensor) => a.mul(b).sum().pow(2), [0, 1])(tensor([2]), tensor([3]));
    await close(aa, [[18]]);
    await close(ab, [[24]]);
  }); // prettier-ignore
});

describe('functionalCall', () => {
  const { functionalCall, stackModuleState } = func;
  class Net extends nn.Module {
    fc = new nn.Linear(3, 2);
    norm = new nn.BatchNorm1d(2);
    list = new nn.ParameterList([ones(2)]);
    override forward(x: Tensor, options: { scale?: number } = {}): Tensor {
      return this.fc(x)
        .mul(this.list[0])
        .mul(options.scale ?? 1);
    }
  }

  it('computes with other tensors, and leaves the module as it was', async () => {
    const net = new Net();
    const { weight, bias } = net.fc;
    const params = { 'fc.weight': ones(2, 3), 'fc.bias': tensor([1, 2]), 'list.0': tensor([10, 100]) };
    await close(functionalCall(net, params, [ones(1, 3)]), [[40, 500]]);
    await close(functionalCall(net, params, ones(1, 3)), [[40, 500]]);
    await close(functionalCall(net, [{ 'fc.weight': ones(2, 3) }, { 'fc.bias': ones(2) }], [ones(1, 3)], { kwargs: { scale: 2 } }), [[8, 8]]);
    await close(functionalCall(net, params, [ones(1, 3)], { scale: 3 }), [[120, 1500]]);
    expect([net.fc.weight === weight, net.fc.bias === bias, net.parameters().length]).toEqual([true, true, 5]);
    expect(() => functionalCall(net, params, [ones(1, 4)])).toThrow();
    expect([net.fc.weight === weight, await net.list[0].tolist()]).toEqual([true, [1, 1]]);
    expect(() => (net.fc.weight = ones(2, 3) as never)).toThrow("'weight' must be a Parameter");
  }); // prettier-ignore

  it('is differentiated by its parameters', async () => {
    const net = new nn.Linear(3, 1);
    const x = randn(4, 3);
    const params = Object.fromEntries(net.namedParameters());
    const g = grad((p: Record<string, Tensor>) => functionalCall(net, p, [x]).sum())(params);
    await close(g.weight, await x.sum(0).tolist());
    await close(g.bias, [4]);
    expect(net.weight.grad).toBeNull();
  });

  it('ties shared weights unless told otherwise', async () => {
    const shared = new nn.Linear(1, 1, false);
    const net = new nn.Sequential(shared, shared);
    await close(functionalCall(net, { '0.weight': tensor([[3]]) }, [ones(1, 1)]), [[9]]);
    const both = { '0.weight': tensor([[3]]), '1.weight': tensor([[2]]) };
    expect(() => functionalCall(net, both, [ones(1, 1)])).toThrow('0.weight and 1.weight are one tensor');
    expect(() => functionalCall(net, { foo: ones(1) }, [ones(1, 1)])).toThrow('got foo. It has 0.weight, 1.weight.');
    expect(() => functionalCall(new Net(), {}, [ones(1, 3)], { strict: true })).toThrow('got none for fc.weight');
    expect(() => functionalCall(net, [both, both], [ones(1, 1)])).toThrow("'0.weight' is given twice");
  });

  it('has a row of stacked models for each', async () => {
    const models = [new Net(), new Net(), new Net()];
    const [params, buffers] = stackModuleState(models);
    expect(params['fc.weight'].shape).toEqual([3, 2, 3]);
    expect([params['fc.weight'].requiresGrad, params['fc.weight'].isLeaf]).toEqual([true, true]);
    expect(buffers['norm.running_mean'].shape).toEqual([3, 2]);
    const x = ones(1, 3);
    const row = Object.fromEntries(Object.entries({ ...params, ...buffers }).map(([name, t]) => [name, t.at(1)]));
    await close(functionalCall(models[0], row, [x]), await models[1](x).tolist());
    expect(() => stackModuleState([])).toThrow('at least one model');
    expect(() => stackModuleState([new Net(), new nn.ReLU()])).toThrow('got Net in training and ReLU in training');
  });
});
