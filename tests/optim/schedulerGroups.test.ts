// Schedulers of groups that were added after they were made, and such that go on from an epoch: PyTorch's rates and momenta
// (fixtures/schedulers.py), and what is said about the order of steps.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nn, optim, zeros } from '../../src';
import { camelCaseOptions } from '../conformance/names';
import { assertClose } from '../harness/allclose';

const { lrScheduler, SGD } = optim;

type Name = Exclude<keyof typeof lrScheduler, 'LRScheduler'>;
type Rates = [lr: number, momentum: number][];

interface Case {
  cls: Name;
  options: Record<string, unknown>;
  last_epoch: number;
  added: number | null;
  rates: (Rates | null)[];
}

const cases = JSON.parse(readFileSync(new URL('fixtures/schedulers.json', import.meta.url), 'utf8')) as Case[];
/** Options by the name of the scheduler, for those that are parts of others. */
const partOptions = new Map(cases.map(({ cls, options }) => [cls, options]));

const parameter = (): nn.Parameter => new nn.Parameter(zeros(1));

function make(optimizer: optim.Optimizer, cls: Name, options: Record<string, unknown>, lastEpoch: number): unknown {
  const { lrLambda, schedulers, ...rest } = camelCaseOptions(options);
  const parts = (schedulers as Name[] | undefined)?.map((part) =>
    make(optimizer, part, partOptions.get(part) ?? {}, lastEpoch),
  );
  const construct = (...args: unknown[]): unknown => Reflect.construct(lrScheduler[cls], args);
  if (cls === 'ChainedScheduler') return construct(parts);
  if (cls === 'SequentialLR') return construct(optimizer, parts, rest.milestones);
  if (lrLambda === undefined) return construct(optimizer, { ...rest, lastEpoch });
  return construct(optimizer, lrLambda === '0.9' ? () => 0.9 : (epoch: number) => 0.9 ** epoch, { lastEpoch });
}

function run({ cls, options, last_epoch: lastEpoch, added, rates }: Case): Rates[] {
  const groups = [0.1, 0.3].map((lr) => ({
    params: [parameter()],
    lr,
    ...(lastEpoch >= 0 && { initialLr: lr, maxLr: 5 * lr, minLr: lr / 100, maxMomentum: 0.95, baseMomentum: 0.85 }),
  }));
  const optimizer = new SGD(groups, { lr: 0.2, momentum: 0.9 });
  const scheduler = make(optimizer, cls, options, lastEpoch) as optim.lrScheduler.LRScheduler;
  const read = (): Rates => optimizer.paramGroups.map(({ lr, momentum }) => [lr, momentum]);
  const seen = [read()];
  for (let k = 0; k < rates.length - 1; k++) {
    if (k === added) optimizer.addParamGroup({ params: [parameter()], lr: 0.7, momentum: 0.5 });
    optimizer.step();
    scheduler.step();
    seen.push(read());
  }
  return seen;
}

const title = ({ cls, options, last_epoch, added }: Case): string => {
  const parts = (options.schedulers as string[] | undefined)?.join(', then ') ?? '';
  return `${cls} ${parts} from epoch ${last_epoch}, a group added ${added === null ? 'never' : `at step ${added}`}`;
};

describe('rates and momenta are those of PyTorch', () => {
  it.each(cases.map((c) => [title(c), c] as const))('%s', (_, c) => {
    run(c).forEach((actual, k) => {
      const expected = c.rates[k];
      // Where PyTorch raises, for a group without the bounds of a cycle, that group keeps its own.
      if (expected === null) return expect(actual[2]).toEqual([0.7, 0.5]);
      assertClose(actual.flat(), expected.flat(), { rtol: 1e-7, atol: 1e-12 }, `after step ${k}`);
    });
  });
});

