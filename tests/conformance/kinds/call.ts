// Cases of the kinds `op` and `module`: a call, its output, the gradients that go back from it.
import { Tensor } from '../../../src/core/tensor';
import type { nn } from '../../../src';
import type { AnyCase, Call, ModuleSpec, Named, RecordedTensor } from '../cases';
import { camelCase, findFunction, findModule, present, type Callee } from '../names';
import { compare, compareGrad, compareNamed, reviveArguments, reviveTensor, reviveTensors, tensorsOf } from '../values';

interface CallCase extends AnyCase, Call {
  readonly out: unknown;
  /** Parallel to the tensors of the output. */
  readonly cot?: readonly (RecordedTensor | null)[];
  readonly grads?: Named<RecordedTensor | null>;
  readonly args_after?: Named<unknown>;
  readonly flags?: readonly string[];
}

export interface ModuleCase extends CallCase {
  readonly kind: 'module';
  readonly cls: string;
  readonly ctor: Call;
  readonly train: boolean;
  readonly state: Named<RecordedTensor>;
  readonly params: readonly string[];
  readonly state_after?: Named<RecordedTensor>;
  readonly cls_after?: string;
}

export interface OpCase extends CallCase {
  readonly kind: 'op';
  readonly fn: string;
  /** Other spellings that give the same output. */
  readonly forms?: readonly string[];
}

/** A module with its state. @throws NotThere if there is no such class */
export function build({ cls, ctor, state }: ModuleSpec): nn.Module {
  const module = new (present(findModule(cls), `nn.${cls}`))(...reviveArguments(ctor.args, ctor.kwargs));
  if (state !== undefined) module.loadStateDict(reviveTensors(state));
  return module;
}

export async function runModule(recorded: ModuleCase): Promise<void> {
  const module = build(recorded);
  module.train(recorded.train);
  await runCall(
    recorded,
    (...args) => module(...args),
    () => Object.fromEntries(module.namedParameters()),
  );
  if (recorded.cls_after !== undefined && module.constructor.name !== recorded.cls_after) {
    throw new Error(`the class after the call must be ${recorded.cls_after}, got ${module.constructor.name}`);
  }
  await compareNamed('state_after', module.stateDict(), recorded.state_after, recorded);
}

export async function runOp(recorded: OpCase): Promise<void> {
  const fn = present(findFunction(recorded.fn), recorded.fn);
  await runCall(recorded, fn, () => ({}));
  for (const form of recorded.forms ?? []) {
    const other = present(findFunction(form), form);
    // In-place forms change their receiver, which must not be a leaf.
    const args = reviveArguments(recorded.args, recorded.kwargs).map(copied);
    try {
      await compare('out', await other(...args), recorded.out, recorded);
    } catch (error) {
      throw new Error(`form ${form}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

const copied = (value: unknown): unknown =>
  value instanceof Tensor ? value.detach().clone() : Array.isArray(value) ? value.map(copied) : value;

/** Calls, compares the output, goes back from it, compares the gradients. */
async function runCall(recorded: CallCase, call: Callee, parameters: () => Record<string, Tensor>): Promise<void> {
  const { flags = [], grads = {}, cot, kwargs } = recorded;
  const args = reviveArguments(recorded.args, recorded.kwargs);
  const leaves = leavesOf(args, kwargs);
  // A leaf cannot be changed in place.
  const changes = flags.includes('inplace') || flags.includes('mutates');
  const given = changes
    ? args.map((arg) => (arg instanceof Tensor && arg.isFloatingPoint() ? arg.clone() : arg))
    : args;
  const output = await call(...given);
  await compare('out', output, recorded.out, recorded);
  const after = Object.entries(recorded.args_after ?? {}).map(([path, value]) => [camelCase(path), value] as const);
  await compareNamed('args_after', leavesOf(given, kwargs), Object.fromEntries(after), recorded);
  if (cot === undefined) return;
  goBack(output, cot);
  const own = parameters();
  for (const [path, expected] of Object.entries(grads)) {
    const leaf = path.startsWith('params.') ? own[path.slice('params.'.length)] : leaves[camelCase(path)];
    if (leaf === undefined) throw new Error(`grads: there is no leaf ${path}`);
    await compareGrad(`grads.${path}`, leaf, expected, recorded);
  }
}

/** The tensors among arguments, by the paths that name their gradients. */
export function leavesOf(args: readonly unknown[], kwargs: Named<unknown>): Record<string, Tensor> {
  const named: [string, unknown][] = kwargs.input === undefined ? [] : [['kwargs.input', args[0]]];
  const options = Object.keys(kwargs).some((name) => name !== 'input') ? tensorsOf(args.at(-1), 'kwargs') : [];
  return Object.fromEntries([
    ...tensorsOf(args, 'args'),
    ...named.flatMap(([path, value]) => tensorsOf(value, path)),
    ...options,
  ]);
}

/** Backward from Σ output · cotangent. */
export function goBack(output: unknown, cot: readonly (RecordedTensor | Tensor | null)[]): void {
  tensorsOf(output, 'out').forEach(([, tensor], i) => {
    const direction = cot[i] ?? null;
    if (direction === null || !tensor.requiresGrad) return;
    tensor.backward(direction instanceof Tensor ? direction : reviveTensor(direction), { retainGraph: true });
  });
}
