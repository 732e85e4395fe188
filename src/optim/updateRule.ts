// Optimizers whose step is an update rule, an expression per element: all of it one fused command per parameter set.
import { noGrad } from '../core/backward';
import { observing } from '../base/observer';
import type { DType } from '../base/dtype';
import { add, cast, constant, exp, expm1, input, mul, neg, scalar, type Expression } from '../expression/expression';
import { methodsTake } from '../base/signature';
import { capture } from '../core/capture';
import { pace } from '../core/pace';
import { keep, unscoped } from '../core/scope';
import { clone, to } from '../ops/shape/copy';
import { full, fullLike } from '../ops/shape/creation';
import { expand, view } from '../ops/shape/view';
import { firstElement, foreach_, programOf, type TensorGroup } from '../ops/pointwise/foreach';
import { Tensor } from '../core/tensor';
import { evaluate, Optimizer, STEP_TAKES, type OptimizerOptions, type ParamGroup } from './optimizer';
import { rateFor, type Rate } from './rate';
import { restoreTensors, STEP, type SavedState } from './stateDict';

/** What an update rule is written in. */
export interface UpdateSymbols {
  /** Element of the parameter and of its gradient. */
  readonly param: Expression;
  readonly grad: Expression;
  /** Element of a state of the parameter's shape, which is `initial` (0) before the first step. */
  readonly state: (name: string, initial?: Rate) => Expression;
  /** A number kept with the parameter, `initial` before the first step. */
  readonly number: (name: string, initial: Rate) => Expression;
  /** Number of steps taken on this parameter, the current one included. */
  readonly step: () => Expression;
  /** A number that may change from step to step; `lr` may also be a tensor of one element. */
  readonly scalar: (value: Rate) => Expression;
}

/** New values: of the parameter, of states by name, and of numbers, which depend on numbers and scalars alone. */
export interface Update {
  readonly param: Expression;
  readonly state: Readonly<Record<string, Expression>>;
  readonly numbers?: Readonly<Record<string, Expression>>;
}

/**
 * Base of optimizers with an update rule. A step reads and writes all parameters of a group by one device command,
 * skipped whole if a fault lies in what the gradients were computed from. Parameters without a gradient are passed over.
 */
export abstract class ElementwiseOptimizer<O extends OptimizerOptions> extends Optimizer<O, Tensor> {
  static override readonly name: string = 'ElementwiseOptimizer';

  /** The new values of an element. Called at every step; what it gives must depend on `options` alone. */
  protected abstract update(symbols: UpdateSymbols, options: O): Update;

  /**
   * Updates every parameter that has a gradient. A `closure` computes the loss and its gradients first; the loss is
   * returned, as a promise if the closure is async. Without one, what is returned may be awaited, and need not be: the await
   * gives the page a turn, and waits while the device is more than two steps behind.
   * @throws OutOfMemoryError with parameters and state as they were
   */
  step(): PromiseLike<void> | undefined;
  step<Loss>(closure: () => Loss): Loss;
  step<Loss>(closure?: () => Loss): Loss | Promise<unknown> | PromiseLike<void> {
    return takeStep(this.name, closure, () => {
      this.updateAll();
    });
  }

  static {
    methodsTake(this, STEP_TAKES);
  }

  protected restored(param: Tensor, saved: SavedState): Record<string, Tensor> {
    return restoreTensors(this.name, param, saved);
  }

  /** All that may run out of memory comes before the first parameter is written. */
  private updateAll(): void {
    this.checkGroups();
    const undo: (() => void)[] = [];
    noGrad(() => {
      unscoped(() => {
        try {
          const updates = this.paramGroups.flatMap((group) => this.updatesOf(group, undo));
          for (const update of updates) update();
        } catch (error) {
          for (const step of undo.reverse()) step();
          throw error;
        }
      });
    });
  }

  private updatesOf(group: ParamGroup<O>, undo: (() => void)[]): (() => void)[] {
    const byDType = new Map<DType, Tensor[]>();
    for (const param of group.params) {
      if (param.ownGrad === null || param.numel() === 0) continue;
      const alike = byDType.get(param.dtype);
      if (alike === undefined) byDType.set(param.dtype, [param]);
      else alike.push(param);
    }
    return [...byDType].map(([dtype, params]) => this.updateAlike(group, dtype, params, undo));
  }

  /** The step of parameters of one group and dtype: one command, and at most one for the numbers. */
  private updateAlike(group: ParamGroup<O>, dtype: DType, params: readonly Tensor[], undo: (() => void)[]): () => void {
    const { symbols, state, counted, program, counter } = this.ruleOf(group, dtype);
    const elements = params.map((p): TensorGroup => {
      // Asked for first, as a fresh count depends on whether there are other states yet.
      if (symbols.steps !== null) this.stateOf(p, symbols.operandOf(STEP), undo);
      return {
        inputs: [p, gradOf(p), ...symbols.operands.map((operand) => this.inputOf(p, operand, symbols, undo))],
        outputs: [p, ...Object.keys(state).map((name) => this.stateOf(p, symbols.operandOf(name), undo))],
      };
    });
    // On the device, as a step that meets a fault is skipped there. The gradient is among the inputs, though no value of
    // it is used, so that the numbers are skipped along with the step. Written last: the rule reads them as they were.
    const counts = elements.map(({ inputs }, i): TensorGroup => ({
      inputs: inputs.map(firstElement),
      outputs: Object.keys(counted).map((name) => this.stateOf(params[i], symbols.operandOf(name), undo)),
    }));
    return () => {
      const { scalars } = symbols;
      capture.current?.scalars(scalars, this.again(group, dtype, { program, counter, scalars }));
      foreach_(program, elements, scalars);
      if (counter !== null) foreach_(counter, counts, scalars);
    };
  }

