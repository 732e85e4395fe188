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
