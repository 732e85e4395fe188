// What the library's own modules make between their layers is freed by count; what user code has seen never is.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';
import { instruments } from '../../src/device/instruments';

// Bytes are counted here; the guard words of the checking mode take some.
instruments.current = null;

const { nn } = k;
const F = nn.functional;
const ROWS = 1024;
const WIDTH = 64;
/** Bytes of one activation. */
const ACTIVATION = 4 * ROWS * WIDTH;

beforeEach(async () => {
  await k.init({ threads: 0 });
  k.manualSeed(0);
});
afterEach(() => {
  k.shutdown();
});

/** The most that is in use during `fn` beyond what was before, in activations. */
function peakOf(fn: () => unknown): number {
  const { live, peak } = k.memory();
  expect(peak - live).toBeLessThanOrEqual(ACTIVATION);
  fn();
  return (k.memory().peak - live) / ACTIVATION;
}

const block = (): k.nn.Module[] => [new nn.Linear(WIDTH, WIDTH), new nn.Tanh(), new nn.LayerNorm(WIDTH)];
const deep = (blocks: number): InstanceType<typeof nn.Sequential> =>
  new nn.Sequential(...Array.from({ length: blocks }, block).flat<k.nn.Module[][]>());

describe('the most that is in use', () => {
  it('under noGrad does not grow with the depth of a chain', () => {
    const net = deep(20);
    const x = k.randn(ROWS, WIDTH);
    expect(peakOf(() => k.noGrad(() => net(x)))).toBeLessThan(3);
  });

  it('nor with chains in chains, or a hook on the outermost', () => {
    const net = new nn.Sequential(...Array.from({ length: 10 }, () => deep(2)));
    net.registerForwardHook(() => undefined);
    const x = k.randn(ROWS, WIDTH);
    expect(peakOf(() => k.noGrad(() => net(x)))).toBeLessThan(4);
  });

  it('nor with the depth of a Transformer encoder or decoder', () => {
    const options = { dropout: 0, batchFirst: true };
    const [batch, steps] = [32, ROWS / 32];
    const encoders = [2, 12].map(
      (n) => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(WIDTH, 4, WIDTH, options), n),
    );
    const decoders = [2, 12].map(
      (n) => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(WIDTH, 4, WIDTH, options), n),
    );
    const x = k.zeros(batch, steps, WIDTH);
    for (const run of [(i: number) => encoders[i](x), (i: number) => decoders[i](x, x)]) {
      k.noGrad(() => run(0));
      const { peak } = k.memory();
      k.noGrad(() => run(1));
      expect(k.memory().peak).toBeLessThan(peak + 2 * ACTIVATION);
    }
  });

  it('nor with the layers of an LSTM beyond what each of them gives', () => {
    const lstm = new nn.LSTM(WIDTH, WIDTH, 8);
    const x = k.zeros(32, ROWS / 32, WIDTH);
    // Four gates for all steps, the input and the output.
    expect(peakOf(() => k.noGrad(() => lstm(x)))).toBeLessThan(9);
  });

  it('in training is what the graph saves: of Linear, Tanh and LayerNorm two activations', () => {
    const blocks = 12;
    const net = deep(blocks);
    const x = k.randn(ROWS, WIDTH);
    expect(peakOf(() => net(x).square().mean().backward())).toBeLessThan(2 * blocks + 6);
  });
});