  /** The rule for parameters of that dtype, as the options of their group are now. */
  private ruleOf(group: ParamGroup<O>, dtype: DType): Rule {
    const symbols = new Symbols(dtype);
    const { param, state, numbers = {} } = this.update(symbols, group);
    const counted = symbols.steps === null ? numbers : { ...numbers, [STEP]: symbols.steps };
    const results = [param, ...Object.values(state)].map((value) => cast(dtype, value));
    const counters = Object.values(counted).map((value) => cast('float32', value));
    return {
      symbols,
      state,
      counted,
      program: programOf(this.name, symbols.dtypes, results),
      counter: counters.length === 0 ? null : programOf(STEP, symbols.dtypes, counters),
    };
  }

  /** Computes the scalars of a later step with the same programs; the rule is asked where an option has changed. */
  private again(group: ParamGroup<O>, dtype: DType, made: Programs): () => readonly number[] | null {
    let options = valuesOf(group);
    let { scalars } = made;
    return () => {
      const now = valuesOf(group);
      if (now.length === options.length && now.every((value, i) => Object.is(value, options[i]))) return scalars;
      this.checkGroups();
      const { symbols, program, counter } = this.ruleOf(group, dtype);
      if (program !== made.program || counter !== made.counter) return null;
      options = now;
      return (scalars = symbols.scalars);
    };
  }

  private inputOf(
    param: Tensor,
    operand: Operand,
    { rateDType }: Symbols,
    undo: (() => void)[],
  ): TensorGroup['inputs'][number] {
    const { name, initial } = operand;
    return name === RATE_OF_GROUP && initial instanceof Tensor
      ? firstElement(rateFor(initial, rateDType, param.device))
      : this.stateOf(param, operand, undo);
  }

  /** A state of the parameter, made if need be and where the parameter is now; `undo` is to take back what was made. */
  private stateOf(param: Tensor, { name, initial, isNumber }: Operand, undo: (() => void)[]): Tensor {
    let states = this.state.get(param);
    if (states === undefined) {
      this.state.set(param, (states = {}));
      undo.push(() => void this.state.delete(param));
    }
    const known = Object.hasOwn(states, name) ? states[name] : undefined;
    const dtype = isNumber ? 'float32' : param.dtype;
    if (known !== undefined && known.dtype === dtype && known.device === param.device) return known;
    const made = keep(this.freshState(param, name, initial, isNumber, known, states));
    states[name] = made;
    undo.push(() => {
      made.release();
      if (known === undefined) Reflect.deleteProperty(states, name);
      else states[name] = known;
    });
    return made;
  }

  private freshState(
    param: Tensor,
    name: string,
    initial: Rate,
    isNumber: boolean,
    known: Tensor | undefined,
    states: Readonly<Record<string, Tensor>>,
  ): Tensor {
    const { device } = param;
    if (known !== undefined) return to(known, { dtype: isNumber ? 'float32' : param.dtype, device });
    if (!isNumber) return initial instanceof Tensor ? spread(initial, param) : fullLike(param, initial);
    // Other states without a count come from a rule that did not need one: steps were taken.
    const taken = name === STEP && Object.values(states).some(({ ndim }) => ndim > 0) ? 1 : initial;
    if (taken instanceof Tensor) return clone(view(to(taken, { dtype: 'float32', device }), []));
    return full([], taken, { dtype: 'float32', device });
  }
}

/** A new tensor like the parameter, all of whose elements are the one of `value`. */
const spread = (value: Tensor, { shape, dtype, device }: Tensor): Tensor =>
  clone(expand(view(to(value, { dtype, device }), []), shape));

type Program = ReturnType<typeof programOf>;

/** What a rule computes, and with which numbers. */
interface Programs {
  readonly program: Program;
  /** Of the numbers that are kept with the parameters, if there are any. */
  readonly counter: Program | null;
  readonly scalars: readonly number[];
}

interface Rule extends Omit<Programs, 'scalars'>, Pick<Update, 'state'> {
  readonly symbols: Symbols;
  readonly counted: Readonly<Record<string, Expression>>;
}

/** The options of a group, those in lists one by one. */
function valuesOf(group: object): unknown[] {
  const values: unknown[] = [];
  for (const [name, value] of Object.entries(group)) {
    if (name === 'params' || name === 'paramNames') continue;
    if (Array.isArray(value)) values.push(...(value as unknown[]));
    else values.push(value);
  }
  return values;
}

