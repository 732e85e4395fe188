// Samplers and datasets put together: WeightedRandomSampler for rare classes, randomSplit, Subset, ConcatDataset, a stream.
import { data, Generator, manualSeed, randn, tensor } from 'kindling';

manualSeed(0);
const targets = Array.from({ length: 100 }, (_, i) => (i < 90 ? 0 : 1));
const full = new data.TensorDataset(randn(100, 2), tensor(targets, { dtype: 'int64' }));
const [train, val] = data.randomSplit(full, [0.8, 0.2], { generator: new Generator().manualSeed(42) });
console.log(train.length, val.length, train.indices.slice(0, 5));
const [x] = await new data.Subset(train, [0, 2, 4]).get(1);
console.log((await x.tolist<number[]>()).map((v) => v.toFixed(4)).join(' '));

const classCount = [90, 10];
const weights = targets.map((t) => 1 / classCount[t]);
const sampler = new data.WeightedRandomSampler(weights, weights.length, { replacement: true });
let ones = 0,
  n = 0;
for await (const [, y] of new data.DataLoader(full, { batchSize: 20, sampler })) {
  ones += await y.sum().item();
  n += y.size(0);
}
console.log('share of the rare class', ones / n);

const both = new data.ConcatDataset([train, val]);
console.log('together', both.length);
for await (const [x, y] of new data.DataLoader(both, { batchSize: 50, shuffle: true, dropLast: true })) {
  console.log((await x.sum().item()).toFixed(4), await y.sum().item());
}

class Squares extends data.IterableDataset<{ x: number; y: number }> {
  async *[Symbol.asyncIterator]() {
    for (let i = 0; i < 7; i++) yield { x: i, y: i * i };
  }
}
for await (const { x, y } of new data.DataLoader(new Squares(), { batchSize: 3 }))
  console.log(await x.tolist(), await y.tolist());
