// Grad-CAM: hooks keep a layer's activations and gradients; their product says where the network looks. Features by a hook on a name.
import { arange, manualSeed, nn, noGrad, optim, randint, randn, zeros, type Tensor } from 'kindling';

const F = nn.functional;

class GradCAM {
  activations: Tensor | null = null;
  gradients: Tensor | null = null;
  private readonly handles: { remove(): void }[];
  constructor(
    readonly model: nn.Module,
    targetLayer: nn.Module,
  ) {
    this.handles = [
      targetLayer.registerForwardHook((module, input, output) => {
        this.activations = output.detach();
      }),
      targetLayer.registerFullBackwardHook((module, gradInput, gradOutput) => {
        this.gradients = gradOutput[0]!.detach();
      }),
    ];
  }
  generate(input: Tensor, classIdx: Tensor) {
    const logits = this.model(input);
    this.model.zeroGrad();
    const score = logits.gather(1, classIdx.view(-1, 1)).sum();
    score.backward({ retainGraph: true });
    const weights = this.gradients!.mean({ dim: [2, 3], keepdim: true });
    let cam = weights.mul(this.activations!).sum({ dim: 1, keepdim: true });
    cam = F.relu(cam);
    cam = F.interpolate(cam, { size: input.shape.slice(2), mode: 'bilinear', alignCorners: false });
    const flat = cam.flatten(1);
    const low = flat.min(1, { keepdim: true }).values,
      high = flat.max(1, { keepdim: true }).values;
    return flat.sub(low).div(high.sub(low).add(1e-8)).viewAs(cam);
  }
  remove() {
    for (const h of this.handles) h.remove();
  }
}

// Images with a bright square: its side of the image is the class.
manualSeed(0);
const n = 64;
const where = randint(0, 2, [n]);
const images = randn(n, 1, 16, 16).mul(0.1);
for (const [i, w] of (await where.tolist<number[]>()).entries())
  images.setAt([i, 0, '6:10', w === 0 ? '2:6' : '10:14'], 1);
const model = new nn.Sequential({
  conv1: new nn.Conv2d(1, 4, 3, { padding: 1 }),
  relu1: new nn.ReLU(),
  pool: new nn.MaxPool2d(2),
  conv2: new nn.Conv2d(4, 8, 3, { padding: 1 }),
  relu2: new nn.ReLU(),
  flatten: new nn.Flatten(),
  fc: new nn.Linear(8 * 64, 2),
});
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
for (let i = 1; i <= 20; i++) {
  const loss = F.crossEntropy(model(images), where);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  if (i % 10 === 0) console.log(i, (await loss.item()).toFixed(4));
}
model.eval();
const cam = new GradCAM(model, model.relu2);
const heat = cam.generate(images.at(':8'), where.at(':8'));
const mass = heat.sum([1, 2]);
const centre = mass.mul(arange(16)).sum(1).div(mass.sum(1));
console.log(heat.shape, (await centre.tolist<number[]>()).map((c) => c.toFixed(1)).join(' '));
cam.remove();

const features: Record<string, Tensor> = {};
for (const [name, module] of model.namedModules()) {
  if (module instanceof nn.Conv2d || module instanceof nn.Linear) {
    module.registerForwardHook((_, input, output) => {
      features[name] = output.detach();
    });
  }
}
noGrad(() => model(zeros(2, 1, 16, 16)));
console.log(
  Object.entries(features)
    .map(([name, f]) => `${name} ${f.shape.join('x')}`)
    .join(', '),
);
