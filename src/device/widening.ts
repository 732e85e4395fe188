// Kernels on dtypes narrower than what they compute in. Pointwise programs convert as they load and store; before any
// other kernel the operands are copied into wide memory, and its results from there, rounded or wrapped once.
import { denseStrides, numelOf } from '../base/shape';
import { DTYPES, itemSize, type DType } from '../base/dtype';
import type { Device, DeviceBuffer, Kernels, PointwiseProgram, View } from './contract';
import { cast, input } from '../expression/expression';

type WholeKernels = Omit<Kernels, 'pointwise' | 'foreach'>;

/** Which argument of a kernel is `out`: it and the views behind it are written. */
const FIRST_OUTPUT: { readonly [K in keyof WholeKernels]: number } = {
  reduce: 2,
  argReduce: 2,
  scan: 2,
  scanIndices: 2,
  sort: 1,
  searchSorted: 2,
  gemm: 3,
  conv2d: 3,
  conv2dGradInput: 2,
  conv2dGradWeight: 2,
  maxPool2d: 1,
  maxPool2dBackward: 2,
  avgPool2d: 1,
  avgPool2dBackward: 1,
  adaptiveAvgPool2d: 1,
  adaptiveAvgPool2dBackward: 1,
  softmax: 1,
  softmaxBackward: 2,
  normalizeRows: 3,
  normalizeRowsBackward: 5,
  batchNorm: 3,
  batchNormBackward: 5,
  gather: 2,
  scatterAdd: 2,
  indexSelect: 2,
  indexAdd: 2,
  scatter: 3,
  linalg: 3,
};

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

/** Whether an argument of a kernel is a view. */
export const isView = (x: unknown): x is View => typeof x === 'object' && x !== null && 'dtype' in x;
const isNarrow = (x: unknown): boolean =>
  isView(x) ? DTYPES[x.dtype].wide !== undefined : Array.isArray(x) && x.some(isNarrow);

/** What a device's kernels are called. */
export const KERNEL_NAMES = ['pointwise', 'foreach', ...Object.keys(FIRST_OUTPUT)] as readonly (keyof Kernels)[];

/** The kernels for all dtypes, made of those for wide ones. */
export function widening(kernels: Kernels, memory: Pick<Device, 'allocate' | 'free'>): Kernels {
  const call = (name: keyof WholeKernels, args: readonly unknown[]): void => {
    (kernels[name] as (...args: unknown[]) => void)(...args);
  };
  const copy = (from: View, to: View): void => kernels.pointwise(copyProgram(from.dtype, to.dtype), [from], [to], []);

  /** Runs a kernel with wide memory in place of its narrow views. */
  function run(name: keyof WholeKernels, args: readonly unknown[]): void {
    const buffers: DeviceBuffer[] = [];
    const results: (() => void)[] = [];
    const widened = (x: unknown, isOutput: boolean): unknown => {
      if (Array.isArray(x)) return x.map((item) => widened(item, isOutput));
      const dtype = isView(x) ? DTYPES[x.dtype].wide : undefined;
      if (!isView(x) || dtype === undefined) return x;
      const { shape } = x;
      const buffer = memory.allocate(numelOf(shape) * itemSize(dtype), dtype);
      buffers.push(buffer);
      const wide = { buffer, dtype, shape, strides: denseStrides(shape), offset: 0 };
      // Of the kernels `scatter` alone reads what it writes.
      if (!isOutput || name === 'scatter') copy(x, wide);
      if (isOutput) results.push(() => copy(wide, x));
      return wide;
    };
    try {
      call(
        name,
        args.map((arg, i) => widened(arg, i >= FIRST_OUTPUT[name])),
      );
      for (const write of results) write();
    } finally {
      // Also where memory for the next operand could not be had.
      for (const buffer of buffers) memory.free(buffer);
    }
  }

  const wrapped = (Object.keys(FIRST_OUTPUT) as (keyof WholeKernels)[]).map((name) => [
    name,
    (...args: unknown[]) => (args.some(isNarrow) ? run(name, args) : call(name, args)),
  ]);
  return { ...kernels, ...(Object.fromEntries(wrapped) as WholeKernels) };
}
