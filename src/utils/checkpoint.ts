// Computing again instead of keeping: what a function saves for its gradients is dropped and made anew when `backward` asks for it.
// How graphs save tensors is in core/graph.ts; here is what stands in their place.
import { isPlainObject } from '../base/arguments';
import { defaultGenerator } from '../base/generator';
import { AutogradError, KindError, ValueError } from '../base/errors';
import { atLeast, FLAG, FUNCTION, kind, oneOf } from '../base/kinds';
import { formatShape, sameShape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { enableGrad, isGradEnabled } from '../core/backward';
import { placed, save, SavedTensor, saving, type Edge, type Saved } from '../core/graph';
import { during } from '../core/region';
import { scope, unscoped } from '../core/scope';
import { INPUT } from '../core/kinds';
import { refilled, tensorsIn } from '../autograd/trees';
import type { Tensor } from '../core/tensor';

/** Options of `checkpoint`. */
export interface CheckpointOptions {
  /** Whether the gradient is computed by a graph inside the graph, PyTorch's older way. There is only false here, the default. */
  useReentrant?: false;
  /** Whether the default generator has the same state when the function is run again, so that dropout drops the same; true by default. */
  preserveRngState?: boolean;
  /** Whether what is computed again is compared with what was there: shapes, dtypes and devices. 'default', or 'none'. */
  determinismCheck?: 'default' | 'none';
  /** Whether the function is left as soon as all that is needed was computed again; true by default. */
  earlyStop?: boolean;
}

const FN = signature('checkpoint', [argument('fn', FUNCTION)]);
const OPTIONS = [
  argument('useReentrant', FLAG, false), argument('preserveRngState', FLAG, true),
] as const; // prettier-ignore
const TAKES = signature('checkpoint', [
  ...OPTIONS, argument('determinismCheck', oneOf('default', 'none'), 'default'), argument('earlyStop', FLAG, true),
]); // prettier-ignore

/** @throws TypeError for PyTorch's older way */
function checkWay(op: string, useReentrant: boolean): void {
  if (!useReentrant) return;
  throw new KindError(
    op,
    'useReentrant must be false, got true. The other way computes the same, and PyTorch advises against it.',
  );
}

/**
 * fn(...args), of which nothing but `args` is kept for the gradients: `backward` runs `fn` again where it needs what was
 * computed, and gets the same bits, as random numbers are drawn anew from the same state of the default generator. Memory for
 * activations is exchanged for one more forward pass. It may be nested, and differentiated twice. What `fn` makes and does not return is
 * freed at its end, as in `scope`.
 *
 * `fn` must do the same both times. What it does beside computing its result happens twice: batch normalization counts a batch twice, as
 * in PyTorch. Options are the last argument, and a plain object in last place is options: one that `fn` takes needs them behind it.
 * @throws AutogradError if `fn` is async; in `backward`, if `fn` saves other tensors when it is run again, or one of `args` was changed in place
 * @throws TypeError for useReentrant: true
 * @example const y = checkpoint(block, x, { useReentrant: false });
 * @see torch.utils.checkpoint.checkpoint
 */
export function checkpoint<A extends readonly unknown[], R>(
  // Of the arguments that are given, so that options may come before those that need not be.
  fn: (...args: NoInfer<A>) => R,
  ...args: [...A, options: CheckpointOptions]
): R;
export function checkpoint<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: NoInfer<A>): R;
export function checkpoint(...given: readonly unknown[]): unknown {
  const { fn } = FN.take(given.slice(0, 1));
  const last = given.length > 1 ? given[given.length - 1] : undefined;
  const args = given.slice(1, isPlainObject(last) ? -1 : undefined);
  const options = TAKES.take(isPlainObject(last) ? [last] : []);
  checkWay('checkpoint', options.useReentrant);
  for (const t of tensorsIn(args)) if (t.isFreed) throw t.freedError('checkpoint');
  const run = (inputs: readonly unknown[]): unknown => scope(() => Reflect.apply(fn, undefined, inputs) as unknown);
  if (isGradEnabled()) return new Checkpoint(run, args, options).first();
  return during('checkpoint', () => () => undefined, () => run(args)); // prettier-ignore
}

