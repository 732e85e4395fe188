// What the lowering of a kernel is: it queues WGSL kernels over the views that its row names, and over temporaries.
import type { InputsOf, KernelName, OutputsOf, ParamsOf } from '../../contract';
import type { GpuStream } from '../stream';

/** Those of a family. */
export type Lowerings<Names extends KernelName> = {
  readonly [K in Names]: (stream: GpuStream, inputs: InputsOf<K>, outputs: OutputsOf<K>, params: ParamsOf<K>) => void;
};
