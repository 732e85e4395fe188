// Chooses how the engine runs and starts it: workers over shared memory, one worker with its own, or this thread.
import { DeviceError, KindlingError } from '../../errors';
import { compileBuild, type Build } from './binary';
import { detectFeatures, type Features } from './features';
import { InlineLeader } from './inline';
import { createMemory } from './memory';
import { RingTransport } from './ringTransport';
import type { Transport, TransportEvents } from './transport';

/** How the engine runs. */
export type Mode = 'shared' | 'batch' | 'inline';

/** What may be asked for; by default everything is detected. */
export interface EngineSettings {
  readonly mode?: Mode;
  readonly build?: Build;
  /** Workers, the leader included; 0 runs on the calling thread. */
  readonly threads?: number;
  /** Address of the worker's script, where it is not to be made from a blob. */
  readonly workerUrl?: string;
  /** Address of the binaries, where they are not embedded. */
  readonly wasmUrl?: string;
  /** Most memory to use, in bytes. */
  readonly maxMemory?: number;
  /** Milliseconds without progress after which a worker counts as dead. */
  readonly patience?: number;
}

/** A transport that starts its engine; `notes` says what was chosen and why, and grows if something goes wrong. */
export function startEngine(settings: EngineSettings, events: TransportEvents, notes: string[]): Transport {
  const features = detectFeatures();
  if (!features.simd) throw new DeviceError('init: the wasm engine needs WebAssembly SIMD, which this browser lacks.');
  const build = settings.build ?? (features.relaxedSimd ? 'relaxed' : 'baseline');
  const mode = chooseMode(settings, features, notes);
  notes.push(features.relaxedSimd ? 'simd: relaxed' : 'simd: baseline (no relaxed SIMD here)', `build: ${build}`);
  const compile = (shared: boolean): Promise<WebAssembly.Module> => compileBuild(build, shared, settings.wasmUrl);
  if (mode !== 'inline') throw new DeviceError(`init: mode ${mode} is not there yet.`);
  return startInline(settings, events, compile);
}

type Compile = (shared: boolean) => Promise<WebAssembly.Module>;

function chooseMode({ mode, threads }: EngineSettings, features: Features, notes: string[]): Mode {
  if (mode !== undefined) return mode;
  if (threads === 0) {
    notes.push('threads: none, as asked for');
    return 'inline';
  }
  if (features.isNode && threads === undefined) {
    notes.push('threads: none by default in Node; init({ threads }) starts some');
    return 'inline';
  }
  if (!features.workers) {
    notes.push('threads: none, there are no workers here');
    return 'inline';
  }
  if (!features.sharedMemory) {
    notes.push('threads: one, as the page is not cross-origin isolated (COOP and COEP headers give shared memory)');
    return 'batch';
  }
  return 'shared';
}

function startInline(settings: EngineSettings, events: TransportEvents, compile: Compile): Transport {
  const { memory, limit } = createMemory(false, 1, settings.maxMemory);
  const transport = new RingTransport(memory, limit, 1, false, events);
  void compile(false).then(
    (module) => transport.start(new InlineLeader(module, memory, 0, (report) => transport.receive(report))),
    (error: unknown) => transport.fail(asDeviceError(error)),
  );
  return transport;
}

const asDeviceError = (error: unknown): KindlingError =>
  error instanceof KindlingError ? error : new DeviceError(`init: the wasm engine did not start (${String(error)}).`);
