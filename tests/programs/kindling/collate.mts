// Names to languages with sequences of different lengths: collate_fn, pad_sequence, pack_padded_sequence.
import { data, manualSeed, nn, optim, tensor, type Tensor } from 'kindling';

const { packPaddedSequence, padPackedSequence, padSequence } = nn.utils.rnn;
const syllables = {
  ja: ['ka', 'shi', 'mo', 'ta', 'no', 'yu'],
  it: ['ello', 'ino', 'gia', 'rossi', 'bi'],
  cz: ['ek', 'kov', 'ova', 'cz', 'pr'],
};
type Lang = keyof typeof syllables;
const langs = Object.keys(syllables) as Lang[];
let state = 7;
const next = (n: number) => (state = (state * 16807) % 2147483647) % n;
const samples = Array.from({ length: 300 }, (_, i) => {
  const lang = langs[i % 3];
  const name = Array.from({ length: 1 + next(4) }, () => syllables[lang][next(syllables[lang].length)]).join('');
  return { name, lang };
});

class NameDataset extends data.Dataset<[Tensor, number]> {
  readonly length = samples.length;
  get(i: number): [Tensor, number] {
    const { name, lang } = samples[i];
    return [
      tensor(
        [...name].map((c) => c.charCodeAt(0) - 96),
        { dtype: 'int64' },
      ),
      langs.indexOf(lang),
    ];
  }
}
function collateFn(batch: [Tensor, number][]) {
  batch.sort((a, b) => b[0].size(0) - a[0].size(0));
  const lengths = batch.map(([x]) => x.size(0));
  return {
    x: padSequence(
      batch.map(([x]) => x),
      { batchFirst: true },
    ),
    lengths,
    y: tensor(
      batch.map(([, y]) => y),
      { dtype: 'int64' },
    ),
  };
}
class Classifier extends nn.Module {
  embedding = new nn.Embedding(27, 16, { paddingIdx: 0 });
  lstm = new nn.LSTM(16, 32, { batchFirst: true, bidirectional: true });
  fc = new nn.Linear(64, 3);
  forward(x: Tensor, lengths: number[]) {
    const packed = packPaddedSequence(this.embedding(x), lengths, { batchFirst: true });
    const [output, [h]] = this.lstm(packed);
    const [padded, lens] = padPackedSequence(output, { batchFirst: true });
    const mask = tensor(lens)
      .unsqueeze(1)
      .gt(tensor(Array.from({ length: padded.size(1) }, (_, i) => i)));
    const mean = padded.mul(mask.unsqueeze(2)).sum(1).div(tensor(lens).unsqueeze(1));
    return this.fc(mean.add(h.transpose(0, 1).reshape(-1, 64)));
  }
}
manualSeed(0);
const loader = new data.DataLoader(new NameDataset(), { batchSize: 20, shuffle: true, collateFn });
const model = new Classifier();
const optimizer = new optim.Adam(model.parameters(), { lr: 5e-3 });
for (let epoch = 0; epoch < 4; epoch++) {
  let total = 0,
    correct = 0;
  for await (const { x, lengths, y } of loader) {
    const out = model(x, lengths);
    const loss = nn.functional.crossEntropy(out, y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    total += await loss.item();
    correct += await out.argmax(1).eq(y).sum().item();
  }
  console.log(`epoch ${epoch} loss ${(total / loader.length).toFixed(4)} acc ${(correct / 300).toFixed(3)}`);
}
