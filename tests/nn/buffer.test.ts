// nn.Buffer: a property that holds one is a buffer, as registerBuffer makes them.
import { afterAll, expect, test } from 'vitest';
import { nn, ones, scope, shutdown, zeros, type Tensor } from '../../src';

afterAll(() => {
  shutdown();
});

class Running extends nn.Module {
  weight = new nn.Parameter(ones(2));
  mean: Tensor | null = new nn.Buffer(zeros(2));
  count: Tensor = new nn.Buffer(zeros([]), { persistent: false });
  plain = ones(2);

  override forward(x: Tensor): Tensor {
    this.mean = x.mul(0.5);
    this.count = this.count.add(1);
    return x.mul(this.weight);
  }
}

const namesOf = (net: nn.Module): string[] => net.namedBuffers().map(([name]) => name);

test('is listed, saved unless it is not persistent, moved and trained never', () => {
  const net = new Running();
  expect(namesOf(net)).toEqual(['mean', 'count']);
  expect(Object.keys(net.stateDict())).toEqual(['weight', 'mean']);
  expect(net.namedParameters().map(([name]) => name)).toEqual(['weight']);
  net.double();
  expect([net.mean?.dtype, net.count.dtype, net.plain.dtype]).toEqual(['float64', 'float64', 'float32']);
});

test('remains one when forward assigns another tensor, in a first call too', async () => {
  const net = new Running();
  net(ones(2));
  net(ones(2));
  expect(namesOf(net)).toEqual(['mean', 'count']);
  expect(await net.stateDict().mean.tolist()).toEqual([0.5, 0.5]);
  expect(await net.count.item()).toBe(2);
});

test('the name takes tensors and null, and another Buffer says anew whether it is saved', () => {
  const net = new Running();
  net.buffers();
  net.mean = null;
  expect(namesOf(net)).toEqual(['count']);
  net.mean = new nn.Buffer(ones(2), false);
  expect(namesOf(net)).toEqual(['mean', 'count']);
  expect(Object.keys(net.stateDict())).toEqual(['weight']);
  expect(() => Reflect.set(net, 'mean', 3)).toThrow("Running: 'mean' must be a Tensor or null, got number 3.");
});

test('is copied with its module, as the same kind', async () => {
  const copy = nn.deepcopy(new Running());
  expect(copy.mean).toBeInstanceOf(nn.Buffer);
  expect(namesOf(copy)).toEqual(['mean', 'count']);
  expect(Object.keys(copy.stateDict())).toEqual(['weight', 'mean']);
  const buffer = nn.deepcopy(new nn.Buffer(ones(2), false));
  expect(buffer.persistent).toBe(false);
  expect(await buffer.tolist()).toEqual([1, 1]);
});

test('outlives a scope, requires no gradient and says what it is', async () => {
  const net = scope(() => {
    const made = new nn.Module();
    Reflect.set(made, 'mean', new nn.Buffer(ones(2)));
    return Reflect.get(made, 'mean') as nn.Buffer;
  });
  expect(net.requiresGrad).toBe(false);
  expect(await net.repr()).toBe('Buffer containing:\ntensor([1., 1.])');
  expect(new nn.Buffer(ones(2)).persistent).toBe(true);
  expect(() => new nn.Buffer(3 as unknown as Tensor)).toThrow('Buffer: data must be a tensor, got 3.');
});
