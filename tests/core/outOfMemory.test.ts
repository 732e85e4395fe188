// Memory that is short: what is freed counts at once, an error leaves everything as it was, and the next try works.
import { afterEach, describe, expect, it } from 'vitest';
import * as k from '../../src';

const MEGABYTE = 2 ** 20;
const floats = (megabytes: number): number => megabytes * 2 ** 18;

afterEach(() => {
  k.shutdown();
});

describe.each([0, 2])('with %i workers', (threads) => {
  const start = async (): Promise<void> => {
    await k.init({ threads, maxMemory: 64 * MEGABYTE });
    await k.ones(1).item();
  };

  it('uploads get blocks that commands on their way still use', async () => {
    await start();
    const last: k.Tensor[] = [];
    for (let i = 0; i < 20; i++) {
      const sum = k.scope(() => {
        let x = k.zeros(floats(5));
        for (let j = 0; j < 6; j++) x = x.add(1);
        return x.sum();
      });
      const batch = k.fromArray(new Float32Array(floats(3)).fill(i), [floats(3)]);
      last.push(
        k.scope(() => batch.mean()),
        sum,
      );
      batch.release();
    }
    const values = await Promise.all(last.map((t) => t.item()));
    expect(values).toEqual(Array.from({ length: 20 }, (_, i) => [i, 6 * floats(5)]).flat());
  });

  it('training goes on after the limit was once reached', async () => {
    await start();
    const hold: k.Tensor[] = [];
    expect(() => {
      for (;;) hold.push(k.zeros(256, 1024));
    }).toThrow(k.OutOfMemoryError);
    for (const t of hold) t.release();
    await k.synchronize();

    const net = new k.nn.Linear(256, 10);
    const optimizer = new k.optim.Adam(net.parameters());
    const data = new Float32Array(64 * 256).fill(0.5);
    let loss = k.zeros(1);
    for (let i = 0; i < 30; i++) {
      k.scope(() => {
        loss = k.keep(
          net(k.fromArray(data, [64, 256]))
            .square()
            .mean(),
        );
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
      });
    }
    expect(await loss.item()).toBeLessThan(0.1);
  });

  /** Whether a step of training on so many samples fits. Nothing is awaited. */
  function attempts(): { fits: (batch: number) => boolean; weights: () => Promise<number> } {
    const net = new k.nn.Sequential(new k.nn.Linear(64, 128), new k.nn.ReLU(), new k.nn.Linear(128, 10));
    const optimizer = new k.optim.SGD(net.parameters(), { lr: 1e-3, momentum: 0.9 });
    const fits = (batch: number): boolean => {
      try {
        optimizer.zeroGrad();
        net(k.zeros(batch, 64)).square().mean().backward();
        optimizer.step();
        return true;
      } catch (error) {
        if (error instanceof k.OutOfMemoryError) return false;
        throw error;
      }
    };
    return { fits, weights: () => net.parameters()[0].sum().item() };
  }

  // A sample takes 2,400 bytes at the most: input, two hidden layers, their gradients.
  it.each([
    ['from below', 1],
    ['from above', 65_536],
  ])('a search for the largest batch finds it %s', async (_, first) => {
    await start();
    const { fits, weights } = attempts();
    const before = await weights();
    let batch = first;
    while (fits(batch)) batch *= 2;
    while (!fits(batch)) batch /= 2;
    // 16,384, or somewhat less: the inputs of attempts that failed are the page's, and stay until it yields.
    expect(batch).toBeGreaterThanOrEqual(4096);
    expect(batch).toBeLessThanOrEqual(16_384);
    // The attempts that failed have changed nothing.
    expect(await weights()).toBeCloseTo(before, 3);
  });

  it('what there was when memory ran out is intact', async () => {
    await start();
    const hold: k.Tensor[] = [];
    expect(() => {
      for (let i = 0; ; i++) hold.push(k.full([floats(1)], i));
    }).toThrow(/nothing was awaited|must stay under/);
    const first = await Promise.all(hold.map((t) => t.at(0).item()));
    expect(first).toEqual(hold.map((_, i) => i));
  });
});
