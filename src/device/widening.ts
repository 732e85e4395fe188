// Kernels on dtypes narrower than what they compute in. Pointwise programs convert as they load and store; before any
// other kernel the operands are copied into wide memory, and its results from there, rounded or wrapped once.
import { denseStrides, numelOf } from '../base/shape';
import { DTYPES, itemSize, type DType } from '../base/dtype';
import {
  kernelsBy,
  rowOf,
  type Device,
  type DeviceBuffer,
  type KernelName,
  type Kernels,
  type Operands,
  type PointwiseProgram,
  type View,
} from './contract';
import { cast, input } from '../expression/expression';

const programs = new Map<string, PointwiseProgram>();

/** The program that converts one dtype into another, or copies elements as they are. */
export function copyProgram(from: DType, to: DType = from): PointwiseProgram {
  const key = `${from} ${to}`;
  let program = programs.get(key);
  if (program === undefined) {
    program = { name: 'copy', inputs: [from], outputs: [cast(to, input(0, from))], outputDTypes: [to] };
    programs.set(key, program);
  }
  return program;
}

function hasNarrow(operands: Operands): boolean {
  for (const view of operands) if (view !== null && DTYPES[view.dtype].wide !== undefined) return true;
  return false;
}

/** The kernels for all dtypes, made of those for wide ones. */
export function widening(kernels: Kernels, memory: Pick<Device, 'allocate' | 'free'>): Kernels {
  const copy = (from: View, to: View): void =>
    kernels.pointwise([from], [to], { program: copyProgram(from.dtype, to.dtype), scalars: [] });

  /** Runs a kernel with wide memory in place of its narrow views. */
  function runWide(name: KernelName, inputs: Operands, outputs: Operands, params: unknown): void {
    const buffers: DeviceBuffer[] = [];
    const results: (() => void)[] = [];
    const widened = (view: View | null, isRead: boolean, isWritten: boolean): View | null => {
      const dtype = view === null ? undefined : DTYPES[view.dtype].wide;
      if (view === null || dtype === undefined) return view;
      const { shape } = view;
      const buffer = memory.allocate(numelOf(shape) * itemSize(dtype), dtype);
      buffers.push(buffer);
      const wide = { buffer, dtype, shape, strides: denseStrides(shape), offset: 0 };
      if (isRead) copy(view, wide);
      if (isWritten) results.push(() => copy(wide, view));
      return wide;
    };
    const { updates = false } = rowOf(name);
    try {
      const wideInputs = inputs.map((view) => widened(view, true, false));
      const wideOutputs = outputs.map((view) => widened(view, updates, true));
      kernels[name](wideInputs, wideOutputs, params);
      for (const write of results) write();
    } finally {
      // Also where memory for the next operand could not be had.
      for (const buffer of buffers) memory.free(buffer);
    }
  }

  return kernelsBy((name) => {
    const kernel = kernels[name];
    if (rowOf(name).converts) return kernel;
    return (inputs, outputs, params) => {
      if (hasNarrow(inputs) || hasNarrow(outputs)) runWide(name, inputs, outputs, params);
      else kernel(inputs, outputs, params);
    };
  });
}
