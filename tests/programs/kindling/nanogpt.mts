// karpathy/nanoGPT in one file: weight tying, decay groups, cosine lr with warm-up, gradient accumulation, clipping,
// estimate_loss, generate with temperature and top-k, and a KV cache.
import {
  cat,
  manualSeed,
  nn,
  noGrad,
  ones,
  optim,
  randint,
  stack,
  tensor,
  topk,
  tril,
  arange,
  zeros,
  type Tensor,
} from 'kindling';

const F = nn.functional;

export interface GPTConfig {
  blockSize: number;
  vocabSize: number;
  nLayer: number;
  nHead: number;
  nEmbd: number;
  dropout: number;
  bias: boolean;
}

class CausalSelfAttention extends nn.Module {
  cAttn: nn.Linear;
  cProj: nn.Linear;
  attnDropout: nn.Dropout;
  residDropout: nn.Dropout;
  bias: Tensor;
  constructor(readonly config: GPTConfig) {
    super();
    const { nEmbd, bias, dropout, blockSize } = config;
    this.cAttn = new nn.Linear(nEmbd, 3 * nEmbd, { bias });
    this.cProj = new nn.Linear(nEmbd, nEmbd, { bias });
    this.attnDropout = new nn.Dropout(dropout);
    this.residDropout = new nn.Dropout(dropout);
    this.bias = this.registerBuffer('bias', tril(ones(blockSize, blockSize)).view(1, 1, blockSize, blockSize), false);
  }
  forward(x: Tensor, past?: [Tensor, Tensor]): [Tensor, [Tensor, Tensor]] {
    const [B, T, C] = x.size();
    const { nHead, nEmbd } = this.config;
    let [q, k, v] = this.cAttn(x).split(nEmbd, { dim: 2 });
    k = k.view(B, T, nHead, C / nHead).transpose(1, 2);
    q = q.view(B, T, nHead, C / nHead).transpose(1, 2);
    v = v.view(B, T, nHead, C / nHead).transpose(1, 2);
    if (past) {
      k = cat([past[0], k], 2);
      v = cat([past[1], v], 2);
    }
    const S = k.size(2);
    let att = q.matmul(k.transpose(-2, -1)).mul(1 / Math.sqrt(k.size(-1)));
    att = att.maskedFill(this.bias.at(':', ':', `${S - T}:${S}`, `:${S}`).eq(0), -Infinity);
    att = F.softmax(att, -1);
    att = this.attnDropout(att);
    let y = att.matmul(v);
    y = y.transpose(1, 2).contiguous().view(B, T, C);
    return [this.residDropout(this.cProj(y)), [k, v]];
  }
}

class MLP extends nn.Module {
  cFc: nn.Linear;
  gelu: nn.GELU;
  cProj: nn.Linear;
  dropout: nn.Dropout;
  constructor({ nEmbd, bias, dropout }: GPTConfig) {
    super();
    this.cFc = new nn.Linear(nEmbd, 4 * nEmbd, { bias });
    this.gelu = new nn.GELU();
    this.cProj = new nn.Linear(4 * nEmbd, nEmbd, { bias });
    this.dropout = new nn.Dropout(dropout);
  }
  forward(x: Tensor) {
    return this.dropout(this.cProj(this.gelu(this.cFc(x))));
  }
}

class Block extends nn.Module {
  ln1: nn.LayerNorm;
  attn: CausalSelfAttention;
  ln2: nn.LayerNorm;
  mlp: MLP;
  constructor(config: GPTConfig) {
    super();
    this.ln1 = new nn.LayerNorm(config.nEmbd, { bias: config.bias });
    this.attn = new CausalSelfAttention(config);
    this.ln2 = new nn.LayerNorm(config.nEmbd, { bias: config.bias });
    this.mlp = new MLP(config);
  }
  forward(x: Tensor, past?: [Tensor, Tensor]): [Tensor, [Tensor, Tensor]] {
    const [a, present] = this.attn(this.ln1(x), past);
    x = x.add(a);
    return [x.add(this.mlp(this.ln2(x))), present];
  }
}

