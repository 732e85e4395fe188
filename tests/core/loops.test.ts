// Loops that await nothing, as PyTorch's users write them, in little memory: they must come to their end, and what is still
// held must be there.
import { instruments } from '../../src/device/instruments';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';

// Budgets are counted to the byte here; the guard words of the checking mode take some.
instruments.current = null;

const MEGABYTE = 2 ** 20;
const { nn, optim } = k;
const F = nn.functional;

const start = (megabytes: number): Promise<void> => k.init({ threads: 0, maxMemory: megabytes * MEGABYTE });

beforeEach(() => void k.manualSeed(0));
afterEach(() => {
  k.shutdown();
});

describe('training', () => {
  it('of a chain of layers, its loss read every 50th step', async () => {
    await start(64);
    const net = new nn.Sequential(
      new nn.Linear(4, 64),
      new nn.Tanh(),
      new nn.Linear(64, 64),
      new nn.Tanh(),
      new nn.Linear(64, 2),
    );
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.5 });
    const x = k.randn(2048, 4);
    const y = x.sum(1).gt(0).long();
    const losses: number[] = [];
    for (let step = 0; step < 101; step++) {
      const loss = F.crossEntropy(net(x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      if (step % 50 === 0) losses.push(await loss.item());
    }
    expect(losses[2]).toBeLessThan(0.3 * losses[0]);
  });

  it('of a module of the user, with batches by index and gradients that are looked at', async () => {
    await start(64);
    class Block extends nn.Module {
      readonly query = new nn.Linear(32, 96);
      readonly out = new nn.Linear(32, 32);
      readonly norm = new nn.LayerNorm(32);
      override forward(x: Tensor): Tensor {
        const [q, key, v] = this.query(this.norm(x)).chunk(3, -1);
        const weights = F.softmax(q.matmul(key.transpose(-2, -1)).mul(1 / Math.sqrt(32)), -1);
        return x.add(F.gelu(this.out(weights.matmul(v))));
      }
    }
    class Model extends nn.Module {
      readonly embedding = new nn.Embedding(17, 32);
      readonly blocks = new nn.ModuleList([new Block(), new Block()]);
      readonly head = new nn.Linear(32, 17);
      override forward(ids: Tensor): Tensor {
        let x = this.embedding(ids);
        for (const block of this.blocks) x = block(x);
        return this.head(x);
      }
    }
    const model = new Model();
    const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-2 });
    const data = k.arange(1000).remainder(17).long();
    let loss = k.zeros(1);
    for (let step = 0; step < 60; step++) {
      const ix = k.randint(960, [32, 1]).add(k.arange(32));
      loss = F.crossEntropy(model(data.at(ix)).view(-1, 17), data.at(ix.add(1)).view(-1));
      optimizer.zeroGrad();
      loss.backward();
      for (const p of model.parameters()) p.grad?.mul_(1);
      optimizer.step();
    }
    expect(await loss.item()).toBeLessThan(1);
  });

  it('of what is attacked: a new leaf with a gradient in each step', async () => {
    await start(2048);
    const net = new nn.Linear(1024, 4);
    const images = k.rand(1024, 1024);
    let changed = k.zeros(1);
    for (let i = 0; i < 150; i++) {
      const x = images.clone().detach().requiresGrad_();
      net(x).square().sum().backward();
      if (x.grad === null) throw new Error('no gradient');
      changed = net(x.add(x.grad.sign().mul(0.1)).clamp(0, 1))
        .sub(net(images))
        .abs()
        .sum();
    }
    expect(await changed.item()).toBeGreaterThan(1);
    expect(k.memory().peak).toBeLessThan(960 * MEGABYTE);
  });

  it('of leaves made one after the other, of which each waits for its turn', async () => {
    await start(2048);
    const leaves = Array.from({ length: 24 }, (_, i) => k.full([512, 1024], i + 1).requiresGrad_());
    for (const leaf of leaves) {
      for (let i = 0; i < 4; i++) {
        leaf.mul(2).sum().backward();
        k.noGrad(() => leaf.add_(leaf.grad ?? NaN));
        leaf.grad = null;
      }
    }
    const means = await Promise.all(leaves.map((leaf) => leaf.mean().item()));
    expect(means).toEqual(leaves.map((_, i) => i + 9));
  });

  it('by hand, without modules', async () => {
    await start(64);
    const w = k.randn(64, 64).mul(0.1).requiresGrad_();
    const v = k.randn(64, 1).mul(0.1).requiresGrad_();
    const x = k.randn(2048, 64);
    const y = x.at(':', ':1').mul(0.5);
    const losses: Tensor[] = [];
    for (let step = 0; step < 100; step++) {
      const loss = x.matmul(w).tanh().matmul(v).sub(y).square().mean();
      loss.backward();
      k.noGrad(() => {
        for (const p of [w, v]) {
          if (p.grad !== null) p.sub_(p.grad.mul(0.5));
          p.grad = null;
        }
      });
      losses.push(loss);
    }
    const values = await Promise.all(losses.map((loss) => loss.item()));
    expect(values[99]).toBeLessThan(0.1 * values[0]);
  });
});