/** A step of the optimizer `owner` that first calls the closure, if there is one, and gives its loss. */
export function takeStep<Loss>(
  owner: string,
  closure: (() => Loss) | undefined,
  updateUnseen: () => void,
): Loss | Promise<unknown> | PromiseLike<void> {
  const update = (): void => {
    if (observing.current === null) updateUnseen();
    else observing.current.span('optimizer', `${owner}.step`, null, updateUnseen);
  };
  if (closure === undefined) {
    update();
    return TURN;
  }
  const loss = evaluate(closure);
  if (loss instanceof Promise) {
    return loss.then((value: unknown) => {
      update();
      return value;
    });
  }
  update();
  return loss;
}

/** What `step()` gives: nothing happens unless it is awaited. */
const TURN: PromiseLike<void> = {
  then: (done, failed) => pace(STEPS_AHEAD).then(done, failed),
};
/** Steps that a page may be ahead of the device when it awaits one. */
const STEPS_AHEAD = 2;

function gradOf(param: Tensor): Tensor {
  if (param.ownGrad === null) throw new Error('internal: a parameter without gradient is passed over');
  return param.ownGrad;
}

/** The gradient to descend along: turned round to climb, with that of the L2 penalty added. */
export function descent(
  { param, grad, scalar }: UpdateSymbols,
  { maximize = false, weightDecay = 0 }: { maximize?: boolean; weightDecay?: number },
): Expression {
  const g = maximize ? neg(grad) : grad;
  return weightDecay === 0 ? g : add(g, mul(scalar(weightDecay), param));
}

/** A running average: decay old + (1 - decay) fresh. */
export const average = ({ scalar }: UpdateSymbols, decay: number, old: Expression, fresh: Expression): Expression =>
  add(mul(scalar(decay), old), mul(scalar(1 - decay), fresh));

/** from + factor * rate, exact where the rate is a number. */
export const affine = ({ scalar }: UpdateSymbols, from: number, factor: number, rate: Rate): Expression =>
  typeof rate === 'number' ? scalar(from + factor * rate) : add(scalar(from), mul(scalar(factor), scalar(rate)));

/** decay^t; the same for all elements, so computed once. */
export const power = ({ scalar }: UpdateSymbols, decay: number, t: Expression): Expression =>
  exp(mul(scalar(Math.log(decay)), t));

/** 1 - decay^t without cancellation. */
export const correction = ({ scalar }: UpdateSymbols, decay: number, t: Expression): Expression =>
  neg(expm1(mul(scalar(Math.log(decay)), t)));

/** A state that a rule reads or writes, or the tensor that is the rate of the group, which has no name of a state. */
interface Operand {
  readonly name: string;
  readonly initial: Rate;
  readonly isNumber: boolean;
}
const RATE_OF_GROUP = '';

/** Collects what an update rule asks for, in order: the inputs and scalars of its program. */
class Symbols implements UpdateSymbols {
  readonly param: Expression;
  readonly grad: Expression;
  /** The states read, which are the inputs from 2 on. */
  readonly operands: Operand[] = [];
  readonly scalars: number[] = [];
  readonly dtypes: DType[];
  /** The count of steps, if the rule asked for it. */
  steps: Expression | null = null;
  /** What is computed in: a narrow dtype would not even hold the count. */
  private readonly wide: DType;
  /** Of the rate of the group, where it is a tensor. */
  readonly rateDType: DType;

  constructor(private readonly dtype: DType) {
    this.wide = dtype === 'float64' ? dtype : 'float32';
    this.rateDType = this.wide;
    this.param = cast(this.wide, input(0, dtype));
    this.grad = cast(this.wide, input(1, dtype));
    this.dtypes = [dtype, dtype];
  }

  // Arrow functions, as rules take them out of the object.
  readonly state = (name: string, initial: Rate = 0): Expression => this.operand({ name, initial, isNumber: false });
  readonly number = (name: string, initial: Rate): Expression => this.operand({ name, initial, isNumber: true });
  readonly step = (): Expression => (this.steps ??= add(this.number(STEP, 0), constant(1, this.wide)));
  readonly scalar = (value: Rate): Expression =>
    typeof value === 'number'
      ? scalar(this.scalars.push(value) - 1, this.wide)
      : this.operand({ name: RATE_OF_GROUP, initial: value, isNumber: false });

  /** @throws Error if the rule writes a state that it has not read */
  operandOf(name: string): Operand {
    const operand = this.operands.find((other) => other.name === name);
    if (operand === undefined) throw new Error(`internal: the state ${name} is written but not read`);
    return operand;
  }

  private operand(operand: Operand): Expression {
    let index = this.operands.findIndex(({ name }) => name === operand.name);
    const dtype = operand.isNumber ? 'float32' : operand.name === RATE_OF_GROUP ? this.rateDType : this.dtype;
    if (index < 0) {
      index = this.operands.push(operand) - 1;
      this.dtypes.push(dtype);
    }
    return cast(this.wide, input(2 + index, dtype));
  }
}
