// Starts a worker: from a blob of the embedded script or from a file in pages, by worker_threads in Node.
import script from 'kindling:worker';
import type { MessagePort as NodePort } from 'node:worker_threads';
import { wrap } from 'comlink';
import { DeviceError } from '../../../base/errors';
import { isNode } from '../engine/features';
import type { RemoteWorker, WorkerApi } from './worker';

/** A worker: `remote` is its control plane. */
export interface SpawnedWorker {
  readonly remote: RemoteWorker;
  /** Rejects when the worker fails to start or dies; never resolves. */
  readonly death: Promise<never>;
  /** Resolves when it is sure to be over. */
  terminate(): Promise<unknown>;
}

/** Milliseconds after which no browser lets a terminated worker go on; Chromium gives a busy one two seconds. */
const AFTERLIFE = 2500;

/** Starts a worker; that it cannot start is often known only later, by `death`. */
export function spawnWorker(workerUrl?: string): SpawnedWorker {
  const { port1, port2 } = new MessageChannel();
  const { worker, death } = isNode ? spawnNode() : spawnPage(workerUrl);
  worker.postMessage(port2, [port2]);
  // A death that nobody waits for (after the start, or at shutdown) is no unhandled rejection.
  death.catch(() => undefined);
  return {
    remote: wrap<WorkerApi>(port1),
    death,
    terminate: () => {
      port1.close();
      return worker.terminate() ?? new Promise((resolve) => setTimeout(resolve, AFTERLIFE));
    },
  };
}

interface Started {
  readonly worker: {
    postMessage(message: unknown, transfer: MessagePort[]): void;
    terminate(): Promise<unknown> | void;
  };
  readonly death: Promise<never>;
}

let blobUrl: string | undefined;

/** The worker's script behind what it needs. One place, as bundlers copy texts to where they are used. */
const scriptAfter = (prelude: string): string => prelude + script;

function spawnPage(workerUrl?: string): Started {
  if (workerUrl === undefined && script === '') {
    throw new DeviceError('init', 'this entry has no worker inside. Give init({ wasmUrl, workerUrl }).');
  }
  const url = workerUrl ?? (blobUrl ??= URL.createObjectURL(new Blob([scriptAfter('')], { type: 'text/javascript' })));
  const worker = new Worker(url);
  const death = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new DeviceError(null, `a worker of the wasm device failed (${event.message || 'no reason given'}).`));
    };
  });
  return { worker, death };
}

/** Gives worker_threads the one thing of a page's worker that worker.ts uses. */
const NODE_PRELUDE = `globalThis.self = globalThis;
require('node:worker_threads').parentPort.on('message', (data) => self.onmessage({ data }));
`;

function spawnNode(): Started {
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const worker = new Worker(scriptAfter(NODE_PRELUDE), { eval: true });
  const death = new Promise<never>((_, reject) => {
    worker.on('error', (error) =>
      reject(new DeviceError(null, `a worker of the wasm device failed (${String(error)}).`)),
    );
    worker.on('exit', () => reject(new DeviceError(null, 'a worker of the wasm device ended.')));
  });
  return {
    worker: {
      // Node's ports are the global ones under another type.
      postMessage: (message, transfer) => worker.postMessage(message, transfer as object as NodePort[]),
      terminate: () => worker.terminate(),
    },
    death,
  };
}
