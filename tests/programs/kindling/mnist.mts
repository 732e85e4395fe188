// pytorch/examples/mnist: a small convolutional network, Adadelta, StepLR, a train and a test function.
import { data, manualSeed, nn, optim, setGradEnabled, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

const F = nn.functional;

class Net extends nn.Module {
  conv1 = new nn.Conv2d(1, 32, 3, 1);
  conv2 = new nn.Conv2d(32, 64, 3, 1);
  dropout1 = new nn.Dropout(0);
  dropout2 = new nn.Dropout(0);
  fc1 = new nn.Linear(9216, 128);
  fc2 = new nn.Linear(128, 10);

  forward(x: Tensor) {
    x = F.relu(this.conv1(x));
    x = F.relu(this.conv2(x));
    x = F.maxPool2d(x, 2);
    x = this.dropout1(x);
    x = x.flatten(1);
    x = F.relu(this.fc1(x));
    x = this.dropout2(x);
    return F.logSoftmax(this.fc2(x), 1);
  }
}

const args = { batchSize: 64, epochs: 2, lr: 1.0, gamma: 0.7, seed: 1, logInterval: 5 };
manualSeed(args.seed);

const trainSet = new data.TensorDataset(...mnist(true, 1280));
const testSet = new data.TensorDataset(...mnist(false, 500));
const trainLoader = new data.DataLoader(trainSet, { batchSize: args.batchSize, shuffle: true });
const testLoader = new data.DataLoader(testSet, { batchSize: 500 });

async function train(model: Net, loader: typeof trainLoader, optimizer: optim.Optimizer, epoch: number) {
  model.train();
  let batch = 0;
  for await (const [x, target] of loader) {
    optimizer.zeroGrad();
    const output = model(x);
    const loss = F.nllLoss(output, target);
    loss.backward();
    optimizer.step();
    if (batch % args.logInterval === 0) {
      console.log(
        `Train Epoch: ${epoch} [${batch * x.size(0)}/${trainSet.length}]\tLoss: ${(await loss.item()).toFixed(6)}`,
      );
    }
    batch++;
  }
}

async function test(model: Net, loader: typeof testLoader) {
  model.eval();
  let testLoss = 0;
  let correct = 0;
  setGradEnabled(false);
  for await (const [x, target] of loader) {
    const output = model(x);
    testLoss += await F.nllLoss(output, target, { reduction: 'sum' }).item();
    const pred = output.argmax(1, { keepdim: true });
    correct += await pred.eq(target.viewAs(pred)).sum().item();
  }
  setGradEnabled(true);
  testLoss /= testSet.length;
  console.log(`Test set: Average loss: ${testLoss.toFixed(4)}, Accuracy: ${correct}/${testSet.length}`);
}

const model = new Net();
const optimizer = new optim.Adadelta(model.parameters(), { lr: args.lr });
const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 1, gamma: args.gamma });
for (let epoch = 1; epoch <= args.epochs; epoch++) {
  await train(model, trainLoader, optimizer, epoch);
  await test(model, testLoader);
  scheduler.step();
}
console.log('lr', scheduler.getLastLr()[0].toFixed(4));
