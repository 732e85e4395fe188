// SimCLR: NT-Xent over two augmented views, then a linear probe.
import { cat, data, eye, manualSeed, nn, noGrad, optim, randn, randnLike, arange, zeros, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

const F = nn.functional;

async function infoNCE(features: Tensor, batchSize: number, temperature = 0.5): Promise<[Tensor, Tensor]> {
  let labels = cat([arange(batchSize), arange(batchSize)], { dim: 0 });
  labels = labels.unsqueeze(0).eq(labels.unsqueeze(1)).float();
  features = F.normalize(features, { dim: 1 });
  let similarity = features.matmul(features.T);
  const mask = eye(labels.shape[0], { dtype: 'bool' });
  labels = (await labels.maskedAt(mask.logicalNot())).view(labels.shape[0], -1);
  similarity = (await similarity.maskedAt(mask.logicalNot())).view(similarity.shape[0], -1);
  const positives = (await similarity.maskedAt(labels.bool())).view(labels.shape[0], -1);
  const negatives = (await similarity.maskedAt(labels.bool().logicalNot())).view(similarity.shape[0], -1);
  const logits = cat([positives, negatives], { dim: 1 });
  return [logits.div(temperature), zeros(logits.shape[0], { dtype: 'int64' })];
}

function augment(x: Tensor) {
  const theta = eye(2)
    .unsqueeze(0)
    .repeat(x.size(0), 1, 1)
    .add(randn(x.size(0), 2, 2).mul(0.15));
  const grid = F.affineGrid(cat([theta, randn(x.size(0), 2, 1).mul(0.1)], 2), x.size(), { alignCorners: false });
  return F.gridSample(x, grid, { alignCorners: false, paddingMode: 'border' }).add(randnLike(x).mul(0.1));
}

manualSeed(0);
const [images, labels] = mnist(true, 512);
const encoder = new nn.Sequential(
  new nn.Conv2d(1, 16, 3, { stride: 2, padding: 1 }),
  new nn.BatchNorm2d(16),
  new nn.ReLU(),
  new nn.Conv2d(16, 32, 3, { stride: 2, padding: 1 }),
  new nn.BatchNorm2d(32),
  new nn.ReLU(),
  new nn.AdaptiveAvgPool2d(2),
  new nn.Flatten(),
);
const head = new nn.Sequential(new nn.Linear(128, 64), new nn.ReLU(), new nn.Linear(64, 32));
const optimizer = new optim.Adam([...encoder.parameters(), ...head.parameters()], { lr: 1e-3, weightDecay: 1e-4 });
const loader = new data.DataLoader(new data.TensorDataset(images), { batchSize: 64, shuffle: true, dropLast: true });
const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, { TMax: 2 * loader.length });
for (let epoch = 0; epoch < 2; epoch++) {
  let total = 0;
  for await (const [x] of loader) {
    const features = head(encoder(cat([augment(x), augment(x)], 0)));
    const [logits, target] = await infoNCE(features, x.size(0));
    const loss = F.crossEntropy(logits, target);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    scheduler.step();
    total += await loss.item();
  }
  console.log(`epoch ${epoch} loss ${(total / loader.length).toFixed(4)}`);
}
encoder.eval();
const feats = noGrad(() => encoder(images));
const probe = new nn.Linear(128, 10);
const opt = new optim.Adam(probe.parameters(), { lr: 1e-2 });
let loss!: Tensor;
for (let i = 0; i < 50; i++) {
  opt.zeroGrad();
  loss = F.crossEntropy(probe(feats.at(':400')), labels.at(':400'));
  loss.backward();
  opt.step();
}
console.log('probe', (await loss.item()).toFixed(4));