export class GPT extends nn.Module {
  transformer: nn.ModuleDict<{
    wte: nn.Embedding;
    wpe: nn.Embedding;
    drop: nn.Dropout;
    h: nn.ModuleList<Block>;
    lnF: nn.LayerNorm;
  }>;
  lmHead: nn.Linear;
  constructor(readonly config: GPTConfig) {
    super();
    this.transformer = new nn.ModuleDict({
      wte: new nn.Embedding(config.vocabSize, config.nEmbd),
      wpe: new nn.Embedding(config.blockSize, config.nEmbd),
      drop: new nn.Dropout(config.dropout),
      h: new nn.ModuleList(Array.from({ length: config.nLayer }, () => new Block(config))),
      lnF: new nn.LayerNorm(config.nEmbd, { bias: config.bias }),
    });
    this.lmHead = new nn.Linear(config.nEmbd, config.vocabSize, { bias: false });
    this.transformer.wte.weight = this.lmHead.weight; // weight tying
    this.apply(this._initWeights);
    for (const [pn, p] of this.namedParameters()) {
      if (pn.endsWith('cProj.weight')) nn.init.normal_(p, { mean: 0, std: 0.02 / Math.sqrt(2 * config.nLayer) });
    }
  }
  getNumParams() {
    return this.parameters().reduce((n, p) => n + p.numel(), 0) - this.transformer.wpe.weight.numel();
  }
  _initWeights(module: nn.Module) {
    if (module instanceof nn.Linear) {
      nn.init.normal_(module.weight, { mean: 0, std: 0.02 });
      if (module.bias) nn.init.zeros_(module.bias);
    } else if (module instanceof nn.Embedding) {
      nn.init.normal_(module.weight, { mean: 0, std: 0.02 });
    }
  }
  forward(
    idx: Tensor,
    targets?: Tensor | null,
    past?: [Tensor, Tensor][],
  ): { logits: Tensor; loss: Tensor | null; presents: [Tensor, Tensor][] } {
    const [, t] = idx.size();
    const offset = past?.[0][0].size(2) ?? 0;
    if (t + offset > this.config.blockSize) throw new Error('Cannot forward: block size exhausted');
    const pos = arange(offset, offset + t);
    const { wte, wpe, drop, h, lnF } = this.transformer;
    let x = drop(wte(idx).add(wpe(pos)));
    const presents: [Tensor, Tensor][] = [];
    let i = 0;
    for (const block of h) {
      const [y, present] = block(x, past?.[i++]);
      x = y;
      presents.push(present);
    }
    x = lnF(x);
    if (!targets) return { logits: this.lmHead(x.at(':', [-1], ':')), loss: null, presents };
    const logits = this.lmHead(x);
    const loss = F.crossEntropy(logits.view(-1, logits.size(-1)), targets.view(-1), { ignoreIndex: -1 });
    return { logits, loss, presents };
  }
  configureOptimizers({ weightDecay, lr, betas }: { weightDecay: number; lr: number; betas: [number, number] }) {
    const params = this.namedParameters().filter(([, p]) => p.requiresGrad);
    const decay = params.filter(([, p]) => p.dim() >= 2).map(([, p]) => p);
    const nodecay = params.filter(([, p]) => p.dim() < 2).map(([, p]) => p);
    console.log(`decayed: ${decay.length} tensors, not decayed: ${nodecay.length}`);
    return new optim.AdamW(
      [
        { params: decay, weightDecay },
        { params: nodecay, weightDecay: 0 },
      ],
      { lr, betas },
    );
  }
  generate(idx: Tensor, maxNewTokens: number, { temperature = 1, topK = null as number | null } = {}) {
    return noGrad(() => {
      for (let i = 0; i < maxNewTokens; i++) {
        const idxCond = idx.size(1) <= this.config.blockSize ? idx : idx.at(':', `-${this.config.blockSize}:`);
        let { logits } = (this as GPT)(idxCond);
        logits = logits.at(':', -1, ':').div(temperature);
        if (topK !== null) {
          const [v] = topk(logits, Math.min(topK, logits.size(-1)));
          logits.setAt(logits.lt(v.at(':', [-1])), -Infinity);
        }
        const probs = F.softmax(logits, { dim: -1 });
        idx = cat([idx, probs.multinomial(1)], { dim: 1 });
      }
      return idx;
    });
  }
  /** With keys and values kept from step to step. */
  generateCached(idx: Tensor, maxNewTokens: number) {
    return noGrad(() => {
      let past: [Tensor, Tensor][] | undefined;
      let last = idx;
      for (let i = 0; i < maxNewTokens; i++) {
        const { logits, presents } = (this as GPT)(last, null, past);
        past = presents;
        last = logits.at(':', -1).argmax(-1, { keepdim: true });
        idx = cat([idx, last], 1);
      }
      return idx;
    });
  }
}

