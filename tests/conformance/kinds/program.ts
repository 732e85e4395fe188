// Cases of the kind `program`: steps on named values, then what they and their gradients must be.
import { autograd, noGrad } from '../../../src';
import { Tensor } from '../../../src/core/tensor';
import type { AnyCase, Named, RecordedTensor } from '../cases';
import { findFunction, present, type Callee } from '../names';
import { compare, compareGrad, reviveArguments, reviveTensor } from '../values';

interface Step {
  readonly fn: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Named<unknown>;
  readonly out?: string | readonly string[];
}

/** The steps and what they start from. */
export interface Program {
  readonly inputs: Named<RecordedTensor>;
  readonly steps: readonly Step[];
}

export interface ProgramCase extends AnyCase, Program {
  readonly expect: Named<{ value: RecordedTensor; requires_grad: boolean; is_leaf: boolean }>;
  readonly grads: Named<RecordedTensor | null>;
}

/** Steps that are not functions of `torch`. */
const STEPS: Readonly<Record<string, Callee>> = {
  backward: (t, ...rest) => (t as Tensor).backward(...(rest as [])),
  grad: (...args) => autograd.grad(...(args as Parameters<typeof autograd.grad>)),
  get_grad: (t) => (t as Tensor).grad?.clone() ?? null,
  zero_grad: (t) => ((t as Tensor).grad = null),
};

/** Runs the steps; the values by name. */
export async function runSteps({ inputs, steps }: Program): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [name, reviveTensor(value)]),
  );
  let withoutGrad = false;
  for (const { fn, args = [], kwargs = {}, out } of steps) {
    if (fn === 'no_grad_begin' || fn === 'no_grad_end') {
      withoutGrad = fn === 'no_grad_begin';
      continue;
    }
    const call = STEPS[fn] ?? present(findFunction(fn), fn);
    const revived = reviveArguments(args, kwargs, values);
    // A promise would outlive noGrad, which wants a synchronous function.
    const result = withoutGrad ? noGrad(() => call(...revived)) : await call(...revived);
    if (typeof out === 'string') values[out] = result;
    else out?.forEach((name, i) => (values[name] = (result as readonly unknown[])[i]));
  }
  return values;
}

export async function runProgram(recorded: ProgramCase): Promise<void> {
  const values = await runSteps(recorded);
  for (const [name, { value, requires_grad, is_leaf }] of Object.entries(recorded.expect)) {
    const got = values[name];
    await compare(name, got, value, recorded);
    if (!(got instanceof Tensor)) continue;
    if (got.requiresGrad !== requires_grad) throw new Error(`${name}: requiresGrad must be ${requires_grad}`);
    if (got.isLeaf !== is_leaf) throw new Error(`${name}: isLeaf must be ${is_leaf}`);
  }
  for (const [name, grad] of Object.entries(recorded.grads)) {
    await compareGrad(`grad of ${name}`, values[name] as Tensor, grad, recorded);
  }
}
