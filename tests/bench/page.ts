// The page that measures: one library on one line. main.ts opens it as `/?peer=MODULE&backend=NAME`, and calls `bench`.
import { taskOf, type Peer, type Start, type Task } from './peer';
import type { Job } from './lines';

/** What results are compared by: as many numbers as are quickly carried to the other process. */
export interface Digest {
  readonly length: number;
  /** Every element of a short result, and of a long one some, spread over it. */
  readonly sample: readonly number[];
  /** Greatest magnitude of all elements. */
  readonly greatest: number;
}

/** How thoroughly to measure. */
export interface Effort {
  /** Milliseconds of calls before the first timing, so that compilers and caches are warm. */
  readonly warmUp: number;
  /** Milliseconds that a timing should take, so that waiting for the result does not weigh. */
  readonly timing: number;
  readonly timings: number;
}

/** Where the time of a job went. */
export interface Profile {
  readonly calls: number;
  /** Milliseconds of all calls. */
  readonly ms: number;
  readonly kernels: readonly KernelTime[];
}

/** What the page offers to the process that drives it. */
export interface Bench {
  /** Starts the library and makes the job ready; gives the library's description. */
  start(job: Job): Promise<string>;
  check(): Promise<Digest>;
  /** Milliseconds of a call: median of the timings. */
  time(effort: Effort): Promise<number>;
  /** Calls the job for so many milliseconds, with the library's own profile running where it has one. */
  profile(milliseconds: number): Promise<Profile>;
}

/** Elements of a digest's sample; a prime apart, so that no dimension is met always at the same place. */
const SAMPLE = 2048;
/** Calls of one timing, however short they are. */
const MOST_CALLS = 5000;

/** Milliseconds of a call that is measured once only. */
const SLOW = 2000;
/** Calls between two waits while profiling. */
const PROFILED_CALLS = 8;

interface PeerModule {
  readonly start: Start;
  readonly profile?: Profiler;
}

/** Time that the engine has spent in commands of one kind. */
export interface KernelTime {
  readonly kernel: string;
  readonly commands: number;
  readonly ms: number;
}
type Profiler = (isOn: boolean) => KernelTime[];

let task: Task | null = null;
let profiler: Profiler | null = null;

function current(): Task {
  if (task === null) throw new Error('bench: start comes first.');
  return task;
}

function digest(result: Float32Array): Digest {
  const step = Math.max(1, Math.floor(result.length / SAMPLE)) | 1;
  const sample: number[] = [];
  for (let i = 0; i < result.length; i += step) sample.push(result[i]);
  return {
    length: result.length,
    sample,
    greatest: result.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  };
}

/** Milliseconds of `count` calls. */
async function timed(task: Task, count: number): Promise<number> {
  await task.prepare?.(count);
  const start = performance.now();
  await task.run(count);
  return performance.now() - start;
}

const median = (numbers: number[]): number => {
  numbers.sort((a, b) => a - b);
  const middle = numbers.length >> 1;
  return numbers.length % 2 === 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
};

const bench: Bench = {
  async start(job) {
    const query = new URLSearchParams(location.search);
    const module = (await import(/* @vite-ignore */ `/${query.get('peer')}.js`)) as PeerModule;
    profiler = module.profile ?? null;
    const peer: Peer = await module.start(query.get('backend') ?? '');
    task = await taskOf(peer.tasks, job);
    return peer.description;
  },
  check: async () => digest(await current().result()),
  async time({ warmUp, timing, timings }) {
    const task = current();
    const most = Math.min(MOST_CALLS, task.limit ?? MOST_CALLS);
    let count = 1;
    let took = await timed(task, count);
    // Checking the result has called it before.
    if (took > SLOW) return took;
    for (let spent = took; spent < warmUp; spent += took) {
      count = Math.min(most, Math.max(1, Math.ceil((count * timing) / Math.max(took, 0.01)), 1), 8 * count);
      took = await timed(task, count);
    }
    const calls = Math.min(most, Math.max(1, Math.ceil((count * timing) / took)));
    const each: number[] = [];
    for (let i = 0; i < timings; i++) each.push((await timed(task, calls)) / calls);
    return median(each);
  },
  async profile(milliseconds) {
    const task = current();
    const block = Math.min(PROFILED_CALLS, task.limit ?? PROFILED_CALLS);
    await bench.time({ warmUp: 500, timing: 50, timings: 1 });
    profiler?.(true);
    let calls = 0;
    let ms = 0;
    for (; ms < milliseconds; calls += block) ms += await timed(task, block);
    return { calls, ms, kernels: profiler?.(false) ?? [] };
  },
};

Object.assign(globalThis, { bench });