describe('what user code may have kept is there:', () => {
  const seen: Tensor[] = [];
  const see = (...tensors: unknown[]): void => void seen.push(...(tensors.flat(2) as Tensor[]));
  beforeEach(() => (seen.length = 0));
  const x = (): Tensor =>
    k
      .arange(4 * 8, { dtype: 'float32' })
      .view(4, 8)
      .div(32);

  /** Runs `net` without and with a graph; all that was seen must be there. */
  async function expectSeen(net: (x: Tensor) => Tensor, count: number): Promise<void> {
    const input = x();
    const [plain, recorded] = [k.noGrad(() => net(input)), net(input)];
    // What is freed too early would be overwritten.
    for (let i = 0; i < 20; i++) k.full([4, 8], NaN);
    expect(seen).toHaveLength(2 * count);
    for (const t of seen) {
      expect(t.isFreed).toBe(false);
      expect(Number.isNaN(await t.sum().item())).toBe(false);
    }
    expect(await plain.tolist()).toEqual(await recorded.tolist());
  }

  const linear = (): InstanceType<typeof nn.Linear> => new nn.Linear(8, 8);

  it('inputs and outputs in hooks', async () => {
    const net = new nn.Sequential(linear(), linear(), linear(), linear());
    net[1].registerForwardHook((_, inputs, output) => {
      see(inputs, output);
    });
    net[3].registerForwardPreHook((_, inputs) => {
      see(inputs);
    });
    await expectSeen(net, 3);
  });

  it('and in hooks of all modules', async () => {
    const net = new nn.Sequential(linear(), linear());
    const handle = nn.registerModuleForwardHook((_, inputs, output) => {
      see(inputs, output);
    });
    await expectSeen(net, 6);
    handle.remove();
  });

  it('in modules of the user, and in subclasses', async () => {
    class Sees extends nn.Module {
      override forward(input: Tensor): Tensor {
        const output = input.mul(2);
        see(input, output);
        return output;
      }
    }
    class SeeingLinear extends nn.Linear {
      override forward(input: Tensor): Tensor {
        const output = super.forward(input);
        see(input, output);
        return output;
      }
    }
    class SeeingChain extends nn.Sequential {
      override forward(input: Tensor): Tensor {
        const between = this[0](input) as Tensor;
        const output = this[1](between) as Tensor;
        see(between, output);
        return output;
      }
    }
    const net = new nn.Sequential(
      linear(),
      new Sees(),
      new nn.Sequential(new SeeingLinear(8, 8), new nn.Tanh()),
      new SeeingChain(linear(), linear()),
      linear(),
    );
    await expectSeen(net, 6);
  });

  it('by a forward of its own that an instance has', async () => {
    const patched = linear();
    patched.forward = (input: Tensor): Tensor => {
      const output = nn.Linear.prototype.forward.call(patched, input);
      see(input, output);
      return output;
    };
    await expectSeen(new nn.Sequential(linear(), patched, linear()), 2);
  });

  it('by an activation, and a distance', async () => {
    const layer = new nn.TransformerEncoderLayer(8, 2, 8, {
      dropout: 0,
      activation: (input) => {
        const output = F.gelu(input);
        see(input, output);
        return output;
      },
    });
    const loss = new nn.TripletMarginWithDistanceLoss({
      distanceFunction: (a, b) => {
        const distance = F.pairwiseDistance(a, b);
        see(distance);
        return distance;
      },
    });
    await expectSeen((input) => {
      const y = layer(input);
      return loss(y, y.mul(2), y.mul(3));
    }, 4);
  });

  it('layers of a net that are called one by one', async () => {
    const net = new nn.Sequential(linear(), new nn.Tanh(), new nn.Sequential(linear(), linear()));
    await expectSeen((input) => {
      let y = input;
      for (const layer of net) see((y = layer(y)));
      return net(input);
    }, 3);
  });

  it('what goes around the layers between', async () => {
    let kept: Tensor | null = null;
    class Leave extends nn.Module {
      override forward(input: Tensor): Tensor {
        return (kept = input);
      }
    }
    class Return extends nn.Module {
      override forward(input: Tensor): Tensor {
        const before = kept ?? input;
        see(before);
        return before;
      }
    }
    await expectSeen(new nn.Sequential(linear(), new Leave(), linear(), linear(), new Return(), linear()), 1);
  });

  it('in a scope of the user until that ends', async () => {
    const net = new nn.Sequential(linear(), linear());
    net[0].registerForwardHook((_, __, output) => {
      see(output);
    });
    const input = x();
    const sums = k.scope(() => {
      const y = net(input);
      return [y.sum(), seen[0].sum()];
    });
    expect(await Promise.all(sums.map((t) => t.item()))).not.toContain(NaN);
    expect(seen[0].isFreed).toBe(true);
  });
});

describe('results are the same', () => {
  /** The same layers, called by the user. */
  const one = (layers: Iterable<unknown>, x: Tensor): Tensor => {
    let y = x;
    for (const layer of layers) y = (layer as (x: Tensor) => Tensor)(y);
    return y;
  };
  const chains: Readonly<Record<string, () => InstanceType<typeof nn.Sequential>>> = {
    'of views and of changes in place': () =>
      new nn.Sequential(
        new nn.Unflatten(1, [2, 4]),
        new nn.Identity(),
        new nn.Flatten(),
        new nn.ReLU({ inplace: true }),
        new nn.Dropout(0.5).eval(),
        new nn.Linear(8, 8),
        new nn.Unflatten(1, [2, 4]),
        new nn.ReLU(true),
        new nn.Flatten(),
        new nn.Linear(8, 3),
      ),
    'of one layer several times': () => {
      const layer = new nn.Linear(8, 8);
      return new nn.Sequential(layer, layer, new nn.Tanh(), layer);
    },
    'of normalizations and activations': () =>
      new nn.Sequential(
        new nn.BatchNorm1d(8),
        new nn.GELU(),
        new nn.RMSNorm([8]),
        new nn.Softmax(1),
        new nn.PReLU(),
        new nn.GroupNorm(2, 8),
      ),
  };
  it.each(Object.entries(chains))('%s, with gradients', async (_, make) => {
    const net = make();
    const values = k.randn(16, 8);
    const results = await Promise.all(
      [(x: Tensor) => net(x), (x: Tensor) => one(net, x)].map(async (run) => {
        const x = values.clone().requiresGrad_();
        const y = run(x.mul(1));
        const [first] = k.autograd.grad(y.square().sum(), x, { createGraph: true });
        const [second] = k.autograd.grad(first.square().sum(), x, { retainGraph: true });
        return [await y.tolist(), await first.tolist(), await second.tolist()];
      }),
    );
    expect(results[0]).toEqual(results[1]);
  });

  it('of a chain with an async module', async () => {
    class Later extends nn.Module {
      override async forward(input: Tensor): Promise<Tensor> {
        await input.sum().item();
        return input.add(1);
      }
    }
    const [first, last] = [new nn.Linear(8, 8), new nn.Linear(8, 8)];
    const x = k.randn(4, 8);
    const net = new nn.Sequential(first, new nn.Tanh(), new Later(), new nn.Tanh(), last);
    const expected = last(first(x).tanh().add(1).tanh());
    expect(await (await net(x)).tolist()).toEqual(await expected.tolist());
  });

  it('of a module that throws between: the next call works', async () => {
    const net = new nn.Sequential(new nn.Linear(8, 8), new nn.Linear(9, 8));
    const x = k.randn(4, 8);
    expect(() => net(x)).toThrow();
    const good = new nn.Sequential(net[0], new nn.Tanh());
    expect((await good(x).data()).every(Number.isFinite)).toBe(true);
  });
});
