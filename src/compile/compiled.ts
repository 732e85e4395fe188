// A compiled function: which plan a call takes, when calls are recorded, and when it is given up.
import { KindError } from '../base/errors';
import { observing } from '../base/observer';
import { capture } from '../core/capture';
import { saving } from '../core/graph';
import { keyChange, keyOf, sameKey, type Key } from './key';
import { nameOf, planOf, type Plan } from './plan';
import type { Obstacle, Recording } from './recording';
import { Recorder } from './recorder';
import { beginsAs, find, replay } from './replay';
import { lineOf } from './where';

/** Plans that a function may have, one for each kind of call; calls of further kinds run as they are. */
const PLANS = 8;
/** Recordings in a row that may differ, before a kind of call is given up. */
const ATTEMPTS = 5;

/** Options of `compile`. */
export interface CompileOptions {
  /** Throws where a call cannot be captured, instead of running it as it is; false by default. */
  fullgraph?: boolean;
}

/** How often what has happened, in one function or all. */
export interface CompileStats {
  /** Functions that were compiled. */
  functions: number;
  /** Plans that were made of recorded calls. */
  plans: number;
  /** Calls that were recorded, that ran a plan, and that ran as they are. */
  recorded: number;
  replayed: number;
  eager: number;
  /** Plans made beside others of the same function, as something had changed. */
  recompiled: number;
  /** Kinds of calls that cannot be captured. */
  refused: number;
}

const total: CompileStats = { functions: 0, plans: 0, recorded: 0, replayed: 0, eager: 0, recompiled: 0, refused: 0 };
export const statsNow = (): CompileStats => ({ ...total });

/** One kind of call. */
interface Variant {
  readonly key: Key;
  calls: number;
  attempts: number;
  recording: Recording | null;
  plan: Plan | null;
  obstacle: Obstacle | null;
}

type AnyFunction = (this: unknown, ...args: readonly unknown[]) => unknown;

/** What is known of a function that is compiled. */
export class Compiled {
  readonly stats: CompileStats = {
    ...total,
    functions: 1,
    plans: 0,
    recorded: 0,
    replayed: 0,
    eager: 0,
    recompiled: 0,
    refused: 0,
  };
  readonly variants: Variant[] = [];
  /** Why there is more than one plan, in words. */
  readonly changes: string[] = [];
  private isTold = false;

  constructor(
    private readonly fn: AnyFunction,
    readonly name: string,
    private readonly options: CompileOptions,
  ) {
    total.functions++;
  }

  call(owner: unknown, args: readonly unknown[]): unknown {
    const run = (): unknown => this.fn.apply(owner, [...args]);
    // What is compiled inside of what is being recorded is part of that. A plan calls nobody who asks to see what is saved or
    // what gradient rules give.
    if (capture.current !== null || saving.top !== null || observing.current?.changesGradients === true) return run();
    const key = keyOf(owner, args);
    if (key === null) return run();
    let variant: Variant | null = null;
    let change: string | null = null;
    for (const known of this.variants) {
      if (!sameKey(known.key, key)) continue;
      if (known.plan === null) {
        if (known.recording === null || beginsAs(known.recording, key.tensors)) variant ??= known;
        continue;
      }
      const found = find(known.plan, key.tensors);
      if (typeof found === 'string') change = found;
      else {
        this.count('replayed');
        return replay(known.plan, found, key.tensors);
      }
    }
    variant ??= this.another(key, change);
    if (variant === null || variant.obstacle !== null) {
      this.count('eager');
      return run();
    }
    return this.warmUp(variant, key, run);
  }

  /** The first call of a kind runs as it is, as it may make what later ones only use; then recordings must agree. */
  private warmUp(variant: Variant, key: Key, run: () => unknown): unknown {
    if (variant.calls++ === 0) {
      this.count('eager');
      return run();
    }
    const recorder = new Recorder(key.tensors);
    const value = recorder.listen(run);
    this.count('recorded');
    const recording = recorder.finish(value);
    if (recording === null) this.refuse(variant, recorder.obstacle as Obstacle);
    else if (variant.recording === null) variant.recording = recording;
    else {
      const made = planOf(variant.recording, recording);
      variant.recording = recording;
      if ('steps' in made) {
        variant.plan = made;
        variant.recording = null;
        this.count('plans');
        if (this.variants.filter(({ plan }) => plan !== null).length > 1) this.count('recompiled');
      } else if (++variant.attempts >= ATTEMPTS) this.refuse(variant, made);
    }
    return value;
  }

  /** A new kind of call; null where there are enough. */
  private another(key: Key, change: string | null): Variant | null {
    const last = this.variants.at(-1);
    if (last !== undefined) {
      const what = change ?? keyChange(last.key, key);
      if (this.variants.length >= PLANS) {
        if (!this.isTold) {
          this.isTold = true;
          warn(`${this.name} has ${PLANS} plans, so calls of other kinds run as they are from now on. Last, ${what}.`);
        }
        return null;
      }
      this.changes.push(what);
    }
    const variant = { key, calls: 0, attempts: 0, recording: null, plan: null, obstacle: null };
    this.variants.push(variant);
    return variant;
  }

  private refuse(variant: Variant, obstacle: Obstacle): void {
    variant.obstacle = obstacle;
    variant.recording = null;
    this.count('refused');
    const text = `${this.name} cannot be captured, as ${obstacle.what}${lineOf(obstacle.at)}`;
    if (this.options.fullgraph === true) throw new KindError('compile', `${text}.`);
    warn(`${text}. It runs as it is.`);
  }

  private count(what: Exclude<keyof CompileStats, 'functions'>): void {
    this.stats[what]++;
    total[what]++;
  }

  /** All that is known, in words. */
  text(): string {
    const lines = [`${this.name}: ${this.variants.length} kinds of calls`];
    for (const [i, { plan, obstacle }] of this.variants.entries()) {
      if (i > 0) lines.push(`recompiled, as ${this.changes[i - 1]}`);
      if (obstacle !== null) lines.push(`  not captured: ${obstacle.what}${lineOf(obstacle.at)}`);
      if (plan !== null) lines.push(...planText(plan));
    }
    return lines.join('\n');
  }
}

/** A plan in words, line by line. */
function planText(plan: Plan): string[] {
  const kernels = new Map<string, number>();
  for (const { step } of plan.steps) {
    const name = step.kind === 'run' ? nameOf(step) : step.kind === 'upload' ? 'upload' : null;
    if (name !== null) kernels.set(name, (kernels.get(name) ?? 0) + 1);
  }
  const externals = plan.slots.filter(({ external }) => external !== null).length;
  const temporary = plan.slots.length - externals - plan.outliving.size;
  return [
    `  kernels: ${[...kernels].map(([name, count]) => `${count} ${name}`).join(', ')}`,
    `  memory: ${externals} from before, ${plan.outliving.size} given out, ${temporary} inside`,
    `  made anew: ${plan.hosts.filter(({ kind }) => kind === 'draw').length} draws, ${plan.lists.size} lists of scalars`,
    `  guards: ${[...new Set(plan.guards.map(({ about }) => about))].join(', ')}`,
  ];
}

function warn(text: string): void {
  // eslint-disable-next-line no-console -- nothing else would show it
  console.warn(`compile: ${text}`);
}
