// The learning-rate range test of fastai, with LambdaLR, a copy of the state and its restoration.
import { data, manualSeed, nn, optim } from 'kindling';
import { mnist } from './mnist_data.mjs';

manualSeed(0);
const model = new nn.Sequential(new nn.Flatten(), new nn.Linear(784, 64), new nn.ReLU(), new nn.Linear(64, 10));
const criterion = new nn.CrossEntropyLoss();
const optimizer = new optim.SGD(model.parameters(), { lr: 1e-5, momentum: 0.9 });
const loader = new data.DataLoader(new data.TensorDataset(...mnist(true, 3200)), { batchSize: 32, shuffle: true });
const saved = { model: nn.deepcopy(model.stateDict()), optimizer: nn.deepcopy(optimizer.stateDict()) };
const iterations = 100,
  endLr = 10;
const scheduler = new optim.lrScheduler.LambdaLR(optimizer, { lrLambda: (i) => (endLr / 1e-5) ** (i / iterations) });
const history: { lr: number; loss: number }[] = [];
let best = Infinity,
  avg = 0,
  i = 0;
for await (const [x, y] of loader) {
  const loss = criterion(model(x), y);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  const lr = scheduler.getLastLr()[0];
  scheduler.step();
  avg = 0.95 * avg + 0.05 * (await loss.item());
  const smooth = avg / (1 - 0.95 ** ++i);
  history.push({ lr, loss: smooth });
  best = Math.min(best, smooth);
  if (smooth > 4 * best || i >= iterations) break;
}
const slope = history.map((h, j) => (j ? h.loss - history[j - 1].loss : 0));
console.log('stopped after', i, 'steepest at lr', history[slope.indexOf(Math.min(...slope))].lr.toExponential(2));
model.loadStateDict(saved.model);
optimizer.loadStateDict(saved.optimizer);
console.log(
  'lr after restoring',
  optimizer.paramGroups[0].lr.toExponential(2),
  'loss',
  (await criterion(model(mnist(true, 100)[0]), mnist(true, 100)[1]).item()).toFixed(4),
);
