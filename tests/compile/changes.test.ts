// What may change between calls of a compiled step: everything runs twice, as it is and compiled, with the same bits; and what
// cannot be captured says so and runs as it is.
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  amp,
  autograd,
  compile,
  manualSeed,
  nn,
  noGrad,
  optim,
  ones,
  randint,
  randn,
  utils,
  type Tensor,
} from '../../src/index';
import { Cnn } from './models';

const { functional: F } = nn;

type Step = (...args: Tensor[]) => Tensor;
type Wrap = <S extends (...args: never[]) => unknown>(step: S) => S;

const asIs: Wrap = (step) => step;
const compiled: Wrap = (step) => compile(step);

/** Runs a scenario both ways; gives how often the compiled one was replayed. */
async function same(scenario: (wrap: Wrap, note: (t: Tensor) => void) => Promise<void> | void): Promise<number> {
  const results: number[][][] = [];
  let replayed = 0;
  for (const wrap of [asIs, compiled]) {
    manualSeed(3);
    const before = compile.stats().replayed;
    const noted: Promise<number[]>[] = [];
    await scenario(wrap, (t) => void noted.push(t.data().then((values) => Array.from(values as Float32Array, Number))));
    results.push(await Promise.all(noted));
    replayed = compile.stats().replayed - before;
  }
  expect(results[1]).toEqual(results[0]);
  return replayed;
}

