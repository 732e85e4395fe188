// Training and testing, as one would write them in PyTorch. What a page adds is `await`: at every batch the loop
// lets the page breathe, and values are read without waiting for them.
import { data, nn, noGrad, optim, scope, tensor, type Tensor } from 'kindling';
import { SIDE, type Digits } from './data';
import type { Net } from './model';

/** How to train. */
export interface TrainOptions {
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate of the first step; it falls to 0 along a cosine. */
  readonly lr: number;
}

/** A step that has been queued. */
export interface Step {
  readonly loss: Tensor;
  readonly logits: Tensor;
  readonly labels: Tensor;
}

/** What follows training, and can end it. */
export interface Watcher {
  /** Called after every step; training waits for the answer and ends when it is false. */
  afterStep(step: Step): Promise<boolean> | boolean;
  afterEpoch(): Promise<void>;
}

/** Digits read at once when nothing is learnt. */
const TEST_BATCH = 500;

/** Number of steps that `train` takes. */
export function countSteps(digits: Digits, { epochs, batchSize }: TrainOptions): number {
  return epochs * Math.ceil(digits.labels.numel() / batchSize);
}

/** Trains `net` with Adam. Resolves to whether it went to the end. */
export async function train(net: Net, digits: Digits, options: TrainOptions, watcher: Watcher): Promise<boolean> {
  const { epochs, batchSize, lr } = options;
  const dataset = new data.TensorDataset(digits.images, digits.labels);
  const loader = new data.DataLoader(dataset, { batchSize, shuffle: true });
  const lossFn = new nn.CrossEntropyLoss();
  const optimizer = new optim.Adam(net.parameters(), { lr });
  const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, epochs * loader.length);

  for (let epoch = 0; epoch < epochs; epoch++) {
    net.train();
    for await (const [images, labels] of loader) {
      const logits = net(images);
      const loss = lossFn(logits, labels);

      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      scheduler.step();

      if (!(await watcher.afterStep({ loss, logits, labels }))) return false;
    }
    await watcher.afterEpoch();
  }
  return true;
}

/** Reads all digits and gives `onBatch` what was written and what was read, batch by batch. */
export async function evaluate(
  net: Net,
  digits: Digits,
  onBatch: (labels: ArrayLike<number>, predictions: ArrayLike<number>) => void,
): Promise<void> {
  const dataset = new data.TensorDataset(digits.images, digits.labels);
  net.eval();
  for await (const [images, labels] of new data.DataLoader(dataset, { batchSize: TEST_BATCH })) {
    onBatch(await integers(labels), await integers(classify(net, images)));
  }
}

/** The likeliest digit for each picture. The scope frees what the layers made at once, not at a garbage collection. */
export function classify(net: Net, images: Tensor): Tensor {
  return scope(() => noGrad(() => net(images).argmax(1).to('uint8')));
}

/** Probabilities of the ten digits for one picture of 28 × 28 grey levels. */
export async function recognise(net: Net, picture: Uint8Array): Promise<ArrayLike<number>> {
  const probabilities = scope(() =>
    noGrad(() => nn.functional.softmax(net(tensor(picture).view(1, 1, SIDE, SIDE)), 1)),
  );
  return (await probabilities.data()) as Float32Array;
}

/** Mean loss and share of right answers of a step, as numbers. */
export async function measure({ loss, logits, labels }: Step): Promise<{ loss: number; accuracy: number }> {
  const accuracy = noGrad(() => logits.argmax(1).eq(labels).float().mean());
  const [lossValue, accuracyValue] = await Promise.all([loss.item(), accuracy.item()]);
  return { loss: lossValue, accuracy: accuracyValue };
}

async function integers(t: Tensor): Promise<Uint8Array> {
  return (await t.data()) as Uint8Array;
}
