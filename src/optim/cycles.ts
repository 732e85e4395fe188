// Learning rate schedules that go up and down, the momentum against them: CyclicLR, OneCycleLR, warm restarts.
import { KindError, ValueError } from '../base/errors';
import { atLeast, FLAG, FUNCTION, kind, oneOf, REAL } from '../base/kinds';
import { argument, methodsTake, signature, type Taken } from '../base/signature';
import {
  COMMON,
  LRScheduler,
  OPTIMIZER,
  PER_GROUP,
  perGroup,
  STEP_EPOCH,
  type CommonOptions,
  type SchedulerArguments,
} from './lrScheduler';
import { setRate } from './rate';
import { checkNumber } from './options';
import type { Optimizer, ParamGroup, OptimizerOptions } from './optimizer';

type Group = ParamGroup<OptimizerOptions>;

/** @throws TypeError unless the optimizer has an option of one of these names */
function requireMomentum(owner: string, { defaults }: Optimizer, names: readonly string[]): void {
  if (names.some((name) => name in defaults)) return;
  throw new KindError(
    owner,
    `the optimizer must have the option ${names.join(' or ')} for cycleMomentum. Set cycleMomentum to false.`,
  );
}

/** Sets a group's momentum, or the first of its betas. */
function setMomentum(group: Group, momentum: number): void {
  const { betas } = group as { betas?: readonly number[] };
  Object.assign(group, betas === undefined ? { momentum } : { betas: [momentum, ...betas.slice(1)] });
}

const POSITIVE = kind<number>('above 0', (value) => typeof value === 'number' && value > 0);
const NOT_NEGATIVE = kind<number>('at least 0', (value) => typeof value === 'number' && value >= 0);
type Scale = (x: number) => number;
const SCALE = kind<Scale>('a function of the cycle or the step', FUNCTION.accepts);

interface CyclicLROptions extends CommonOptions {
  /** Least rate, for all groups or one per group. */
  baseLr: number | readonly number[];
  /** Greatest rate. */
  maxLr: number | readonly number[];
  /** Steps of the rising half; default 2000. */
  stepSizeUp?: number;
  /** Steps of the falling half; default as many. */
  stepSizeDown?: number | null;
  /** How the height changes: not, halved every cycle, or by gamma every step; default 'triangular'. */
  mode?: 'triangular' | 'triangular2' | 'exp_range';
  /** For mode exp_range; default 1. */
  gamma?: number;
  /** The height at a cycle or step, instead of `mode`. */
  scaleFn?: ((x: number) => number) | null;
  /** What scaleFn is given: the number of the cycle or of the step; default 'cycle'. */
  scaleMode?: 'cycle' | 'iterations';
  /** Whether momentum falls while the rate rises; default true. */
  cycleMomentum?: boolean;
  /** Least momentum; default 0.8. */
  baseMomentum?: number | readonly number[];
  /** Greatest momentum; default 0.9. */
  maxMomentum?: number | readonly number[];
}
const CYCLIC = signature('CyclicLR', [
  OPTIMIZER, argument('baseLr', PER_GROUP), argument('maxLr', PER_GROUP), argument('stepSizeUp', POSITIVE, 2000),
  argument('stepSizeDown', NOT_NEGATIVE, null), argument('mode', oneOf('triangular', 'triangular2', 'exp_range'), 'triangular'), argument('gamma', REAL, 1),
  argument('scaleFn', SCALE, null), argument('scaleMode', oneOf('cycle', 'iterations'), 'cycle'),
  argument('cycleMomentum', FLAG, true), argument('baseMomentum', PER_GROUP, 0.8), argument('maxMomentum', PER_GROUP, 0.9),
  ...COMMON,
]); // prettier-ignore

/**
 * Triangles between baseLr and maxLr, stepped after every batch.
 * @see torch.optim.lr_scheduler.CyclicLR, https://arxiv.org/abs/1506.01186
 */
export class CyclicLR extends LRScheduler {
  static override readonly name: string = 'CyclicLR';

