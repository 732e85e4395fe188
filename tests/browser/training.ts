// A training run for pages of every kind. What is sent to a page as text sees nothing but its argument and the
// global `kindling`.
import type * as Kindling from 'kindling';

declare const kindling: typeof Kindling;

/** What to train with. */
export interface TrainingOptions {
  readonly steps: number;
  /** Settings of the engine; by default it chooses. */
  readonly init?: Kindling.InitOptions;
  /** Whether each step runs in a scope. */
  readonly scoped?: boolean;
}

/** What came of it. */
export interface TrainingResult {
  readonly losses: number[];
  /** Bytes of device memory held after each step. */
  readonly live: number[];
  /** Greatest number of bytes held. */
  readonly peak: number;
  readonly diagnosis: string;
}

/** Trains the demo's network on noisy stripes: class c has its bright rows at 3c. */
export async function train({ steps, init, scoped = false }: TrainingOptions): Promise<TrainingResult> {
  const { nn, optim, manualSeed, tensor, randn, scope } = kindling;
  const [batch, side, classes] = [64, 28, 8];
  kindling.shutdown();
  await kindling.init(init);
  manualSeed(0);
  const net = new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(16, 32, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(32 * 7 * 7, classes),
  );
  const optimizer = new optim.Adam(net.parameters(), { lr: 0.002 });
  const lossFn = new nn.CrossEntropyLoss();
  const labels = tensor(Int32Array.from({ length: batch }, (_, i) => i % classes));
  const stripes = tensor(
    Float32Array.from({ length: batch * side * side }, (_, i) => {
      const row = Math.floor(i / side) % side;
      return Math.floor(row / 3) === Math.floor(i / (side * side)) % classes ? 2 : 0;
    }),
  ).view(batch, 1, side, side);

  const takeStep = (): Kindling.Tensor => {
    const loss = lossFn(net(stripes.add(randn(batch, 1, side, side))), labels);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  const losses: number[] = [];
  const live: number[] = [];
  for (let step = 0; step < steps; step++) {
    const loss = scoped ? scope(takeStep) : takeStep();
    losses.push(await loss.item());
    live.push(kindling.memory().live);
  }
  return { losses, live, peak: kindling.memory().peak, diagnosis: kindling.diagnose() };
}

/** Whether the run learnt what there is to learn. */
export function hasLearnt({ losses }: TrainingResult): boolean {
  const first = losses[0];
  const last = losses.at(-1);
  return first !== undefined && last !== undefined && last < 0.5 * first;
}