describe('ReduceLROnPlateau', () => {
  const start = (minLr: number | number[]): { optimizer: optim.SGD; step: () => void } => {
    const optimizer = new SGD([parameter()], 0.1);
    const scheduler = new lrScheduler.ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5, minLr });
    scheduler.step(1);
    optimizer.addParamGroup({ params: [parameter()], lr: 0.8 });
    return { optimizer, step: () => scheduler.step(1) };
  };

  it('reduces the rate of a group that was added, down to the least rate of all', () => {
    const { optimizer, step } = start(0.3);
    const rates = [1, 2, 3].map(() => {
      step();
      return optimizer.paramGroups[1].lr;
    });
    expect(rates).toEqual([0.4, 0.3, 0.3]);
  });

  it('asks for the least rate of a group that was added where they have each their own', () => {
    const { step } = start([0.01]);
    expect(step).toThrow('minLr must be one for all groups, or one per group (2) now that groups were added, got 1.');
  });

  it('takes an epoch, and NaN as no improvement', () => {
    const optimizer = new SGD([parameter()], 0.1);
    const scheduler = new lrScheduler.ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5 });
    scheduler.step(1, 7);
    expect(scheduler.lastEpoch).toBe(7);
    scheduler.step(NaN);
    expect([scheduler.lastEpoch, optimizer.paramGroups[0].lr]).toEqual([8, 0.05]);
  });
});

it('a state dict of fewer groups leaves the others their rates', () => {
  const started = (count: number): optim.SGD =>
    new SGD(Array.from({ length: count }, () => ({ params: [parameter()] })), 0.4); // prettier-ignore
  const scheduler = new lrScheduler.LambdaLR(started(1), (epoch) => 0.5 ** epoch);
  scheduler.step();
  const optimizer = started(2);
  const resumed = new lrScheduler.LambdaLR(optimizer, (epoch) => 0.5 ** epoch);
  resumed.loadStateDict(scheduler.stateDict());
  resumed.step();
  expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.1, 0.4]);
});

describe('the order of steps', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  beforeEach(() => warn.mockClear());
  afterEach(() => warn.mockClear());
  const started = (): [optim.SGD, optim.lrScheduler.StepLR] => {
    const optimizer = new SGD([parameter()], 0.1);
    return [optimizer, new lrScheduler.StepLR(optimizer, 3)];
  };

  it('is warned about, once, where the scheduler comes first', () => {
    const [optimizer, scheduler] = started();
    scheduler.step();
    scheduler.step();
    optimizer.step();
    expect(warn.mock.calls).toEqual([
      [
        'scheduler.step() was called before optimizer.step(), so the first rate of the schedule is left out. ' +
          'Call optimizer.step() first, then scheduler.step().',
      ],
    ]);
  });

  it('is not where the optimizer comes first, or the scheduler goes on from a state', () => {
    const [optimizer, scheduler] = started();
    optimizer.step();
    scheduler.step();
    const [, resumed] = started();
    resumed.loadStateDict(scheduler.stateDict());
    resumed.step();
    expect(warn).not.toHaveBeenCalled();
  });

  it('cannot be seen where step was replaced', () => {
    const [optimizer, scheduler] = started();
    optimizer.step = () => undefined;
    optimizer.step();
    scheduler.step();
    expect(warn.mock.calls[0]).toEqual([expect.stringContaining('optimizer.step() was replaced after')]);
  });

  it('leaves what step returns, and the fields of the optimizer, as they are', () => {
    const [optimizer] = started();
    expect(optimizer.step(() => 5)).toBe(5);
    expect(Object.keys(optimizer)).not.toContain('step');
  });
});

