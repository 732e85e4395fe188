// The PyTorch tutorial on neural style transfer: the input image is optimised by LBFGS. The network is a small random VGG.
import { manualSeed, nn, noGrad, optim, arange, tensor, type Tensor } from 'kindling';

const F = nn.functional;

class ContentLoss extends nn.Module {
  target: Tensor;
  loss!: Tensor;
  constructor(target: Tensor) {
    super();
    this.target = target.detach();
  }
  forward(input: Tensor) {
    this.loss = F.mseLoss(input, this.target);
    return input;
  }
}

function gramMatrix(input: Tensor) {
  const [a, b, c, d] = input.size();
  const features = input.view(a * b, c * d);
  const G = features.mm(features.t());
  return G.div(a * b * c * d);
}

class StyleLoss extends nn.Module {
  target: Tensor;
  loss!: Tensor;
  constructor(targetFeature: Tensor) {
    super();
    this.target = gramMatrix(targetFeature).detach();
  }
  forward(input: Tensor) {
    const G = gramMatrix(input);
    this.loss = F.mseLoss(G, this.target);
    return input;
  }
}

class Normalization extends nn.Module {
  mean: Tensor;
  std: Tensor;
  constructor(mean: number[], std: number[]) {
    super();
    this.mean = tensor(mean).view(-1, 1, 1);
    this.std = tensor(std).view(-1, 1, 1);
  }
  forward(img: Tensor) {
    return img.sub(this.mean).div(this.std);
  }
}

manualSeed(0);
const S = 48;
const g = arange(S).div(S);
const contentImg = g
  .view(1, 1, S, 1)
  .mul(g.view(1, 1, 1, S))
  .expand(1, 3, S, S)
  .clone();
const styleImg = g
  .mul(40)
  .sin()
  .view(1, 1, 1, S)
  .mul(g.mul(25).cos().view(1, 1, S, 1))
  .mul(0.5)
  .add(0.5)
  .expand(1, 3, S, S)
  .clone();
const cnn = new nn.Sequential(
  new nn.Conv2d(3, 16, 3, { padding: 1 }),
  new nn.ReLU(true),
  new nn.Conv2d(16, 16, 3, { padding: 1 }),
  new nn.ReLU(true),
  new nn.MaxPool2d(2),
  new nn.Conv2d(16, 32, 3, { padding: 1 }),
  new nn.ReLU(true),
  new nn.Conv2d(32, 32, 3, { padding: 1 }),
);
cnn.eval();
cnn.requiresGrad_(false);

const model = new nn.Sequential(new Normalization([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]));
const contentLosses: ContentLoss[] = [];
const styleLosses: StyleLoss[] = [];
let i = 0;
for (let layer of cnn.children()) {
  let name: string;
  if (layer instanceof nn.Conv2d) name = `conv_${++i}`;
  else if (layer instanceof nn.ReLU) {
    name = `relu_${i}`;
    layer = new nn.ReLU({ inplace: false });
  } else if (layer instanceof nn.MaxPool2d) name = `pool_${i}`;
  else throw new Error(`Unrecognized layer: ${layer.constructor.name}`);
  model.addModule(name, layer);
  if (name === 'conv_4') {
    const contentLoss = new ContentLoss(model(contentImg).detach());
    model.addModule(`content_loss_${i}`, contentLoss);
    contentLosses.push(contentLoss);
  }
  if (name.startsWith('conv')) {
    const styleLoss = new StyleLoss(model(styleImg).detach());
    model.addModule(`style_loss_${i}`, styleLoss);
    styleLosses.push(styleLoss);
  }
}
console.log(String(model));

const inputImg = contentImg.clone();
inputImg.requiresGrad_(true);
model.eval();
model.requiresGrad_(false);
const optimizer = new optim.LBFGS([inputImg], { maxIter: 4 });
let run = 0;
while (run < 8) {
  await optimizer.step(async () => {
    noGrad(() => inputImg.clamp_(0, 1));
    optimizer.zeroGrad();
    model(inputImg);
    let styleScore = tensor(0);
    let contentScore = tensor(0);
    for (const sl of styleLosses) styleScore = styleScore.add(sl.loss);
    for (const cl of contentLosses) contentScore = contentScore.add(cl.loss);
    const loss = styleScore.mul(1e6).add(contentScore);
    loss.backward();
    run++;
    if (run % 4 === 0) {
      console.log(
        `run ${run} style ${((await styleScore.item()) * 1e6).toExponential(3)} content ${(await contentScore.item()).toExponential(3)}`,
      );
    }
    return loss;
  });
}
