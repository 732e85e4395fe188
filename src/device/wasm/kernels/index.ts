// Every kernel of the wasm device.
import { faultsOf, kernelsBy, type KernelName, type Kernels } from '../../contract';
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
export const wasmKernels = (stream: CommandStream): Kernels =>
  kernelsBy((name) => {
    const lowering = LOWERINGS[name] as AnyLowering;
    if (typeof lowering === 'function') return (inputs, outputs, params) => lowering(stream, inputs, outputs, params);
    const { opcode, struct, fields } = lowering;
    return (inputs, outputs, params) => {
      const args = fields(stream, inputs, outputs, params);
      stream.emit(opcode, struct, args, inputs, outputs, faultsOf(name, inputs, params));
    };
  });
