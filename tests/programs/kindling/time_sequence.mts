// pytorch/examples/time_sequence_prediction: sine waves by two LSTMCells, LBFGS, float64.
import { arange, cat, float64, manualSeed, nn, noGrad, optim, randint, zeros, type Tensor } from 'kindling';

class Sequence extends nn.Module {
  lstm1 = new nn.LSTMCell(1, 51);
  lstm2 = new nn.LSTMCell(51, 51);
  linear = new nn.Linear(51, 1);

  forward(input: Tensor, future = 0) {
    const outputs: Tensor[] = [];
    let hT = zeros(input.size(0), 51, { dtype: float64 });
    let cT = zeros(input.size(0), 51, { dtype: float64 });
    let hT2 = zeros(input.size(0), 51, { dtype: float64 });
    let cT2 = zeros(input.size(0), 51, { dtype: float64 });
    let output!: Tensor;
    for (const inputT of input.split(1, { dim: 1 })) {
      [hT, cT] = this.lstm1(inputT, [hT, cT]);
      [hT2, cT2] = this.lstm2(hT, [hT2, cT2]);
      output = this.linear(hT2);
      outputs.push(output);
    }
    for (let i = 0; i < future; i++) {
      [hT, cT] = this.lstm1(output, [hT, cT]);
      [hT2, cT2] = this.lstm2(hT, [hT2, cT2]);
      output = this.linear(hT2);
      outputs.push(output);
    }
    return cat(outputs, { dim: 1 });
  }
}

manualSeed(0);
const T = 20,
  L = 100,
  N = 20;
const x = arange(L)
  .unsqueeze(0)
  .add(randint(-4 * T, 4 * T, [N, 1]))
  .double();
const data = x.div(T).sin();
const input = data.at('3:', ':-1'),
  target = data.at('3:', '1:');
const testInput = data.at(':3', ':-1'),
  testTarget = data.at(':3', '1:');
const seq = new Sequence();
seq.double();
const criterion = new nn.MSELoss();
const optimizer = new optim.LBFGS(seq.parameters(), { lr: 0.8 });
for (let i = 0; i < 2; i++) {
  console.log('STEP: ', i);
  const losses: number[] = [];
  await optimizer.step(async () => {
    optimizer.zeroGrad();
    const out = seq(input);
    const loss = criterion(out, target);
    losses.push(await loss.item());
    loss.backward();
    return loss;
  });
  console.log(
    losses
      .slice(0, 4)
      .map((l) => l.toFixed(6))
      .join(' '),
    '..',
    losses.at(-1)?.toFixed(6),
  );
  const [testLoss, pred] = noGrad(() => {
    const pred = seq(testInput, 50);
    return [criterion(pred.at(':', ':-50'), testTarget), pred];
  });
  console.log('test loss:', (await testLoss.item()).toFixed(6), pred.shape);
}
