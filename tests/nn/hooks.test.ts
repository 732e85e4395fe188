// Hooks of modules: order, removal, changed values, async forward, gradients of several inputs and outputs.
import { describe, expect, it, vi } from 'vitest';
import { nn, noGrad, ones, onesLike, scope, tensor, type Tensor } from '../../src';

class Double extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.mul(2);
  }
}

class Later extends nn.Module {
  override async forward(x: Tensor): Promise<Tensor> {
    await Promise.resolve();
    return x.mul(2);
  }
}

class SumAndDifference extends nn.Module {
  override forward(a: Tensor, b: Tensor): [Tensor, Tensor] {
    return [a.add(b), a.sub(b)];
  }
}

describe('forward hooks', () => {
  it('run in order, and the handle removes only its own', async () => {
    const m = new Double();
    const add = (_m: nn.Module, _inputs: unknown, output: Tensor): Tensor => output.add(1);
    m.registerForwardHook(add);
    const handle = m.registerForwardHook(add);
    m.registerForwardHook((_m, _inputs, output) => output.mul(10), { prepend: true });
    expect(await m(tensor([1])).tolist()).toEqual([22]);
    handle.remove();
    handle.remove();
    expect(await m(tensor([1])).tolist()).toEqual([21]);
  });

  it('get the inputs as an array and may leave everything as it is', () => {
    const m = new SumAndDifference();
    const pre = vi.fn();
    const post = vi.fn();
    m.registerForwardPreHook(pre);
    m.registerForwardHook(post);
    const [a, b] = [ones(2), ones(2)];
    const output = m(a, b);
    expect(pre).toHaveBeenCalledExactlyOnceWith(m, [a, b]);
    expect(post).toHaveBeenCalledExactlyOnceWith(m, [a, b], output);
  });

  it('run on the resolved value of an async forward', async () => {
    const m = new Later();
    m.registerForwardHook((_m, _inputs, output) => output.add(1));
    expect(await (await m(tensor([1]))).tolist()).toEqual([3]);
  });

  it('must not be async', () => {
    const m = new Double();
    m.registerForwardHook((async () => Promise.resolve()) as never);
    expect(() => m(tensor([1]))).toThrow('Double: a forward hook must be synchronous, got one that returns a promise.');
  });
});

describe('backward hooks', () => {
  it('see and change the gradients of all inputs', async () => {
    const m = new SumAndDifference();
    const a = tensor([1, 2], { requiresGrad: true });
    const b = tensor([3, 4], { requiresGrad: true });
    const seen: nn.Grads[] = [];
    m.registerFullBackwardHook((_m, gradInputs, gradOutputs) => {
      seen.push(gradInputs, gradOutputs);
      return [gradInputs[0], gradInputs[1]?.mul(10) ?? null];
    });
    const [sum, difference] = m(a, b);
    sum.sum().add(difference.mul(2).sum()).backward();
    expect(await a.grad?.tolist()).toEqual([3, 3]);
    expect(await b.grad?.tolist()).toEqual([-10, -10]);
    const values = [];
    for (const grad of seen.flat()) values.push(await grad?.tolist());
    expect(values).toEqual([
      [3, 3],
      [-1, -1],
      [1, 1],
      [2, 2],
    ]);
  });

  it('get null for inputs and outputs without a gradient', async () => {
    const m = new SumAndDifference();
    const a = tensor([1, 2], { requiresGrad: true });
    let grads: [nn.Grads, nn.Grads] | undefined;
    m.registerFullBackwardHook((_m, gradInputs, gradOutputs) => {
      grads = [gradInputs, gradOutputs];
    });
    m(a, ones(2))[0].sum().backward();
    expect(grads?.[0][1]).toBeNull();
    expect(grads?.[1][1]).toBeNull();
    expect(await grads?.[0][0]?.tolist()).toEqual([1, 1]);
  });

  it('run for parameters when no input requires gradients', async () => {
    const m = new nn.Linear(2, 2);
    const hook = vi.fn();
    m.registerFullBackwardHook(hook);
    m(ones(1, 2)).sum().backward();
    expect(hook).toHaveBeenCalledOnce();
    expect(hook.mock.calls[0][1]).toEqual([null]);
    expect(await m.bias?.grad?.tolist()).toEqual([1, 1]);
  });

  it('may change the gradients of outputs before the module', async () => {
    const m = new Double();
    const x = tensor([1, 2], { requiresGrad: true });
    const handle = m.registerFullBackwardPreHook((_m, [grad]) => [grad?.mul(5) ?? null]);
    m(x).sum().backward();
    expect(await x.grad?.tolist()).toEqual([10, 10]);
    handle.remove();
    x.grad = null as Tensor | null;
    m(x).sum().backward();
    expect(await x.grad?.tolist()).toEqual([2, 2]);
  });

  it('must return one gradient per input', () => {
    const m = new Double();
    const x = tensor([1, 2], { requiresGrad: true });
    m.registerFullBackwardHook((_m, [grad]) => [grad, grad]);
    expect(() => m(x).sum().backward()).toThrow('Double: a backward hook must return 1 gradients, got 2.');
  });

  it('do nothing without a graph', () => {
    const m = new Double();
    const hook = vi.fn();
    m.registerFullBackwardHook(hook);
    const x = tensor([1], { requiresGrad: true });
    expect(noGrad(() => m(x)).requiresGrad).toBe(false);
    expect(hook).not.toHaveBeenCalled();
    m(x).backward(onesLike(x));
    expect(hook).toHaveBeenCalledOnce();
  });
});

describe('what forward hooks give', () => {
  const freed = (): Tensor => {
    const made: Tensor[] = [];
    scope(() => void made.push(ones(1)));
    return made[0];
  };
  const seen: unknown[] = [];
  // An arrow function without braces gives what push gives, the length of the list.
  it.each<[string, () => unknown, string]>([
    ['a number', () => seen.push(1), 'as there was before, or nothing, got number'],
    ['text', () => 'x', "as there was before, or nothing, got 'x'."],
    ['a flag', () => false, 'as there was before, or nothing, got boolean false.'],
    ['a freed tensor', freed, 'was freed'],
  ])('%s is refused in the place of a tensor', (_, hook, message) => {
    const before = new Double();
    before.registerForwardPreHook(hook as never);
    expect(() => before(tensor([1]))).toThrow('Double: a forward-pre hook');
    expect(() => before(tensor([1]))).toThrow(message);
    const after = new Double();
    after.registerForwardHook(hook as never);
    expect(() => after(tensor([1]))).toThrow('Double: a forward hook');
    expect(() => after(tensor([1]))).toThrow(message);
  });

  it('may be of another shape, and inputs that are numbers may be other numbers', async () => {
    class Times extends nn.Module {
      override forward(x: Tensor, factor: number): Tensor {
        return x.mul(factor);
      }
    }
    const m = new Times();
    m.registerForwardPreHook((_m, [x]) => [x, 5]);
    m.registerForwardHook((_m, _inputs, output) => output.sum());
    expect(await m(tensor([1, 2]), 1).item()).toBe(15);
  });
});
