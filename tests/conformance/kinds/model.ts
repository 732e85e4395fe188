// Cases of the kinds `model` and `trajectory`: whole models, once forward and back, or trained for some steps.
import type { nn, Tensor } from '../../../src';
import type { AnyCase, Named, RecordedTensor } from '../cases';
import { camelCaseOptions, findFunction, present } from '../names';
import { MODELS } from '../models';
import { compare, compareGrad, compareNamed, reviveTensor, reviveTensors, tensorsOf } from '../values';
import { makeOptimizer } from './optim';

interface Spec extends AnyCase {
  readonly model: string;
  readonly options: Named<unknown>;
  readonly train: boolean;
  readonly state: Named<RecordedTensor>;
  readonly inputs: readonly RecordedTensor[];
  readonly target?: RecordedTensor;
  readonly loss_fn?: string;
}

export interface ModelCase extends Spec {
  readonly out: unknown;
  readonly loss: RecordedTensor;
  readonly grads: Named<RecordedTensor | null>;
  readonly input_grads: readonly (RecordedTensor | null)[];
  readonly state_after: Named<RecordedTensor>;
}

export interface TrajectoryCase extends Spec {
  readonly steps: number;
  readonly optimizer: { readonly cls: string; readonly options: Named<unknown> };
  readonly losses: readonly number[];
  readonly grad_norms: readonly number[];
  readonly final_summary: Named<readonly [sum: number, norm: number]>;
  readonly final_skip?: readonly string[];
}

function build({ model, options, state, train }: Spec): nn.Module {
  const made = present(MODELS[model] ?? null, `model ${model}`)(camelCaseOptions(options));
  made.loadStateDict(reviveTensors(state));
  return made.train(train);
}

/** The mean loss of the first output; without a loss function the sum of it. Logits [T, N, V] are flattened. */
function lossOf(output: unknown, { target, loss_fn }: Spec): Tensor {
  const [[, first]] = tensorsOf(output, 'out');
  if (loss_fn === undefined || target === undefined) return first.sum();
  const path = `nn.functional.${loss_fn}`;
  const fn = present(findFunction(path), path);
  const wanted = reviveTensor(target);
  const flat = loss_fn === 'cross_entropy' && first.ndim === 3;
  const args = flat ? [first.flatten(0, 1), wanted.flatten()] : [first, wanted];
  return fn(...args) as Tensor;
}

export async function runModel(recorded: ModelCase): Promise<void> {
  const model = build(recorded);
  const inputs = recorded.inputs.map((input) => reviveTensor(input));
  for (const input of inputs) if (input.isFloatingPoint()) input.requiresGrad_();
  const output: unknown = await model(...inputs);
  const outputs = tensorsOf(output, 'out').map(([, tensor]) => tensor);
  await compare('out', Array.isArray(recorded.out) ? outputs : output, recorded.out, recorded);
  const loss = lossOf(output, recorded);
  await compare('loss', loss, recorded.loss, recorded);
  // Evaluated cases may have no gradients.
  if (recorded.grads !== undefined) {
    loss.backward();
    const params = Object.fromEntries(model.namedParameters());
    for (const [name, grad] of Object.entries(recorded.grads)) {
      await compareGrad(`grads.${name}`, params[name], grad, recorded);
    }
    for (const [i, grad] of recorded.input_grads.entries()) {
      await compareGrad(`input_grads.${i}`, inputs[i], grad, recorded);
    }
  }
  await compareNamed('state_after', model.stateDict(), recorded.state_after, recorded);
}

export async function runTrajectory(recorded: TrajectoryCase): Promise<void> {
  const model = build(recorded);
  const { cls, options } = recorded.optimizer;
  const optimizer = makeOptimizer(cls, model.parameters(), options);
  const inputs = recorded.inputs.map(reviveTensor);
  for (let k = 0; k < recorded.steps; k++) {
    optimizer.zeroGrad();
    const loss = lossOf(await model(...inputs), recorded);
    loss.backward();
    await compare(`loss of step ${k + 1}`, loss, recorded.losses[k], recorded);
    let squares = 0;
    for (const param of model.parameters()) squares += (await param.grad?.square().sum().item()) ?? 0;
    await compare(`gradient norm of step ${k + 1}`, Math.sqrt(squares), recorded.grad_norms[k], recorded);
    optimizer.step();
  }
  const state = model.stateDict();
  for (const [key, [sum, norm]] of Object.entries(recorded.final_summary)) {
    if (recorded.final_skip?.includes(key) === true) continue;
    const value = state[key].to('float32');
    await compare(`final ${key} sum`, await value.sum().item(), sum, recorded);
    await compare(`final ${key} norm`, await value.square().sum().sqrt().item(), norm, recorded);
  }
}
