// Tensors are iterable along dimension 0, as in PyTorch.
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest';
import { nn, ones, optim, shutdown, tensor, zeros, type Tensor } from '../../src';

afterAll(() => {
  shutdown();
});

describe('a tensor', () => {
  it('is iterated and destructured along dimension 0', async () => {
    const x = tensor([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
    const rows: unknown[] = [];
    for (const row of x) rows.push(await row.tolist());
    expect(rows).toEqual([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
    const [first, ...rest] = x;
    expectTypeOf(first).toEqualTypeOf<Tensor>();
    expect([await first.tolist(), rest.length, await rest[1].tolist()]).toEqual([[1, 2], 2, [5, 6]]);
    expect([...zeros(0, 3)]).toEqual([]);
    const [a, b] = x.at(0);
    expect([await a.item(), await b.item()]).toEqual([1, 2]);
    expect(Math.max(...(await Promise.all(Array.from(x, (row) => row.sum().item()))))).toBe(11);
  });

  it('gives views, whose gradients reach it', async () => {
    const x = tensor([1, 2, 3]).requiresGrad_();
    const [a, , c] = x;
    a.mul(2).add(c.mul(c)).backward();
    expect(await x.grad?.tolist()).toEqual([2, 0, 6]);
    const y = zeros(2, 2);
    for (const row of y) row.add_(1);
    expect(await y.tolist()).toEqual([[1, 1], [1, 1]]); // prettier-ignore
  });

  it('without dimensions is not', () => {
    expect(() => [...tensor(3)]).toThrow('Tensor: a tensor without dimensions has no items, got []. Read its value: await x.item().');
  }); // prettier-ignore

  it('is one parameter, not several, and equal to itself alone', () => {
    const p = new nn.Parameter(ones(2));
    expect(() => new optim.SGD(p as never, 0.1)).toThrow('SGD: params must be');
    expect(p).toEqual(p);
    expect(p).not.toEqual(new nn.Parameter(ones(2)));
    expect([p, { p }]).toEqual([p, { p }]);
  });
});