/** A net and its step. */
function setUp(): { net: Cnn; optimizer: optim.Adam; step: Step } {
  const net = new Cnn();
  const optimizer = new optim.Adam(net.parameters());
  const step: Step = (x, y) => {
    optimizer.zeroGrad();
    const loss = F.crossEntropy(net(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { net, optimizer, step };
}

const batch = (n = 4): [Tensor, Tensor] => [randn(n, 1, 8, 8), randint(10, [n])];

describe('what changes between calls', () => {
  it('the size of the batch', async () => {
    const replayed = await same((wrap, note) => {
      const { step } = setUp();
      const run = wrap(step);
      for (let i = 0; i < 24; i++) note(run(...batch(i % 3 === 2 ? 3 : 5)));
    });
    expect(replayed).toBe(24 - 6);
  });

  it('parameters are frozen and thawed', async () => {
    const replayed = await same((wrap, note) => {
      const { net, step } = setUp();
      const run = wrap(step);
      for (let i = 0; i < 20; i++) {
        net.conv1.requiresGrad_(i < 7 || i > 14);
        note(run(...batch()));
        note(net.conv1.weight);
      }
    });
    expect(replayed).toBeGreaterThan(8);
  });

  it('state dicts are loaded, into the net and the optimizer', async () => {
    const replayed = await same((wrap, note) => {
      const { net, optimizer, step } = setUp();
      const run = wrap(step);
      const saved = [nn.deepcopy(net).stateDict(), optimizer.stateDict()] as const;
      for (let i = 0; i < 16; i++) {
        if (i === 9) net.loadStateDict(saved[0]);
        if (i === 12) optimizer.loadStateDict(optimizer.stateDict());
        note(run(...batch()));
      }
      for (const p of net.parameters()) note(p);
    });
    expect(replayed).toBe(13);
  });

  it('the net moves to another dtype and back', async () => {
    const replayed = await same((wrap, note) => {
      const { net, step } = setUp();
      const run = wrap(step);
      for (let i = 0; i < 18; i++) {
        if (i === 6) net.to('float64');
        if (i === 12) net.to('float32');
        const [x, y] = batch();
        note(run(i >= 6 && i < 12 ? x.to('float64') : x, y));
      }
      for (const p of net.parameters()) note(p);
    });
    expect(replayed).toBeGreaterThan(8);
  });

  it('the training flag, and that of one layer', async () => {
    await same((wrap, note) => {
      const { net, step } = setUp();
      const run = wrap(step);
      const look = wrap((x: Tensor) => noGrad(() => net(x)));
      for (let i = 0; i < 20; i++) {
        net.train();
        if (i > 10) net.drop.eval();
        note(run(...batch()));
        net.eval();
        note(look(randn(4, 1, 8, 8)));
      }
      net.train();
      net.drop.p = 0.9;
      for (let i = 0; i < 5; i++) note(run(...batch()));
    });
  });

  it('gradients are accumulated over several calls', async () => {
    const replayed = await same((wrap, note) => {
      const { net, optimizer } = setUp();
      const gather = wrap((x: Tensor, y: Tensor) => {
        const loss = F.crossEntropy(net(x), y).div(2);
        loss.backward();
        return loss;
      });
      const apply = wrap(() => {
        optimizer.step();
        optimizer.zeroGrad();
      });
      for (let i = 0; i < 12; i++) {
        note(gather(...batch()));
        note(gather(...batch()));
        note(net.conv1.weight.grad as Tensor);
        apply();
        expect(net.conv1.weight.grad).toBeNull();
      }
      for (const p of net.parameters()) note(p);
    });
    expect(replayed).toBe(3 * 9);
  });

  it('a gradient that the user has taken stays as it was', async () => {
    await same((wrap, note) => {
      const { net, step } = setUp();
      const run = wrap(step);
      const grads: Tensor[] = [];
      for (let i = 0; i < 8; i++) {
        run(...batch());
        grads.push(net.out.weight.grad as Tensor);
      }
      for (const grad of grads) note(grad);
    });
  });

  it('options of the optimizer: rates, and what changes its rule', async () => {
    await same((wrap, note) => {
      const { optimizer, step, net } = setUp();
      const run = wrap(step);
      for (let i = 0; i < 20; i++) {
        optimizer.paramGroups[0].lr = 0.001 * (1 + i);
        if (i === 8) optimizer.paramGroups[0].weightDecay = 0.1;
        if (i === 14) optimizer.paramGroups[0].amsgrad = true;
        note(run(...batch()));
      }
      for (const p of net.parameters()) note(p);
    });
  });

  it('a batch that is part of a tensor', async () => {
    const replayed = await same((wrap, note) => {
      const { step } = setUp();
      const run = wrap(step);
      const [x, y] = batch(40);
      for (let i = 0; i < 10; i++) note(run(x.narrow(0, 4 * i, 4), y.narrow(0, 4 * i, 4)));
    });
    expect(replayed).toBe(7);
  });

  it('a scaled loss', async () => {
    await same(async (wrap, note) => {
      const { net, optimizer } = setUp();
      const scaler = new amp.GradScaler({ initScale: 1024, growthInterval: 3 });
      const run = wrap((x: Tensor, y: Tensor) => {
        optimizer.zeroGrad();
        const loss = F.crossEntropy(net(x), y);
        scaler.scale(loss).backward();
        return loss;
      });
      for (let i = 0; i < 14; i++) {
        note(run(...batch()));
        await scaler.step(optimizer);
        scaler.update();
      }
      for (const p of net.parameters()) note(p);
    });
  });

  it('a bad label rejects the loss and leaves the weights', async () => {
    const { net, step } = setUp();
    const run = compile(step);
    for (let i = 0; i < 5; i++) run(...batch());
    const [x] = batch();
    const before = await net.out.weight.tolist();
    const loss = run(x, ones(4).mul(99).long());
    await expect(loss.item()).rejects.toThrow('crossEntropy: label 99 is out of range');
    expect(await net.out.weight.tolist()).toEqual(before);
    const good = run(...batch());
    expect(Number.isFinite(await good.item())).toBe(true);
    expect(await net.out.weight.tolist()).not.toEqual(before);
  });
});

describe('what cannot be captured', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  afterEach(() => void warn.mockClear());
  const told = (): string => warn.mock.calls.map(String).join('\n');

  it('a number that changes', async () => {
    let factor = 1;
    const step = compile(function scaled(x: Tensor) {
      return x.mul(factor);
    });
    for (let i = 0; i < 12; i++) {
      factor = 1 + i;
      expect(await step(ones(2)).tolist()).toEqual([factor, factor]);
    }
    expect(told()).toMatch(
      /compile: scaled cannot be captured, as a number that mul takes was \d+ at one call and \d+ at the next.*changes\.test\.ts:\d+:\d+/,
    );
  });

  it('a tensor from outside that is another one each time', async () => {
    let state = ones(2);
    const step = compile((x: Tensor) => (state = state.add(x)));
    for (let i = 0; i < 10; i++) step(ones(2));
    expect(await state.tolist()).toEqual([11, 11]);
    expect(told()).toContain('pass it as an argument');
  });

  it('a value that is read, an async function, a graph that goes on, hooks', async () => {
    const read = compile(function reads(x: Tensor) {
      void x.sum().item();
      return x.add(1);
    });
    const late = compile((x: Tensor) => Promise.resolve(x.add(1)));
    const net = new nn.Linear(2, 2);
    const open = compile((x: Tensor) => net(x));
    const hooked = new nn.Linear(2, 2);
    const seen: Tensor[] = [];
    hooked.registerForwardHook((_module, _inputs, output) => void seen.push(output));
    const hooks = compile((x: Tensor) => noGrad(() => hooked(x)));
    for (let i = 0; i < 6; i++) {
      expect(await read(ones(2)).tolist()).toEqual([2, 2]);
      expect(await (await late(ones(2))).tolist()).toEqual([2, 2]);
      open(ones(2)).sum().backward();
      hooks(ones(2));
    }
    expect(await (net.weight.grad as Tensor).tolist()).toEqual([[6, 6], [6, 6]]); // prettier-ignore
    expect(seen.length).toBe(6);
    expect(told()).toContain('reads cannot be captured, as a value is read');
    expect(told()).toContain('as it is async');
    expect(told()).toContain('hooks of Linear run');
  });

  it('a hook that comes later', () => {
    const net = new nn.Linear(2, 2);
    const step = compile((x: Tensor) => noGrad(() => net(x)));
    for (let i = 0; i < 5; i++) step(ones(2));
    let calls = 0;
    const handle = net.registerForwardHook(() => void calls++);
    for (let i = 0; i < 5; i++) step(ones(2));
    expect(calls).toBe(5);
    handle.remove();
    const before = compile.stats().replayed;
    for (let i = 0; i < 5; i++) step(ones(2));
    expect(compile.stats().replayed - before).toBe(5);
  });

  it('a seed that is set inside, and a generator that is put back', async () => {
    const seeded = compile((x: Tensor) => {
      manualSeed(4);
      return F.dropout(x, 0.5);
    });
    const linear = new nn.Linear(8, 8);
    const net = new nn.Sequential(linear, new nn.Dropout(0.5), new nn.Linear(8, 1));
    const again = compile((x: Tensor) => {
      net.zeroGrad();
      utils.checkpoint.checkpoint(net, x, { useReentrant: false }).sum().backward();
      return linear.weight.grad?.clone() as Tensor;
    });
    const first = await seeded(ones(32)).tolist();
    for (let i = 0; i < 6; i++) {
      expect(await seeded(ones(32)).tolist()).toEqual(first);
      again(ones(2, 8));
    }
    expect(told()).toContain('as the same random numbers are drawn at each call');
    expect(told()).toContain('as the same random numbers are drawn twice');
  });

  it('hooks on what graphs save, and a search for anomalies', () => {
    const net = new nn.Linear(2, 2);
    const step = compile((x: Tensor) => {
      net.zeroGrad();
      const loss = net(x).square().sum();
      loss.backward();
      return loss;
    });
    for (let i = 0; i < 5; i++) step(ones(2));
    let packed = 0;
    const before = compile.stats().replayed;
    autograd.graph.savedTensorsHooks(
      (t) => {
        packed++;
        return t;
      },
      (t) => t,
      () => step(ones(2)),
    );
    autograd.detectAnomaly(() => step(ones(2)));
    expect(packed).toBeGreaterThan(0);
    expect(compile.stats().replayed).toBe(before);
    step(ones(2));
    expect(compile.stats().replayed).toBe(before + 1);
  });

  it('throws with fullgraph', () => {
    const step = compile((x: Tensor) => void x.item(), { fullgraph: true });
    step(ones(1));
    expect(() => step(ones(1))).toThrow('a value is read');
  });

  it('more kinds of calls than there may be plans', () => {
    const step = compile(function doubled(x: Tensor) {
      return x.mul(2);
    });
    for (let n = 1; n < 12; n++) for (let i = 0; i < 4; i++) step(ones(n));
    expect(told()).toContain(
      'doubled has 8 plans, so calls of other kinds run as they are from now on. Last, tensor 0 of the arguments was float32 [8] on wasm, now float32 [9] on wasm.',
    );
    expect(compile.explain(step)(ones(2))).toContain('1 mul');
  });
});
