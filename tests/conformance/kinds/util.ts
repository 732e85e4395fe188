// Cases of the kind `util`: nn.utils. Clipping and vectors work on bare parameters; the others change a module, which then
// computes, and change it back.
import { eye, nn, zeros, type Tensor } from '../../../src';
import type { AnyCase, ModuleSpec, Named, RecordedTensor } from '../cases';
import { findClass, findFunction, present, type Callee } from '../names';
import { compare, compareGrad, compareNamed, reviveTensor, reviveTensors } from '../values';
import { build } from './call';
import { optionsOf } from './optim';

export interface UtilCase extends AnyCase {
  readonly fn: string;
  readonly options?: Named<unknown>;
  // clipping and vectors
  readonly params?: Named<RecordedTensor>;
  readonly shapes?: Named<readonly number[]>;
  readonly vector?: RecordedTensor;
  readonly grads_after?: Named<RecordedTensor | null>;
  readonly total_norm?: RecordedTensor;
  // modules
  readonly module?: ModuleSpec;
  readonly name?: string;
  readonly mask?: RecordedTensor;
  readonly importance_scores?: RecordedTensor;
  readonly parameters?: readonly (readonly [module: string, name: string])[];
  readonly method?: string;
  readonly then?: readonly { readonly fn: string; readonly options: Named<unknown> }[];
  readonly state?: Named<RecordedTensor>;
  readonly state_after_apply?: Named<RecordedTensor>;
  readonly train?: boolean;
  readonly input?: RecordedTensor;
  readonly cot?: RecordedTensor;
  readonly out?: unknown;
  readonly grads?: Named<RecordedTensor | null>;
  readonly state_after_forward?: Named<RecordedTensor>;
  readonly is_pruned?: boolean;
  readonly weight?: RecordedTensor;
  readonly effective?: Named<RecordedTensor>;
  readonly orthogonality_error?: number;
  readonly state_after_remove?: Named<RecordedTensor>;
  // fusing
  readonly conv?: ModuleSpec;
  readonly bn?: ModuleSpec;
  readonly fused?: Named<RecordedTensor>;
}

const utilOf = (name: string): Callee => present(findFunction(`nn.utils.${name}`), `nn.utils.${name}`);

export async function runUtil(recorded: UtilCase): Promise<void> {
  if (recorded.fused !== undefined) await runFuse(recorded);
  else if (recorded.module !== undefined) await runOnModule(recorded, recorded.module);
  else if (recorded.grads_after !== undefined) await runClip(recorded, recorded.grads_after);
  else await runVector(recorded);
}

async function runClip(recorded: UtilCase, after: Named<RecordedTensor | null>): Promise<void> {
  const params = Object.entries(recorded.grads ?? {}).map(([name, grad]) => {
    const param = new nn.Parameter(zeros(grad?.shape ?? [1]));
    param.grad = grad === null ? null : reviveTensor(grad);
    return [name, param] as const;
  });
  const total = await utilOf(recorded.fn)(
    params.map(([, param]) => param),
    optionsOf(recorded.options ?? {}),
  );
  for (const [name, param] of params) await compare(`grad of ${name}`, param.grad, after[name], recorded);
  if (recorded.total_norm !== undefined) await compare('total norm', total, recorded.total_norm, recorded);
}

async function runVector(recorded: UtilCase): Promise<void> {
  const util = utilOf(recorded.fn);
  if (recorded.vector === undefined) {
    await compare('out', util(Object.values(reviveTensors(recorded.params ?? {}))), recorded.out, recorded);
    return;
  }
  const shapes = Object.entries(recorded.shapes ?? {});
  const params = shapes.map(([name, shape]) => [name, new nn.Parameter(zeros(shape))] as const);
  util(
    reviveTensor(recorded.vector),
    params.map(([, param]) => param),
  );
  await compareNamed('params', Object.fromEntries(params), recorded.params, recorded);
}

async function runFuse(recorded: UtilCase): Promise<void> {
  const [conv, bn] = [recorded.conv, recorded.bn].map((spec) => build(spec as ModuleSpec).eval());
  const fused = utilOf(recorded.fn)(conv, bn, optionsOf(recorded.options ?? {})) as nn.Module;
  await compareNamed('fused', fused.stateDict(), recorded.fused, recorded);
  const out: unknown = fused(reviveTensor(recorded.input as RecordedTensor));
  await compare('out', out, recorded.out, recorded);
}

