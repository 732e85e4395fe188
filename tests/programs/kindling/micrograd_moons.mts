// micrograd's demo: two moons, an MLP, max-margin loss with L2, decreasing step by hand. And d2l's softmax from scratch.
import {
  arange,
  linspace,
  manualSeed,
  nn,
  noGrad,
  normal,
  ones,
  randn,
  stack,
  cat,
  zeros,
  type Tensor,
} from 'kindling';

manualSeed(1337);
const t = linspace(0, Math.PI, 50);
const X = cat([stack([t.cos(), t.sin()], 1), stack([t.cos().neg().add(1), t.sin().neg().add(0.5)], 1)]).add(
  randn(100, 2).mul(0.1),
);
const y = cat([ones(50), ones(50).neg()]);
const model = new nn.Sequential(
  new nn.Linear(2, 16),
  new nn.ReLU(),
  new nn.Linear(16, 16),
  new nn.ReLU(),
  new nn.Linear(16, 1),
);
for (let k = 0; k < 100; k++) {
  const scores = model(X).squeeze(1);
  const losses = y.neg().mul(scores).add(1).relu();
  const regLoss = stack(model.parameters().map((p) => p.mul(p).sum()))
    .sum()
    .mul(1e-4);
  const total = losses.mean().add(regLoss);
  model.zeroGrad();
  total.backward();
  const lr = 1.0 - (0.9 * k) / 100;
  noGrad(() => {
    for (const p of model.parameters()) p.sub_(p.grad!, { alpha: lr });
  });
  if (k % 25 === 24)
    console.log(
      `step ${k} loss ${(await total.item()).toFixed(4)} accuracy ${((await scores.gt(0).eq(y.gt(0)).float().mean().item()) * 100).toFixed(1)}%`,
    );
}

// d2l 3.6 / 4.4: from scratch
let W = normal(0, 0.01, [2, 2], { requiresGrad: true });
let b = zeros(2, { requiresGrad: true });
const softmax = (O: Tensor) => {
  const e = O.exp();
  return e.div(e.sum(1, { keepdim: true }));
};
const labels = y.gt(0).long();
for (let epoch = 0; epoch < 30; epoch++) {
  const yHat = softmax(X.matmul(W).add(b));
  const l = yHat.at(arange(100), labels).log().neg().mean();
  l.backward();
  noGrad(() => {
    for (const p of [W, b]) {
      p.sub_(p.grad!.mul(0.5));
      p.grad!.zero_();
    }
  });
  if (epoch % 10 === 9) console.log('d2l softmax', (await l.item()).toFixed(4));
}
