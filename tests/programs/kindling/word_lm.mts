// pytorch/examples/word_language_model: an LSTM with tied weights, truncated BPTT, clipping, and SGD by hand.
import { manualSeed, multinomial, nn, noGrad, randint, tensor, type Tensor } from 'kindling';

const text =
  `the cat sat on the mat . the dog sat on the log . the cat saw the dog . the dog saw the cat . <eos> `.repeat(60);
const words = text.trim().split(' ');
const vocabulary = [...new Set(words)];
const ids = tensor(
  words.map((w) => vocabulary.indexOf(w)),
  { dtype: 'int64' },
);

function batchify(data: Tensor, bsz: number) {
  const nbatch = Math.floor(data.size(0) / bsz);
  data = data.narrow(0, 0, nbatch * bsz);
  return data.view(bsz, -1).t().contiguous();
}

type Hidden = [h: Tensor, c: Tensor];

class RNNModel extends nn.Module {
  drop: nn.Dropout;
  encoder: nn.Embedding;
  rnn: nn.LSTM;
  decoder: nn.Linear;
  constructor(
    readonly ntoken: number,
    readonly ninp: number,
    readonly nhid: number,
    readonly nlayers: number,
    dropout = 0.5,
    tieWeights = false,
  ) {
    super();
    this.drop = new nn.Dropout(dropout);
    this.encoder = new nn.Embedding(ntoken, ninp);
    this.rnn = new nn.LSTM(ninp, nhid, nlayers, { dropout });
    this.decoder = new nn.Linear(nhid, ntoken);
    if (tieWeights) this.decoder.weight = this.encoder.weight;
    this.initWeights();
  }
  initWeights() {
    const initrange = 0.1;
    nn.init.uniform_(this.encoder.weight, -initrange, initrange);
    nn.init.zeros_(this.decoder.bias!);
    nn.init.uniform_(this.decoder.weight, -initrange, initrange);
  }
  forward(input: Tensor, hidden: Hidden): [Tensor, Hidden] {
    const emb = this.drop(this.encoder(input));
    let [output, next] = this.rnn(emb, hidden);
    output = this.drop(output);
    const decoded = this.decoder(output).view(-1, this.ntoken);
    return [nn.functional.logSoftmax(decoded, 1), next];
  }
  initHidden(bsz: number): Hidden {
    const weight = this.parameters()[0];
    return [weight.newZeros([this.nlayers, bsz, this.nhid]), weight.newZeros([this.nlayers, bsz, this.nhid])];
  }
}

const repackageHidden = (h: Hidden): Hidden => [h[0].detach(), h[1].detach()];

manualSeed(1111);
const bptt = 35;
const trainData = batchify(ids, 8);
const model = new RNNModel(vocabulary.length, 32, 32, 2, 0, true);
console.log(
  model
    .namedParameters()
    .map(([n]) => n)
    .join(' '),
);
const criterion = new nn.NLLLoss();
let lr = 5;

for (let epoch = 1; epoch <= 6; epoch++) {
  model.train();
  let totalLoss = 0,
    batches = 0;
  let hidden = model.initHidden(8);
  for (let i = 0; i < trainData.size(0) - 1; i += bptt) {
    const seqLen = Math.min(bptt, trainData.size(0) - 1 - i);
    const data = trainData.at(`${i}:${i + seqLen}`);
    const targets = trainData.at(`${i + 1}:${i + 1 + seqLen}`).reshape(-1);
    model.zeroGrad();
    hidden = repackageHidden(hidden);
    let output;
    [output, hidden] = model(data, hidden);
    const loss = criterion(output, targets);
    loss.backward();
    nn.utils.clipGradNorm_(model.parameters(), 0.25);
    noGrad(() => model.parameters().forEach((p) => p.add_(p.grad!, { alpha: -lr })));
    totalLoss += await loss.item();
    batches++;
  }
  if (epoch % 2 === 0)
    console.log(
      `epoch ${epoch} loss ${(totalLoss / batches).toFixed(3)} ppl ${Math.exp(totalLoss / batches).toFixed(2)}`,
    );
}

// generate
model.eval();
let hidden = model.initHidden(1);
let input = randint(vocabulary.length, [1, 1]);
const out: string[] = [];
for (let i = 0; i < 20; i++) {
  let output;
  [output, hidden] = noGrad(() => model(input, hidden));
  const wordWeights = output.squeeze().div(0.5).exp();
  const wordIdx = multinomial(wordWeights, 1).at(0);
  input.fill_(wordIdx);
  out.push(vocabulary[await wordIdx.item()]);
}
console.log(out.join(' '));
