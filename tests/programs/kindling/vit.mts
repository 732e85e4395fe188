// A Vision Transformer in the common "from scratch" form, on MNIST.
import { cat, data, manualSeed, nn, noGrad, optim, randn, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

class PatchEmbedding extends nn.Module {
  proj: nn.Conv2d;
  clsToken: nn.Parameter;
  posEmbed: nn.Parameter;
  constructor(imgSize: number, patch: number, inChans: number, dim: number) {
    super();
    this.proj = new nn.Conv2d(inChans, dim, { kernelSize: patch, stride: patch });
    this.clsToken = new nn.Parameter(randn(1, 1, dim).mul(0.02));
    this.posEmbed = new nn.Parameter(randn(1, (imgSize / patch) ** 2 + 1, dim).mul(0.02));
  }
  forward(x: Tensor) {
    const B = x.shape[0];
    x = this.proj(x).flatten(2).transpose(1, 2);
    x = cat([this.clsToken.expand(B, -1, -1), x], { dim: 1 });
    return x.add(this.posEmbed);
  }
}

class Attention extends nn.Module {
  scale: number;
  qkv: nn.Linear;
  proj: nn.Linear;
  constructor(
    dim: number,
    readonly heads: number,
  ) {
    super();
    this.scale = (dim / heads) ** -0.5;
    this.qkv = new nn.Linear(dim, dim * 3);
    this.proj = new nn.Linear(dim, dim);
  }
  forward(x: Tensor) {
    const [B, N, C] = x.shape;
    const qkv = this.qkv(x)
      .reshape(B, N, 3, this.heads, C / this.heads)
      .permute(2, 0, 3, 1, 4);
    const [q, k, v] = qkv;
    let attn = q.matmul(k.transpose(-2, -1)).mul(this.scale);
    attn = attn.softmax({ dim: -1 });
    return this.proj(attn.matmul(v).transpose(1, 2).reshape(B, N, C));
  }
}

class Block extends nn.Module {
  norm1: nn.LayerNorm;
  attn: Attention;
  norm2: nn.LayerNorm;
  mlp: nn.Sequential;
  constructor(dim: number, heads: number) {
    super();
    this.norm1 = new nn.LayerNorm(dim);
    this.attn = new Attention(dim, heads);
    this.norm2 = new nn.LayerNorm(dim);
    this.mlp = new nn.Sequential(new nn.Linear(dim, dim * 2), new nn.GELU(), new nn.Linear(dim * 2, dim));
  }
  forward(x: Tensor) {
    x = x.add(this.attn(this.norm1(x)));
    return x.add(this.mlp(this.norm2(x)));
  }
}

class ViT extends nn.Module {
  embed: PatchEmbedding;
  blocks: nn.Sequential;
  norm: nn.LayerNorm;
  head: nn.Linear;
  constructor({ dim = 48, depth = 3, heads = 4, classes = 10 } = {}) {
    super();
    this.embed = new PatchEmbedding(28, 7, 1, dim);
    this.blocks = new nn.Sequential(...Array.from({ length: depth }, () => new Block(dim, heads)));
    this.norm = new nn.LayerNorm(dim, { eps: 1e-6 });
    this.head = new nn.Linear(dim, classes);
    this.apply((m) => {
      if (m instanceof nn.Linear) {
        nn.init.truncNormal_(m.weight, { std: 0.02 });
        if (m.bias) nn.init.zeros_(m.bias);
      }
    });
  }
  forward(x: Tensor) {
    x = this.norm(this.blocks(this.embed(x)));
    return this.head(x.at(':', 0));
  }
}

manualSeed(0);
const loader = new data.DataLoader(new data.TensorDataset(...mnist(true, 1000)), { batchSize: 100, shuffle: true });
const [testX, testY] = mnist(false, 500);
const model = new ViT();
console.log(
  'parameters',
  model.parameters().reduce((n, p) => n + p.numel(), 0),
);
const optimizer = new optim.AdamW(model.parameters(), { lr: 2e-3, weightDecay: 0.05 });
const epochs = 3;
const scheduler = new optim.lrScheduler.OneCycleLR(optimizer, { maxLr: 2e-3, totalSteps: epochs * loader.length });
const criterion = new nn.CrossEntropyLoss({ labelSmoothing: 0.1 });
for (let epoch = 1; epoch <= epochs; epoch++) {
  let total = 0;
  for await (const [x, y] of loader) {
    const loss = criterion(model(x), y);
    optimizer.zeroGrad({ setToNone: true });
    loss.backward();
    optimizer.step();
    scheduler.step();
    total += await loss.item();
  }
  const acc = await noGrad(() => model(testX).argmax(-1).eq(testY).float().mean()).item();
  console.log(
    `epoch ${epoch} loss ${(total / loader.length).toFixed(4)} acc ${acc.toFixed(2)} lr ${scheduler.getLastLr()[0].toExponential(2)}`,
  );
}
