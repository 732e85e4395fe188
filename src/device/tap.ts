// Where `compile` listens: what is asked of devices passes here before it is queued. The library itself never sets it; what
// listens is in src/compile, so that pages that compile nothing carry none of it.
import type { DType } from '../base/dtype';
import type { Device, DeviceBuffer, KernelName, Operands } from './contract';

/** Is told of each call of a device, before it is made. */
export interface DeviceTap {
  run(device: Device, kernel: KernelName, inputs: Operands, outputs: Operands, params: unknown): void;
  /** Behind the call, as the buffer is its result. */
  allocated(device: Device, buffer: DeviceBuffer, bytes: number, dtype: DType): void;
  upload(device: Device, buffer: DeviceBuffer, data: ArrayBufferView, start: number): void;
  seal(device: Device, buffer: DeviceBuffer): void;
  /** `what` says in words what is asked that cannot be done again without the code that asks. */
  outside(what: string): void;
  mark(device: Device): void;
}

/** Who listens; null for nobody. */
export const tap: { current: DeviceTap | null } = { current: null };
