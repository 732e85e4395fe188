// Optimizer: parameter groups, per-parameter state and the one fused command of a step. An optimizer is its options
// and its update rule, an expression per element; see sgd.ts for the smallest.
import { enableGrad, noGrad } from '../autograd';
import type { DType } from '../dtype';
import { add, cast, constant, input, scalar, type Expression } from '../expression';
import { keep, unscoped } from '../memory';
import { to, zero_ } from '../ops/copy';
import { full, zerosLike } from '../ops/creation';
import { firstElement, foreach_, programOf, type TensorGroup } from '../ops/foreach';
import { Tensor } from '../tensor';
import { restoreState, saveState, STEP, type OptimizerState, type OptimizerStateDict } from './stateDict';

/** Options that every optimizer has. */
export interface OptimizerOptions {
  lr: number;
}

/** Parameters that share options, which may be changed between steps. */
export type ParamGroup<O extends OptimizerOptions> = O & {
  params: Tensor[];
  /** The learning rate that schedulers start from. */
  initialLr?: number;
};

/** A group as it is given: options that it leaves out have the optimizer's defaults. */
export type ParamGroupOptions<O extends OptimizerOptions> = Partial<O> & { params: Tensor | Iterable<Tensor> };

/** What an optimizer optimises: parameters, or groups of them. */
export type ParamsArgument<O extends OptimizerOptions> = Iterable<Tensor> | Iterable<ParamGroupOptions<O>>;

/** What an update rule is written in. */
export interface UpdateSymbols {
  /** Element of the parameter and of its gradient. */
  readonly param: Expression;
  readonly grad: Expression;
  /** Element of a state of the parameter's shape, which is 0 before the first step. */
  readonly state: (name: string) => Expression;
  /** Number of steps taken on this parameter, the current one included. */
  readonly step: () => Expression;
  /** A number that may change from step to step. */
  readonly scalar: (value: number) => Expression;
}

/** New values: of the parameter, and of states by name. */
export interface Update {
  readonly param: Expression;
  readonly state: Readonly<Record<string, Expression>>;
}

/**
 * Base of all optimizers. A step reads and writes all parameters of a group by one device command, skipped whole if a
 * fault lies in what the gradients were computed from. Parameters without a gradient are passed over.
 * @see torch.optim.Optimizer
 */
export abstract class Optimizer<O extends OptimizerOptions = OptimizerOptions> {
  readonly paramGroups: ParamGroup<O>[] = [];
  /** Tensors by PyTorch's names (`exp_avg`, `momentum_buffer`), made by a parameter's first step. */
  readonly state: OptimizerState = new Map();

  /** @throws TypeError for no parameters, RangeError for options out of range */
  constructor(
    params: ParamsArgument<O>,
    readonly defaults: O,
  ) {
    const given = params instanceof Tensor ? [] : [...params];
    if (given.length === 0) {
      throw new TypeError(`${this.name}: params must be a list of parameters or groups with at least one, got none.`);
    }
    if (given.every(isTensor)) this.addParams(given, {});
    else for (const group of given) this.addParamGroup(group as ParamGroupOptions<O>);
  }

  private get name(): string {
    return this.constructor.name;
  }

  /** The new values of an element. Called at every step; what it gives must depend on `options` alone. */
  protected abstract update(symbols: UpdateSymbols, options: O): Update;

  /** @throws RangeError if an option is out of range */
  protected abstract checkOptions(options: O): void;

  /** Adds parameters with options of their own, to train layers that were frozen before. */
  addParamGroup({ params, ...options }: ParamGroupOptions<O>): void {
    this.addParams(params instanceof Tensor ? [params] : [...params], options);
  }

  private addParams(params: Tensor[], options: object): void {
    const group: ParamGroup<O> = { ...this.defaults, ...options, params };
    this.checkOptions(group);
    const known = new Set(this.paramGroups.flatMap((other) => other.params));
    for (const param of params) {
      if (!isTensor(param)) throw new TypeError(`${this.name}: parameters must be tensors, got ${typeof param}.`);
      if (!param.isLeaf) {
        throw new TypeError(`${this.name}: parameters must be leaves, got ${String(param)}, a result of operations.`);
      }
      if (known.has(param)) throw new TypeError(`${this.name}: ${String(param)} is in more than one place.`);
      known.add(param);
    }
    this.paramGroups.push(group);
  }

  /** Drops the gradients of all parameters, or fills them with zeros in place. */
  zeroGrad(setToNone = true): void {
    for (const { params } of this.paramGroups) {
      for (const param of params) {
        if (setToNone) param.replaceGrad(null);
        else if (param.ownGrad !== null) zeroInPlace(param.ownGrad);
      }
    }
  }

  /** Updates every parameter that has a gradient. A `closure` computes the loss and its gradients first. */
  step(): void;
  step<Loss>(closure: () => Loss): Loss;
  step<Loss>(closure?: () => Loss): Loss | undefined {
    const loss = closure === undefined ? undefined : enableGrad(closure);
    noGrad(() => {
      unscoped(() => {
        for (const group of this.paramGroups) this.updateGroup(group);
      });
    });
    return loss;
  }

