// The PyTorch tutorial on translation with nn.Transformer: token and positional embeddings, masks of padding, greedy decoding.
import {
  arange,
  cat,
  data,
  manualSeed,
  nn,
  ones,
  optim,
  randint,
  setGradEnabled,
  tensor,
  zeros,
  type Tensor,
} from 'kindling';

const PAD_IDX = 1,
  BOS_IDX = 2,
  EOS_IDX = 3,
  VOCAB = 14;

class PositionalEncoding extends nn.Module {
  dropout: nn.Dropout;
  posEmbedding: Tensor;
  constructor(embSize: number, dropout: number, maxlen = 50) {
    super();
    const den = arange(0, embSize, 2)
      .neg()
      .mul(Math.log(10000) / embSize)
      .exp();
    const pos = arange(0, maxlen).reshape(maxlen, 1);
    let posEmbedding = zeros([maxlen, embSize]);
    posEmbedding.setAt([':', '0::2'], pos.mul(den).sin());
    posEmbedding.setAt([':', '1::2'], pos.mul(den).cos());
    posEmbedding = posEmbedding.unsqueeze(-2);
    this.dropout = new nn.Dropout(dropout);
    this.posEmbedding = this.registerBuffer('pos_embedding', posEmbedding);
  }
  forward(tokenEmbedding: Tensor) {
    return this.dropout(tokenEmbedding.add(this.posEmbedding.at(`:${tokenEmbedding.size(0)}`, ':')));
  }
}

class TokenEmbedding extends nn.Module {
  embedding: nn.Embedding;
  constructor(
    vocabSize: number,
    readonly embSize: number,
  ) {
    super();
    this.embedding = new nn.Embedding(vocabSize, embSize);
  }
  forward(tokens: Tensor) {
    return this.embedding(tokens.long()).mul(Math.sqrt(this.embSize));
  }
}

class Seq2SeqTransformer extends nn.Module {
  transformer: nn.Transformer;
  generator: nn.Linear;
  srcTokEmb: TokenEmbedding;
  tgtTokEmb: TokenEmbedding;
  positionalEncoding: PositionalEncoding;
  constructor(
    numEncoderLayers: number,
    numDecoderLayers: number,
    embSize: number,
    nhead: number,
    srcVocabSize: number,
    tgtVocabSize: number,
    dimFeedforward = 64,
    dropout = 0,
  ) {
    super();
    this.transformer = new nn.Transformer({
      dModel: embSize,
      nhead,
      numEncoderLayers,
      numDecoderLayers,
      dimFeedforward,
      dropout,
    });
    this.generator = new nn.Linear(embSize, tgtVocabSize);
    this.srcTokEmb = new TokenEmbedding(srcVocabSize, embSize);
    this.tgtTokEmb = new TokenEmbedding(tgtVocabSize, embSize);
    this.positionalEncoding = new PositionalEncoding(embSize, dropout);
  }
  forward(
    src: Tensor,
    trg: Tensor,
    srcMask: Tensor,
    tgtMask: Tensor,
    srcPaddingMask: Tensor,
    tgtPaddingMask: Tensor,
    memoryKeyPaddingMask: Tensor,
  ) {
    const srcEmb = this.positionalEncoding(this.srcTokEmb(src));
    const tgtEmb = this.positionalEncoding(this.tgtTokEmb(trg));
    const outs = this.transformer(
      srcEmb,
      tgtEmb,
      srcMask,
      tgtMask,
      null,
      srcPaddingMask,
      tgtPaddingMask,
      memoryKeyPaddingMask,
    );
    return this.generator(outs);
  }
  encode(src: Tensor, srcMask: Tensor) {
    return this.transformer.encoder(this.positionalEncoding(this.srcTokEmb(src)), srcMask);
  }
  decode(tgt: Tensor, memory: Tensor, tgtMask: Tensor) {
    return this.transformer.decoder(this.positionalEncoding(this.tgtTokEmb(tgt)), memory, tgtMask);
  }
}

