// Checkpoints: the bits of a run without them, memory by the byte, and what is refused. Expected values are those of the same run without.
import { afterAll, describe, expect, expectTypeOf, it, vi } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';
import { GPT } from '../models/gpt';

const { checkpoint, checkpointSequential } = k.utils.checkpoint;
const F = k.nn.functional;

afterAll(() => {
  k.shutdown();
});

type Runner = (fn: (x: Tensor) => Tensor, x: Tensor) => Tensor;
const plainly: Runner = (fn, x) => fn(x);
const again: Runner = (fn, x) => checkpoint(fn, x, { useReentrant: false });

/** Values of the loss, of all gradients, and of what the generator draws next. */
async function bitsOf(net: k.nn.Module, lossOf: () => Tensor): Promise<unknown[]> {
  k.manualSeed(7);
  net.zeroGrad();
  const loss = lossOf();
  loss.backward();
  const grads = await Promise.all(net.parameters().map(async (p) => (p.grad === null ? null : await p.grad.data())));
  return [await loss.data(), grads, await k.rand(3).data()];
}

const gradOf = async (x: Tensor): Promise<unknown> => x.grad?.data();

/** A GPT whose blocks are run by `run`, with dropout behind each. */
class Net extends GPT {
  run = plainly;
  drop = new k.nn.Dropout(0.1);

  override forward(tokens: Tensor): Tensor {
    let x = this.wte(tokens).add(this.wpe(k.arange(tokens.size(1))));
    for (const block of this.h) x = this.run((input) => this.drop(block(input)), x);
    return this.ln_f(x).matmul(this.wte.weight.mT);
  }
}

describe('the same bits', () => {
  it('of a GPT with dropout', async () => {
    k.manualSeed(1);
    const net = new Net(65, 16, 32, 4, 3);
    const tokens = k.randint(65, [2, 17]);
    const lossOf = (): Tensor =>
      F.crossEntropy(net(tokens.narrow(1, 0, 16)).reshape(-1, 65), tokens.narrow(1, 1, 16).reshape(-1));
    const plain = await bitsOf(net, lossOf);
    net.run = again;
    expect(await bitsOf(net, lossOf)).toEqual(plain);
    net.run = (fn, x) => checkpoint((y) => again(fn, y), x, { earlyStop: false });
    expect(await bitsOf(net, lossOf)).toEqual(plain);
  });

  it('of each kind of layer, with what it keeps for itself', async () => {
    k.manualSeed(2);
    const net = new k.nn.Sequential(
      new k.nn.Conv2d(2, 4, 3, { padding: 1 }),
      new k.nn.GroupNorm(2, 4),
      new k.nn.ReLU(),
      new k.nn.MaxPool2d(2),
      new k.nn.Dropout2d(0.5),
      new k.nn.Flatten(),
      new k.nn.Linear(16, 8),
      new k.nn.LayerNorm(8),
      new k.nn.Softmax(-1),
      new k.nn.AlphaDropout(0.3),
      new k.nn.RReLU(),
    );
    const x = k.randn([3, 2, 4, 4], { requiresGrad: true });
    const lossOf = (run: Runner) => (): Tensor =>
      run((input) => net(input), x)
        .pow(3)
        .sum();
    const plain = [await bitsOf(net, lossOf(plainly)), await gradOf(x)];
    x.grad = null;
    expect([await bitsOf(net, lossOf(again)), await gradOf(x)]).toEqual(plain);
    const sequence = (input: Tensor): Tensor => checkpointSequential(net, 4, input, { useReentrant: false });
    x.grad = null;
    expect([
      await bitsOf(
        net,
        lossOf((_, input) => sequence(input)),
      ),
      await gradOf(x),
    ]).toEqual(plain);
  });

  it('of second derivatives, of several walks, and of walks inside the function', async () => {
    const x = k.tensor([0.5, -1, 2], { requiresGrad: true });
    const f = (t: Tensor): Tensor => t.exp().mul(t).tanh().mul(t);
    const second = (run: Runner): Tensor => {
      const [g] = k.autograd.grad(run(f, x).sum(), x, { createGraph: true }) as [Tensor];
      return k.autograd.grad(g.pow(2).sum(), x)[0];
    };
    expect(await second(again).data()).toEqual(await second(plainly).data());

    const twice = (run: Runner): Tensor[] => {
      const y = run(f, x).sum();
      return [0, 1].map((i) => k.autograd.grad(y, x, { retainGraph: i === 0 })[0]);
    };
    const [expected] = twice(plainly);
    for (const g of twice(again)) expect(await g.data()).toEqual(await expected.data());

    const penalty = (t: Tensor): Tensor => k.autograd.grad(f(t).sum(), t, { createGraph: true })[0].pow(2);
    const walk = (run: Runner): Tensor => k.autograd.grad(run(penalty, x).sum(), x)[0];
    expect(await walk(again).data()).toEqual(await walk(plainly).data());
    expect(
      await k.func
        .grad((t: Tensor) => again(f, t).sum())(x.detach())
        .data(),
    ).toEqual(await expected.data());
  });

  it('of a Function, which may read what it saved more than once', async () => {
    class Cube extends k.autograd.Function {
      static forward(ctx: k.autograd.FunctionContext, x: Tensor): Tensor {
        const y = x.pow(2);
        ctx.saveForBackward(x, y);
        return y.mul(x);
      }
      static backward(ctx: k.autograd.FunctionContext, grad: Tensor): Tensor {
        return grad.mul(ctx.savedTensors[1]).add(grad.mul(ctx.savedTensors[0].pow(2)).mul(2));
      }
    }
    const x = k.tensor([1, -2, 3], { requiresGrad: true });
    const fn = vi.fn((t: Tensor) => Cube.apply(t.mul(1)));
    checkpoint(fn, x).sum().backward();
    expect(await x.grad?.tolist()).toEqual([3, 12, 27]);
  });
});