// --- training
const text =
  `First Citizen: Before we proceed any further, hear me speak. All: Speak, speak. First Citizen: You are all resolved rather to die than to famish? All: Resolved. resolved. `.repeat(
    30,
  );
const chars = [...new Set(text)].sort();
const stoi = new Map(chars.map((c, i) => [c, i]));
const encoded = tensor(
  [...text].map((c) => stoi.get(c)!),
  { dtype: 'int64' },
);
const n = Math.floor(0.9 * encoded.size(0));
const trainData = encoded.at(`:${n}`),
  valData = encoded.at(`${n}:`);

manualSeed(1337);
const config: GPTConfig = {
  blockSize: 32,
  vocabSize: chars.length,
  nLayer: 2,
  nHead: 4,
  nEmbd: 64,
  dropout: 0,
  bias: true,
};
const batchSize = 8,
  gradientAccumulationSteps = 2,
  maxIters = 50,
  lrDecayIters = 150,
  warmup = 10,
  learningRate = 1e-2,
  minLr = 1e-3;

async function getBatch(split: 'train' | 'val'): Promise<[Tensor, Tensor]> {
  const d = split === 'train' ? trainData : valData;
  const ix = await randint(d.size(0) - config.blockSize, [batchSize]).tolist<number[]>();
  const x = stack(ix.map((i) => d.at(`${i}:${i + config.blockSize}`)));
  const y = stack(ix.map((i) => d.at(`${i + 1}:${i + 1 + config.blockSize}`)));
  return [x, y];
}
function getLr(it: number) {
  if (it < warmup) return (learningRate * it) / warmup;
  const ratio = (it - warmup) / (lrDecayIters - warmup);
  return minLr + 0.5 * (1 + Math.cos(Math.PI * ratio)) * (learningRate - minLr);
}
async function estimateLoss(model: GPT) {
  const out: Record<string, number> = {};
  model.eval();
  for (const split of ['train', 'val'] as const) {
    const losses = zeros(4);
    for (let k = 0; k < 4; k++) {
      const [x, y] = await getBatch(split);
      losses.setAt(
        k,
        noGrad(() => model(x, y).loss!),
      );
    }
    out[split] = await losses.mean().item();
  }
  model.train();
  return out;
}

const model = new GPT(config);
console.log(`number of parameters: ${model.getNumParams()}`);
const optimizer = model.configureOptimizers({ weightDecay: 0.1, lr: learningRate, betas: [0.9, 0.95] });
let [X, Y] = await getBatch('train');
for (let iter = 0; iter <= maxIters; iter++) {
  const lr = getLr(iter);
  for (const group of optimizer.paramGroups) group.lr = lr;
  if (iter % 25 === 0) {
    const l = await estimateLoss(model);
    console.log(`step ${iter}: train loss ${l.train.toFixed(4)}, val loss ${l.val.toFixed(4)}`);
  }
  let loss!: Tensor;
  for (let micro = 0; micro < gradientAccumulationSteps; micro++) {
    loss = model(X, Y).loss!.div(gradientAccumulationSteps);
    [X, Y] = await getBatch('train');
    loss.backward();
  }
  nn.utils.clipGradNorm_(model.parameters(), 1.0);
  optimizer.step();
  optimizer.zeroGrad({ setToNone: true });
  if (iter % 10 === 0)
    console.log(
      `iter ${iter}: loss ${((await loss.item()) * gradientAccumulationSteps).toFixed(4)} lr ${lr.toExponential(2)}`,
    );
}
model.eval();
const decode = async (t: Tensor) => (await t.at(0).tolist<number[]>()).map((i) => chars[i]).join('');
const context = tensor([[stoi.get('F')!]], { dtype: 'int64' });
const sample = await decode(model.generate(context, 100, { temperature: 0.8, topK: 5 }));
const greedy = await decode(model.generate(context, 30, { topK: 1 }));
const cached = await decode(model.generateCached(context, 30));
console.log('characters', sample.length, 'cache gives the same as no cache:', greedy === cached);