function generateSquareSubsequentMask(sz: number) {
  const mask = ones([sz, sz]).triu().eq(1).transpose(0, 1);
  return mask.float().maskedFill(mask.eq(0), -Infinity).maskedFill(mask.eq(1), 0);
}
function createMask(src: Tensor, tgt: Tensor): [Tensor, Tensor, Tensor, Tensor] {
  const srcSeqLen = src.shape[0],
    tgtSeqLen = tgt.shape[0];
  const tgtMask = generateSquareSubsequentMask(tgtSeqLen);
  const srcMask = zeros([srcSeqLen, srcSeqLen]).to('bool');
  const srcPaddingMask = src.eq(PAD_IDX).transpose(0, 1);
  const tgtPaddingMask = tgt.eq(PAD_IDX).transpose(0, 1);
  return [srcMask, tgtMask, srcPaddingMask, tgtPaddingMask];
}

// The task: repeat the words, each one further in the vocabulary.
manualSeed(0);
const lengths = await randint(2, 6, [64]).tolist<number[]>();
const pairs: [Tensor, Tensor][] = [];
for (const length of lengths) {
  const words = randint(4, VOCAB - 1, [length]);
  pairs.push([
    cat([tensor([BOS_IDX], { dtype: 'int64' }), words, tensor([EOS_IDX], { dtype: 'int64' })]),
    cat([tensor([BOS_IDX], { dtype: 'int64' }), words.add(1), tensor([EOS_IDX], { dtype: 'int64' })]),
  ]);
}
const { padSequence } = nn.utils.rnn;
const collateFn = (batch: [Tensor, Tensor][]): [Tensor, Tensor] => [
  padSequence(
    batch.map(([src]) => src),
    { paddingValue: PAD_IDX },
  ),
  padSequence(
    batch.map(([, tgt]) => tgt),
    { paddingValue: PAD_IDX },
  ),
];
const dataloader = new data.DataLoader(pairs, { batchSize: 16, collateFn });
const transformer = new Seq2SeqTransformer(1, 1, 32, 4, VOCAB, VOCAB);
for (const p of transformer.parameters()) if (p.dim() > 1) nn.init.xavierUniform_(p);
const lossFn = new nn.CrossEntropyLoss({ ignoreIndex: PAD_IDX });
const optimizer = new optim.Adam(transformer.parameters(), { lr: 0.003, betas: [0.9, 0.98], eps: 1e-9 });
for (let epoch = 1; epoch <= 4; epoch++) {
  transformer.train();
  let losses = 0;
  for await (const [src, tgt] of dataloader) {
    const tgtInput = tgt.at(':-1', ':');
    const [srcMask, tgtMask, srcPaddingMask, tgtPaddingMask] = createMask(src, tgtInput);
    const logits = transformer(src, tgtInput, srcMask, tgtMask, srcPaddingMask, tgtPaddingMask, srcPaddingMask);
    optimizer.zeroGrad();
    const tgtOut = tgt.at('1:', ':');
    const loss = lossFn(logits.reshape(-1, logits.shape.at(-1)!), tgtOut.reshape(-1));
    loss.backward();
    optimizer.step();
    losses += await loss.item();
  }
  console.log(`Epoch: ${epoch}, Train loss: ${(losses / dataloader.length).toFixed(3)}`);
}
async function greedyDecode(
  model: Seq2SeqTransformer,
  src: Tensor,
  srcMask: Tensor,
  maxLen: number,
  startSymbol: number,
) {
  const memory = model.encode(src, srcMask);
  let ys = ones(1, 1).fill_(startSymbol).to('int64');
  for (let i = 0; i < maxLen - 1; i++) {
    const tgtMask = generateSquareSubsequentMask(ys.size(0)).isinf();
    const out = model.decode(ys, memory, tgtMask).transpose(0, 1);
    const prob = model.generator(out.at(':', -1));
    const [, nextWord] = prob.max(1);
    ys = cat([ys, ones(1, 1).typeAs(src).fill_(nextWord.at(0))], { dim: 0 });
    if ((await nextWord.item()) === EOS_IDX) break;
  }
  return ys;
}
transformer.eval();
const src = pairs[0][0].view(-1, 1);
setGradEnabled(false);
const decoded = await greedyDecode(transformer, src, zeros(src.shape[0], src.shape[0]).to('bool'), 4, BOS_IDX);
setGradEnabled(true);
console.log(await decoded.view(-1).tolist());
