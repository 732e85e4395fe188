// The PyTorch tutorial on a bidirectional LSTM with a conditional random field: forward algorithm and Viterbi by hand.
import { cat, full, manualSeed, max, nn, noGrad, optim, randn, tensor, zeros, type Tensor } from 'kindling';

const START_TAG = '<START>',
  STOP_TAG = '<STOP>',
  EMBEDDING_DIM = 5,
  HIDDEN_DIM = 4;
type Tags = Record<string, number>;

async function argmax(vec: Tensor) {
  // return the argmax as a number
  const [, idx] = max(vec, 1);
  return idx.item();
}

function prepareSequence(seq: string[], toIx: Record<string, number>) {
  const idxs = seq.map((w) => toIx[w]);
  return tensor(idxs, { dtype: 'int64' });
}

// Compute log sum exp in a numerically stable way for the forward algorithm
async function logSumExp(vec: Tensor) {
  const maxScore = vec.at(0, await argmax(vec));
  const maxScoreBroadcast = maxScore.view(1, -1).expand(1, vec.size(1));
  return maxScore.add(vec.sub(maxScoreBroadcast).exp().sum().log());
}

class BiLSTMCRF extends nn.Module {
  wordEmbeds: nn.Embedding;
  lstm: nn.LSTM;
  hidden2tag: nn.Linear;
  transitions: nn.Parameter;
  hidden: [Tensor, Tensor];
  readonly tagsetSize: number;
  constructor(
    vocabSize: number,
    readonly tagToIx: Tags,
    embeddingDim: number,
    readonly hiddenDim: number,
  ) {
    super();
    this.tagsetSize = Object.keys(tagToIx).length;
    this.wordEmbeds = new nn.Embedding(vocabSize, embeddingDim);
    this.lstm = new nn.LSTM(embeddingDim, Math.floor(hiddenDim / 2), { numLayers: 1, bidirectional: true });
    // Maps the output of the LSTM into tag space.
    this.hidden2tag = new nn.Linear(hiddenDim, this.tagsetSize);
    this.transitions = new nn.Parameter(randn(this.tagsetSize, this.tagsetSize));
    // These two statements enforce the constraint that we never transfer to the start tag and we never transfer from the stop tag
    noGrad(() => {
      this.transitions.setAt([tagToIx[START_TAG], ':'], -10000);
      this.transitions.setAt([':', tagToIx[STOP_TAG]], -10000);
    });
    this.hidden = this.initHidden();
  }
  initHidden(): [Tensor, Tensor] {
    return [randn(2, 1, Math.floor(this.hiddenDim / 2)), randn(2, 1, Math.floor(this.hiddenDim / 2))];
  }
  async _forwardAlg(feats: Tensor) {
    // START_TAG has all of the score.
    const initAlphas = full([1, this.tagsetSize], -10000);
    initAlphas.at(0).setAt(this.tagToIx[START_TAG], 0);
    let forwardVar = initAlphas;
    for (const feat of feats) {
      const alphasT: Tensor[] = []; // The forward tensors at this timestep
      for (let nextTag = 0; nextTag < this.tagsetSize; nextTag++) {
        const emitScore = feat.at(nextTag).view(1, -1).expand(1, this.tagsetSize);
        const transScore = this.transitions.at(nextTag).view(1, -1);
        const nextTagVar = forwardVar.add(transScore).add(emitScore);
        alphasT.push((await logSumExp(nextTagVar)).view(1));
      }
      forwardVar = cat(alphasT).view(1, -1);
    }
    const terminalVar = forwardVar.add(this.transitions.at(this.tagToIx[STOP_TAG]));
    return logSumExp(terminalVar);
  }
  _getLstmFeatures(sentence: Tensor) {
    this.hidden = this.initHidden();
    const embeds = this.wordEmbeds(sentence).view(sentence.size(0), 1, -1);
    let lstmOut: Tensor;
    [lstmOut, this.hidden] = this.lstm(embeds, this.hidden);
    lstmOut = lstmOut.view(sentence.size(0), this.hiddenDim);
    return this.hidden2tag(lstmOut);
  }
  _scoreSentence(feats: Tensor, tags: Tensor) {
    // Gives the score of a provided tag sequence
    let score = zeros(1);
    tags = cat([tensor([this.tagToIx[START_TAG]], { dtype: 'int64' }), tags]);
    for (const [i, feat] of [...feats].entries()) {
      score = score.add(this.transitions.at(tags.at(i + 1), tags.at(i))).add(feat.at(tags.at(i + 1)));
    }
    return score.add(this.transitions.at(this.tagToIx[STOP_TAG], tags.at(-1)));
  }
  async _viterbiDecode(feats: Tensor): Promise<[Tensor, number[]]> {
    const backpointers: number[][] = [];
    const initVvars = full([1, this.tagsetSize], -10000);
    initVvars.setAt([0, this.tagToIx[START_TAG]], 0);
    let forwardVar = initVvars;
    for (const feat of feats) {
      const bptrsT: number[] = [];
      const viterbivarsT: Tensor[] = [];
      for (let nextTag = 0; nextTag < this.tagsetSize; nextTag++) {
        const nextTagVar = forwardVar.add(this.transitions.at(nextTag));
        const bestTagId = await argmax(nextTagVar);
        bptrsT.push(bestTagId);
        viterbivarsT.push(nextTagVar.at(0, bestTagId).view(1));
      }
      forwardVar = cat(viterbivarsT).add(feat).view(1, -1);
      backpointers.push(bptrsT);
    }
    const terminalVar = forwardVar.add(this.transitions.at(this.tagToIx[STOP_TAG]));
    let bestTagId = await argmax(terminalVar);
    const pathScore = terminalVar.at(0, bestTagId);
    const bestPath = [bestTagId];
    for (const bptrsT of backpointers.toReversed()) {
      bestTagId = bptrsT[bestTagId];
      bestPath.push(bestTagId);
    }
    bestPath.pop();
    return [pathScore, bestPath.reverse()];
  }
  async negLogLikelihood(sentence: Tensor, tags: Tensor) {
    const feats = this._getLstmFeatures(sentence);
    const forwardScore = await this._forwardAlg(feats);
    return forwardScore.sub(this._scoreSentence(feats, tags));
  }
  forward(sentence: Tensor) {
    return this._viterbiDecode(this._getLstmFeatures(sentence));
  }
}

