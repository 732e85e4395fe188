// torch.optim.swa_utils and an EMA of weights.
import { data, manualSeed, nn, noGrad, optim, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

const F = nn.functional;
const { AveragedModel, updateBn } = optim.swaUtils;

manualSeed(0);
const net = () =>
  new nn.Sequential(
    new nn.Conv2d(1, 8, 3),
    new nn.BatchNorm2d(8),
    new nn.ReLU(),
    new nn.MaxPool2d(4),
    new nn.Flatten(),
    new nn.Linear(288, 10),
  );
const loader = new data.DataLoader(new data.TensorDataset(...mnist(true, 500)), { batchSize: 50, shuffle: true });
const [testX, testY] = mnist(false, 200);
const model = net();
const swaModel = new AveragedModel(model);
const emaModel = new AveragedModel(model, { avgFn: (avg, p) => avg.mul(0.95).add(p.mul(0.05)) });
const optimizer = new optim.SGD(model.parameters(), { lr: 0.02, momentum: 0.9 });
const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, { TMax: 3 });
for (let epoch = 0; epoch < 5; epoch++) {
  model.train();
  for await (const [x, y] of loader) {
    optimizer.zeroGrad();
    F.crossEntropy(model(x), y).backward();
    optimizer.step();
    emaModel.updateParameters(model);
  }
  if (epoch > 2) swaModel.updateParameters(model);
  else scheduler.step();
}
await updateBn(loader, swaModel);
await updateBn(loader, emaModel);
swaModel.eval();
emaModel.eval();
const testLoss = (m: (x: Tensor) => Tensor) => noGrad(() => F.crossEntropy(m(testX), testY)).item();
for (const [name, m] of Object.entries({ model: model.eval(), swa: swaModel, ema: emaModel }))
  console.log(name, (await testLoss(m)).toFixed(4));
console.log(Object.keys(swaModel.stateDict()).slice(0, 4).join(' '), await swaModel.n_averaged.item());
