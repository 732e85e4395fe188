// A U-Net with a Dice loss, CTC on a toy sequence, skip-gram with negative sampling, matrix factorisation.
import { arange, cat, manualSeed, nn, optim, randint, randn, randnLike, stack, full, type Tensor } from 'kindling';

const F = nn.functional;
manualSeed(0);
const doubleConv = (i: number, o: number) =>
  new nn.Sequential(
    new nn.Conv2d(i, o, 3, { padding: 1 }),
    new nn.BatchNorm2d(o),
    new nn.ReLU(true),
    new nn.Conv2d(o, o, 3, { padding: 1 }),
    new nn.BatchNorm2d(o),
    new nn.ReLU(true),
  );
class UNet extends nn.Module {
  d1 = doubleConv(1, 8);
  d2 = doubleConv(8, 16);
  pool = new nn.MaxPool2d(2);
  up = new nn.ConvTranspose2d(16, 8, 2, { stride: 2 });
  u1 = doubleConv(16, 8);
  out = new nn.Conv2d(8, 1, 1);
  forward(x: Tensor) {
    const x1 = this.d1(x);
    let y = this.up(this.d2(this.pool(x1)));
    const [diffY, diffX] = [x1.size(2) - y.size(2), x1.size(3) - y.size(3)];
    y = F.pad(y, [
      Math.floor(diffX / 2),
      diffX - Math.floor(diffX / 2),
      Math.floor(diffY / 2),
      diffY - Math.floor(diffY / 2),
    ]);
    return this.out(this.u1(cat([x1, y], { dim: 1 })));
  }
}
const g = arange(33).sub(16);
const centres = randint(-8, 9, [32, 2]).float();
const masks = stack(
  centres.unbind(0).map((c) =>
    g
      .view(-1, 1)
      .sub(c.at(0))
      .pow(2)
      .add(g.view(1, -1).sub(c.at(1)).pow(2))
      .lt(36)
      .float(),
  ),
).unsqueeze(1);
const images = masks.add(randnLike(masks).mul(0.5));
const unet = new UNet();
let opt: optim.Optimizer = new optim.RMSprop(unet.parameters(), { lr: 1e-3, momentum: 0.9 });
const diceLoss = (p: Tensor, t: Tensor) => p.mul(t).sum().mul(2).add(1).div(p.sum().add(t.sum()).add(1)).neg().add(1);
for (let i = 0; i < 10; i++) {
  const logits = unet(images);
  const loss = F.binaryCrossEntropyWithLogits(logits, masks).add(diceLoss(logits.sigmoid(), masks));
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (i % 5 === 4) console.log('unet', (await loss.item()).toFixed(4));
}
// CTC
const rnn = new nn.LSTM(8, 32, { bidirectional: true }),
  fc = new nn.Linear(64, 5);
const input = randn(20, 4, 8),
  targets = randint(1, 5, [4, 6]);
opt = new optim.Adam([...rnn.parameters(), ...fc.parameters()], { lr: 1e-2 });
const ctc = new nn.CTCLoss();
for (let i = 0; i < 40; i++) {
  const logProbs = F.logSoftmax(fc(rnn(input)[0]), 2);
  const loss = await ctc(logProbs, targets, full([4], 20, { dtype: 'int64' }), full([4], 6, { dtype: 'int64' }));
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (i % 20 === 19) console.log('ctc', (await loss.item()).toFixed(4));
}
// word2vec
const emb = new nn.Embedding(20, 8),
  ctx = new nn.Embedding(20, 8);
opt = new optim.Adam([...emb.parameters(), ...ctx.parameters()], { lr: 0.05 });
for (let i = 0; i < 60; i++) {
  const w = randint(20, [64]),
    pos = w
      .div(4, { roundingMode: 'floor' })
      .mul(4)
      .add(randint(4, [64])),
    neg = randint(20, [64, 5]);
  const e = emb(w);
  const loss = F.logsigmoid(e.mul(ctx(pos)).sum(1))
    .add(F.logsigmoid(ctx(neg).bmm(e.unsqueeze(2)).squeeze(2).neg()).sum(1))
    .neg()
    .mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (i % 30 === 29) console.log('word2vec', (await loss.item()).toFixed(4));
}
