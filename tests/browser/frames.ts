// Steps in animation frames of which nothing is read, for pages of every kind. What is sent to a page as text sees nothing but
// its argument and the global `kindling`.
import type * as Kindling from 'kindling';

declare const kindling: typeof Kindling;

/** What a frame does. */
export const FRAMES = [
  'a step of training',
  'many small steps',
  'a step that is awaited beside the frames',
  'inference',
  'one great operation',
] as const;
export type FramesName = (typeof FRAMES)[number];

export interface FramesOptions {
  readonly name: FramesName;
  readonly seconds: number;
  readonly device?: 'wasm' | 'webgpu';
}

/** What came of it. */
export interface FramesResult {
  readonly frames: number;
  /** Milliseconds from asking for the last frame's value to its being there. */
  readonly waited: number;
  /** Greatest number of bytes in use, and taken from the system. */
  readonly live: number;
  readonly reserved: number;
  /** Milliseconds. */
  readonly longestFrame: number;
  readonly value: number;
}

/** Takes steps in frames for so long, and then reads. */
export async function runFrames({ name, seconds, device = 'wasm' }: FramesOptions): Promise<FramesResult> {
  const { nn, optim, randn, randint, noGrad, memory } = kindling;
  type Tensor = Kindling.Tensor;
  kindling.shutdown();
  await kindling.init({ device });
  kindling.manualSeed(0);
  const perceptron = (from: number, width: number): Kindling.nn.Sequential =>
    new nn.Sequential(
      new nn.Linear(from, width),
      new nn.ReLU(),
      new nn.Linear(width, width),
      new nn.ReLU(),
      new nn.Linear(width, 10),
    );
  const training = (width: number, batch: number): (() => { loss: Tensor; turn: PromiseLike<void> | undefined }) => {
    const net = perceptron(64, width);
    const optimizer = new optim.Adam(net.parameters());
    return () => {
      const loss = nn.functional.crossEntropy(net(randn(batch, 64)), randint(10, [batch]));
      optimizer.zeroGrad();
      loss.backward();
      return { loss, turn: optimizer.step() };
    };
  };
  const makers: Record<FramesName, () => () => Tensor> = {
    'a step of training': () => {
      const step = training(512, 1024);
      return () => step().loss;
    },
    'many small steps': () => {
      const step = training(128, 128);
      return () => Array.from({ length: 20 }, () => step().loss)[19];
    },
    'a step that is awaited beside the frames': () => {
      const step = training(512, 1024);
      return () => {
        const { loss, turn } = step();
        void Promise.resolve(turn);
        return loss;
      };
    },
    inference: () => {
      const net = perceptron(64, 1024);
      return () => noGrad(() => net(randn(1024, 64)).sum());
    },
    'one great operation': () => {
      const x = randn(1024, 1024);
      return () => noGrad(() => x.matmul(x).sum());
    },
  };
  const step = makers[name]();
  for (let i = 0; i < 3; i++) await step().item();
  let [frames, live, reserved, longestFrame] = [0, 0, 0, 0];
  const end = performance.now() + 1000 * seconds;
  const last = await new Promise<Tensor>((resolve, reject) => {
    const frame = (): void => {
      try {
        const start = performance.now();
        if (start < end) requestAnimationFrame(frame);
        const value = step();
        frames++;
        const now = memory();
        live = Math.max(live, now.live);
        reserved = Math.max(reserved, now.reserved);
        longestFrame = Math.max(longestFrame, performance.now() - start);
        if (start >= end) resolve(value);
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    requestAnimationFrame(frame);
  });
  const asked = performance.now();
  const value = await last.item();
  return { frames, waited: performance.now() - asked, live, reserved, longestFrame, value };
}