  private readonly maxLrs: number[];
  private readonly totalSize: number;
  private readonly stepRatio: number;
  private readonly mode: string;
  private readonly gamma: number;
  private readonly scaleMode: 'cycle' | 'iterations';
  private readonly cycleMomentum: boolean;
  private readonly baseMomentums: readonly number[] = [];
  private readonly maxMomentums: readonly number[] = [];
  private readonly scaleFn: ((x: number) => number) | null;

  constructor(
    ...args: SchedulerArguments<
      [baseLr: number | readonly number[], maxLr: number | readonly number[]],
      [
        stepSizeUp?: number,
        stepSizeDown?: number | null,
        mode?: 'triangular' | 'triangular2' | 'exp_range',
        gamma?: number,
        scaleFn?: ((x: number) => number) | null,
        scaleMode?: 'cycle' | 'iterations',
        cycleMomentum?: boolean,
        baseMomentum?: number | readonly number[],
        maxMomentum?: number | readonly number[],
        lastEpoch?: number | undefined,
        verbose?: boolean | undefined,
      ],
      CyclicLROptions,
      [baseLr: number | readonly number[], options: Omit<CyclicLROptions, 'baseLr'>]
    >
  ) {
    const { optimizer, ...options } = CYCLIC.take(args);
    const { mode, scaleFn, stepSizeUp, cycleMomentum, lastEpoch, gamma, scaleMode, baseMomentum, maxMomentum } =
      options;
    const [up, down] = [stepSizeUp, options.stepSizeDown ?? stepSizeUp];
    if (cycleMomentum) requireMomentum('CyclicLR', optimizer, ['momentum']);
    const each = (name: string, value: number | readonly number[]): number[] =>
      perGroup('CyclicLR', name, optimizer, value);
    const [baseLrs, maxLrs] = [each('baseLr', options.baseLr), each('maxLr', options.maxLr)];
    const momentums = [each('baseMomentum', baseMomentum), each('maxMomentum', maxMomentum)];
    if (lastEpoch === -1)
      optimizer.paramGroups.forEach((group, i) => {
        setRate(group, baseLrs[i]);
      });
    super(optimizer, options);
    this.maxLrs = maxLrs;
    this.totalSize = up + down;
    this.stepRatio = up / this.totalSize;
    this.mode = mode;
    this.gamma = gamma;
    this.scaleFn = scaleFn;
    this.scaleMode = scaleFn === null ? (mode === 'exp_range' ? 'iterations' : 'cycle') : scaleMode;
    this.cycleMomentum = cycleMomentum;
    if (cycleMomentum) [this.baseMomentums, this.maxMomentums] = momentums;
    // The first rate starts from the groups' initialLr, which is not baseLr if another schedule was there before; as in PyTorch.
    this.firstStep();
    this.baseLrs.splice(0, baseLrs.length, ...baseLrs);
  }

  protected nextLr(lr: number, group: number): number {
    if (group >= this.maxLrs.length) return lr;
    const { lastEpoch, totalSize, stepRatio } = this;
    const cycle = Math.floor(1 + lastEpoch / totalSize);
    const x = 1 + lastEpoch / totalSize - cycle;
    const rise = x <= stepRatio ? x / stepRatio : (x - 1) / (stepRatio - 1);
    const height = rise * this.scale(this.scaleMode === 'cycle' ? cycle : lastEpoch);
    if (this.cycleMomentum && group < this.baseMomentums.length) {
      const [least, greatest] = [this.baseMomentums[group], this.maxMomentums[group]];
      setMomentum(this.optimizer.paramGroups[group], greatest - (greatest - least) * height);
    }
    return this.fromBase(lr, group, (baseLr) => baseLr + (this.maxLrs[group] - baseLr) * height);
  }

  private scale(x: number): number {
    if (this.scaleFn !== null) {
      const height: unknown = this.scaleFn(x);
      checkNumber('CyclicLR', `scaleFn(${x})`, height);
      return height;
    }
    if (this.mode === 'exp_range') return this.gamma ** x;
    return this.mode === 'triangular2' ? 2 ** (1 - x) : 1;
  }
}

const DIVISOR = kind<number>('a number other than 0, as it divides', (value) => REAL.accepts(value) && value !== 0);

