// compile: a function whose calls are recorded, and then run from a plan without its code.
import { KindError } from '../base/errors';
import { describe } from '../base/errorText';
import { FLAG, FUNCTION } from '../base/kinds';
import { argument, optional, signature } from '../base/signature';
import { Module } from '../nn/module/module';
import { Compiled, statsNow, type CompileOptions, type CompileStats } from './compiled';

const COMPILE = signature('compile', [argument('model', FUNCTION), optional('fullgraph', FLAG)]);
const STATS = signature('compile.stats', []);
const EXPLAIN = signature('compile.explain', [argument('model', FUNCTION)]);

const known = new WeakMap<object, Compiled>();

type AnyFunction = (...args: never[]) => unknown;

/** What `compile.explain(fn)` gives, to be called with arguments. */
type Explainer<F extends AnyFunction> = (...args: Parameters<F>) => string;

interface Compile {
  /**
   * A function that does what `model` does, a function or a module, by a plan: the first call runs as it is, the next two are
   * recorded, and once these agree later ones queue the recorded kernels without running the code. Results, gradients and what
   * is written in place are those of the code, bit for bit.
   */
  <F extends AnyFunction>(model: F, options?: CompileOptions): F;
  /** What has been compiled so far, recorded, replayed. */
  stats(): CompileStats;
  /** Calls a compiled function, and says in words what has become of it: its plans, and what kept calls from being captured. */
  explain<F extends AnyFunction>(model: F): Explainer<F>;
}

function make<F extends AnyFunction>(...args: readonly [model: F, options?: CompileOptions]): F {
  const { model, ...options } = COMPILE.take<{ model: F; fullgraph?: boolean }>(args);
  if (known.has(model)) return model;
  const name = model instanceof Module ? model.constructor.name : model.name === '' ? 'the function' : model.name;
  const compiled = new Compiled(model as AnyFunction as (...given: readonly unknown[]) => unknown, name, options);
  const call = function (this: unknown, ...given: readonly unknown[]): unknown {
    return compiled.call(this, given);
  };
  Object.defineProperty(call, 'name', { value: name });
  known.set(call, compiled);
  return call as AnyFunction as F;
}

function explain<F extends AnyFunction>(...args: readonly [model: F]): Explainer<F> {
  const { model } = EXPLAIN.take<{ model: F }>(args);
  return (...given) => {
    const compiled = known.get(model);
    if (compiled === undefined) {
      throw new KindError('compile.explain', `takes what compile() gave, got ${describe(model)}.`);
    }
    model(...given);
    return compiled.text();
  };
}

/** @see torch.compile */
export const compile: Compile = /* @__PURE__ */ Object.assign(make, {
  stats: (...args: readonly []): CompileStats => {
    STATS.take(args);
    return statsNow();
  },
  explain,
});
