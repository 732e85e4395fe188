// Runs recorded cases of the kinds `module` and `op`. Nothing here knows any single op or layer.
import { isPlainObject } from '../../src/arguments';
import { Tensor } from '../../src/tensor';
import type { RecordedTensor } from '../harness/conformance';
import { camelCase, findFunction, findModule, type Callee } from './names';
import { compare, compareGrad, isSupported, NotThere, reviveArguments, reviveTensor, tensorsOf } from './values';

interface RecordedCase {
  readonly id: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly out: unknown;
  /** Parallel to the tensors of the output. */
  readonly cot?: readonly (RecordedTensor | null)[];
  readonly grads?: Readonly<Record<string, RecordedTensor | null>>;
  readonly args_after?: Readonly<Record<string, unknown>>;
  readonly flags?: readonly string[];
  readonly dtypes: readonly string[];
  readonly rtol: number;
  readonly atol: number;
}

interface ModuleCase extends RecordedCase {
  readonly kind: 'module';
  readonly cls: string;
  readonly ctor: { readonly args: readonly unknown[]; readonly kwargs: Readonly<Record<string, unknown>> };
  readonly train: boolean;
  readonly state: Readonly<Record<string, RecordedTensor>>;
  readonly params: readonly string[];
  readonly state_after?: Readonly<Record<string, RecordedTensor>>;
  readonly cls_after?: string;
}

interface OpCase extends RecordedCase {
  readonly kind: 'op';
  readonly fn: string;
  readonly forms?: readonly string[];
}

export type Case = ModuleCase | OpCase;

/** Runs one case; throws where it differs from PyTorch, and NotThere if it needs what kindling does not have. */
export async function runCase(recorded: Case): Promise<void> {
  const foreign = recorded.dtypes.find((dtype) => !isSupported(dtype));
  if (foreign !== undefined) throw new NotThere(`dtype ${foreign}`);
  await (recorded.kind === 'module' ? runModule(recorded) : runOp(recorded));
}

async function runModule(recorded: ModuleCase): Promise<void> {
  const Class = findModule(recorded.cls);
  if (Class === null) throw new NotThere(recorded.cls);
  const module = new Class(...reviveArguments(recorded.ctor.args, recorded.ctor.kwargs));
  const state = Object.entries(recorded.state).map(([key, value]) => [key, reviveTensor(value)] as const);
  module.loadStateDict(Object.fromEntries(state));
  module.train(recorded.train);
  await runCall(
    recorded,
    (...args) => module(...args),
    () => Object.fromEntries(module.namedParameters()),
  );
  if (recorded.cls_after !== undefined && module.constructor.name !== recorded.cls_after) {
    throw new Error(`the class after the call must be ${recorded.cls_after}, got ${module.constructor.name}`);
  }
  const after = module.stateDict();
  for (const [key, value] of Object.entries(recorded.state_after ?? {})) {
    await compare(`state_after.${key}`, after[key], value, recorded);
  }
}

async function runOp(recorded: OpCase): Promise<void> {
  const fn = findFunction(recorded.fn);
  if (fn === null) throw new NotThere(recorded.fn);
  await runCall(recorded, fn, () => ({}));
  for (const form of recorded.forms ?? []) {
    const other = findFunction(form);
    if (other === null) continue;
    // In-place forms change their receiver, which must not be a leaf.
    const args = reviveArguments(recorded.args, recorded.kwargs).map(copied);
    try {
      await compare(`${form} out`, other(...args), recorded.out, recorded);
    } catch (error) {
      throw new Error(`form ${form}: ${String(error)}`, { cause: error });
    }
  }
}

const copied = (value: unknown): unknown =>
  value instanceof Tensor ? value.detach().clone() : Array.isArray(value) ? value.map(copied) : value;

/** Calls, compares the output, goes back from it, compares the gradients. */
async function runCall(recorded: RecordedCase, call: Callee, parameters: () => Record<string, Tensor>): Promise<void> {
  const { flags = [], grads = {}, cot } = recorded;
  const args = reviveArguments(recorded.args, recorded.kwargs);
  const named = (recorded.kwargs.input === undefined ? [] : [['kwargs.input', args[0] as Tensor]]) as [
    string,
    Tensor,
  ][];
  const options = args.at(-1);
  const leaves = Object.fromEntries([
    ...tensorsOf(args, 'args'),
    ...named,
    ...(isPlainObject(options) ? Object.entries(options) : []).flatMap(([name, value]) =>
      tensorsOf(value, `kwargs.${name}`),
    ),
  ]);
  // A leaf cannot be changed in place.
  const changes = flags.includes('inplace') || flags.includes('mutates');
  const given = changes
    ? args.map((arg) => (arg instanceof Tensor && arg.isFloatingPoint() ? arg.clone() : arg))
    : args;
  const output = await call(...given);
  await compare('out', output, recorded.out, recorded);
  const after = Object.fromEntries(tensorsOf(given, 'args'));
  for (const [path, value] of Object.entries(recorded.args_after ?? {})) {
    await compare(`args_after ${path}`, after[path], value, recorded);
  }
  if (cot === undefined) return;
  const outputs = tensorsOf(output, 'out');
  outputs.forEach(([, tensor], i) => {
    const direction = cot[i] ?? null;
    if (direction !== null && tensor.requiresGrad) tensor.backward(reviveTensor(direction), { retainGraph: true });
  });
  const own = parameters();
  for (const [path, expected] of Object.entries(grads)) {
    const leaf = path.startsWith('params.') ? own[path.slice('params.'.length)] : leaves[camelCase(path)];
    if (leaf === undefined) throw new Error(`grads: there is no leaf ${path}`);
    await compareGrad(`grads.${path}`, leaf, expected, recorded);
  }
}