interface OneCycleLROptions extends CommonOptions {
  /** The peak, for all groups or one per group. */
  maxLr: number | readonly number[];
  /** Steps of the whole cycle; or the product of the next two. */
  totalSteps?: number | null;
  epochs?: number | null;
  stepsPerEpoch?: number | null;
  /** Share of the steps in which the rate rises; default 0.3. */
  pctStart?: number;
  /** Along what it changes; default 'cos'. */
  annealStrategy?: 'cos' | 'linear';
  /** Whether momentum falls while the rate rises; default true. */
  cycleMomentum?: boolean;
  /** Least momentum; default 0.85. */
  baseMomentum?: number | readonly number[];
  /** Greatest momentum; default 0.95. */
  maxMomentum?: number | readonly number[];
  /** The cycle starts at maxLr / divFactor; default 25. */
  divFactor?: number;
  /** It ends at its start / finalDivFactor; default 1e4. */
  finalDivFactor?: number;
  /** Whether to fall to the start as steeply as the rise, and to the end after that; default false. */
  threePhase?: boolean;
}
const ONE_CYCLE = signature('OneCycleLR', [
  OPTIMIZER, argument('maxLr', PER_GROUP), argument('totalSteps', atLeast(1), null), argument('epochs', atLeast(1), null),
  argument('stepsPerEpoch', atLeast(1), null), argument('pctStart', REAL, 0.3),
  argument('annealStrategy', oneOf('cos', 'linear'), 'cos'), argument('cycleMomentum', FLAG, true),
  argument('baseMomentum', PER_GROUP, 0.85), argument('maxMomentum', PER_GROUP, 0.95), argument('divFactor', DIVISOR, 25),
  argument('finalDivFactor', DIVISOR, 1e4), argument('threePhase', FLAG, false), ...COMMON,
]); // prettier-ignore
type OneCycle = Omit<Taken<(typeof ONE_CYCLE)['args']>, 'optimizer'>;

type LrBound = 'initialLr' | 'maxLr' | 'minLr';
type MomentumBound = 'maxMomentum' | 'baseMomentum';

/** From the end of the phase before to step `end`, what goes from where to where. */
interface Phase {
  readonly end: number;
  readonly lr: readonly [LrBound, LrBound];
  readonly momentum: readonly [MomentumBound, MomentumBound];
}

/**
 * Up to maxLr and down to almost nothing in one training run, stepped after every batch.
 * @see torch.optim.lr_scheduler.OneCycleLR, https://arxiv.org/abs/1708.07120
 */
export class OneCycleLR extends LRScheduler {
  static override readonly name: string = 'OneCycleLR';

  private readonly totalSteps: number;
  private readonly cycleMomentum: boolean;
  private readonly phases: () => readonly Phase[];
  private readonly anneal: (from: number, to: number, share: number) => number;

