// LoRA by hand: a frozen linear layer with a low-rank addition that is trained alone, merged afterwards.
import { manualSeed, nn, noGrad, optim, randn, zeros, type Tensor } from 'kindling';

class LoRALinear extends nn.Module {
  loraA: nn.Parameter;
  loraB: nn.Parameter;
  scaling: number;
  constructor(
    readonly linear: nn.Linear,
    rank = 4,
    alpha = 8,
  ) {
    super();
    linear.weight.requiresGrad = false;
    if (linear.bias !== null) linear.bias.requiresGrad = false;
    this.loraA = new nn.Parameter(zeros(rank, linear.inFeatures));
    this.loraB = new nn.Parameter(zeros(linear.outFeatures, rank));
    this.scaling = alpha / rank;
    nn.init.kaimingUniform_(this.loraA, { a: Math.sqrt(5) });
  }
  forward(x: Tensor) {
    return this.linear(x).add(x.matmul(this.loraA.T).matmul(this.loraB.T).mul(this.scaling));
  }
  merge() {
    noGrad(() => this.linear.weight.add_(this.loraB.matmul(this.loraA), { alpha: this.scaling }));
    return this.linear;
  }
}

function addLora(model: nn.Module) {
  for (const [name, module] of model.namedChildren()) {
    if (module instanceof nn.Linear) model.addModule(name, new LoRALinear(module));
    else addLora(module);
  }
}
function mergeLora(model: nn.Module) {
  for (const [name, module] of model.namedChildren()) {
    if (module instanceof LoRALinear) model.addModule(name, module.merge());
    else mergeLora(module);
  }
}

manualSeed(0);
const model = new nn.Sequential(
  new nn.Linear(16, 32),
  new nn.ReLU(),
  new nn.Sequential(new nn.Linear(32, 32), new nn.ReLU()),
  new nn.Linear(32, 1),
);
const X = randn(128, 16);
const y = X.at(':', ':4').pow(2).sum(1, { keepdim: true });
const before = Object.keys(model.stateDict()).length;
addLora(model);
const trainable = model.parameters().filter((p) => p.requiresGrad);
console.log(
  'keys',
  before,
  Object.keys(model.stateDict()).length,
  'trainable',
  trainable.reduce((n, p) => n + p.numel(), 0),
  'of',
  model.parameters().reduce((n, p) => n + p.numel(), 0),
);
const optimizer = new optim.AdamW(trainable, { lr: 1e-2, weightDecay: 0 });
for (let step = 1; step <= 100; step++) {
  const loss = nn.functional.mseLoss(model(X), y);
  optimizer.zeroGrad({ setToNone: true });
  loss.backward();
  optimizer.step();
  if (step % 25 === 0) console.log(step, (await loss.item()).toFixed(4));
}
const adapted = noGrad(() => model(X));
mergeLora(model);
const merged = noGrad(() => model(X));
console.log(String(model));
console.log('merged gives the same:', await merged.allclose(adapted, { atol: 1e-4 }));
