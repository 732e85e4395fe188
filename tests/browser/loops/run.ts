// Runs a loop that awaits nothing, as people write them, and measures what it takes: in pages of every kind and in Node. What
// is sent there as text sees nothing but its arguments and the global `kindling`.
import type * as Kindling from 'kindling';
import { GENERATIVE } from './generative';
import { LEARNING } from './learning';
import { PLAIN } from './plain';
import { SEQUENCES } from './sequences';

declare const kindling: typeof Kindling;

type Tensor = Kindling.Tensor;
type Module = Kindling.nn.Module;

/** What many loops have in common. */
export interface Tools {
  /** Takes the optimizer's step from a loss, which it gives. */
  readonly trained: (optimizer: Kindling.optim.Optimizer, loss: Tensor) => Tensor;
  /** Three layers with ReLU between them. */
  readonly perceptron: (from: number, width: number, to: number) => Module;
  /** Calls a module whose type does not say what it takes. */
  readonly call: (net: Module, ...inputs: readonly Tensor[]) => Tensor;
}

/** Makes what a loop needs, and gives its step, which gives a value of one element. Sent as text. */
export type MakeLoop = (k: typeof Kindling, tools: Tools) => (i: number) => Tensor;

export const LOOPS = { ...LEARNING, ...GENERATIVE, ...SEQUENCES, ...PLAIN };
export type LoopName = keyof typeof LOOPS;

/** How long, and how. */
export interface LoopOptions {
  readonly steps: number;
  /** The loss is read, and nothing else awaited, every so many steps; 0 for never. */
  readonly readEvery?: number;
  /** Settings of the engine; by default it chooses. */
  readonly init?: Kindling.InitOptions;
}

/** What came of it. */
export interface LoopResult {
  /** Greatest number of bytes in use. */
  readonly live: number;
  /** Bytes that the engine has taken for itself. */
  readonly reserved: number;
  /** Milliseconds of the loop, up to its last step and up to when its values are there. */
  readonly scheduling: number;
  readonly total: number;
  /** The longest step, and the longest task of the page beside the loop's own. Milliseconds. */
  readonly longestStep: number;
  readonly longestTask: number;
  /** What the last step gives. */
  readonly value: number;
}

/** Code that runs a loop and gives its LoopResult. */
export const loopCode = (name: LoopName, options: LoopOptions): string =>
  `(${runLoop.toString()})(${LOOPS[name].toString()}, ${JSON.stringify(options)})`;

async function runLoop(make: MakeLoop, { steps, readEvery = 0, init }: LoopOptions): Promise<LoopResult> {
  const { nn, memory } = kindling;
  kindling.shutdown();
  await kindling.init(init);
  kindling.manualSeed(0);
  performance.mark('loop');
  const step = make(kindling, {
    trained: (optimizer, loss) => {
      optimizer.zeroGrad();
      loss.backward();
      void optimizer.step();
      return loss;
    },
    perceptron: (from, width, to) =>
      new nn.Sequential(
        new nn.Linear(from, width),
        new nn.ReLU(),
        new nn.Linear(width, width),
        new nn.ReLU(),
        new nn.Linear(width, to),
      ),
    call: (net, ...inputs) => (net as unknown as (...inputs: Tensor[]) => Tensor)(...inputs),
  });
  let [live, reserved, longestStep, longestTask] = [0, 0, 0, 0];
  const sample = (): void => {
    const now = memory();
    live = Math.max(live, now.live);
    reserved = Math.max(reserved, now.reserved);
  };
  // Timers, which browsers let run every 4 ms at most: a trace of messages without end would be too great to read.
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
  /** Reads the value, and looks meanwhile how long the tasks are that the library makes. */
  const read = async (x: Tensor): Promise<number> => {
    let value: number | null = null;
    void x.item().then((result) => (value = result));
    // The first turn begins when the loop's own task has ended.
    await turn();
    for (let before = performance.now(); value === null; before = performance.now()) {
      await turn();
      longestTask = Math.max(longestTask, performance.now() - before);
      sample();
    }
    return value;
  };
  // Warm: compilers, workers, shapes that are met for the first time.
  for (let i = 0; i < 3; i++) {
    performance.mark('loop');
    await step(i).item();
  }
  const begin = performance.now();
  let scheduling = 0;
  let value = NaN;
  for (let i = 1; i <= steps; i++) {
    performance.mark('loop');
    const start = performance.now();
    const last = step(i);
    const took = performance.now() - start;
    longestStep = Math.max(longestStep, took);
    scheduling += took;
    sample();
    if (i === steps || (readEvery > 0 && i % readEvery === 0)) value = await read(last);
  }
  return { live, reserved, scheduling, total: performance.now() - begin, longestStep, longestTask, value };
}
