// pytorch/examples/vae.
import { data, exp, manualSeed, nn, noGrad, optim, randn, randnLike, relu, sigmoid, type Tensor } from 'kindling';
import { mnist } from './mnist_data.mjs';

const F = nn.functional;

class VAE extends nn.Module {
  fc1 = new nn.Linear(784, 400);
  fc21 = new nn.Linear(400, 20);
  fc22 = new nn.Linear(400, 20);
  fc3 = new nn.Linear(20, 400);
  fc4 = new nn.Linear(400, 784);

  encode(x: Tensor) {
    const h1 = F.relu(this.fc1(x));
    return [this.fc21(h1), this.fc22(h1)];
  }
  reparameterize(mu: Tensor, logvar: Tensor) {
    const std = exp(logvar.mul(0.5));
    const eps = randnLike(std);
    return mu.add(eps.mul(std));
  }
  decode(z: Tensor) {
    return sigmoid(this.fc4(relu(this.fc3(z))));
  }
  forward(x: Tensor) {
    const [mu, logvar] = this.encode(x.view(-1, 784));
    const z = this.reparameterize(mu, logvar);
    return [this.decode(z), mu, logvar];
  }
}

function lossFunction(reconX: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) {
  const BCE = F.binaryCrossEntropy(reconX, x.view(-1, 784), { reduction: 'sum' });
  const KLD = logvar.add(1).sub(mu.pow(2)).sub(logvar.exp()).sum().mul(-0.5);
  return BCE.add(KLD);
}

manualSeed(1);
const [images] = mnist(true, 1920);
const pixels = images.mul(0.3081).add(0.1307).clamp(0, 1);
const loader = new data.DataLoader(new data.TensorDataset(pixels), { batchSize: 128, shuffle: true });
const model = new VAE();
const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
for (let epoch = 1; epoch <= 3; epoch++) {
  model.train();
  let trainLoss = 0;
  for await (const [x] of loader) {
    optimizer.zeroGrad();
    const [reconBatch, mu, logvar] = model(x);
    const loss = lossFunction(reconBatch, x, mu, logvar);
    loss.backward();
    trainLoss += await loss.item();
    optimizer.step();
  }
  console.log(`====> Epoch: ${epoch} Average loss: ${(trainLoss / 1920).toFixed(4)}`);
}
const sample = noGrad(() => model.decode(randn(64, 20)));
console.log('sample', sample.shape, (await sample.mean().item()).toFixed(4));
