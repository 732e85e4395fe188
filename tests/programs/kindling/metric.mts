// Matrix factorisation with biases, a text classifier on EmbeddingBag with offsets, siamese and triplet losses.
import { arange, cat, data, manualSeed, nn, optim, rand, randint, randn, tensor, type Tensor } from 'kindling';

const F = nn.functional;
manualSeed(0);

class MatrixFactorization extends nn.Module {
  userFactors: nn.Embedding;
  itemFactors: nn.Embedding;
  userBiases: nn.Embedding;
  itemBiases: nn.Embedding;
  constructor(nUsers: number, nItems: number, nFactors = 8) {
    super();
    this.userFactors = new nn.Embedding(nUsers, nFactors, { sparse: false });
    this.itemFactors = new nn.Embedding(nItems, nFactors, { sparse: false });
    this.userBiases = new nn.Embedding(nUsers, 1);
    this.itemBiases = new nn.Embedding(nItems, 1);
    this.userFactors.weight.requiresGrad_();
    nn.init.uniform_(this.userFactors.weight, 0, 0.05);
    nn.init.uniform_(this.itemFactors.weight, 0, 0.05);
  }
  forward(user: Tensor, item: Tensor) {
    let pred = this.userBiases(user).add(this.itemBiases(item));
    pred = pred.add(this.userFactors(user).mul(this.itemFactors(item)).sum({ dim: 1, keepdim: true }));
    return pred.squeeze();
  }
}
const users = randint(0, 30, [400]),
  items = randint(0, 20, [400]);
const ratings = users.add(items).remainder(5).float().add(1);
const mf = new MatrixFactorization(30, 20);
let opt: optim.Optimizer = new optim.SGD(mf.parameters(), { lr: 0.5, weightDecay: 1e-5 });
for (let epoch = 1; epoch <= 20; epoch++) {
  const loss = new nn.MSELoss()(mf(users, items), ratings);
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (epoch % 10 === 0) console.log('mf', (await loss.item()).toFixed(4));
}

class TextClassificationModel extends nn.Module {
  embedding: nn.EmbeddingBag;
  fc: nn.Linear;
  constructor(vocabSize: number, embedDim: number, numClass: number) {
    super();
    this.embedding = new nn.EmbeddingBag(vocabSize, embedDim, { sparse: false });
    this.fc = new nn.Linear(embedDim, numClass);
    this.initWeights();
  }
  initWeights() {
    const initrange = 0.5;
    nn.init.uniform_(this.embedding.weight, -initrange, initrange);
    nn.init.uniform_(this.fc.weight, -initrange, initrange);
    nn.init.zeros_(this.fc.bias!);
  }
  forward(text: Tensor, offsets: Tensor) {
    return this.fc(this.embedding(text, offsets));
  }
}
const texts: [label: number, words: number[]][] = Array.from({ length: 40 }, (_, i) => [
  i % 2,
  Array.from({ length: 2 + (i % 4) }, (_, j) => (i % 2) * 10 + ((i + j) % 10)),
]);
function collateBatch(batch: [number, number[]][]): [Tensor, Tensor, Tensor] {
  const labelList = tensor(
    batch.map(([label]) => label),
    { dtype: 'int64' },
  );
  const textList = cat(batch.map(([, words]) => tensor(words, { dtype: 'int64' })));
  const offsets = tensor([0, ...batch.map(([, words]) => words.length)].slice(0, -1))
    .cumsum({ dim: 0 })
    .long();
  return [labelList, textList, offsets];
}
const dataloader = new data.DataLoader(texts, { batchSize: 8, shuffle: true, collateFn: collateBatch });
const model = new TextClassificationModel(20, 16, 2);
const criterion = new nn.CrossEntropyLoss();
opt = new optim.SGD(model.parameters(), { lr: 5 });
const scheduler = new optim.lrScheduler.StepLR(opt, 1.0, { gamma: 0.1 });
for (let epoch = 1; epoch <= 2; epoch++) {
  let totalAcc = 0,
    totalCount = 0,
    last = 0;
  for await (const [label, text, offsets] of dataloader) {
    opt.zeroGrad();
    const predictedLabel = model(text, offsets);
    const loss = criterion(predictedLabel, label);
    loss.backward();
    nn.utils.clipGradNorm_(model.parameters(), 0.1);
    opt.step();
    totalAcc += await predictedLabel.argmax(1).eq(label).sum().item();
    totalCount += label.size(0);
    last = await loss.item();
  }
  scheduler.step();
  console.log('text', (totalAcc / totalCount).toFixed(3), last.toFixed(4));
}

const encoder = new nn.Sequential(new nn.Linear(6, 16), new nn.PReLU(), new nn.Linear(16, 4, { bias: false }));
const points = randn(60, 6).add(arange(60).remainder(3).view(-1, 1).mul(0.5));
const classes = arange(60).remainder(3);
function contrastiveLoss(output1: Tensor, output2: Tensor, label: Tensor, margin = 2) {
  const d = F.pairwiseDistance(output1, output2, { keepdim: true });
  return label
    .neg()
    .add(1)
    .mul(d.pow(2))
    .add(label.mul(d.neg().add(margin).clamp({ min: 0 }).pow(2)))
    .mean();
}
opt = new optim.RMSprop(encoder.parameters(), { lr: 1e-3, alpha: 0.99 });
const triplet = new nn.TripletMarginLoss({ margin: 1.0, p: 2 });
for (let i = 1; i <= 20; i++) {
  const [a, b] = [randint(60, [32]), randint(60, [32])];
  const different = classes.at(a).ne(classes.at(b)).float().view(-1, 1);
  const siamese = contrastiveLoss(encoder(points.at(a)), encoder(points.at(b)), different);
  const [anchor, positive, negative] = [points.at('0:57:3'), points.at('3::3'), points.at('1:58:3')].map((x) =>
    encoder(x),
  );
  const loss = siamese.add(triplet(anchor, positive, negative));
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (i % 10 === 0) console.log('siamese', (await siamese.item()).toFixed(4), 'both', (await loss.item()).toFixed(4));
}
console.log(
  (await F.cosineSimilarity(encoder(points.at(':5')), encoder(points.at('5:10'))).tolist<number[]>())
    .map((c) => c.toFixed(3))
    .join(' '),
  (await rand(1).item()).toFixed(4),
);