/** The tensor at a path of modules and names. */
function tensorAt(module: nn.Module, path: string): Tensor {
  let at: unknown = module;
  for (const name of path.split('.')) {
    const child: unknown = Reflect.get(at as object, name);
    at = child ?? Object.fromEntries((at as nn.Module).namedChildren())[name];
  }
  return at as Tensor;
}

/** Applies the util to the module. */
function applyTo(module: nn.Module, recorded: UtilCase): void {
  const { fn, name = 'weight', mask, importance_scores, parameters, method } = recorded;
  const options = optionsOf(recorded.options ?? {});
  const util = utilOf(fn);
  if (parameters !== undefined) {
    const path = `nn.utils.prune.${String(method)}`;
    const pairs = parameters.map(([at, tensor]) => [Object.fromEntries(module.namedModules())[at], tensor]);
    util(pairs, present(findClass(path), path), options);
  } else if (mask !== undefined) {
    util(module, name, reviveTensor(mask));
  } else if (importance_scores !== undefined) {
    util(module, name, { ...options, importanceScores: reviveTensor(importance_scores) });
  } else {
    util(module, name, options);
  }
  for (const { fn: next, options: more } of recorded.then ?? []) {
    utilOf(`prune.${next}`)(module, name, optionsOf(more));
  }
}

/** Makes the tensor an ordinary parameter again. */
function removeFrom(module: nn.Module, { fn, name = 'weight', parameters }: UtilCase): void {
  if (!fn.startsWith('prune.')) {
    utilOf(`remove_${fn}`)(module);
  } else if (parameters === undefined) {
    utilOf('prune.remove')(module, name);
  } else {
    const modules = Object.fromEntries(module.namedModules());
    for (const [at, tensor] of parameters) utilOf('prune.remove')(modules[at], tensor);
  }
}

async function runOnModule(recorded: UtilCase, spec: ModuleSpec): Promise<void> {
  const module = build(spec);
  applyTo(module, recorded);
  await compareNamed('state_after_apply', module.stateDict(), recorded.state_after_apply, recorded);
  if (recorded.is_pruned !== undefined) {
    const pruned = utilOf('prune.is_pruned')(module);
    if (pruned !== recorded.is_pruned) throw new Error(`isPruned: got ${String(pruned)}`);
  }
  if (recorded.state !== undefined) module.loadStateDict(reviveTensors(recorded.state));
  module.train(recorded.train ?? true);
  if (recorded.input !== undefined) await forward(module, recorded, reviveTensor(recorded.input));
  const effective = recorded.weight === undefined ? recorded.effective : { weight: recorded.weight };
  for (const [path, value] of Object.entries(effective ?? {})) {
    await compare(path, tensorAt(module, path), value, recorded);
  }
  if (recorded.orthogonality_error !== undefined) {
    await checkOrthogonal(tensorAt(module, 'weight'), recorded.orthogonality_error);
  }
  if (recorded.state_after_remove !== undefined) {
    removeFrom(module, recorded);
    const state = module.stateDict();
    const [keys, expected] = [state, recorded.state_after_remove].map((named) => Object.keys(named).sort().join());
    if (keys !== expected) throw new Error(`keys after removal: expected ${expected}, got ${keys}`);
    await compareNamed('state_after_remove', state, recorded.state_after_remove, recorded);
  }
}

async function forward(module: nn.Module, recorded: UtilCase, input: Tensor): Promise<void> {
  input.requiresGrad_();
  const out = module(input) as Tensor;
  await compare('out', out, recorded.out, recorded);
  if (recorded.cot !== undefined) {
    out.backward(reviveTensor(recorded.cot));
    const leaves: Record<string, Tensor> = { ...Object.fromEntries(module.namedParameters()), input };
    for (const [name, grad] of Object.entries(recorded.grads ?? {})) {
      await compareGrad(`grads.${name}`, leaves[name], grad, recorded);
    }
  }
  await compareNamed('state_after_forward', module.stateDict(), recorded.state_after_forward, recorded);
}

/** Q Qᵀ = I on the shorter side; PyTorch's own error is large where the state that was loaded is no image of a matrix. */
async function checkOrthogonal(q: Tensor, recorded: number): Promise<void> {
  const rows = q.shape[0] <= q.shape[1] ? q : q.mT;
  const error = await rows.matmul(rows.mT).sub(eye(rows.shape[0])).abs().max().item();
  if (error > recorded + 1e-5)
    throw new Error(`orthogonality: the error must be at most ${recorded} + 1e-5, got ${error}`);
}
