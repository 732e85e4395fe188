// WGAN-GP on a ring of Gaussians: gradient penalty through autograd.grad(create_graph), n_critic, spectral norm as a variant.
import { arange, autograd, manualSeed, nn, ones, optim, rand, randint, randn, stack, type Tensor } from 'kindling';

manualSeed(0);
const G = new nn.Sequential(
  new nn.Linear(2, 64),
  new nn.ReLU(),
  new nn.Linear(64, 64),
  new nn.ReLU(),
  new nn.Linear(64, 2),
);
const D = new nn.Sequential(
  new nn.Linear(2, 64),
  new nn.LeakyReLU(0.2),
  new nn.Linear(64, 64),
  new nn.LeakyReLU(0.2),
  new nn.Linear(64, 1),
);
const optG = new optim.Adam(G.parameters(), { lr: 1e-3, betas: [0, 0.9] });
const optD = new optim.Adam(D.parameters(), { lr: 1e-3, betas: [0, 0.9] });
const centres = stack(
  [
    arange(8)
      .mul(Math.PI / 4)
      .cos(),
    arange(8)
      .mul(Math.PI / 4)
      .sin(),
  ],
  1,
);
const realBatch = () => centres.at(randint(8, [128])).add(randn(128, 2).mul(0.05));

function gradientPenalty(real: Tensor, fake: Tensor) {
  const alpha = rand(real.size(0), 1).expandAs(real);
  const interpolates = real
    .mul(alpha)
    .add(fake.mul(alpha.neg().add(1)))
    .detach()
    .requiresGrad_(true);
  const dInterpolates = D(interpolates);
  const [gradients] = autograd.grad({
    outputs: dInterpolates,
    inputs: interpolates,
    gradOutputs: ones(dInterpolates.size()),
    createGraph: true,
    retainGraph: true,
    onlyInputs: true,
  });
  return gradients.view(gradients.size(0), -1).norm(2, 1).sub(1).pow(2).mean();
}
for (let step = 1; step <= 50; step++) {
  let lossD!: Tensor;
  for (let k = 0; k < 3; k++) {
    for (const p of D.parameters()) p.requiresGrad = true;
    const real = realBatch();
    const fake = G(randn(128, 2)).detach();
    lossD = D(fake).mean().sub(D(real).mean()).add(gradientPenalty(real, fake).mul(1));
    optD.zeroGrad();
    lossD.backward();
    optD.step();
  }
  for (const p of D.parameters()) p.requiresGrad = false;
  const lossG = D(G(randn(128, 2)))
    .mean()
    .neg();
  optG.zeroGrad();
  lossG.backward();
  optG.step();
  if (step % 10 === 0) {
    const radius = G(randn(256, 2)).norm(2, 1).mean();
    console.log(step, 'W', (-(await lossD.item())).toFixed(4), 'radius', (await radius.item()).toFixed(3));
  }
}