/** What there is to tell of a tensor that was saved. */
type Like = Pick<Tensor, 'shape' | 'dtype' | 'device'>;

/** Leaves the function when all that is needed was computed again. */
class Enough extends Error {}

/** One call of a function whose saved tensors are computed again. They are known by the order in which they were saved. */
class Checkpoint {
  private readonly inputs: readonly Saved[];
  private readonly state: Uint8Array<ArrayBuffer> | null;
  /** What was saved, in order. */
  private readonly likes: Like[] = [];
  /** Places of those that the graph has not let go of. */
  private readonly wanted = new Set<number>();
  /** What was computed again and not asked for yet. */
  private readonly found = new Map<number, Saved>();
  private isRunning = true;

  constructor(
    private readonly run: (args: readonly unknown[]) => unknown,
    private readonly args: readonly unknown[],
    private readonly options: Required<Omit<CheckpointOptions, 'useReentrant'>>,
  ) {
    // A checkpoint around this one, or a hook of the user's, keeps them in its own way.
    this.inputs = tensorsIn(args).map((t) => save(t));
    this.state = options.preserveRngState ? defaultGenerator.getState() : null;
  }

  /** The result, without what it is made of. */
  first(): unknown {
    try {
      return during('checkpoint', () => saving.enter((t, edge) => this.put(t, edge)), () => this.run(this.args)); // prettier-ignore
    } finally {
      this.isRunning = false;
      this.settle();
    }
  }

  private put(t: Tensor, edge: Edge | null): Saved | null {
    if (staysAnyway(t)) return null;
    const { shape, dtype, device } = t;
    const place = this.likes.push({ shape, dtype, device }) - 1;
    this.wanted.add(place);
    return { unpack: (op) => placed(this.take(place, op), edge), release: () => this.drop(place) };
  }

  /** A handle on what was saved in a place. */
  private take(place: number, op: string): Tensor {
    if (!this.found.has(place)) this.again();
    const saved = this.found.get(place) as Saved;
    this.found.delete(place);
    const t = saved.unpack(op);
    saved.release();
    return t;
  }

  private drop(place: number): void {
    this.wanted.delete(place);
    this.found.get(place)?.release();
    this.found.delete(place);
    this.settle();
  }

  /** Lets go of the arguments when nobody can ask any more. */
  private settle(): void {
    if (!this.isRunning && this.wanted.size === 0) for (const input of this.inputs) input.release();
  }

  /** Runs the function again, and finds all that the graph may still ask for. */
  private again(): void {
    const missing = new Set([...this.wanted].filter((place) => !this.found.has(place)));
    const lent: Lent[] = [];
    let count = 0;
    const leave = saving.enter((t, edge) => {
      const own = new Lent(new SavedTensor(t, edge));
      lent.push(own);
      if (staysAnyway(t)) return own;
      const place = count++;
      if (missing.delete(place)) {
        this.check(place, t);
        this.found.set(place, new SavedTensor(t, null));
        if (missing.size === 0 && this.options.earlyStop) throw new Enough();
      }
      return own;
    });
    const before = defaultGenerator.getState();
    if (this.state !== null) defaultGenerator.setState(this.state);
    try {
      enableGrad(() => unscoped(() => this.compute()));
      if (missing.size > 0 || (count !== this.likes.length && !this.isRunning)) this.refuse(count);
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
    } finally {
      leave();
      if (this.state !== null) defaultGenerator.setState(before);
      for (const own of lent) own.release();
    }
  }

