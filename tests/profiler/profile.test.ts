// The profiler: what it records, how it adds up, and that nothing observes once it has ended.
import { afterEach, describe, expect, it } from 'vitest';
import { nn, optim, profiler, randn, type Tensor } from '../../src';
import { observing } from '../../src/base/observer';

const { ProfilerAction, profile, recordFunction, schedule } = profiler;

class Net extends nn.Module {
  features = new nn.Sequential(new nn.Linear(6, 8), new nn.ReLU());
  head = new nn.Linear(8, 3);
  override forward(x: Tensor): Tensor {
    return this.head(this.features(x));
  }
}

const net = new Net();
const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 });

/** A step of training. */
function train(): void {
  optimizer.zeroGrad();
  const loss = recordFunction('forward', () => net(randn(4, 6)).square().mean());
  loss.backward();
  void optimizer.step();
}

afterEach(() => {
  expect(observing.current).toBeNull();
});

describe('what is recorded', () => {
  it('operations, modules by their place, gradient rules, steps of optimizers, parts with names', async () => {
    const prof = await profile(train, { recordShapes: true });
    const spans = prof.events();
    const places = spans.filter(({ kind }) => kind === 'module').map(({ name, module }) => [name, module?.path]);
    expect(places).toEqual([
      ['Net', 'Net'],
      ['Sequential', 'Net.features'],
      ['Linear', 'Net.features.0'],
      ['ReLU', 'Net.features.1'],
      ['Linear', 'Net.head'],
    ]);
    const linear = spans.filter(({ name, forward }) => name === 'linear' && forward === null);
    expect(linear.map(({ module, shapes }) => [module?.path, shapes])).toEqual([
      ['Net.features.0', [[4, 6], [8, 6], [8]]],
      ['Net.head', [[4, 8], [3, 8], [3]]],
    ]); // prettier-ignore
    const rules = spans.filter(({ kind, name }) => kind === 'backward' && name !== 'AccumulateGrad');
    expect(rules.map(({ name, forward, module }) => [name, forward?.name, module?.path ?? null])).toEqual([
      ['MeanBackward0', 'mean', null],
      ['SquareBackward0', 'square', null],
      ['LinearBackward0', 'linear', 'Net.head'],
      ['ReluBackward0', 'relu', 'Net.features.1'],
      ['LinearBackward0', 'linear', 'Net.features.0'],
    ]);
    expect(rules.every(({ parent }) => parent?.kind === 'walk')).toBe(true);
    expect(spans.filter(({ kind }) => kind === 'optimizer').map(({ name }) => name)).toEqual(['SGD.step']);
    expect(spans.filter(({ kind }) => kind === 'user').map(({ name }) => name)).toEqual(['forward']);
  });

  it('spans lie inside one another', async () => {
    const prof = await profile(train);
    for (const { start, end, parent } of prof.events()) {
      expect(end).toBeGreaterThanOrEqual(start);
      if (parent !== null) expect(start >= parent.start && end <= parent.end).toBe(true);
    }
  });

  it('who called, and for a gradient rule who called the operation', async () => {
    function inner(x: Tensor): Tensor {
      return x.exp();
    }
    const x = randn(3, { requiresGrad: true });
    const prof = await profile(() => inner(x).sum().backward(), { withStack: true });
    const of = (name: string): readonly string[] => prof.events().find((span) => span.name === name)?.stack ?? [];
    expect(of('exp')[0]).toMatch(/^inner \(.*profile\.test\.ts:\d+:\d+\)$/);
    expect(of('ExpBackward0')).toEqual(of('exp'));
    expect(of('backward')[0]).toMatch(/profile\.test\.ts/);
    const without = await profile(() => inner(x));
    expect(without.events().every(({ stack, shapes }) => stack === null && shapes === null)).toBe(true);
  });

  it('an async part lasts until its promise settles', async () => {
    const prof = await profile(async () => {
      await recordFunction('waiting', async () => {
        await randn(2).exp().data();
      });
    });
    const [span] = prof.events().filter(({ kind }) => kind === 'user');
    expect(span.end).toBeGreaterThan(span.returned);
  });

  it('parts by using, and those that are left open', async () => {
    const prof = profile();
    {
      using part = recordFunction('outer');
      expect(part).toBeDefined();
      randn(2).exp();
    }
    recordFunction('open');
    randn(2).log();
    await prof.stop();
    const [exp] = prof.events().filter(({ name }) => name === 'exp');
    const [log] = prof.events().filter(({ name }) => name === 'log');
    expect([exp.parent?.name, log.parent?.name]).toEqual(['outer', 'open']);
    expect(prof.events().every(({ end }) => !Number.isNaN(end))).toBe(true);
    // Nobody listens.
    const part = recordFunction('nothing');
    part.end();
    part.end();
    expect(recordFunction('nothing', () => 3)).toBe(3);
  });

  it('errors end spans and the profile', async () => {
    const failing = profile(() => recordFunction('failing', () => randn(2).add(randn(3))));
    await expect(failing).rejects.toThrow(/add: /);
    const prof = profile();
    expect(() => randn(2).matmul(randn(3))).toThrow();
    randn(2).exp();
    await prof.stop();
    expect(prof.events().find(({ name }) => name === 'exp')?.parent).toBeNull();
  });
});

