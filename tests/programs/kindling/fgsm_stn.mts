// The tutorials on adversarial examples (FGSM) and on spatial transformers.
import { clamp, data, manualSeed, nn, noGrad, optim, tensor, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

const F = nn.functional;

class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 10, { kernelSize: 5 });
  conv2 = new nn.Conv2d(10, 20, { kernelSize: 5 });
  conv2Drop = new nn.Dropout2d(0);
  fc1 = new nn.Linear(320, 50);
  fc2 = new nn.Linear(50, 10);
  localization = new nn.Sequential(
    new nn.Conv2d(1, 8, 7),
    new nn.MaxPool2d(2, { stride: 2 }),
    new nn.ReLU(true),
    new nn.Conv2d(8, 10, 5),
    new nn.MaxPool2d(2, { stride: 2 }),
    new nn.ReLU(true),
  );
  fcLoc = new nn.Sequential(new nn.Linear(10 * 3 * 3, 32), new nn.ReLU(true), new nn.Linear(32, 3 * 2));
  constructor() {
    super();
    // Initialize the weights/bias with identity transformation
    nn.init.zeros_(this.fcLoc[2].weight);
    noGrad(() => this.fcLoc[2].bias!.copy_(tensor([1, 0, 0, 0, 1, 0])));
  }
  stn(x: Tensor) {
    let xs: Tensor = this.localization(x);
    xs = xs.view(-1, 10 * 3 * 3);
    const theta = this.fcLoc(xs).view(-1, 2, 3);
    const grid = F.affineGrid(theta, x.size());
    return F.gridSample(x, grid);
  }
  forward(x: Tensor) {
    x = this.stn(x);
    x = F.relu(F.maxPool2d(this.conv1(x), 2));
    x = F.relu(F.maxPool2d(this.conv2Drop(this.conv2(x)), 2));
    x = x.view(-1, 320);
    x = F.relu(this.fc1(x));
    x = F.dropout(x, { p: 0, training: this.training });
    x = this.fc2(x);
    return F.logSoftmax(x, { dim: 1 });
  }
}
manualSeed(1);
const model = new Net();
const optimizer = new optim.SGD(model.parameters(), { lr: 0.05 });
const loader = new data.DataLoader(new data.TensorDataset(...mnist(true, 500)), { batchSize: 50, shuffle: true });
for (let e = 0; e < 1; e++) {
  let total = 0;
  for await (const [x, y] of loader) {
    optimizer.zeroGrad();
    const loss = F.nllLoss(model(x), y);
    loss.backward();
    optimizer.step();
    total += await loss.item();
  }
  console.log('epoch', e, (total / loader.length).toFixed(4));
}
model.eval();
const [X, Y] = mnist(false, 200);
for (const epsilon of [0, 0.1, 0.2, 0.3]) {
  const x = X.clone();
  x.requiresGrad = true;
  const output = model(x);
  const loss = F.nllLoss(output, Y);
  model.zeroGrad();
  loss.backward();
  const dataGrad = x.grad!;
  const perturbed = clamp(x.mul(0.3081).add(0.1307).add(dataGrad.sign().mul(epsilon)), 0, 1)
    .sub(0.1307)
    .div(0.3081);
  const acc = noGrad(() => model(perturbed).argmax(1).eq(Y).float().mean());
  console.log(`epsilon ${epsilon} accuracy ${(await acc.item()).toFixed(2)}`);
}
