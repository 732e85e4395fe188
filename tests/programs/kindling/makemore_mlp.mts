// makemore part 3: character MLP with batch normalization by hand, manual updates, dead-neuron statistics.
import { multinomial, nn, noGrad, ones, randint, randn, tensor, zeros, Generator } from 'kindling';

const F = nn.functional;
const words =
  'emma olivia ava isabella sophia charlotte mia amelia harper evelyn abigail emily elizabeth mila ella avery sofia camila aria scarlett victoria madison luna grace chloe penelope layla riley zoey nora lily eleanor hannah lillian addison aubrey ellie stella natalie zoe leah hazel violet aurora savannah audrey brooklyn bella claire skylar lucy paisley everly anna caroline nova genesis emilia kennedy samantha maya willow kinsley naomi aaliyah elena sarah ariana allison gabriella alice madelyn cora ruby eva serenity autumn adeline hailey gianna valentina isla eliana quinn nevaeh ivy sadie piper lydia alexa josephine emery julia delilah arianna vivian kaylee sophie brielle madeline'.split(
    ' ',
  );
const chars = [...new Set(words.join(''))].sort();
const stoi: Record<string, number> = Object.fromEntries(chars.map((s, i) => [s, i + 1]));
stoi['.'] = 0;
const itos = Object.fromEntries(Object.entries(stoi).map(([s, i]) => [i, s]));
const vocabSize = chars.length + 1;
const blockSize = 3;

const X: number[][] = [],
  Y: number[] = [];
for (const w of words) {
  let context = Array(blockSize).fill(0);
  for (const ch of w + '.') {
    X.push(context);
    Y.push(stoi[ch]);
    context = [...context.slice(1), stoi[ch]];
  }
}
const Xtr = tensor(X, { dtype: 'int64' }),
  Ytr = tensor(Y, { dtype: 'int64' });
console.log(Xtr.shape, Ytr.shape);

const nEmbd = 10,
  nHidden = 64;
const g = new Generator().manualSeed(2147483647);
const C = randn(vocabSize, nEmbd, { generator: g });
const W1 = randn(nEmbd * blockSize, nHidden, { generator: g }).mul(5 / 3 / (nEmbd * blockSize) ** 0.5);
const W2 = randn(nHidden, vocabSize, { generator: g }).mul(0.01);
const b2 = randn(vocabSize, { generator: g }).mul(0);
const bngain = ones(1, nHidden);
const bnbias = zeros(1, nHidden);
const bnmeanRunning = zeros(1, nHidden);
const bnstdRunning = ones(1, nHidden);
const parameters = [C, W1, W2, b2, bngain, bnbias];
for (const p of parameters) p.requiresGrad = true;

const lossi: number[] = [];
for (let i = 0; i < 300; i++) {
  const ix = randint(0, Xtr.shape[0], [32], { generator: g });
  const [Xb, Yb] = [Xtr.at(ix), Ytr.at(ix)];
  const emb = C.at(Xb);
  const embcat = emb.view(emb.shape[0], -1);
  const hpreact = embcat.matmul(W1);
  const bnmeani = hpreact.mean(0, { keepdim: true });
  const bnstdi = hpreact.std(0, { keepdim: true });
  const hbn = bngain.mul(hpreact.sub(bnmeani)).div(bnstdi).add(bnbias);
  noGrad(() => {
    bnmeanRunning.mul_(0.99).add_(bnmeani.mul(0.01));
    bnstdRunning.mul_(0.99).add_(bnstdi.mul(0.01));
  });
  const h = hbn.tanh();
  const logits = h.matmul(W2).add(b2);
  const loss = F.crossEntropy(logits, Yb);
  for (const p of parameters) p.grad = null;
  loss.backward();
  const lr = i < 200 ? 0.1 : 0.01;
  noGrad(() => parameters.forEach((p) => p.sub_(p.grad!.mul(lr))));
  if (i % 100 === 0)
    console.log(
      `${i}: ${(await loss.item()).toFixed(4)} saturated ${((await h.abs().gt(0.97).float().mean().item()) * 100).toFixed(1)}%`,
    );
  lossi.push(await loss.log10().item());
}
console.log('mean log10 loss of the last 100:', (lossi.slice(-100).reduce((a, b) => a + b) / 100).toFixed(4));

const g2 = new Generator().manualSeed(2147483647 + 10);
for (let k = 0; k < 5; k++) {
  const out: string[] = [];
  let context = Array(blockSize).fill(0);
  for (;;) {
    const probs = noGrad(() => {
      const emb = C.at(tensor([context], { dtype: 'int64' }));
      const hpreact = emb.view(1, -1).matmul(W1);
      const hbn = bngain.mul(hpreact.sub(bnmeanRunning)).div(bnstdRunning).add(bnbias);
      return F.softmax(hbn.tanh().matmul(W2).add(b2), { dim: 1 });
    });
    const ix = await multinomial(probs, { numSamples: 1, generator: g2 }).item();
    context = [...context.slice(1), ix];
    if (ix === 0 || out.length > 12) break;
    out.push(itos[ix]);
  }
  console.log(out.join(''));
}
