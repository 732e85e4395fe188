// torch.optim.swa_utils and an EMA of weights. What swa_utils has is written out here.
import { data, manualSeed, nn, noGrad, optim, tensor, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

const F = nn.functional;

/** What swa_utils.AveragedModel does. */
class AveragedModel<M extends nn.Module> extends nn.Module {
  module: M;
  nAveraged = this.registerBuffer('n_averaged', tensor(0, { dtype: 'int64' }));
  constructor(
    model: M,
    readonly avgFn: (avg: Tensor, p: Tensor, n: Tensor) => Tensor = (avg, p, n) => avg.add(p.sub(avg).div(n.add(1))),
  ) {
    super();
    this.module = nn.deepcopy(model);
  }
  forward(...args: Parameters<M['forward']>): ReturnType<M['forward']> {
    return this.module(...args);
  }
  updateParameters(model: nn.Module) {
    noGrad(() => {
      const own = this.module.parameters();
      model.parameters().forEach((p, i) =>
        own[i].copy_(
          this.avgFn(own[i], p, this.nAveraged)
            .mul(this.nAveraged.gt(0))
            .add(p.mul(this.nAveraged.eq(0))),
        ),
      );
      this.nAveraged.add_(1);
    });
  }
}
async function updateBn(loader: data.DataLoader<[Tensor, Tensor], [Tensor, Tensor]>, model: nn.Module) {
  const bns = model.modules().filter((m) => m instanceof nn.BatchNorm2d);
  const momenta = bns.map((m) => m.momentum);
  for (const m of bns) {
    m.resetRunningStats();
    m.momentum = null;
  }
  model.train();
  for await (const [x] of loader) noGrad(() => model(x));
  bns.forEach((m, i) => (m.momentum = momenta[i]));
}

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
const emaModel = new AveragedModel(model, (avg, p) => avg.mul(0.95).add(p.mul(0.05)));
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
console.log(Object.keys(swaModel.stateDict()).slice(0, 4).join(' '), await swaModel.nAveraged.item());