  constructor(
    ...args: SchedulerArguments<
      [maxLr: number | readonly number[]],
      [
        totalSteps?: number | null,
        epochs?: number | null,
        stepsPerEpoch?: number | null,
        pctStart?: number,
        annealStrategy?: 'cos' | 'linear',
        cycleMomentum?: boolean,
        baseMomentum?: number | readonly number[],
        maxMomentum?: number | readonly number[],
        divFactor?: number,
        finalDivFactor?: number,
        threePhase?: boolean,
        lastEpoch?: number | undefined,
        verbose?: boolean | undefined,
      ],
      OneCycleLROptions
    >
  ) {
    const { optimizer, ...options } = ONE_CYCLE.take(args);
    const { pctStart, annealStrategy, cycleMomentum, lastEpoch } = options;
    const totalSteps = options.totalSteps ?? (options.epochs ?? NaN) * (options.stepsPerEpoch ?? NaN);
    if (!Number.isInteger(totalSteps) || totalSteps <= 0) {
      throw new ValueError(
        'OneCycleLR',
        `totalSteps, or epochs and stepsPerEpoch, must be integers above 0, got ${totalSteps} steps.`,
      );
    }
    if (!(pctStart >= 0 && pctStart <= 1)) {
      throw new ValueError('OneCycleLR', `pctStart must be in [0, 1], got ${pctStart}.`);
    }
    if (cycleMomentum) requireMomentum('OneCycleLR', optimizer, ['momentum', 'betas']);
    // Checked in any case, though a cycle that is gone on with has its bounds in the groups.
    const setBounds = boundsOf(optimizer, options, cycleMomentum);
    if (lastEpoch === -1) setBounds();
    else optimizer.paramGroups.forEach((group, i) => requireBounds(group, i, cycleMomentum));
    super(optimizer, options);
    this.totalSteps = totalSteps;
    this.cycleMomentum = cycleMomentum;
    const rising: Phase = {
      end: pctStart * totalSteps - 1,
      lr: ['initialLr', 'maxLr'],
      momentum: ['maxMomentum', 'baseMomentum'],
    };
    const end = totalSteps - 1;
    const phases: readonly Phase[] = options.threePhase
      ? [
          rising,
          { end: 2 * pctStart * totalSteps - 2, lr: ['maxLr', 'initialLr'], momentum: ['baseMomentum', 'maxMomentum'] },
          { end, lr: ['initialLr', 'minLr'], momentum: ['maxMomentum', 'maxMomentum'] },
        ]
      : [rising, { end, lr: ['maxLr', 'minLr'], momentum: ['baseMomentum', 'maxMomentum'] }];
    // Functions are not saved: PyTorch keeps the phases under other names.
    this.phases = () => phases;
    this.anneal = annealStrategy === 'cos' ? annealCosine : annealLinear;
    this.firstStep();
  }

  static {
    methodsTake(this, STEP_EPOCH);
  }

  /** @throws RangeError after the last step */
  override step(epoch?: number): void {
    const next = epoch ?? this.lastEpoch + 1;
    if (next > this.totalSteps) {
      throw new ValueError('OneCycleLR', `the cycle has ${this.totalSteps} steps, got step ${next + 1}.`);
    }
    super.step(epoch);
  }

  protected nextLr(lr: number, index: number): number {
    const group = this.optimizer.paramGroups[index];
    const phases = this.phases();
    const found = phases.findIndex(({ end }) => this.lastEpoch <= end);
    const number = found === -1 ? phases.length - 1 : found;
    const start = number === 0 ? 0 : phases[number - 1].end;
    const phase = phases[number];
    // A group that was added later has no bounds.
    if (!hasBounds(group, this.cycleMomentum)) return lr;
    if (phase.end === start) {
      throw new ValueError(
        'OneCycleLR',
        `pctStart must leave every phase that is reached some length, got none from step ${start} on.`,
      );
    }
    const share = (this.lastEpoch - start) / (phase.end - start);
    const between = ([from, to]: readonly [LrBound, LrBound] | readonly [MomentumBound, MomentumBound]): number =>
      this.anneal(group[from] ?? lr, group[to] ?? lr, share);
    if (this.cycleMomentum) setMomentum(group, between(phase.momentum));
    return between(phase.lr);
  }
}

const LR_BOUNDS = ['initialLr', 'maxLr', 'minLr'] as const;
const MOMENTUM_BOUNDS = ['maxMomentum', 'baseMomentum'] as const;

const lackingBound = (group: Group, cycleMomentum: boolean): string | undefined =>
  [...LR_BOUNDS, ...(cycleMomentum ? MOMENTUM_BOUNDS : [])].find((name) => group[name] === undefined);
const hasBounds = (group: Group, cycleMomentum: boolean): boolean => lackingBound(group, cycleMomentum) === undefined;

/** @throws RangeError unless a group has the bounds of a cycle to go on with */
function requireBounds(group: Group, index: number, cycleMomentum: boolean): void {
  const lacking = lackingBound(group, cycleMomentum);
  if (lacking === undefined) return;
  throw new ValueError(
    'OneCycleLR',
    `to go on with a cycle, groups need their ${lacking}, got none in group ${index}. ` +
      `Load the optimizer's state dict first.`,
  );
}

