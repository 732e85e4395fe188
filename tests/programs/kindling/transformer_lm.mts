// The PyTorch tutorial on nn.Transformer for language modelling: positional encoding as a buffer, square subsequent mask.
import { arange, cos, exp, manualSeed, nn, optim, sin, tensor, zeros, type Tensor } from 'kindling';

class PositionalEncoding extends nn.Module {
  dropout: nn.Dropout;
  pe: Tensor;
  constructor(dModel: number, dropout = 0, maxLen = 500) {
    super();
    this.dropout = new nn.Dropout({ p: dropout });
    const position = arange(maxLen).unsqueeze(1);
    const divTerm = exp(arange(0, dModel, 2).mul(-Math.log(10000) / dModel));
    const pe = zeros(maxLen, 1, dModel);
    pe.setAt([':', 0, '0::2'], sin(position.mul(divTerm)));
    pe.setAt([':', 0, '1::2'], cos(position.mul(divTerm)));
    this.pe = this.registerBuffer('pe', pe);
  }
  forward(x: Tensor) {
    x = x.add(this.pe.at(`:${x.size(0)}`));
    return this.dropout(x);
  }
}
class TransformerModel extends nn.Module {
  posEncoder: PositionalEncoding;
  transformerEncoder: nn.TransformerEncoder;
  embedding: nn.Embedding;
  linear: nn.Linear;
  constructor(
    ntoken: number,
    readonly dModel: number,
    nhead: number,
    dHid: number,
    nlayers: number,
    dropout = 0.1,
  ) {
    super();
    this.posEncoder = new PositionalEncoding(dModel, dropout);
    const encoderLayers = new nn.TransformerEncoderLayer(dModel, nhead, dHid, dropout);
    this.transformerEncoder = new nn.TransformerEncoder(encoderLayers, nlayers);
    this.embedding = new nn.Embedding(ntoken, dModel);
    this.linear = new nn.Linear(dModel, ntoken);
    this.initWeights();
  }
  initWeights() {
    nn.init.uniform_(this.embedding.weight, -0.1, 0.1);
    nn.init.zeros_(this.linear.bias!);
    nn.init.uniform_(this.linear.weight, -0.1, 0.1);
  }
  forward(src: Tensor, srcMask: Tensor | null = null) {
    src = this.embedding(src).mul(Math.sqrt(this.dModel));
    src = this.posEncoder(src);
    srcMask ??= nn.Transformer.generateSquareSubsequentMask(src.size(0));
    return this.linear(this.transformerEncoder(src, srcMask));
  }
}
manualSeed(0);
const words = 'to be or not to be that is the question whether tis nobler in the mind to suffer'.split(' ');
const vocabulary = [...new Set(words)];
const ids = tensor(
  Array.from({ length: 1600 }, (_, i) => vocabulary.indexOf(words[i % words.length])),
  { dtype: 'int64' },
);
const trainData = ids.view(10, -1).t().contiguous();
const bptt = 20;
const model = new TransformerModel(vocabulary.length, 32, 2, 64, 2, 0);
const criterion = new nn.CrossEntropyLoss();
const optimizer = new optim.SGD(model.parameters(), { lr: 1.0 });
const scheduler = new optim.lrScheduler.StepLR(optimizer, 1.0, { gamma: 0.95 });
for (let epoch = 1; epoch <= 8; epoch++) {
  model.train();
  let total = 0,
    n = 0;
  for (let i = 0; i < trainData.size(0) - 1; i += bptt) {
    const seqLen = Math.min(bptt, trainData.size(0) - 1 - i);
    const data = trainData.at(`${i}:${i + seqLen}`),
      targets = trainData.at(`${i + 1}:${i + 1 + seqLen}`).reshape(-1);
    const output = model(data);
    const loss = criterion(output.view(-1, vocabulary.length), targets);
    optimizer.zeroGrad();
    loss.backward();
    nn.utils.clipGradNorm_(model.parameters(), 0.5);
    optimizer.step();
    total += await loss.item();
    n++;
  }
  scheduler.step();
  if (epoch % 2 === 0)
    console.log(`epoch ${epoch} lr ${scheduler.getLastLr()[0].toFixed(3)} loss ${(total / n).toFixed(4)}`);
}