describe('averages', () => {
  it('add up to the steps, each moment once', async () => {
    const prof = await profile((prof) => {
      for (let i = 0; i < 3; i++) {
        train();
        prof.step();
      }
    });
    const averages = prof.keyAverages();
    const steps = averages.find('ProfilerStep*');
    expect(steps?.count).toBe(3);
    expect(averages.selfCpuTimeTotal).toBeCloseTo(steps?.cpuTimeTotal ?? 0, 3);
    const top = prof.events().filter(({ parent }) => parent === null);
    const inSpans = top.reduce((sum, { start, end }) => sum + 1000 * (end - start), 0);
    expect(averages.selfCpuTimeTotal - (steps?.selfCpuTimeTotal ?? 0)).toBeCloseTo(inSpans, 3);
    expect([...averages].every(({ selfCpuTimeTotal, cpuTimeTotal }) => selfCpuTimeTotal <= cpuTimeTotal + 1e-6)).toBe(
      true,
    );
  });

  it('by name, shape, module and caller', async () => {
    const prof = await profile(train, { recordShapes: true, withStack: true });
    const counts = (...args: Parameters<typeof prof.keyAverages>): unknown[] =>
      [...prof.keyAverages(...args)]
        .filter(({ key }) => key === 'linear' || key === 'nn.Module: Linear')
        .map(({ key, count, inputShapes, module }) => [key, count, inputShapes, module]);
    // The gradient of the second layer's input is a product by the same name.
    expect(counts()).toEqual([
      ['nn.Module: Linear', 2, '', ''],
      ['linear', 3, '', ''],
    ]);
    expect(counts({ groupByInputShape: true })).toEqual([
      ['nn.Module: Linear', 2, '', ''],
      ['linear', 1, '[[4, 6], [8, 6], [8]]', ''],
      ['linear', 1, '[[4, 8], [3, 8], [3]]', ''],
      ['linear', 1, '[[4, 3], [8, 3], []]', ''],
    ]);
    expect(counts({ groupByModule: true })).toEqual([
      ['nn.Module: Linear', 1, '', 'Net.features.0'],
      ['linear', 1, '', 'Net.features.0'],
      ['nn.Module: Linear', 1, '', 'Net.head'],
      ['linear', 2, '', 'Net.head'],
    ]);
    const [row] = [...prof.keyAverages({ groupByStackN: 1 })].filter(({ key }) => key === 'linear');
    expect(row.stack).toHaveLength(1);
  });

  it('modules have the time of their gradient rules, and the flops of both', async () => {
    const prof = await profile(train);
    const row = prof.keyAverages({ groupByModule: true }).find('nn.Module: Net');
    const rules = prof.events().filter(({ kind, module }) => kind === 'backward' && module !== null);
    const backward = rules.reduce((sum, { start, end }) => sum + 1000 * (end - start), 0);
    expect(row?.backwardCpuTimeTotal).toBeCloseTo(backward, 3);
    // Two products forward: 4 x 6 x 8 and 4 x 8 x 3 multiply-adds.
    expect(row?.flops).toBe(2 * (4 * 6 * 8 + 4 * 8 * 3));
    // Backward the first needs no gradient of its input.
    expect(prof.keyAverages().find('backward')?.flops).toBe(2 * (4 * 6 * 8 + 2 * 4 * 8 * 3));
  });

  it('the device: each kernel with what queued it, each command once', async () => {
    let first = 0;
    const prof = await profile(async () => {
      train();
      first = await randn(3).sum().item();
    });
    expect(first).not.toBeNaN();
    const averages = prof.keyAverages();
    const kernels = prof.kernelAverages();
    expect(kernels.selfDeviceTimeTotal).toBeGreaterThan(0);
    expect(averages.selfDeviceTimeTotal).toBeCloseTo(kernels.selfDeviceTimeTotal, 3);
    // Three products backward, two forward, which add the bias themselves.
    expect(kernels.find('gemm')).toMatchObject({ count: 5, flops: 2 * (2 * 4 * 6 * 8 + 3 * 4 * 8 * 3) });
    expect(kernels.find('gemm')?.backwardDeviceTimeTotal).toBeLessThan(kernels.find('gemm')?.deviceTimeTotal ?? 0);
    // Data that came and the values that were read belong to no operation.
    expect(averages.find('upload')?.count).toBe(1);
    expect(averages.find('Report')?.deviceTimeTotal).toBeGreaterThanOrEqual(0);
    const time = (key: string): number => prof.keyAverages({ groupByModule: true }).find(key)?.deviceTimeTotal ?? NaN;
    expect(time('nn.Module: Net')).toBeGreaterThan(0);
    expect(time('nn.Module: Net')).toBeLessThanOrEqual(averages.selfDeviceTimeTotal);
    expect(averages.find('backward')?.deviceTimeTotal).toBeGreaterThan(0);
    const { traceEvents } = JSON.parse(prof.exportChromeTrace()) as {
      traceEvents: { cat?: string; tid: number; args?: { op?: string } }[];
    };
    const slices = traceEvents.filter(({ cat }) => cat === 'kernel');
    // Those that verify guard words stand behind each.
    expect(slices.filter(({ args }) => args?.op === 'linear').length).toBeGreaterThanOrEqual(3);
    expect(new Set(slices.map(({ tid }) => tid))).toEqual(new Set([2]));
  });

  it('memory: what makes it, where there is most, and what holds it', async () => {
    const big = new nn.Sequential(new nn.Linear(64, 64), new nn.ReLU(), new nn.Linear(64, 2));
    const adam = new optim.Adam(big.parameters());
    const x = randn(128, 64);
    const prof = await profile(
      (prof) => {
        for (let i = 0; i < 2; i++) {
          adam.zeroGrad();
          big(x).square().mean().backward();
          void adam.step();
          prof.step();
        }
      },
      { profileMemory: true },
    );
    const KB = 1024;
    const peaks = prof.memoryPeaks();
    expect(peaks.map(({ device, step }) => [device, step])).toEqual([['wasm', 0], ['wasm', 1], ['wasm', 2]]); // prettier-ignore
    for (const { bytes, holders } of peaks) {
      expect(holders.reduce((sum, holder) => sum + holder.bytes, 0)).toBe(bytes);
      expect(holders.map((holder) => holder.bytes)).toEqual(
        holders.map((holder) => holder.bytes).sort((a, b) => b - a),
      );
    }
    const held = (category: string, module: string, step = 1): number =>
      peaks[step].holders
        .filter((holder) => holder.category === category && holder.module === module)
        .reduce((sum, { bytes }) => sum + bytes, 0);
    // The output of the ReLU, which is saved for two gradients: 128 x 64 floats.
    expect(held('activation', 'Sequential.1')).toBe(32 * KB);
    // Two moments of each parameter and the count of its steps, from the second step on.
    expect(held('optimizerState', '', 1)).toBe(2 * 4 * (64 * 64 + 64 + 2 * 64 + 2) + 4 * 4);
    expect(held('optimizerState', '', 0)).toBe(0);
    const timeline = prof.memoryTimeline();
    timeline.reduce((total, event) => {
      expect(event.total).toBe(total + event.bytes);
      return event.total;
    }, 0);
    expect(Math.max(...timeline.map(({ total }) => total))).toBe(Math.max(...peaks.map(({ bytes }) => bytes)));
    expect(prof.keyAverages().find('linear')?.selfDeviceMemoryUsage).toBe(2 * 4 * (128 * 64 + 128 * 2 + 128 * 64));
    expect(prof.keyAverages().table()).toMatch(/WASM Mem +Self WASM Mem/);
    expect(prof.memorySummary({ rowLimit: 1 })).toMatch(
      /^Peak memory on wasm: [\d.]+ Kb, in step 1, held by\n +[\d.]+ Kb {2}\w+.*\n +[\d.]+ Kb {2}others\n$/,
    );
    const { traceEvents } = JSON.parse(prof.exportChromeTrace()) as {
      traceEvents: { ph: string; args: { bytes: number } }[];
    };
    expect(traceEvents.filter(({ ph }) => ph === 'C').map(({ args }) => args.bytes)).toEqual(
      timeline.map(({ total }) => total),
    );
    const without = await profile(() => x.exp());
    expect(() => without.memoryPeaks()).toThrow('memoryPeaks: memory must have been recorded');
  });

  it('as a table: sorted, cut, with sums below', async () => {
    const prof = await profile(train, { recordShapes: true });
    const averages = prof.keyAverages({ groupByInputShape: true });
    const lines = averages.table({ sortBy: 'count', rowLimit: 2, header: 'Mine' }).split('\n');
    expect(lines[1]).toBe('Mine');
    expect(lines[3]).toMatch(
      /^Name +Self CPU % +Self CPU +CPU total % +CPU total +CPU time avg +Self WASM +Self WASM % +WASM total +WASM time avg +Backward CPU +Backward WASM +# of Calls +Input Shapes +Total MFLOPs$/,
    );
    const rows = lines.slice(5, -4);
    expect(rows).toHaveLength(2);
    const most = Math.max(...[...averages].map(({ count }) => count));
    expect(rows[0]).toContain(` ${most}  `);
    expect(lines.slice(-3)).toEqual([
      expect.stringMatching(/^Self CPU time total: [\d.]+(us|ms|s)$/),
      expect.stringMatching(/^Self WASM time total: [\d.]+(us|ms|s)$/),
      '',
    ]);
    expect(averages.table({ rowLimit: -1 }).split('\n')).toHaveLength(averages.length + 7);
    expect(averages.table({ maxNameColumnWidth: 12 })).toContain('LinearBac...');
    expect(String(averages)).toBe(averages.table());
  });
});