describe('without gradients', () => {
  it('a value that is replaced by what a net makes of it', async () => {
    await start(64);
    const net = new nn.Linear(64, 64);
    let x = k.randn(4096, 64);
    k.noGrad(() => {
      for (let i = 0; i < 300; i++) x = k.tanh(net(x));
    });
    expect(Number.isFinite(await x.sum().item())).toBe(true);
  });

  it('arithmetic, within its budget of the memory', async () => {
    await start(2048);
    let x = k.zeros(1024, 1024);
    for (let i = 0; i < 200; i++) x = x.mul(0.5).add(1);
    expect(await x.mean().item()).toBeCloseTo(2, 6);
    expect(k.memory().peak).toBeLessThan(640 * MEGABYTE);
  });

  it('results that nobody looks at', async () => {
    await start(64);
    const x = k.ones(256, 1024);
    let y = x;
    for (let i = 0; i < 300; i++) y = x.mul(i);
    expect(await y.mean().item()).toBe(299);
  });

  it('results that nobody looks at, where there is memory for more', async () => {
    await start(2048);
    const x = k.ones(1024, 1024);
    let y = x;
    k.noGrad(() => {
      for (let i = 0; i < 500; i++) y = x.mul(2);
    });
    expect(await y.mean().item()).toBe(2);
    expect(k.memory().peak).toBeLessThan(960 * MEGABYTE);
  });

  it('a net that is called where noGrad was forgotten', async () => {
    await start(64);
    const net = new nn.Sequential(new nn.Linear(4, 64), new nn.Tanh(), new nn.Linear(64, 4));
    let y = k.zeros(1);
    for (let i = 0; i < 200; i++) y = net(k.ones(2048, 4));
    expect((await y.data()).length).toBe(2048 * 4);
  });

  it('a text that grows by what a model says next', async () => {
    await start(64);
    const embedding = new nn.Embedding(10, 64);
    const model = new nn.TransformerEncoderLayer(64, 2, 128, { dropout: 0, batchFirst: true });
    const head = new nn.Linear(64, 10);
    let ids = k.zeros([8, 1], { dtype: 'int64' });
    k.noGrad(() => {
      for (let i = 0; i < 60; i++) {
        const logits = head(model(embedding(ids))).at(':', -1);
        ids = k.cat([ids, F.softmax(logits, -1).multinomial(1)], 1);
      }
    });
    expect((await ids.data()).length).toBe(8 * 61);
  });
});

describe('what is still held', () => {
  const work = (rounds: number): Tensor => {
    let x = k.zeros(256, 1024);
    for (let i = 0; i < rounds; i++) x = x.mul(0.5).add(1);
    return x;
  };

  it('is there: data, copies, results, what modules hold, what is kept', async () => {
    await start(64);
    const samples = Array.from({ length: 8 }, (_, i) => k.full([256, 1024], i));
    const copy = samples[3].clone();
    class Remembers extends nn.Module {
      last = k.zeros(1);
      override forward(x: Tensor): Tensor {
        this.last = x.mul(2);
        return this.last.add(1);
      }
    }
    const module = new Remembers();
    const given = [1, 2, 3, 4].map((i) => module(k.full([256, 1024], i)));
    const kept = k.keep(work(1));
    kept.sum();
    work(200);
    for (const sample of samples) sample.add(1);
    work(200);
    const values = [...samples, copy, module.last, ...given, kept].map((t) => t.mean().item());
    expect(await Promise.all(values)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 3, 8, 3, 5, 7, 9, 1]);
  });

  it('or its use says what became of it, and how to keep it', async () => {
    await start(64);
    const states: Tensor[] = [];
    let x = k.zeros(256, 1024);
    for (let i = 0; i < 200; i++) states.push((x = x.add(1)));
    expect(await x.mean().item()).toBe(200);
    expect(states[0].isFreed).toBe(true);
    const message =
      /^mul: a tensor of shape \[256, 1024\] was freed, as nothing was awaited for \d+ operations, .* keep\(\) it or return it .*await loss\.item\(\)\.$/;
    expect(() => states[0].mul(2)).toThrow(message);
    await expect(states[0].data()).rejects.toThrow(k.FreedError);
    expect(() => {
      states[0].release();
    }).not.toThrow();
  });

  it('and where all of it is kept the error speaks of the loop', async () => {
    await start(64);
    const kept: Tensor[] = [];
    const message = /Nothing was awaited for \d+ operations, .*await loss\.item\(\).*scope\(/;
    expect(() => {
      for (let i = 0; ; i++) kept.push(k.keep(k.full([1024], i).expand(16, 1024).clone()));
    }).toThrow(message);
    expect(await Promise.all(kept.slice(0, 20).map((t) => t.mean().item()))).toEqual(
      kept.slice(0, 20).map((_, i) => i),
    );
  });
});

describe('a search for the largest batch', () => {
  const largest = (attempt: (batch: number) => void): number => {
    for (let batch = 65536; batch >= 1; batch /= 2) {
      try {
        attempt(batch);
        return batch;
      } catch (error) {
        expect(error).toBeInstanceOf(k.OutOfMemoryError);
      }
    }
    return 0;
  };

  it('finds it with a net', async () => {
    await start(64);
    const net = new nn.Sequential(
      new nn.Linear(64, 256),
      new nn.ReLU(),
      new nn.Linear(256, 256),
      new nn.ReLU(),
      new nn.Linear(256, 1),
    );
    const optimizer = new optim.Adam(net.parameters());
    const found = largest((batch) => {
      const loss = net(k.randn(batch, 64)).square().mean();
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    });
    expect(found).toBeGreaterThanOrEqual(4096);
    for (const p of net.parameters()) expect(Number.isFinite(await p.sum().item())).toBe(true);
  });

  it('finds it without', async () => {
    await start(64);
    const data = k.randn(65536, 16);
    const w = k.randn(16, 512).requiresGrad_();
    const found = largest((batch) => {
      data.at(`:${batch}`).matmul(w).tanh().mul(2).exp().sum().backward();
    });
    expect(found).toBe(4096);
    expect(Number.isFinite(await w.sum().item())).toBe(true);
  });
});
