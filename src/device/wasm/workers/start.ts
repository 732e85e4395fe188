// Chooses how the engine runs, starts it, and starts it again when it dies.
import { MOST_WORKERS } from '../../../../assembly/engine/commands';
import { DeviceError, KindlingError } from '../../../base/errors';
import { InlineBatchEngine } from '../transport/batchRunner';
import { BatchTransport, type BatchEngine } from '../transport/batchTransport';
import { BatchWorker } from './batchWorker';
import { compileBuild, type Build } from '../engine/binary';
import { detectFeatures, type Features } from '../engine/features';
import { InlineLeader } from '../engine/inline';
import { DEFAULT_LIMIT, createMemory } from '../engine/memory';
import { WorkerPool } from './pool';
import { RingTransport, type Leader } from '../transport/ringTransport';
import type { Transport, TransportEvents } from '../transport/transport';
import { PATIENCE } from './watchdog';

/** How the engine runs: workers over shared memory, one worker with its own, or the calling thread. */
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
  if (!features.simd) throw new DeviceError('init', 'the wasm engine needs WebAssembly SIMD, which is missing here.');
  const build = settings.build ?? (features.relaxedSimd ? 'relaxed' : 'baseline');
  notes.push(`simd: ${build} build, relaxed SIMD is ${features.relaxedSimd ? '' : 'not '}available`);
  const launch: Launch = {
    settings,
    features,
    events,
    notes,
    compile: (shared) => compileBuild(build, shared, settings.wasmUrl),
  };
  switch (chooseMode(settings, features, notes)) {
    case 'shared':
      return startShared(launch);
    case 'batch':
      return startBatch(launch);
    case 'inline':
      return startInline(launch);
  }
}

interface Launch {
  readonly settings: EngineSettings;
  readonly features: Features;
  readonly events: TransportEvents;
  readonly notes: string[];
  readonly compile: (shared: boolean) => Promise<WebAssembly.Module>;
}

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
    const reason = features.isIsolated
      ? 'this browser has no shared memory'
      : 'the page is not cross-origin isolated (COOP and COEP headers give shared memory)';
    notes.push(`threads: one, as ${reason}`);
    return 'batch';
  }
  return 'shared';
}

function startInline({ settings, events, compile }: Launch): Transport {
  const { memory, limit } = createMemory(false, 1, settings.maxMemory);
  const transport = new RingTransport(memory, limit, 1, false, events);
  void compile(false).then(
    (module) =>
      transport.start(new InlineLeader(module, memory, 0, transport.epoch, (report) => transport.receive(report))),
    (error: unknown) => transport.fail(asDeviceError(error)),
  );
  return transport;
}

function startShared(launch: Launch): Transport {
  const { settings, features, events, notes, compile } = launch;
  const wanted = settings.threads ?? features.cores;
  const size = Math.max(1, Math.min(wanted, MOST_WORKERS));
  notes.push(`threads: ${size} of ${features.cores} cores`);
  const { memory, limit } = createMemory(true, size, settings.maxMemory);
  const transport = new RingTransport(memory, limit, size, true, events);
  const receive = transport.receive.bind(transport);
  const module = compile(true);
  supervise<Leader>(launch, transport, {
    ...{ name: 'workers', one: 'one', module },
    start: (faultCount) =>
      WorkerPool.start(module, memory, size, settings.workerUrl, faultCount, transport.epoch, receive),
    startInline: (binary, faultCount) => {
      // A worker that did not answer in time may yet.
      transport.depose();
      return new InlineLeader(binary, memory, faultCount, transport.epoch, receive);
    },
  });
  return transport;
}

function startBatch(launch: Launch): Transport {
  const { settings: { maxMemory, workerUrl }, events, compile } = launch; // prettier-ignore
  const transport = new BatchTransport(maxMemory ?? DEFAULT_LIMIT, events);
  const receive = transport.receive.bind(transport);
  const module = compile(false);
  supervise<BatchEngine>(launch, transport, {
    ...{ name: 'worker', one: 'it', module },
    start: () => BatchWorker.start(module, maxMemory, workerUrl, receive),
    startInline: (binary) => new InlineBatchEngine(binary, maxMemory, receive),
  });
  return transport;
}

/** An engine in workers: `death` rejects when one of them dies, and never resolves. */
type Mortal<E> = E & { readonly death: Promise<never>; stop(): unknown };

/** How an engine of one kind is made, and what messages call it. */
interface Engines<E> {
  readonly name: string;
  readonly one: string;
  readonly module: Promise<WebAssembly.Module>;
  /** `faultCount` faults were reported by the engine before it. */
  start(faultCount: number): Promise<Mortal<E>>;
  startInline(binary: WebAssembly.Module, faultCount: number): E;
}

/** What a transport offers to whoever starts and replaces its engine. */
interface Supervised<E> {
  readonly isShutDown: boolean;
  start(engine: E, patience?: number, onHang?: () => void): void;
  takeOver(reason: string, isHung: boolean): number | Promise<number>;
  fail(error: KindlingError): void;
}

/** Starts an engine in workers, again whenever it dies or hangs, and on the calling thread if no worker starts. */
function supervise<E>({ settings, notes }: Launch, transport: Supervised<E>, engines: Engines<E>): void {
  const start = async (faultCount: number): Promise<void> => {
    let engine: Mortal<E>;
    try {
      engine = await engines.start(faultCount);
    } catch (error) {
      // Without a binary there is nothing to fall back to.
      const inline = engines.startInline(await engines.module, faultCount);
      noteFallback(notes, error);
      transport.start(inline);
      return;
    }
    if (transport.isShutDown) {
      void engine.stop();
      return;
    }
    let isReplaced = false;
    const replace = (reason: string, isHung: boolean): void => {
      if (isReplaced || transport.isShutDown) return;
      isReplaced = true;
      notes.push(`${engines.name}: started again, since ${reason}`);
      attempt(Promise.resolve(transport.takeOver(reason, isHung)).then(start));
    };
    engine.death.catch((error: unknown) => replace(String(error), false));
    transport.start(engine, settings.patience ?? PATIENCE, () => replace(`${engines.one} made no progress`, true));
  };
  const attempt = (started: Promise<void>): void =>
    void started.catch((error: unknown) => transport.fail(asDeviceError(error)));
  // In this turn: workers take some tens of ms to come up, while the page goes on.
  attempt(start(0));
}

function noteFallback(notes: string[], error: unknown): void {
  const note = `no worker could be started (${String(error)}); computing on the calling thread, which blocks it`;
  notes.push(`workers: ${note}`);
  // eslint-disable-next-line no-console -- a page that becomes slow should say why
  console.warn(`kindling: ${note}`);
}

const asDeviceError = (error: unknown): KindlingError =>
  error instanceof KindlingError ? error : new DeviceError('init', `the wasm engine did not start (${String(error)}).`);
