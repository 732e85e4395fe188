// Every kernel of the wasm device.
import { faultsOf, type KernelName, type RunKernel } from '../../contract';
import type { CommandStream } from '../transport/commandStream';
import { CONV } from './conv';
import { GATHER } from './gather';
import { GEMM } from './gemm';
import { LINALG } from './linalg';
import type { AnyLowering, Lowerings } from './lowering';
import { NORM } from './norm';
import { POINTWISE } from './pointwise';
import { POOL } from './pool';
import { REDUCE } from './reduce';
import { SOFTMAX } from './softmax';

const LOWERINGS: Lowerings<KernelName> = {
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

/** The kernels, as commands of that stream. */
export const wasmKernels =
  (stream: CommandStream): RunKernel =>
  (kernel, inputs, outputs, params) => {
    const lowering = LOWERINGS[kernel] as AnyLowering;
    if (typeof lowering === 'function') lowering(stream, inputs, outputs, params);
    else {
      const { opcode, struct, fields } = lowering;
      const args = fields(stream, inputs, outputs, params);
      stream.emit(opcode, struct, args, inputs, outputs, faultsOf(kernel, inputs, params));
    }
  };
