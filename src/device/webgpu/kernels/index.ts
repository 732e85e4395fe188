// Every kernel of the webgpu device. A part of the library that is loaded when a page first asks for the device: nothing
// here may rest on what is not (errors that are told apart by their class, expressions that exist once).
import { kernelsBy, type KernelName, type Kernels, type Operands } from '../../contract';
import { kernel } from '../shader';
import type { GpuStream } from '../stream';
import { COLUMNS } from './columns';
import { CONV } from './conv';
import { GATHER } from './gather';
import { GEMM } from './gemm';
import { LINALG } from './linalg';
import type { Lowerings } from './lowering';
import { NORM } from './norm';
import { POINTWISE } from './pointwise';
import { POOL } from './pool';
import { REDUCE } from './reduce';
import { SOFTMAX } from './softmax';

/** Records the fault of a transfer that failed. */
export const FAILURE = kernel('fail', () => ({
  reads: [],
  writes: [],
  params: [],
  records: true,
  body: 'record(0u, 0);',
}));

const LOWERINGS: Lowerings<KernelName> = {
  ...COLUMNS,
  ...CONV,
  ...GATHER,
  ...GEMM,
  ...LINALG,
  ...NORM,
  ...POINTWISE,
  ...POOL,
  ...REDUCE,
  ...SOFTMAX,
};

/** A lowering taken out of the table by the name of its kernel. */
type AnyLowering = (stream: GpuStream, inputs: Operands, outputs: Operands, params: unknown) => void;

/** The kernels, as commands of that stream. */
export const gpuKernels = (stream: GpuStream): Kernels =>
  kernelsBy((name) => {
    const lowering = LOWERINGS[name] as AnyLowering;
    return (inputs, outputs, params) => lowering(stream, inputs, outputs, params);
  });
