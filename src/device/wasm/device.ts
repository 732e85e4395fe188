// The wasm device: memory and stream, and every kernel by the lowering of its family.
import type { Device } from '../contract';
import { deviceOf } from '../device';
import type { Fault } from '../faults';
import { wasmKernels } from './kernels';
import { startEngine, type EngineSettings } from './workers/start';
import { WasmStream } from './stream';

/** What `createWasmDevice` gives: the contract, and what the runtime needs beside it. */
export interface WasmDevice extends Device {
  readonly stream: WasmStream;
  /** How the engine runs and why, line by line. */
  diagnose(): string[];
  shutdown(): void;
  /** Faults that no read has rejected with. */
  undelivered(): Fault[];
}

/** Starts an engine; its first commands wait until it is up. */
export function createWasmDevice(settings: EngineSettings = {}): WasmDevice {
  const notes: string[] = [];
  const stream = new WasmStream((events) => startEngine(settings, events, notes));
  return Object.assign(
    deviceOf('wasm', stream, wasmKernels(stream), () => true),
    {
      stream,
      diagnose: (): string[] => [...stream.describe(), ...notes],
      shutdown: () => stream.shutdown(),
      undelivered: () => stream.undelivered(),
    },
  );
}