/** What notes a cycle's bounds with the groups, where PyTorch keeps them. */
function boundsOf(
  optimizer: Optimizer,
  { maxLr, divFactor, finalDivFactor, maxMomentum, baseMomentum }: OneCycle,
  cycleMomentum: boolean,
): () => void {
  const each = (name: string, value: number | readonly number[]): number[] =>
    perGroup('OneCycleLR', name, optimizer, value);
  const maxLrs = each('maxLr', maxLr);
  const maxMomentums = each('maxMomentum', maxMomentum);
  const baseMomentums = each('baseMomentum', baseMomentum);
  return () => {
    optimizer.paramGroups.forEach((group, i) => {
      const initialLr = maxLrs[i] / divFactor;
      Object.assign(group, { initialLr, maxLr: maxLrs[i], minLr: initialLr / finalDivFactor });
      if (!cycleMomentum) return;
      Object.assign(group, { maxMomentum: maxMomentums[i], baseMomentum: baseMomentums[i] });
      setMomentum(group, maxMomentums[i]);
    });
  };
}

const annealCosine = (from: number, to: number, share: number): number =>
  to + ((from - to) / 2) * (Math.cos(Math.PI * share) + 1);
const annealLinear = (from: number, to: number, share: number): number => (to - from) * share + from;

interface WarmRestartsOptions extends CommonOptions {
  /** Epochs until the first restart. */
  T0: number;
  /** By how much each period is longer than the one before; default 1. */
  TMult?: number;
  etaMin?: number;
}
const WARM_RESTARTS = signature('CosineAnnealingWarmRestarts', [
  OPTIMIZER, argument('T0', atLeast(1)), argument('TMult', atLeast(1), 1), argument('etaMin', REAL, 0), ...COMMON,
]); // prettier-ignore

/**
 * Half a cosine from the initial lr down to etaMin (0), again and again. `step(epoch)` takes fractions of epochs.
 * @see torch.optim.lr_scheduler.CosineAnnealingWarmRestarts, https://arxiv.org/abs/1608.03983
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  static override readonly name: string = 'CosineAnnealingWarmRestarts';

  private readonly T0: number;
  private readonly TMult: number;
  private readonly etaMin: number;
  /** Length of the present period, and how far it is gone. */
  private Ti: number;
  private TCur: number;

  constructor(
    ...args: SchedulerArguments<
      [T0: number],
      [TMult?: number, etaMin?: number, lastEpoch?: number | undefined, verbose?: boolean | undefined],
      WarmRestartsOptions
    >
  ) {
    const { optimizer, ...options } = WARM_RESTARTS.take(args);
    const { T0, TMult, etaMin, lastEpoch } = options;
    super(optimizer, options);
    this.T0 = T0;
    this.TMult = TMult;
    this.etaMin = etaMin;
    this.Ti = T0;
    this.TCur = lastEpoch;
    this.firstStep();
  }

  static {
    methodsTake(this, STEP_EPOCH);
  }

  /** @throws RangeError for an epoch below 0 */
  override step(epoch?: number): void {
    const { T0, TMult } = this;
    if (epoch === undefined && this.lastEpoch >= 0) {
      this.TCur += 1;
      if (this.TCur >= this.Ti) {
        this.TCur -= this.Ti;
        this.Ti *= TMult;
      }
      super.step();
      return;
    }
    const at = epoch ?? 0;
    if (!(at >= 0)) throw new ValueError('CosineAnnealingWarmRestarts', `epoch must be at least 0, got ${at}.`);
    // Restarts so far, from the sum of the geometric series of periods.
    const restarts =
      TMult === 1 ? Math.floor(at / T0) : Math.floor(Math.log((at / T0) * (TMult - 1) + 1) / Math.log(TMult));
    const n = at < T0 ? 0 : restarts;
    this.Ti = T0 * TMult ** n;
    this.TCur = TMult === 1 ? at % T0 : at - (T0 * (TMult ** n - 1)) / (TMult - 1);
    super.step(Math.floor(at));
  }

  protected nextLr(lr: number, group: number): number {
    const height = 1 + Math.cos((Math.PI * this.TCur) / this.Ti);
    return this.fromBase(lr, group, (baseLr) => this.etaMin + ((baseLr - this.etaMin) * height) / 2);
  }
}
