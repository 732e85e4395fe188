// The PyTorch tutorial on translation: GRU encoder, Bahdanau attention, teacher forcing. The task: reverse a sequence.
import { bmm, cat, data, empty, full, manualSeed, nn, noGrad, optim, randint, type Tensor } from 'kindling';

const F = nn.functional;
const SOS = 0,
  EOS = 1,
  VOCAB = 12,
  LEN = 6,
  HIDDEN = 64;

class EncoderRNN extends nn.Module {
  embedding: nn.Embedding;
  gru: nn.GRU;
  dropout: nn.Dropout;
  constructor(inputSize: number, hiddenSize: number, dropoutP = 0) {
    super();
    this.embedding = new nn.Embedding(inputSize, hiddenSize);
    this.gru = new nn.GRU(hiddenSize, hiddenSize, { batchFirst: true });
    this.dropout = new nn.Dropout(dropoutP);
  }
  forward(input: Tensor) {
    const embedded = this.dropout(this.embedding(input));
    return this.gru(embedded);
  }
}

class BahdanauAttention extends nn.Module {
  Wa: nn.Linear;
  Ua: nn.Linear;
  Va: nn.Linear;
  constructor(hiddenSize: number) {
    super();
    this.Wa = new nn.Linear(hiddenSize, hiddenSize);
    this.Ua = new nn.Linear(hiddenSize, hiddenSize);
    this.Va = new nn.Linear(hiddenSize, 1);
  }
  forward(query: Tensor, keys: Tensor): [Tensor, Tensor] {
    let scores = this.Va(this.Wa(query).add(this.Ua(keys)).tanh());
    scores = scores.squeeze(2).unsqueeze(1);
    const weights = F.softmax(scores, { dim: -1 });
    return [bmm(weights, keys), weights];
  }
}

class AttnDecoderRNN extends nn.Module {
  embedding: nn.Embedding;
  attention: BahdanauAttention;
  gru: nn.GRU;
  out: nn.Linear;
  dropout: nn.Dropout;
  constructor(hiddenSize: number, outputSize: number, dropoutP = 0) {
    super();
    this.embedding = new nn.Embedding(outputSize, hiddenSize);
    this.attention = new BahdanauAttention(hiddenSize);
    this.gru = new nn.GRU(2 * hiddenSize, hiddenSize, { batchFirst: true });
    this.out = new nn.Linear(hiddenSize, outputSize);
    this.dropout = new nn.Dropout(dropoutP);
  }
  forward(encoderOutputs: Tensor, encoderHidden: Tensor, targetTensor: Tensor | null = null): [Tensor, Tensor, Tensor] {
    const batchSize = encoderOutputs.size(0);
    let decoderInput = empty(batchSize, 1, { dtype: 'int64' }).fill_(SOS);
    let decoderHidden = encoderHidden;
    const outs: Tensor[] = [],
      attentions: Tensor[] = [];
    for (let i = 0; i < LEN + 1; i++) {
      const [output, hidden, weights] = this.forwardStep(decoderInput, decoderHidden, encoderOutputs);
      decoderHidden = hidden;
      outs.push(output);
      attentions.push(weights);
      if (targetTensor !== null) decoderInput = targetTensor.at(':', i).unsqueeze(1);
      else {
        const [, topi] = output.topk(1);
        decoderInput = topi.squeeze(-1).detach();
      }
    }
    return [F.logSoftmax(cat(outs, { dim: 1 }), { dim: -1 }), decoderHidden, cat(attentions, { dim: 1 })];
  }
  forwardStep(input: Tensor, hidden: Tensor, encoderOutputs: Tensor): [Tensor, Tensor, Tensor] {
    const embedded = this.dropout(this.embedding(input));
    const query = hidden.permute(1, 0, 2);
    const [context, attnWeights] = this.attention(query, encoderOutputs);
    const inputGru = cat([embedded, context], { dim: 2 });
    const [output, next] = this.gru(inputGru, hidden);
    return [this.out(output), next, attnWeights];
  }
}

manualSeed(0);
const source = randint(2, VOCAB, [320, LEN]);
const reversed = cat([source.flip(1), full([320, 1], EOS, { dtype: 'int64' })], 1);
const loader = new data.DataLoader(new data.TensorDataset(source, reversed), { batchSize: 32, shuffle: true });
const encoder = new EncoderRNN(VOCAB, HIDDEN);
const decoder = new AttnDecoderRNN(HIDDEN, VOCAB);
const encoderOptimizer = new optim.Adam(encoder.parameters(), { lr: 3e-3 });
const decoderOptimizer = new optim.Adam(decoder.parameters(), { lr: 3e-3 });
const criterion = new nn.NLLLoss();
for (let epoch = 1; epoch <= 4; epoch++) {
  let total = 0;
  encoder.train();
  decoder.train();
  let i = 0;
  for await (const [input, target] of loader) {
    encoderOptimizer.zeroGrad();
    decoderOptimizer.zeroGrad();
    const [encoderOutputs, encoderHidden] = encoder(input);
    const useTeacherForcing = i++ % 10 !== 9;
    const [decoderOutputs] = decoder(encoderOutputs, encoderHidden, useTeacherForcing ? target : null);
    const loss = criterion(decoderOutputs.view(-1, decoderOutputs.size(-1)), target.view(-1));
    loss.backward();
    encoderOptimizer.step();
    decoderOptimizer.step();
    total += await loss.item();
  }
  console.log(`epoch ${epoch} loss ${(total / loader.length).toFixed(4)}`);
}
