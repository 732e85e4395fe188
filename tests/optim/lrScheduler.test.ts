import { describe, expect, it } from 'vitest';
import { nn, optim, zeros } from '../../src/index';
import { camelCaseOptions } from '../conformance/names';
import type { CaseTolerance } from '../conformance/values';
import { assertClose } from '../harness/allclose';
import { readCases } from '../harness/conformance';

const { Adam, lrScheduler, SGD } = optim;

const SCHEDULERS = {
  ConstantLR: lrScheduler.ConstantLR,
  CosineAnnealingLR: lrScheduler.CosineAnnealingLR,
  ExponentialLR: lrScheduler.ExponentialLR,
  LambdaLR: lrScheduler.LambdaLR,
  LinearLR: lrScheduler.LinearLR,
  MultiplicativeLR: lrScheduler.MultiplicativeLR,
  MultiStepLR: lrScheduler.MultiStepLR,
  PolynomialLR: lrScheduler.PolynomialLR,
  ReduceLROnPlateau: lrScheduler.ReduceLROnPlateau,
  StepLR: lrScheduler.StepLR,
};

interface SchedulerCase extends CaseTolerance {
  id: string;
  options: Record<string, unknown>;
  optimizer: { cls: 'SGD' | 'Adam'; options: Record<string, unknown>; groups: Record<string, unknown>[] };
  metrics?: number[];
  lrs: number[][];
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

function start({ optimizer, options }: SchedulerCase, name: keyof typeof SCHEDULERS) {
  const { cls, options: optimizerOptions, groups } = optimizer;
  const params = groups.map((group) => ({ params: [parameter()], ...group }));
  const given = camelCaseOptions(optimizerOptions);
  const target = cls === 'SGD' ? new SGD(params, given) : new Adam(params, given);
  const scheduled = camelCaseOptions(options);
  const Class = SCHEDULERS[name] as new (
    ...args: unknown[]
  ) => optim.lrScheduler.LRScheduler | optim.lrScheduler.ReduceLROnPlateau;
  const { lrLambda } = scheduled;
  return { target, scheduler: new Class(target, isLambda(lrLambda) ? LAMBDAS[lrLambda.$expr] : scheduled) };
}

describe.each(Object.keys(SCHEDULERS) as (keyof typeof SCHEDULERS)[])('%s', (name) => {
  const cases = readCases<SchedulerCase>(`lr_scheduler/lr_scheduler.${name}`);

  it.each(cases.map((c) => [c.id, c] as const))('%s', (_, c) => {
    const { target, scheduler } = start(c, name);
    const half = Math.floor(c.lrs.length / 2);
    let running = scheduler;
    c.lrs.forEach((expected, k) => {
      // Half way, a new scheduler goes on from the state of the old one.
      if (k === half) {
        const state = running.stateDict();
        const rates = target.paramGroups.map(({ lr }) => lr);
        const { scheduler: other } = start(c, name);
        const moved = Object.assign(other, { optimizer: target });
        target.paramGroups.forEach((group, i) => (group.lr = rates[i]));
        moved.loadStateDict(state);
        running = moved;
      }
      if (k > 0) {
        if (running instanceof lrScheduler.ReduceLROnPlateau) running.step(c.metrics?.[k - 1] ?? NaN);
        else running.step();
      }
      const actual = target.paramGroups.map(({ lr }) => lr);
      assertClose(actual, expected, c, `rates after step ${k}`);
      expect(running.getLastLr()).toEqual(actual);
    });
  });
});

describe('schedulers', () => {
  it('name their state as PyTorch does', () => {
    const scheduler = new lrScheduler.StepLR(new SGD([parameter()], 0.5), 3);
    scheduler.step();
    expect(scheduler.stateDict()).toEqual({
      step_size: 3,
      gamma: 0.1,
      base_lrs: [0.5],
      last_epoch: 1,
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
      'StepLR: stepSize must be an integer of at least 1, got 0.',
    );
    expect(() => new lrScheduler.ConstantLR(optimizer, 2)).toThrow('ConstantLR: factor must be in [0, 1], got 2.');
    expect(() => new lrScheduler.LinearLR(optimizer, 0)).toThrow('LinearLR: startFactor must be in (0, 1]');
    expect(() => new lrScheduler.LambdaLR(optimizer, [])).toThrow(
      'LambdaLR: lrLambda must be a function or one per group (1), got 0.',
    );
    expect(() => new lrScheduler.ReduceLROnPlateau(optimizer, { factor: 1 })).toThrow(
      'ReduceLROnPlateau: factor must be less than 1, got 1.',
    );
  });
});