describe('schedules', () => {
  // By torch.profiler.schedule of PyTorch 1.13; the last, with an argument of PyTorch 2.7, by its definition.
  it.each([
    [{ wait: 1, warmup: 1, active: 3, repeat: 2 }, [0, 1, 2, 2, 3, 0, 1, 2, 2, 3, 0, 0, 0, 0]],
    [{ wait: 0, warmup: 0, active: 2, repeat: 0, skipFirst: 3 }, [0, 0, 0, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2]],
    [{ wait: 2, warmup: 1, active: 1, repeat: 1, skipFirst: 1 }, [0, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    [{ wait: 3, warmup: 1, active: 1, skipFirst: 1, skipFirstWait: 1 }, [0, 1, 3, 0, 0, 0, 1, 3, 0, 0, 0, 1, 3, 0]],
  ])('%j', (options, actions) => {
    const of = schedule(options);
    expect(actions.map((_, step) => of(step))).toEqual(actions);
  });

  it('records its steps, and gives each cycle away', async () => {
    const seen: number[][] = [];
    const prof = await profile(
      async (prof) => {
        for (let step = 0; step < 9; step++) {
          for (let i = 0; i <= step; i++) randn(2).exp();
          prof.step();
          await Promise.resolve();
        }
        expect(prof.stepNum).toBe(9);
      },
      {
        schedule: schedule({ wait: 1, warmup: 1, active: 2, repeat: 2 }),
        onTraceReady: (prof) =>
          seen.push([prof.keyAverages().find('exp')?.count ?? 0, prof.keyAverages().find('ProfilerStep*')?.count ?? 0]),
      },
    );
    // Steps 2 and 3, then 6 and 7.
    expect(seen).toEqual([[3 + 4, 2], [7 + 8, 2]]); // prettier-ignore
    expect(prof.keyAverages().find('exp')?.count).toBe(15);
  });

  it('a profile can begin again; what its listener throws comes out of stop', async () => {
    const prof = profile({ onTraceReady: () => Promise.reject(new Error('mine')) });
    prof.start();
    randn(2).exp();
    await expect(prof.stop()).rejects.toThrow('mine');
    const again = profile();
    randn(2).exp();
    await again.stop();
    again.start();
    randn(2).exp();
    randn(2).exp();
    await again.stop();
    expect(again.keyAverages().find('exp')?.count).toBe(2);
    {
      await using short = profile({ schedule: () => ProfilerAction.NONE });
      expect(observing.current).toBeNull();
      short.step();
    }
  });
});

describe('as Trace Event JSON', () => {
  interface Event {
    readonly name: string;
    readonly ph: string;
    readonly pid: number;
    readonly tid: number;
    readonly ts: number;
    readonly dur: number;
    readonly id: number;
    readonly cat: string;
  }

  it('slices nest, async ones and flows have both ends', async () => {
    const prof = await profile(async (prof) => {
      for (let i = 0; i < 3; i++) {
        await recordFunction('part', async () => {
          train();
          await randn(2).data();
        });
        prof.step();
      }
    });
    const { traceEvents } = JSON.parse(prof.exportChromeTrace()) as { traceEvents: Event[] };
    const of = (ph: string): Event[] => traceEvents.filter((event) => event.ph === ph);
    expect(of('X').length).toBeGreaterThan(prof.events().length - 1);
    const open: Event[] = [];
    for (const event of of('X').filter(({ tid }) => tid === 1)) {
      expect(event.dur).toBeGreaterThanOrEqual(0);
      const end = event.ts + event.dur;
      while (open.length > 0 && (open.at(-1) as Event).ts + (open.at(-1) as Event).dur <= event.ts) open.pop();
      const around = open.at(-1);
      if (around !== undefined) expect(end).toBeLessThanOrEqual(around.ts + around.dur + 1e-6);
      open.push(event);
    }
    const keys = (ph: string): string[] => of(ph).map(({ cat, id, name }) => `${cat} ${id} ${name}`);
    expect(keys('e').sort()).toEqual(keys('b').sort());
    expect(keys('f').sort()).toEqual(keys('s').sort());
    expect(new Set(keys('b')).size).toBe(6);
    expect(of('M').map(({ name }) => name)).toEqual(expect.arrayContaining(['process_name', 'thread_name']));
  });

  it('and as User Timing measures', async () => {
    performance.clearMeasures();
    const prof = await profile(train);
    const measures = performance.getEntriesByType('measure');
    expect(measures.map(({ name }) => name)).toContain('nn.Module: Net');
    const [exp] = prof.events();
    const [first] = measures;
    expect(first.startTime).toBeCloseTo(exp.start, 6);
    performance.clearMeasures();
  });
});

describe('what is wrong is refused', () => {
  const wrong = (call: () => unknown, message: string | RegExp): void => expect(call).toThrow(message);
  it('by name', async () => {
    const at = profile as (...args: unknown[]) => unknown;
    wrong(() => at({ recordShape: true }), "profile: no option is called 'recordShape'");
    wrong(() => at({ recordShapes: 1 }), 'profile: recordShapes must be true or false');
    wrong(() => schedule(1, 1, 0), 'schedule: active must be a whole number of at least 1, got 0');
    const prof = profile();
    wrong(() => prof.keyAverages(), 'keyAverages: a profile must have ended');
    wrong(() => prof.exportChromeTrace(), 'exportChromeTrace: a profile must have ended');
    wrong(() => (prof.step as (n: number) => void)(1), 'Profile.step: takes at most 0 arguments');
    await prof.stop();
    wrong(() => prof.step(), 'step: the profile must be running');
    wrong(
      () => (prof.keyAverages as (o: object) => void)({ groupByShape: true }),
      "no option is called 'groupByShape'",
    );
    const averages = prof.keyAverages();
    wrong(() => averages.table('time'), 'table: sortBy must be');
    wrong(() => averages.table({ rowLimit: -2 }), 'table: rowLimit must be');
    wrong(() => recordFunction(1 as never), 'recordFunction: name must be a string');
  });
});
