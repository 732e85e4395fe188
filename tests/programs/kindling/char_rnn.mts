// The tutorial "classifying names with a character-level RNN": an RNN by hand, one name at a time, SGD by p.data.add_.
import { cat, manualSeed, nn, noGrad, tensor, zeros, type Tensor } from 'kindling';

const data: Record<string, string[]> = {
  Italian: ['rossi', 'bianchi', 'romano', 'ricci', 'greco', 'bruno'],
  Japanese: ['sato', 'suzuki', 'tanaka', 'ito', 'kato', 'yamada'],
  Czech: ['novak', 'svoboda', 'dvorak', 'cerny', 'prochazka', 'kucera'],
};
const categories = Object.keys(data);
const letters = 'abcdefghijklmnopqrstuvwxyz';
const lineToTensor = (line: string) => {
  const t = zeros(line.length, 1, letters.length);
  [...line].forEach((c, i) => t.setAt([i, 0, letters.indexOf(c)], 1));
  return t;
};
class RNN extends nn.Module {
  i2h: nn.Linear;
  i2o: nn.Linear;
  softmax = new nn.LogSoftmax({ dim: 1 });
  constructor(
    input: number,
    readonly hiddenSize: number,
    output: number,
  ) {
    super();
    this.i2h = new nn.Linear(input + hiddenSize, hiddenSize);
    this.i2o = new nn.Linear(input + hiddenSize, output);
  }
  forward(input: Tensor, hidden: Tensor): [Tensor, Tensor] {
    const combined = cat([input, hidden], 1);
    return [this.softmax(this.i2o(combined)), this.i2h(combined).tanh()];
  }
  initHidden() {
    return zeros(1, this.hiddenSize);
  }
}
manualSeed(0);
const rnn = new RNN(letters.length, 32, categories.length);
const criterion = new nn.NLLLoss();
function train(category: Tensor, line: Tensor): [Tensor, Tensor] {
  let hidden = rnn.initHidden(),
    output!: Tensor;
  rnn.zeroGrad();
  for (let i = 0; i < line.size(0); i++) [output, hidden] = rnn(line.at(i), hidden);
  const loss = criterion(output, category);
  loss.backward();
  noGrad(() => {
    for (const p of rnn.parameters()) p.add_(p.grad!, { alpha: -0.02 });
  });
  return [output, loss];
}
let total = 0,
  right = 0;
for (let iter = 1; iter <= 300; iter++) {
  const c = iter % 3,
    names = data[categories[c]],
    name = names[Math.floor(iter / 3) % names.length];
  const [output, loss] = train(tensor([c], { dtype: 'int64' }), lineToTensor(name));
  total += await loss.item();
  const [, topI] = output.topk(1);
  right += (await topI.item()) === c ? 1 : 0;
  if (iter % 100 === 0) {
    console.log(iter, 'loss', (total / 100).toFixed(4), 'right', right / 100);
    total = right = 0;
  }
}