  /** State and options in PyTorch's structure and names; the tensors are the optimizer's own. */
  stateDict(): OptimizerStateDict {
    return saveState(this.paramGroups, this.state);
  }

  /**
   * Takes over state and options; tensors are copied.
   * @throws LoadError if groups, their sizes or shapes differ
   */
  loadStateDict(stateDict: OptimizerStateDict): void {
    noGrad(() => {
      unscoped(() => {
        restoreState(this.name, this.paramGroups, this.state, stateDict);
      });
    });
  }

  private updateGroup(group: ParamGroup<O>): void {
    const byDType = new Map<DType, Tensor[]>();
    for (const param of group.params) {
      if (param.ownGrad === null || param.numel() === 0) continue;
      const alike = byDType.get(param.dtype);
      if (alike === undefined) byDType.set(param.dtype, [param]);
      else alike.push(param);
    }
    for (const [dtype, params] of byDType) this.updateAlike(group, dtype, params);
  }

  /** The step of parameters of one group and dtype: at most one command for the counts and one for all else. */
  private updateAlike(group: ParamGroup<O>, dtype: DType, params: readonly Tensor[]): void {
    const symbols = new Symbols(dtype);
    const { param, state } = this.update(symbols, group);
    const written = Object.keys(state);
    if (symbols.operands.includes(STEP)) this.countStep(dtype, params);
    const groups = params.map((p): TensorGroup => {
      const read = symbols.operands.map((name) => this.stateOf(p, name));
      return {
        inputs: [p, gradOf(p), ...read],
        outputs: [p, ...written.map((name) => this.stateOf(p, name))],
      };
    });
    foreach_(programOf(this.name, symbols.dtypes, [param, ...Object.values(state)]), groups, symbols.scalars);
  }

  /**
   * Counts on the device, as a step that meets a fault is skipped there. The gradient is among the inputs, though no
   * value of it is used, so that the count is skipped along with the step.
   */
  private countStep(dtype: DType, params: readonly Tensor[]): void {
    const count = programOf(STEP, ['float32', dtype], [add(input(0, 'float32'), constant(1, 'float32'))]);
    const groups = params.map((p): TensorGroup => {
      const step = this.stateOf(p, STEP);
      return { inputs: [step, firstElement(gradOf(p))], outputs: [step] };
    });
    foreach_(count, groups, []);
  }

  /** A state of the parameter, made if need be and where the parameter is now. */
  private stateOf(param: Tensor, name: string): Tensor {
    let states = this.state.get(param);
    if (states === undefined) this.state.set(param, (states = {}));
    const known = Object.hasOwn(states, name) ? states[name] : undefined;
    const dtype = name === STEP ? 'float32' : param.dtype;
    if (known !== undefined && known.dtype === dtype && known.device === param.device) return known;
    if (known !== undefined) return (states[name] = keep(to(known, { dtype, device: param.device })));
    if (name !== STEP) return (states[name] = keep(zerosLike(param)));
    // Other states without a count come from a rule that did not need one: steps were taken.
    const taken = Object.keys(states).length > 0 ? 1 : 0;
    return (states[name] = keep(full([], taken, { device: param.device })));
  }
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

function gradOf(param: Tensor): Tensor {
  if (param.ownGrad === null) throw new Error('internal: a parameter without gradient is passed over');
  return param.ownGrad;
}

function zeroInPlace(grad: Tensor): void {
  noGrad(() => zero_(grad));
}

/** @throws RangeError unless the options of these names are numbers >= 0 */
export function checkNotNegative<O>(owner: string, options: O, names: readonly (keyof O & string)[]): void {
  for (const name of names) {
    const value = options[name];
    if (!(typeof value === 'number' && value >= 0)) {
      throw new RangeError(`${owner}: ${name} must be at least 0, got ${String(value)}.`);
    }
  }
}

/** @throws RangeError unless both decay rates are in [0, 1) */
export function checkBetas(owner: string, betas: readonly number[]): void {
  if (betas.length !== 2 || !betas.every((beta) => beta >= 0 && beta < 1)) {
    throw new RangeError(`${owner}: betas must be two numbers in [0, 1), got [${betas.join(', ')}].`);
  }
}

/** Collects what an update rule asks for, in order: the inputs and scalars of its program. */
class Symbols implements UpdateSymbols {
  readonly param: Expression;
  readonly grad: Expression;
  /** Names of the states read, which are the inputs from 2 on. */
  readonly operands: string[] = [];
  readonly scalars: number[] = [];
  readonly dtypes: DType[];

  constructor(private readonly dtype: DType) {
    this.param = input(0, dtype);
    this.grad = input(1, dtype);
    this.dtypes = [dtype, dtype];
  }

  // Arrow functions, as rules take them out of the object.
  readonly state = (name: string): Expression => this.operand(name, this.dtype);
  readonly step = (): Expression => cast(this.dtype, this.operand(STEP, 'float32'));
  readonly scalar = (value: number): Expression => scalar(this.scalars.push(value) - 1, this.dtype);

  private operand(name: string, dtype: DType): Expression {
    let index = this.operands.indexOf(name);
    if (index < 0) {
      index = this.operands.push(name) - 1;
      this.dtypes.push(dtype);
    }
    return input(2 + index, dtype);
  }
}
