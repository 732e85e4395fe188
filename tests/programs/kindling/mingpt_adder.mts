// karpathy/minGPT projects/adder: a GPT learns to add numbers of two digits. Built on nn.TransformerEncoderLayer here.
import { arange, data, manualSeed, nn, optim, tensor, type Tensor, triu, full } from 'kindling';

const ndigit = 1;
class AdditionDataset extends data.Dataset<[Tensor, Tensor]> {
  ixes: number[];
  constructor(readonly split: 'train' | 'test') {
    super();
    const num = (10 ** ndigit) ** 2;
    const rng = Array.from({ length: num }, (_, i) => (i * 37) % num);
    const numTest = Math.min(Math.floor(num * 0.2), 500);
    this.ixes = split === 'test' ? rng.slice(0, numTest) : rng.slice(numTest);
  }
  get length() {
    return this.ixes.length;
  }
  get(idx: number): [Tensor, Tensor] {
    const nd = 10 ** ndigit,
      i = this.ixes[idx];
    const [a, b] = [Math.floor(i / nd), i % nd];
    const c = a + b;
    const astr = String(a).padStart(ndigit, '0'),
      bstr = String(b).padStart(ndigit, '0');
    const cstr = [...String(c).padStart(ndigit + 1, '0')].reverse().join('');
    const dix = [...(astr + bstr + cstr)].map(Number);
    const x = tensor(dix.slice(0, -1), { dtype: 'int64' });
    const y = tensor(dix.slice(1), { dtype: 'int64' });
    y.setAt(`:${ndigit * 2 - 1}`, -1); // only train at the output locations
    return [x, y];
  }
}

class GPT extends nn.Module {
  wte = new nn.Embedding(10, 48);
  wpe = new nn.Embedding(3 * ndigit + 1, 48);
  h = new nn.TransformerEncoder(
    new nn.TransformerEncoderLayer(48, 3, 192, { dropout: 0, activation: 'gelu', batchFirst: true, normFirst: true }),
    2,
  );
  lnF = new nn.LayerNorm(48);
  head = new nn.Linear(48, 10, { bias: false });
  forward(idx: Tensor, targets?: Tensor): [Tensor, Tensor | null] {
    const t = idx.size(1);
    const mask = triu(full([t, t], -Infinity), { diagonal: 1 });
    const x = this.h(this.wte(idx).add(this.wpe(arange(t))), { mask });
    const logits = this.head(this.lnF(x));
    const loss = targets
      ? nn.functional.crossEntropy(logits.view(-1, 10), targets.view(-1), { ignoreIndex: -1 })
      : null;
    return [logits, loss];
  }
}

manualSeed(3407);
const train = new AdditionDataset('train'),
  test = new AdditionDataset('test');
const loader = new data.DataLoader(train, {
  batchSize: 20,
  sampler: new data.RandomSampler(train, { replacement: true, numSamples: 1000 }),
});
const model = new GPT();
const optimizer = new optim.AdamW(model.parameters(), { lr: 3e-3, betas: [0.9, 0.95], weightDecay: 0.1 });
let it = 0;
for await (const [x, y] of loader) {
  const [, loss] = model(x, y);
  model.zeroGrad();
  loss!.backward();
  nn.utils.clipGradNorm_(model.parameters(), 1);
  optimizer.step();
  if (it++ % 10 === 0) console.log(`iter ${it - 1}: train loss ${(await loss!.item()).toFixed(5)}`);
}