describe('misuse', () => {
  const optimizer = new SGD([parameter()], { lr: 0.1, momentum: 0.9 });
  const make = (name: Name, ...args: unknown[]): unknown => Reflect.construct(lrScheduler[name], args) as unknown;
  const scheduler = new lrScheduler.StepLR(optimizer, 3);
  const loose = scheduler as object as Record<'step' | 'loadStateDict', (...args: unknown[]) => unknown>;
  it.each<[string, () => unknown, string]>([
    ...(['StepLR', 'LambdaLR', 'CyclicLR', 'OneCycleLR', 'ReduceLROnPlateau', 'SequentialLR'] as const).map(
      (name): [string, () => unknown, string] => [
        `${name} of no optimizer`,
        () => make(name, [parameter()], 1),
        `${name}: optimizer must be an optimizer, got [a `,
      ],
    ),
    ['LambdaLR alone', () => make('LambdaLR', optimizer), 'LambdaLR: lrLambda must be a function of the epoch, or a list of them, got nothing.'], // prettier-ignore
    ['a lambda that gives nothing', () => make('LambdaLR', optimizer, () => undefined), 'LambdaLR: lrLambda(0) must be a number, got undefined.'], // prettier-ignore
    ['StepLR alone', () => make('StepLR', optimizer), 'StepLR: stepSize must be a whole number of at least 1, got nothing.'], // prettier-ignore
    ['StepLR with text', () => make('StepLR', optimizer, 3, '0.1'), "StepLR: gamma must be a number, got '0.1'."],
    ['MultiStepLR alone', () => make('MultiStepLR', optimizer), 'MultiStepLR: milestones must be a list, each a whole number of at least 0, got nothing.'], // prettier-ignore
    ['MultiStepLR of half', () => make('MultiStepLR', optimizer, [1.5]), 'MultiStepLR: milestones must be a list, each a whole number of at least 0, got [1.5].'], // prettier-ignore
    ['ExponentialLR alone', () => make('ExponentialLR', optimizer), 'ExponentialLR: gamma must be a number, got nothing.'], // prettier-ignore
    ['CosineAnnealingLR alone', () => make('CosineAnnealingLR', optimizer), 'CosineAnnealingLR: TMax must be a whole number of at least 1, got nothing.'], // prettier-ignore
    [
      'CyclicLR alone',
      () => make('CyclicLR', optimizer),
      'CyclicLR: baseLr must be a number, or a list of them, got nothing.',
    ],
    ['CyclicLR without maxLr', () => make('CyclicLR', optimizer, 0.1), 'CyclicLR: maxLr must be a number, or a list of them, got nothing.'], // prettier-ignore
    ['CyclicLR without a rise', () => make('CyclicLR', optimizer, 0.1, 1, 0), 'CyclicLR: stepSizeUp must be above 0'],
    ['OneCycleLR alone', () => make('OneCycleLR', optimizer, 1), 'OneCycleLR: totalSteps, or epochs and stepsPerEpoch, must be integers above 0'], // prettier-ignore
    ['OneCycleLR without maxLr', () => make('OneCycleLR', optimizer, { totalSteps: 5 }), 'OneCycleLR: maxLr must be a number, or a list of them, got nothing.'], // prettier-ignore
    ['OneCycleLR without a rise', () => make('OneCycleLR', optimizer, 1, 10, { pctStart: 0.1 }), 'OneCycleLR: pctStart must leave every phase'], // prettier-ignore
    ['OneCycleLR that goes on without bounds', () => make('OneCycleLR', new SGD([{ params: [parameter()], lr: 1, initialLr: 1 }], { momentum: 0.9 }), 1, 10, { lastEpoch: 3 }), 'OneCycleLR: to go on with a cycle, groups need their maxLr, got none in group 0.'], // prettier-ignore
    ['CosineAnnealingWarmRestarts alone', () => make('CosineAnnealingWarmRestarts', optimizer), 'CosineAnnealingWarmRestarts: T0 must be a whole number of at least 1, got nothing.'], // prettier-ignore
    ['ChainedScheduler alone', () => make('ChainedScheduler'), 'ChainedScheduler: schedulers must be a list of schedulers, got nothing.'], // prettier-ignore
    ['ChainedScheduler of a plateau', () => make('ChainedScheduler', [new lrScheduler.ReduceLROnPlateau(optimizer)]), 'ChainedScheduler: takes schedulers whose step() takes nothing, got a ReduceLROnPlateau at 0.'], // prettier-ignore
    ['SequentialLR alone', () => make('SequentialLR', optimizer), 'SequentialLR: schedulers must be a list of schedulers, got nothing.'], // prettier-ignore
    ['SequentialLR without milestones', () => make('SequentialLR', optimizer, [scheduler]), 'SequentialLR: milestones must be a list, each a whole number of at least 0, got nothing.'], // prettier-ignore
    ['a plateau of text', () => make('ReduceLROnPlateau', optimizer, 'least'), "ReduceLROnPlateau: mode must be 'min' or 'max', got 'least'."], // prettier-ignore
    ['lastEpoch of text', () => make('StepLR', optimizer, 3, 0.1, '4'), "StepLR: lastEpoch must be a whole number of at least -1, got '4'."], // prettier-ignore
    ['an epoch of text', () => loose.step('4'), "StepLR.step: epoch must be a number, got '4'."], // prettier-ignore
    ['no state', () => loose.loadStateDict(), 'StepLR.loadStateDict: state must be what stateDict() gave, got nothing.'], // prettier-ignore
    ['a state of another kind', () => scheduler.loadStateDict({ last_epoch: '4' }), "StepLR.loadStateDict: last_epoch must be a number, got '4'."], // prettier-ignore
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });
});
