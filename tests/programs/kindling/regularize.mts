// Mixup, label smoothing, Bayes by backprop, adversarial training by PGD, pruning, early stopping with the best state, k folds.
import {
  clamp,
  data,
  exp,
  log,
  manualSeed,
  nn,
  noGrad,
  optim,
  rand,
  randn,
  randnLike,
  randperm,
  type Tensor,
} from 'kindling';

const F = nn.functional;
const { prune } = nn.utils;
manualSeed(0);
const X = randn(200, 8);
const y = X.at(':', 0).add(X.at(':', 1).pow(2)).gt(0.8).long();
const make = () => new nn.Sequential(new nn.Linear(8, 32), new nn.ReLU(), new nn.Linear(32, 2));

// mixup: soft labels by one permutation
const mixed = make();
let optimizer: optim.Optimizer = new optim.SGD(mixed.parameters(), { lr: 0.1, momentum: 0.9 });
const criterion = new nn.CrossEntropyLoss({ labelSmoothing: 0.1 });
for (let i = 1; i <= 30; i++) {
  const lam = rand(1),
    index = randperm(X.size(0));
  const mixedX = X.mul(lam).add(X.at(index).mul(lam.neg().add(1)));
  const soft = F.oneHot(y, 2)
    .float()
    .mul(lam)
    .add(F.oneHot(y.at(index), 2).float().mul(lam.neg().add(1)));
  const loss = criterion(mixed(mixedX), soft);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  if (i % 15 === 0) console.log('mixup', (await loss.item()).toFixed(4));
}

// Bayes by backprop: weights are Gaussians, their parameters are learned
class BayesLinear extends nn.Module {
  weightMu: nn.Parameter;
  weightRho: nn.Parameter;
  kl!: Tensor;
  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
  ) {
    super();
    this.weightMu = new nn.Parameter(randn(outFeatures, inFeatures).mul(0.1));
    this.weightRho = new nn.Parameter(randn(outFeatures, inFeatures).mul(0.1).sub(3));
  }
  forward(x: Tensor) {
    const sigma = log(exp(this.weightRho).add(1));
    const w = this.weightMu.add(sigma.mul(randnLike(sigma)));
    this.kl = sigma.pow(2).add(this.weightMu.pow(2)).sub(1).div(2).sub(log(sigma)).sum();
    return F.linear(x, w);
  }
}
const bayes = new nn.Sequential(new BayesLinear(8, 16), new nn.Tanh(), new BayesLinear(16, 2));
optimizer = new optim.Adam(bayes.parameters(), { lr: 1e-2 });
for (let i = 1; i <= 40; i++) {
  const nll = F.crossEntropy(bayes(X), y, { reduction: 'sum' });
  const kl = bayes
    .modules()
    .filter((m) => m instanceof BayesLinear)
    .map((m) => m.kl)
    .reduce((a, b) => a.add(b));
  const loss = nll.add(kl, { alpha: 0.01 });
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  if (i % 20 === 0) console.log('bayes', (await nll.item()).toFixed(2), (await kl.item()).toFixed(2));
}

// adversarial training: steps of the sign of the gradient, projected back into a ball
function pgd(model: (x: Tensor) => Tensor, x: Tensor, y: Tensor, eps = 0.2, alpha = 0.1) {
  let adv = x.clone().detach();
  for (let i = 0; i < 3; i++) {
    adv.requiresGrad_();
    const loss = F.crossEntropy(model(adv), y);
    loss.backward();
    const next = adv.detach().add(adv.grad!.sign(), { alpha });
    adv = x.add(clamp(next.sub(x), { min: -eps, max: eps })).detach();
  }
  return adv;
}
const robust = make();
optimizer = new optim.SGD(robust.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 1e-4 });
for (let i = 1; i <= 20; i++) {
  const adv = pgd(robust, X, y);
  optimizer.zeroGrad();
  const loss = F.crossEntropy(robust(adv), y);
  loss.backward();
  optimizer.step();
  if (i % 10 === 0) console.log('pgd', (await loss.item()).toFixed(4));
}

// pruning: the smallest weights go, and stay away
const pruned = nn.deepcopy(robust);
for (const module of pruned.modules()) {
  if (module instanceof nn.Linear) prune.l1Unstructured(module, { name: 'weight', amount: 0.5 });
}
console.log([...pruned[0].namedBuffers(), ...pruned[0].namedParameters()].map(([name]) => name).join(' '));
const global = nn.deepcopy(robust);
const parametersToPrune: [nn.Module, string][] = [
  [global[0], 'weight'],
  [global[2], 'weight'],
];
prune.globalUnstructured(parametersToPrune, { pruningMethod: prune.L1Unstructured, amount: 0.2 });
console.log('zeros', await global[0].weight.eq(0).sum().item(), await global[2].weight.eq(0).sum().item());
prune.remove(pruned[0], 'weight');
console.log('zeros', await pruned[0].weight.eq(0).sum().item(), 'of', pruned[0].weight.numel());

// early stopping: the best state is kept
const train = new data.TensorDataset(X.at(':160'), y.at(':160'));
const stopped = make();
optimizer = new optim.Adam(stopped.parameters(), { lr: 0.02, foreach: false });
const scheduler = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { mode: 'min', factor: 0.5, patience: 2 });
let best = Infinity,
  bad = 0,
  bestState = nn.deepcopy(stopped.stateDict());
for (let epoch = 0; epoch < 30 && bad < 5; epoch++) {
  for await (const [bx, by] of new data.DataLoader(train, { batchSize: 32, shuffle: true, numWorkers: 0 })) {
    optimizer.zeroGrad();
    F.crossEntropy(stopped(bx), by).backward();
    optimizer.step();
  }
  const valLoss = await noGrad(() => F.crossEntropy(stopped(X.at('160:')), y.at('160:'))).item();
  scheduler.step(valLoss);
  if (valLoss < best - 1e-3) [best, bad, bestState] = [valLoss, 0, nn.deepcopy(stopped.stateDict())];
  else bad++;
}
stopped.loadStateDict(bestState);
console.log('best', best.toFixed(3), 'lr', optimizer.paramGroups[0].lr);

// k folds: samplers over the same dataset, the model reset by apply
const dataset = new data.TensorDataset(X, y);
const model = make();
const resetWeights = (m: nn.Module) => {
  if (m instanceof nn.Linear) m.resetParameters();
};
for (let fold = 0; fold < 2; fold++) {
  const ids = Array.from({ length: 200 }, (_, i) => i);
  const testIds = ids.filter((i) => i % 2 === fold),
    trainIds = ids.filter((i) => i % 2 !== fold);
  const trainloader = new data.DataLoader(dataset, { batchSize: 20, sampler: new data.SubsetRandomSampler(trainIds) });
  model.apply(resetWeights);
  const sgd = new optim.SGD(model.parameters(), { lr: 0.1 });
  for await (const [bx, by] of trainloader) {
    sgd.zeroGrad();
    F.crossEntropy(model(bx), by).backward();
    sgd.step();
  }
  const testloader = new data.DataLoader(new data.Subset(dataset, testIds), { batchSize: 50 });
  let total = 0;
  for await (const [bx, by] of testloader) total += await F.crossEntropy(model(bx), by).item();
  console.log('fold', fold, (total / testloader.length).toFixed(4));
}