  private compute(): void {
    scope(() => {
      const inputs = this.inputs.map((input) => input.unpack('checkpoint'));
      this.run(refilled(this.args, inputs) as unknown[]);
    });
  }

  private refuse(count: number): never {
    throw new AutogradError(
      'checkpoint',
      `fn must save the same tensors when it is run again, got ${this.likes.length} at first and ${count} again. ` +
        'Does it depend on what has changed since, or on random numbers while preserveRngState is false?',
    );
  }

  private check(place: number, { shape, dtype, device }: Tensor): void {
    if (this.options.determinismCheck === 'none') return;
    const like = this.likes[place];
    if (sameShape(shape, like.shape) && dtype === like.dtype && device === like.device) return;
    const told = (t: Like): string => `${t.dtype} of shape ${formatShape(t.shape)} on ${t.device}`;
    throw new AutogradError(
      'checkpoint',
      `fn must save the same tensors when it is run again, got ${told(like)} at first and ${told({ shape, dtype, device })} again ` +
        `for tensor ${place}. Does it depend on what has changed since?`,
      { shapes: [like.shape, shape] },
    );
  }
}

/** Parameters and what is kept take no memory of their own; that they were changed since is noticed. */
const staysAnyway = ({ storage }: Tensor): boolean => storage.isLeaf || storage.isKept;

/** What the graph of a second run has saved, until that ends or the function has walked it itself. */
class Lent implements Saved {
  constructor(private saved: Saved | null) {}

  unpack(op: string): Tensor {
    return (this.saved as Saved).unpack(op);
  }

  release(): void {
    this.saved?.release();
    this.saved = null;
  }
}

/** Options of `checkpointSequential`. */
export type CheckpointSequentialOptions = Pick<CheckpointOptions, 'useReentrant' | 'preserveRngState'>;
/** What can be called with what the one before it gave. */
type Step = (input: never) => unknown;

const FUNCTIONS = kind<Iterable<unknown>>(
  'a Sequential or a list of functions',
  // A Sequential is a function itself.
  (value) => (Array.isArray(value) || typeof value === 'function') && Symbol.iterator in value,
);
const SEQUENTIAL = signature('checkpointSequential', [
  argument('functions', FUNCTIONS), argument('segments', atLeast(1)), INPUT, ...OPTIONS,
]); // prettier-ignore

/**
 * `functions`, a Sequential or a list, one after the other, in so many segments of equal length of which all but the last are checkpoints: each
 * keeps its input only.
 * @throws RangeError if there are fewer functions than segments
 * @example const y = checkpointSequential(net, 3, x, { useReentrant: false });
 * @see torch.utils.checkpoint.checkpoint_sequential
 */
export function checkpointSequential<R = Tensor>(
  functions: Iterable<Step>,
  segments: number,
  input: Tensor,
  options?: CheckpointSequentialOptions,
): R;
export function checkpointSequential(...given: readonly unknown[]): unknown {
  const { functions, segments, input, useReentrant, preserveRngState } = SEQUENTIAL.take(given);
  checkWay('checkpointSequential', useReentrant);
  const steps = [...functions].map((fn) => SEQUENTIAL_STEP.take([fn]).fn as (x: unknown) => unknown);
  if (steps.length < segments) {
    throw new ValueError(
      'checkpointSequential',
      `segments must be at most the number of functions, got ${segments} for ${steps.length}.`,
    );
  }
  const length = Math.floor(steps.length / segments);
  const last = length * (segments - 1);
  const through = (from: number, to?: number) => (x: unknown) => steps.slice(from, to).reduce((y, fn) => fn(y), x);
  let x: unknown = input;
  for (let from = 0; from < last; from += length) {
    x = checkpoint(through(from, from + length), x, { preserveRngState });
  }
  return through(last)(x);
}
const SEQUENTIAL_STEP = signature('checkpointSequential', [argument('fn', { ...FUNCTION, expected: 'a function or a module, as each of functions' })]); // prettier-ignore
