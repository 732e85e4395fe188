import { describe, expect, it } from 'vitest';
import { nn, optim, zeros } from '../../src';
import { camelCaseOptions } from '../conformance/names';
import type { CaseTolerance } from '../conformance/values';
import { assertClose } from '../harness/allclose';
import { readCases } from '../harness/conformance';

const { Adam, lrScheduler, SGD } = optim;

type Scheduler = optim.lrScheduler.LRScheduler | optim.lrScheduler.ReduceLROnPlateau;

const NAMES = Object.keys(lrScheduler).filter((name) => name !== 'LRScheduler') as Exclude<
  keyof typeof lrScheduler,
  'LRScheduler'
>[];

interface Made {
  cls: (typeof NAMES)[number];
  options: Record<string, unknown>;
}

interface SchedulerCase extends CaseTolerance {
  id: string;
  options: Record<string, unknown>;
  optimizer: { cls: 'SGD' | 'Adam'; options: Record<string, unknown>; groups: Record<string, unknown>[] };
  metrics?: number[];
  epochs?: number[];
  lrs: number[][];
  momenta?: number[][];
}

/** Lambdas are stored as text; those that occur are these. */
const LAMBDAS: Record<string, (epoch: number) => number> = {
  '0.95 ** epoch': (epoch) => 0.95 ** epoch,
  '1 - epoch / 60': (epoch) => 1 - epoch / 60,
  '0.95': () => 0.95,
  '1 - 0.01 * epoch': (epoch) => 1 - 0.01 * epoch,
};
const isLambda = (value: unknown): value is { $expr: string } =>
  typeof value === 'object' && value !== null && '$expr' in value;

const parameter = (): nn.Parameter => new nn.Parameter(zeros(2));

function schedule(target: optim.Optimizer, { cls, options }: Made): Scheduler {
  const { lrLambda, schedulers, ...rest } = camelCaseOptions(options);
  const parts = (schedulers as Made[] | undefined)?.map((part) => schedule(target, part));
  const make = (...args: unknown[]): Scheduler => Reflect.construct(lrScheduler[cls], args) as Scheduler;
  if (cls === 'ChainedScheduler') return make(parts);
  if (parts !== undefined) return make(target, parts, rest.milestones);
  return make(target, isLambda(lrLambda) ? LAMBDAS[lrLambda.$expr] : rest);
}

function start({ optimizer, options }: SchedulerCase, cls: Made['cls']) {
  const params = optimizer.groups.map((group) => ({ params: [parameter()], ...group }));
  const given = camelCaseOptions(optimizer.options);
  const target: optim.Optimizer = optimizer.cls === 'SGD' ? new SGD(params, given) : new Adam(params, given);
  return { target, scheduler: schedule(target, { cls, options }) };
}

const momentumOf = (group: object): number => {
  const { momentum, betas } = group as { momentum?: number; betas?: number[] };
  return momentum ?? betas?.[0] ?? NaN;
};

describe.each(NAMES)('%s', (name) => {
  const cases = readCases<SchedulerCase>(`lr_scheduler/lr_scheduler.${name}`);

  it.each(cases.map((c) => [c.id, c] as const))('%s', (_, c) => {
    const half = Math.floor(c.lrs.length / 2);
    let { target, scheduler } = start(c, name);
    c.lrs.forEach((expected, k) => {
      // Half way, a new optimizer and scheduler go on from the state of the old ones.
      if (k === half) {
        const [options, state] = [target.stateDict(), scheduler.stateDict()];
        ({ target, scheduler } = start(c, name));
        target.loadStateDict(options);
        scheduler.loadStateDict(state);
      }
      if (k > 0) {
        target.step();
        const argument = c.metrics?.[k - 1] ?? c.epochs?.[k - 1];
        scheduler.step(argument as number);
      }
      const actual = target.paramGroups.map(({ lr }) => lr);
      assertClose(actual, expected, c, `rates after step ${k}`);
      expect(scheduler.getLastLr()).toEqual(actual);
      if (c.momenta !== undefined) {
        assertClose(target.paramGroups.map(momentumOf), c.momenta[k], c, `momenta after step ${k}`);
      }
    });
  });
});

describe('schedulers', () => {
  it('name their state as PyTorch does', () => {
    const optimizer = new SGD([parameter()], 0.5);
    const scheduler = new lrScheduler.StepLR(optimizer, 3);
    optimizer.step();
    scheduler.step();
    expect(scheduler.stateDict()).toEqual({
      step_size: 3,
      gamma: 0.1,
      base_lrs: [0.5],
      verbose: false,
      last_epoch: 1,
      _step_count: 2,
      _last_lr: [0.5],
    });
  });

  it('go on from an epoch only with the rates to start from', () => {
    const optimizer = new SGD([parameter()], 0.5);
    expect(() => new lrScheduler.StepLR(optimizer, 3, 0.1, 4)).toThrow(
      'StepLR: to go on from epoch 4, groups need an initialLr, got none.',
    );
    optimizer.paramGroups[0].initialLr = 0.5;
    expect(new lrScheduler.StepLR(optimizer, 3, 0.1, 4).lastEpoch).toBe(5);
  });

  it('refuse bad options', () => {
    const optimizer = new SGD([parameter()], 0.5);
    expect(() => new lrScheduler.StepLR(optimizer, 0)).toThrow(
      'StepLR: stepSize must be a whole number of at least 1, got 0.',
    );
    expect(() => new lrScheduler.ConstantLR(optimizer, 2)).toThrow('ConstantLR: factor must be in [0, 1], got 2.');
    expect(() => new lrScheduler.LinearLR(optimizer, 0)).toThrow('LinearLR: startFactor must be in (0, 1]');
    expect(() => new lrScheduler.LambdaLR(optimizer, [])).toThrow(
      'LambdaLR: lrLambda must be one or one per group (1), got 0.',
    );
    expect(() => new lrScheduler.CyclicLR(new Adam([parameter()]), 0.1, 1)).toThrow(
      'CyclicLR: the optimizer must have the option momentum for cycleMomentum. Set cycleMomentum to false.',
    );
    const one = new lrScheduler.OneCycleLR(optimizer, 1, 2);
    optimizer.step();
    one.step();
    one.step();
    expect(() => one.step()).toThrow('OneCycleLR: the cycle has 2 steps, got step 4.');
    expect(() => new lrScheduler.OneCycleLR(optimizer, 1, { epochs: 2 })).toThrow('OneCycleLR: totalSteps, or epochs');
    expect(() => new lrScheduler.SequentialLR(optimizer, [one], [1])).toThrow(
      'SequentialLR: 1 schedulers need one milestone fewer, got 1.',
    );
    expect(() => new lrScheduler.SequentialLR(new SGD([parameter()], 1), [one], [])).toThrow(
      'SequentialLR: all schedulers must have the same optimizer, got another at 0.',
    );
    expect(() => new lrScheduler.ReduceLROnPlateau(optimizer, { factor: 1 })).toThrow(
      'ReduceLROnPlateau: factor must be less than 1, got 1.',
    );
  });
});