describe('how the function is called', () => {
  it('as often as needed, no further than needed, without recording if nothing is', async () => {
    const x = k.ones([2], { requiresGrad: true });
    const ends: number[] = [];
    const fn = vi.fn((t: Tensor) => {
      const y = t.exp().mul(2);
      ends.push(1);
      return y;
    });
    const y = checkpoint(fn, x);
    expect([fn.mock.calls.length, ends.length]).toEqual([1, 1]);
    y.sum().backward();
    expect([fn.mock.calls.length, ends.length]).toEqual([2, 1]);
    checkpoint(fn, x, { earlyStop: false }).sum().backward();
    expect([fn.mock.calls.length, ends.length]).toEqual([4, 3]);
    expect(k.noGrad(() => checkpoint(fn, x)).requiresGrad).toBe(false);
    expect(fn).toHaveBeenCalledTimes(5);
    expect(await gradOf(x)).toEqual(await x.detach().exp().mul(4).data());
  });

  it('with arguments of any kind, and options behind them', async () => {
    const w = k.ones([2], { requiresGrad: true });
    const fn = (x: Tensor, by: number, more: { shift?: Tensor; list: Tensor[] }): [Tensor, string] => [
      x
        .mul(w)
        .exp()
        .mul(by)
        .add(more.shift ?? 0)
        .add(more.list[0]),
      'text',
    ];
    const more = { shift: k.ones(2), list: [k.ones(2)] };
    const [y, text] = checkpoint(fn, k.zeros(2), 3, more, {});
    expectTypeOf(text).toEqualTypeOf<string>();
    y.sum().backward();
    expect([text, await y.tolist(), await w.grad?.tolist()]).toEqual(['text', [5, 5], [0, 0]]);
    // An object in last place is options.
    expect(() => checkpoint(fn, k.zeros(2), 3, more)).toThrow("checkpoint: no option is called 'shift'.");
  });

  it('its types follow the function', () => {
    const linear = new k.nn.Linear(2, 2);
    const masked = (x: Tensor, mask?: Tensor | null): Tensor => (mask === undefined || mask === null ? x : x.mul(mask));
    expectTypeOf(checkpoint(linear, k.ones(2), { useReentrant: false })).toEqualTypeOf<Tensor>();
    expectTypeOf(checkpoint(masked, k.ones(2), { preserveRngState: false })).toEqualTypeOf<Tensor>();
    expectTypeOf(checkpoint(masked, k.ones(2), null, { preserveRngState: false })).toEqualTypeOf<Tensor>();
    // @ts-expect-error -- no such option
    expect(() => checkpoint(linear, k.ones(2), { useReentrantt: false })).toThrow('no option');
    // @ts-expect-error -- no such argument
    expect(() => checkpoint(linear, 'text')).toThrow();
  });

  it('with random numbers of its own unless they are preserved', async () => {
    k.manualSeed(3);
    const x = k.ones([100], { requiresGrad: true });
    const fn = (t: Tensor): Tensor => t.mul(k.rand(100));
    const [y, z] = [checkpoint(fn, x), checkpoint(fn, x, { preserveRngState: false })];
    const before = k.getRngState();
    k.autograd.backward([y.sum()]);
    expect(await gradOf(x)).toEqual(await y.data());
    expect(k.getRngState()).toEqual(before);
    x.grad = null;
    z.sum().backward();
    expect(await gradOf(x)).not.toEqual(await z.data());
    expect(k.getRngState()).not.toEqual(before);
  });

  it('what it does beside its result happens again', async () => {
    const norm = new k.nn.BatchNorm1d(2);
    checkpoint(norm, k.randn(4, 2)).sum().backward();
    // As torch 1.13 counts with use_reentrant=False.
    expect(await norm.numBatchesTracked?.item()).toBe(2);
  });
});

