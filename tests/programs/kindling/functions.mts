// Functions with gradients of their own: straight-through binarisation, gradient reversal (DANN), a Legendre polynomial.
import { autograd, cat, manualSeed, nn, ones, optim, randn, tensor, zeros, type Tensor } from 'kindling';

const F = nn.functional;

class BinarizeSTE extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, input: Tensor) {
    ctx.saveForBackward(input);
    return input.sign();
  }
  static backward(ctx: autograd.FunctionContext, gradOutput: Tensor) {
    const [input] = ctx.savedTensors;
    const gradInput = gradOutput.clone();
    gradInput.setAt(input.abs().gt(1), 0);
    return gradInput;
  }
}
class GradientReversal extends autograd.Function {
  static forward(ctx: autograd.FunctionContext & { alpha: number }, x: Tensor, alpha: number) {
    ctx.alpha = alpha;
    return x.viewAs(x);
  }
  static backward(ctx: autograd.FunctionContext & { alpha: number }, gradOutput: Tensor) {
    return [gradOutput.neg().mul(ctx.alpha), null];
  }
}
class LegendrePolynomial3 extends autograd.Function {
  static forward(ctx: autograd.FunctionContext, input: Tensor) {
    ctx.saveForBackward(input);
    return input.pow(3).mul(5).sub(input.mul(3)).mul(0.5);
  }
  static backward(ctx: autograd.FunctionContext, gradOutput: Tensor) {
    const [input] = ctx.savedTensors;
    return gradOutput.mul(1.5).mul(input.pow(2).mul(5).sub(1));
  }
}

manualSeed(0);
const x64 = randn([4], { dtype: 'float64', requiresGrad: true });
console.log('gradcheck', await autograd.gradcheck((x) => LegendrePolynomial3.apply(x), x64));

// A binarised network learns XOR-like data.
class BinaryLinear extends nn.Linear {
  override forward(input: Tensor) {
    return F.linear(input, BinarizeSTE.apply(this.weight), this.bias);
  }
}
const net = new nn.Sequential(
  new BinaryLinear(2, 32),
  new nn.BatchNorm1d(32),
  new nn.Hardtanh(),
  new BinaryLinear(32, 2),
);
const X = randn(256, 2);
const Y = X.at(':', 0).mul(X.at(':', 1)).gt(0).long();
const opt = new optim.SGD(net.parameters(), { lr: 0.1 });
for (let i = 0; i < 20; i++) {
  const loss = F.crossEntropy(net(X), Y);
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (i % 10 === 9)
    console.log('binary', (await loss.item()).toFixed(4), await net(X).argmax(1).eq(Y).float().mean().item());
}

// DANN on two shifted Gaussians
const feature = new nn.Sequential(new nn.Linear(2, 16), new nn.ReLU());
const label = new nn.Linear(16, 2),
  domain = new nn.Linear(16, 2);
const source = randn(128, 2),
  targetX = randn(128, 2).add(tensor([3, 0]));
const sourceY = source.at(':', 1).gt(0).long();
const opt2 = new optim.Adam([...feature.parameters(), ...label.parameters(), ...domain.parameters()], { lr: 1e-2 });
for (let i = 0; i < 300; i++) {
  const alpha = 2 / (1 + Math.exp((-10 * i) / 300)) - 1;
  const f = feature(cat([source, targetX]));
  const classLoss = F.crossEntropy(label(f.at(':128')), sourceY);
  const domainLoss = F.crossEntropy(domain(GradientReversal.apply(f, alpha)), cat([zeros(128), ones(128)]).long());
  const loss = classLoss.add(domainLoss);
  opt2.zeroGrad();
  loss.backward();
  opt2.step();
  if (i % 100 === 99)
    console.log('dann class', (await classLoss.item()).toFixed(4), 'domain', (await domainLoss.item()).toFixed(4));
}
