// BYOL: an online network predicts what a slowly moving target makes of another view; gradients stop at the target.
import { arange, cat, data, manualSeed, nn, noGrad, optim, randn, randnLike, type Tensor } from 'kindling';

const F = nn.functional;

class MLPHead extends nn.Module {
  net: nn.Sequential;
  constructor(inChannels: number, mlpHiddenSize: number, projectionSize: number) {
    super();
    this.net = new nn.Sequential(
      new nn.Linear(inChannels, mlpHiddenSize, { bias: false }),
      new nn.BatchNorm1d(mlpHiddenSize),
      new nn.ReLU({ inplace: true }),
      new nn.Linear(mlpHiddenSize, projectionSize),
    );
  }
  forward(x: Tensor) {
    return this.net(x);
  }
}

class Encoder extends nn.Module {
  backbone = new nn.Sequential(new nn.Linear(16, 32), new nn.LayerNorm(32), new nn.Tanh());
  projector = new MLPHead(32, 32, 8);
  forward(x: Tensor) {
    return this.projector(this.backbone(x));
  }
}

class BYOL extends nn.Module {
  online = new Encoder();
  predictor = new MLPHead(8, 16, 8);
  target: Encoder;
  constructor(readonly m = 0.99) {
    super();
    this.target = nn.deepcopy(this.online);
    for (const p of this.target.parameters()) p.requiresGrad = false;
  }
  updateTarget() {
    noGrad(() => {
      const online = this.online.parameters();
      for (const [i, paramK] of this.target.parameters().entries()) {
        paramK.copy_(paramK.mul(this.m).add(online[i].mul(1 - this.m)));
      }
    });
  }
  regressionLoss(x: Tensor, y: Tensor) {
    x = F.normalize(x, { dim: 1 });
    y = F.normalize(y, { dim: 1 });
    return x.mul(y).sum({ dim: -1 }).mul(-2).add(2);
  }
  forward(view1: Tensor, view2: Tensor) {
    const predictions1 = this.predictor(this.online(view1));
    const predictions2 = this.predictor(this.online(view2));
    const [targets2, targets1] = noGrad(() => [this.target(view1), this.target(view2)]);
    const loss = this.regressionLoss(predictions1, targets1).add(this.regressionLoss(predictions2, targets2));
    return loss.mean();
  }
}

manualSeed(0);
const centers = randn(4, 16);
const X = cat([centers, centers, centers, centers], 0).add(randn(16, 16).mul(0.1)).repeat(8, 1);
const labels = arange(4).repeat(32);
const model = new BYOL();
const optimizer = new optim.SGD([...model.online.parameters(), ...model.predictor.parameters()], {
  lr: 0.03,
  momentum: 0.9,
  weightDecay: 4e-4,
});
const loader = new data.DataLoader(new data.TensorDataset(X, labels), { batchSize: 32, shuffle: true, dropLast: true });
for (let epoch = 1; epoch <= 4; epoch++) {
  let total = 0;
  for await (const [x] of loader) {
    const loss = model(x.add(randnLike(x).mul(0.2)), x.add(randnLike(x).mul(0.2)));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    model.updateTarget();
    total += await loss.item();
  }
  console.log(`epoch ${epoch} loss ${(total / loader.length).toFixed(4)}`);
}
