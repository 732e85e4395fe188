// Every kernel of the webgpu device. A part of the library that is loaded when a page first asks for the device: nothing
// here may rest on what is not (errors that are told apart by their class, expressions that exist once).
import type { Kernels } from '../../contract';
import { kernel } from '../shader';
import type { GpuStream } from '../stream';
import { columnKernels } from './columns';
import { convKernels } from './conv';
import { gatherKernels } from './gather';
import { gemmKernels } from './gemm';
import { linalgKernels } from './linalg';
import { normKernels } from './norm';
import { pointwiseKernels } from './pointwise';
import { poolKernels } from './pool';
import { reduceKernels } from './reduce';
import { softmaxKernels } from './softmax';

/** Records the fault of a transfer that failed. */
export const FAILURE = kernel('fail', () => ({
  reads: [],
  writes: [],
  params: [],
  records: true,
  body: 'record(0u, 0);',
}));

/** The kernels, as commands of that stream. */
export function gpuKernels(stream: GpuStream): Kernels {
  const reducing = reduceKernels(stream);
  return {
    ...reducing,
    ...convKernels(stream, reducing),
    ...columnKernels(stream),
    ...gatherKernels(stream),
    ...gemmKernels(stream),
    ...linalgKernels(stream),
    ...normKernels(stream, reducing),
    ...pointwiseKernels(stream),
    ...poolKernels(stream),
    ...softmaxKernels(stream),
  };
}