manualSeed(1);
const trainingData: [string[], string[]][] = [
  [
    'the wall street journal reported today that apple corporation made money'.split(' '),
    'B I I I O O O B I O O'.split(' '),
  ],
  ['georgia tech is a university in georgia'.split(' '), 'B I O O O O B'.split(' ')],
];
const wordToIx: Record<string, number> = {};
for (const [sentence] of trainingData) for (const word of sentence) wordToIx[word] ??= Object.keys(wordToIx).length;
const tagToIx: Tags = { B: 0, I: 1, O: 2, [START_TAG]: 3, [STOP_TAG]: 4 };
const model = new BiLSTMCRF(Object.keys(wordToIx).length, tagToIx, EMBEDDING_DIM, HIDDEN_DIM);
const optimizer = new optim.SGD(model.parameters(), { lr: 0.05, weightDecay: 1e-4 });
const show = async () => {
  const [score, path] = await model(prepareSequence(trainingData[0][0], wordToIx));
  console.log((await score.item()).toFixed(4), path.join(' '));
};
await show();
for (let epoch = 0; epoch < 8; epoch++) {
  for (const [sentence, tags] of trainingData) {
    model.zeroGrad();
    const sentenceIn = prepareSequence(sentence, wordToIx);
    const targets = tensor(
      tags.map((t) => tagToIx[t]),
      { dtype: 'int64' },
    );
    const loss = await model.negLogLikelihood(sentenceIn, targets);
    loss.backward();
    optimizer.step();
    if (epoch % 4 === 3) console.log(epoch, (await loss.item()).toFixed(4));
  }
}
await show();
