// A VAE with categorical latents by Gumbel-softmax, straight-through.
import { data, manualSeed, nn, optim, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

const F = nn.functional;
const latentDim = 10,
  categoricalDim = 8;

class VAEGumbel extends nn.Module {
  enc = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, latentDim * categoricalDim));
  dec = new nn.Sequential(
    new nn.Linear(latentDim * categoricalDim, 128),
    new nn.ReLU(),
    new nn.Linear(128, 784),
    new nn.Sigmoid(),
  );
  forward(x: Tensor, temp: number, hard: boolean): [Tensor, Tensor] {
    const q = this.enc(x.view(-1, 784));
    const qY = q.view(q.size(0), latentDim, categoricalDim);
    const z = F.gumbelSoftmax(qY, { tau: temp, hard, dim: -1 }).view(-1, latentDim * categoricalDim);
    return [this.dec(z), F.softmax(qY, { dim: -1 }).reshape(...q.size())];
  }
}
manualSeed(1);
const images = mnist(true, 1600)[0].mul(0.3081).add(0.1307).clamp(0, 1);
const model = new VAEGumbel();
const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
let temp = 1;
for (let epoch = 1; epoch <= 3; epoch++) {
  let total = 0;
  for await (const [x] of new data.DataLoader(new data.TensorDataset(images), { batchSize: 100, shuffle: true })) {
    const [recon, qy] = model(x, temp, true);
    const BCE = F.binaryCrossEntropy(recon, x.view(-1, 784), { reduction: 'sum' }).div(x.shape[0]);
    const KLD = qy.mul(qy.mul(categoricalDim).add(1e-20).log()).sum({ dim: -1 }).mean();
    const loss = BCE.add(KLD);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    total += await loss.item();
  }
  temp = Math.max(temp * Math.exp(-0.03 * epoch), 0.5);
  console.log(`epoch ${epoch} loss ${(total / 16).toFixed(3)} temp ${temp.toFixed(3)}`);
}
