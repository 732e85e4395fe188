// What a library must offer to be compared: for every kind of job a task, or the reason why there is none.
import type { Job, JobKind, JobOf } from './lines';

/** A job made ready: its tensors are on the device. */
export interface Task {
  /** Computes once and gives all results as float32 in PyTorch's layout; for training, the losses of the first steps. */
  result(): Promise<Float32Array>;
  /** Makes what `count` calls need anew; not timed. */
  prepare?(count: number): void | Promise<void>;
  /** Calls `count` times, and waits until the last result is known to be complete. */
  run(count: number): Promise<void>;
  /** Most calls between two waits; more would fill the memory. */
  readonly limit?: number;
}

/** Why a library cannot do a job. */
export class Unable extends Error {}

/** Makes the tasks, by kind; throws `Unable` where the library has no means, and whatever the library throws. */
export type Tasks = { readonly [K in JobKind]: (job: JobOf<K>) => Task | Promise<Task> };

export interface Peer {
  /** Version, backend and threads, in words. */
  readonly description: string;
  readonly tasks: Tasks;
}

/** What a module of peers/ exports: starts the library on a backend. */
export type Start = (backend: string) => Promise<Peer>;

export const taskOf = <K extends JobKind>(tasks: Tasks, job: JobOf<K> & Job): Task | Promise<Task> =>
  tasks[job.kind](job);

/** Training that a library has made ready. */
export interface Training<Loss> {
  /** One step; gives its loss. */
  readonly step: () => Loss;
  /** The loss as a number; frees it where the library asks for that. */
  readonly read: (loss: Loss) => Promise<number>;
  /** Frees a loss that is not read. */
  readonly drop?: (loss: Loss) => void;
}

/** Losses that a training task's result has. */
const CHECKED_STEPS = 4;
/** Training steps between two reads of the loss, as a page that shows it would read it now and then. */
const STEPS_BETWEEN_READS = 8;

export function trainingTask<Loss>({ step, read, drop }: Training<Loss>): Task {
  return {
    async result() {
      const losses: number[] = [];
      for (let i = 0; i < CHECKED_STEPS; i++) losses.push(await read(step()));
      return Float32Array.from(losses);
    },
    async run(count) {
      for (let i = 1; i <= count; i++) {
        const loss = step();
        if (i % STEPS_BETWEEN_READS === 0 || i === count) await read(loss);
        else drop?.(loss);
      }
    },
  };
}