describe('what is wrong', () => {
  const x = (): Tensor => k.ones([2, 2], { requiresGrad: true });

  it('is refused at the call', () => {
    expect(() => checkpoint(F.relu, x(), { useReentrant: true as never })).toThrow(
      'checkpoint: useReentrant must be false',
    );
    expect(() => checkpoint(async (t: Tensor) => Promise.resolve(t), x())).toThrow(
      'checkpoint: fn must be synchronous',
    );
    expect(() => k.noGrad(() => checkpoint(async (t: Tensor) => Promise.resolve(t), x()))).toThrow(
      'checkpoint: fn must',
    );
    expect(() => checkpoint('text' as never)).toThrow('checkpoint: fn must be a function');
    const freed = k.scope(() => {
      const t = x();
      return () => t;
    });
    expect(() => checkpoint(F.relu, freed())).toThrow('checkpoint: a tensor of shape [2, 2] was freed');
    expect(() => checkpointSequential([F.relu], 2, x())).toThrow(
      'segments must be at most the number of functions, got 2 for 1',
    );
    expect(() => checkpointSequential(['text' as never], 1, x())).toThrow('fn must be a function or a module');
  });

  it('shows in backward where the function does not do the same', () => {
    let size = 2;
    const grows = checkpoint((t: Tensor) => t.narrow(0, 0, size).mul(1).exp(), x());
    size = 1;
    expect(() => grows.sum().backward()).toThrow(
      'got float32 of shape [2, 2] on wasm at first and float32 of shape [1, 2] on wasm again for tensor 0',
    );
    let isFirst = true;
    const fewer = checkpoint((t: Tensor) => (isFirst ? t.mul(1).exp().tanh() : t.mul(1).exp()), x());
    isFirst = false;
    expect(() => fewer.sum().backward()).toThrow('got 2 at first and 1 again');
    isFirst = true;
    const more = checkpoint((t: Tensor) => (isFirst ? t.mul(1).exp() : t.mul(1).exp().tanh()), x(), {
      earlyStop: false,
    });
    isFirst = false;
    expect(() => more.sum().backward()).toThrow('got 1 at first and 2 again');
  });

  it('and where an argument or a weight was changed since', () => {
    const input = k.ones(2, 2);
    const w = x();
    const y = checkpoint((t: Tensor) => t.matmul(w).exp().mul(w), input);
    input.add_(1);
    expect(() => y.sum().backward()).toThrow('was changed in place after it was used');
    const z = checkpoint((t: Tensor) => t.matmul(w).exp().mul(w), input);
    k.noGrad(() => w.add_(1));
    expect(() => z.sum().backward()).toThrow('was changed in place after it was used');
  });

  it('leaves no mode behind', async () => {
    const draws = k.getRngState();
    const bad = (fn: () => unknown): void => expect(fn).toThrow();
    bad(() => checkpoint((): Tensor => { throw new Error("inside"); })); // prettier-ignore
    let isFirst = true;
    const y = checkpoint((t: Tensor) => {
      if (!isFirst) throw new Error('again');
      return t.exp();
    }, x());
    isFirst = false;
    bad(() => y.sum().backward());
    expect(k.getRngState()).toEqual(draws);
    const z = x();
    z.exp().sum().backward();
    expect(await z.grad?.data()).toEqual(await k.ones(2, 2).exp().data());
  });
});

describe('memory', () => {
  const live = async (): Promise<number> => {
    await k.synchronize();
    return k.memory().live;
  };

  it('is that of the arguments alone', async () => {
    const N = 6;
    const w = k.ones([64, 64], { requiresGrad: true });
    const x = k.ones(64, 64);
    const bytes = x.nbytes;
    const layer = (t: Tensor): Tensor => t.matmul(w).tanh().exp().div(2);
    const before = await live();
    // Without: each layer saves its input, and the results of tanh and exp. With: its input, the first of which is there already.
    for (const [run, saved] of [
      [plainly, 3 * N - 1],
      [again, N - 1],
    ] as const) {
      // prettier-ignore
      const y = k.scope(() => {
        let t = x;
        for (let i = 0; i < N; i++) t = run(layer, t);
        return t.mean();
      });
      // What mean makes beside it is nothing; what is left is one number.
      expect(Math.round(((await live()) - before) / bytes)).toBe(saved);
      k.scope(() => y.backward());
      y.release();
      w.grad = null;
      expect(await live()).toBe(before);
    }
  });

  it('of a GPT of 12 layers peaks at under half, with the same bits', async () => {
    const measure = async (run: Runner): Promise<{ peak: number; bits: unknown[] }> => {
      k.shutdown();
      k.manualSeed(4);
      const net = new Net(65, 64, 32, 2, 12);
      net.run = run;
      const tokens = k.randint(65, [4, 65]);
      const before = await live();
      const loss = k.scope(() => {
        const logits = net(tokens.narrow(1, 0, 64));
        const result = F.crossEntropy(logits.reshape(-1, 65), tokens.narrow(1, 1, 64).reshape(-1));
        result.backward();
        return result;
      });
      await k.synchronize();
      const { peak } = k.memory();
      const grads = await Promise.all(net.parameters().map(async (p) => p.grad?.data()));
      return { peak: peak - before, bits: [await loss.data(), grads] };
    };
    const plain = await measure((fn, x) => k.scope(() => fn(x)));
    const less = await measure(again);
    // 9.0 MB and 2.7 MB.
    expect(less.bits).toEqual(plain.bits);
    expect(less.peak).toBeLessThan(plain.peak / 2);
  });
});
