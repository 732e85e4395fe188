// pytorch/examples/mnist_rnn: rows of a digit as a sequence.
import { data, manualSeed, nn, noGrad, optim, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

const F = nn.functional;

class Net extends nn.Module {
  rnn = new nn.LSTM({ inputSize: 28, hiddenSize: 64, batchFirst: true });
  batchnorm = new nn.BatchNorm1d(64);
  dropout1 = new nn.Dropout2d(0);
  dropout2 = new nn.Dropout2d(0);
  fc1 = new nn.Linear(64, 32);
  fc2 = new nn.Linear(32, 10);

  forward(input: Tensor) {
    // Shape of input is (batch_size, 1, 28, 28); the LSTM wants (batch, 28, 28).
    input = input.reshape(-1, 28, 28);
    let [output] = this.rnn(input);
    output = output.at(':', -1, ':');
    output = this.batchnorm(output);
    output = this.dropout1(output);
    output = this.fc1(output);
    output = F.relu(output);
    output = this.dropout2(output);
    output = this.fc2(output);
    return F.logSoftmax(output, { dim: 1 });
  }
}

manualSeed(1);
const loader = new data.DataLoader(new data.TensorDataset(...mnist(true, 1280)), { batchSize: 64, shuffle: true });
const [testX, testY] = mnist(false, 500);
const model = new Net();
const optimizer = new optim.Adadelta(model.parameters(), { lr: 0.5 });
const scheduler = new optim.lrScheduler.StepLR(optimizer, 1, 0.7);
for (let epoch = 1; epoch <= 3; epoch++) {
  model.train();
  let total = 0;
  for await (const [x, y] of loader) {
    optimizer.zeroGrad();
    const loss = F.nllLoss(model(x), y);
    loss.backward();
    optimizer.step();
    total += await loss.item();
  }
  model.eval();
  const correct = await noGrad(() => model(testX).argmax(1).eq(testY).sum()).item();
  console.log(`epoch ${epoch}: loss ${(total / loader.length).toFixed(4)}, ${correct}/500`);
  scheduler.step();
}
