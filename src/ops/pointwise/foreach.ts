// One pointwise program over many tensors of different shapes, in one command: what optimizers and gradient
// clipping are made of. Writes in place and records no gradients.
import type { Device, PointwiseProgram, View } from '../../device/contract';
import type { DType } from '../../base/dtype';
import { observing } from '../../base/observer';
import type { Expression } from '../../expression/expression';
import { isDense, numelOf } from '../../base/shape';
import type { Tensor } from '../../core/tensor';

/** Operands of one run of the program. Inputs have the shape of the outputs or a single element. */
export interface TensorGroup {
  readonly inputs: readonly View[];
  readonly outputs: readonly Tensor[];
}

const programs = new Map<string, PointwiseProgram>();

/** The one program that computes `outputs` from inputs of these dtypes; equal expressions are the same object. */
export function programOf(name: string, inputs: readonly DType[], outputs: readonly Expression[]): PointwiseProgram {
  const key = `${name} ${inputs.join(' ')} ${outputs.map(({ id }) => id).join(' ')}`;
  let program = programs.get(key);
  if (program === undefined) {
    program = { name, inputs, outputs, outputDTypes: outputs.map(({ dtype }) => dtype) };
    programs.set(key, program);
  }
  return program;
}

/**
 * Runs `program` over every group and overwrites the outputs: one command per device. Groups with a tensor that is
 * not dense take a command of their own.
 */
export function foreach_(program: PointwiseProgram, groups: readonly TensorGroup[], scalars: readonly number[]): void {
  const observer = observing.current;
  if (observer === null) foreachUnseen(program, groups, scalars);
  else {
    const changed = groups.flatMap(({ outputs }) => outputs);
    observer.span('op', program.name, changed, () => foreachUnseen(program, groups, scalars));
  }
}

function foreachUnseen(program: PointwiseProgram, groups: readonly TensorGroup[], scalars: readonly number[]): void {
  const dense = new Map<Device, { inputs: View[]; outputs: View[] }>();
  const params = { program, scalars };
  for (const { inputs, outputs } of groups) {
    const device = outputs[0].home;
    if ([...inputs, ...outputs].every(isDenseView)) {
      let together = dense.get(device);
      if (together === undefined) dense.set(device, (together = { inputs: [], outputs: [] }));
      together.inputs.push(...inputs);
      together.outputs.push(...outputs);
    } else {
      const broadcast = inputs.map((input) => broadcastTo(input, outputs[0].shape));
      device.run('pointwise', broadcast, outputs, params);
    }
  }
  for (const [device, { inputs, outputs }] of dense) device.run('foreach', inputs, outputs, params);
  for (const { outputs } of groups) for (const output of outputs) output.storage.version++;
}

/** The first element of a tensor that has one. */
export const firstElement = ({ buffer, dtype, offset }: View): View => ({
  buffer,
  dtype,
  shape: [],
  strides: [],
  offset,
});

const isDenseView = ({ shape, strides }: View): boolean => isDense(shape, strides);

function broadcastTo(view: View, shape: readonly number[]): View {
  if (view.shape.length === shape.length && numelOf(view.shape) === numelOf(shape)) return view;
  const { buffer, dtype, offset } = view;
  return { buffer, dtype, offset, shape, strides: shape.map(() => 0) };
}
