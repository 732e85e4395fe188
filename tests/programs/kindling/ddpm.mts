// DDPM on digits: UNet with sinusoidal time embeddings and attention, cosine/linear schedule, EMA of weights, sampling.
import {
  arange,
  cat,
  cumprod,
  data,
  exp,
  linspace,
  manualSeed,
  nn,
  noGrad,
  optim,
  randint,
  randn,
  randnLike,
  sqrt,
  type Tensor,
} from 'kindling';
import { mnist } from './mnist_data.mjs';

const F = nn.functional;
const T = 50;
const betas = linspace(1e-4, 0.04, T);
const alphas = betas.neg().add(1);
const alphasCumprod = cumprod(alphas, 0);
const alphasCumprodPrev = F.pad(alphasCumprod.at(':-1'), [1, 0], { value: 1.0 });
const sqrtAlphasCumprod = sqrt(alphasCumprod);
const sqrtOneMinusAlphasCumprod = sqrt(alphasCumprod.neg().add(1));
const posteriorVariance = betas.mul(alphasCumprodPrev.neg().add(1)).div(alphasCumprod.neg().add(1));

function extract(a: Tensor, t: Tensor, xShape: readonly number[]) {
  const out = a.gather(-1, t);
  return out.reshape(t.shape[0], ...xShape.slice(1).map(() => 1));
}

class SinusoidalPositionEmbeddings extends nn.Module {
  constructor(readonly dim: number) {
    super();
  }
  forward(time: Tensor) {
    const half = this.dim / 2;
    let emb = exp(arange(half).mul(-Math.log(10000) / (half - 1)));
    emb = time.at(':', null).mul(emb.at(null, ':'));
    return cat([emb.sin(), emb.cos()], { dim: -1 });
  }
}

class ResBlock extends nn.Module {
  norm1: nn.GroupNorm;
  conv1: nn.Conv2d;
  timeMlp: nn.Linear;
  norm2: nn.GroupNorm;
  conv2: nn.Conv2d;
  skip: nn.Conv2d | nn.Identity;
  constructor(inCh: number, outCh: number, timeDim: number) {
    super();
    this.norm1 = new nn.GroupNorm(4, inCh);
    this.conv1 = new nn.Conv2d(inCh, outCh, 3, { padding: 1 });
    this.timeMlp = new nn.Linear(timeDim, outCh);
    this.norm2 = new nn.GroupNorm(4, outCh);
    this.conv2 = new nn.Conv2d(outCh, outCh, 3, { padding: 1 });
    this.skip = inCh === outCh ? new nn.Identity() : new nn.Conv2d(inCh, outCh, 1);
  }
  forward(x: Tensor, t: Tensor) {
    let h = this.conv1(F.silu(this.norm1(x)));
    h = h.add(this.timeMlp(F.silu(t)).at('...', null, null));
    h = this.conv2(F.silu(this.norm2(h)));
    return h.add(this.skip(x));
  }
}

class SelfAttention extends nn.Module {
  norm: nn.GroupNorm;
  mha: nn.MultiheadAttention;
  constructor(ch: number) {
    super();
    this.norm = new nn.GroupNorm(4, ch);
    this.mha = new nn.MultiheadAttention(ch, 4, { batchFirst: true });
  }
  forward(x: Tensor) {
    const [b, c, h, w] = x.shape;
    const y = this.norm(x)
      .view(b, c, h * w)
      .swapaxes(1, 2);
    const [a] = this.mha(y, y, y);
    return x.add(a.swapaxes(1, 2).view(b, c, h, w));
  }
}

class UNet extends nn.Module {
  timeMlp: nn.Sequential;
  conv0: nn.Conv2d;
  down1: ResBlock;
  pool1: nn.Conv2d;
  down2: ResBlock;
  attn: SelfAttention;
  up: nn.Sequential;
  up1: ResBlock;
  out: nn.Conv2d;
  constructor(ch = 16, timeDim = 64) {
    super();
    this.timeMlp = new nn.Sequential(
      new SinusoidalPositionEmbeddings(32),
      new nn.Linear(32, timeDim),
      new nn.SiLU(),
      new nn.Linear(timeDim, timeDim),
    );
    this.conv0 = new nn.Conv2d(1, ch, 3, { padding: 1 });
    this.down1 = new ResBlock(ch, ch, timeDim);
    this.pool1 = new nn.Conv2d(ch, ch, 4, 2, 1);
    this.down2 = new ResBlock(ch, ch * 2, timeDim);
    this.attn = new SelfAttention(ch * 2);
    this.up = new nn.Sequential(
      new nn.Upsample({ scaleFactor: 2, mode: 'nearest' }),
      new nn.Conv2d(ch * 2, ch, 3, { padding: 1 }),
    );
    this.up1 = new ResBlock(ch * 2, ch, timeDim);
    this.out = new nn.Conv2d(ch, 1, 1);
  }
  forward(x: Tensor, time: Tensor) {
    const t = this.timeMlp(time);
    x = this.conv0(x);
    const h = this.down1(x, t);
    x = this.attn(this.down2(this.pool1(h), t));
    x = this.up1(cat([this.up(x), h], 1), t);
    return this.out(x);
  }
}

function qSample(xStart: Tensor, t: Tensor, noise = randnLike(xStart)) {
  return extract(sqrtAlphasCumprod, t, xStart.shape)
    .mul(xStart)
    .add(extract(sqrtOneMinusAlphasCumprod, t, xStart.shape).mul(noise));
}

function pSample(model: UNet, x: Tensor, t: Tensor, tIndex: number) {
  return noGrad(() => {
    const mean = extract(alphas.rsqrt(), t, x.shape).mul(
      x.sub(
        extract(betas, t, x.shape)
          .mul(model(x, t))
          .div(extract(sqrtOneMinusAlphasCumprod, t, x.shape)),
      ),
    );
    if (tIndex === 0) return mean;
    return mean.add(sqrt(extract(posteriorVariance, t, x.shape)).mul(randnLike(x)));
  });
}

manualSeed(0);
const images = F.interpolate(mnist(true, 384)[0].mul(0.3081).add(0.1307), {
  size: [16, 16],
  mode: 'bilinear',
  alignCorners: false,
})
  .mul(2)
  .sub(1);
const loader = new data.DataLoader(new data.TensorDataset(images), { batchSize: 64, shuffle: true });
const model = new UNet();
const ema = nn.deepcopy(model).requiresGrad_(false);
const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3 });
for (let epoch = 0; epoch < 3; epoch++) {
  let total = 0;
  for await (const [batch] of loader) {
    optimizer.zeroGrad();
    const t = randint(0, T, [batch.size(0)]).long();
    const noise = randnLike(batch);
    const predicted = model(qSample(batch, t, noise), t);
    const loss = F.smoothL1Loss(noise, predicted);
    loss.backward();
    optimizer.step();
    noGrad(() => {
      const ps = model.parameters();
      ema.parameters().forEach((e, i) => e.mul_(0.99).add_(ps[i], { alpha: 0.01 }));
    });
    total += await loss.item();
  }
  console.log(`epoch ${epoch} loss ${(total / loader.length).toFixed(4)}`);
}
let img = randn(8, 1, 16, 16);
for (let i = T - 1; i >= 0; i--) img = pSample(ema, img, randint(i, i + 1, [8]), i);
console.log(
  'sample',
  img.shape,
  'mean',
  (await img.mean().item()).toFixed(3),
  'data mean',
  (await images.mean().item()).toFixed(3),
  'std',
  (await img.std().item()).toFixed(3),
  (await images.std().item()).toFixed(3),
);
