// A physics-informed network for the damped oscillator u'' + 4 u' + 400 u = 0, and a Hamiltonian network of the spring.
import { autograd, linspace, manualSeed, nn, onesLike, optim, rand, stack, tensor, type Tensor } from 'kindling';

class FCN extends nn.Module {
  fcs: nn.Sequential;
  fch: nn.Sequential;
  fce: nn.Linear;
  constructor(nIn: number, nOut: number, nHidden: number, nLayers: number) {
    super();
    this.fcs = new nn.Sequential(new nn.Linear(nIn, nHidden), new nn.Tanh());
    this.fch = new nn.Sequential(
      ...Array.from({ length: nLayers - 1 }, () => new nn.Sequential(new nn.Linear(nHidden, nHidden), new nn.Tanh())),
    );
    this.fce = new nn.Linear(nHidden, nOut);
  }
  forward(x: Tensor) {
    return this.fce(this.fch(this.fcs(x)));
  }
}

manualSeed(123);
const pinn = new FCN(1, 1, 32, 3);
const tBoundary = tensor([0]).view(-1, 1).requiresGrad_(true);
const tPhysics = linspace(0, 1, 30).view(-1, 1).requiresGrad_(true);
const [mu, k] = [4, 400];
const optimiser = new optim.Adam(pinn.parameters(), { lr: 1e-3 });
for (let i = 0; i <= 300; i++) {
  optimiser.zeroGrad();
  const u0 = pinn(tBoundary);
  const loss1 = u0.squeeze().sub(1).pow(2);
  const [dudt0] = autograd.grad(u0, tBoundary, { gradOutputs: onesLike(u0), createGraph: true });
  const loss2 = dudt0.squeeze().sub(0).pow(2);
  const u = pinn(tPhysics);
  const [dudt] = autograd.grad(u, tPhysics, onesLike(u), { createGraph: true });
  const [d2udt2] = autograd.grad(dudt, tPhysics, onesLike(dudt), { createGraph: true });
  const loss3 = d2udt2.add(dudt.mul(mu)).add(u.mul(k)).pow(2).mean();
  const loss = loss1.add(loss2.mul(1e-1)).add(loss3.mul(1e-4));
  loss.backward();
  optimiser.step();
  if (i % 100 === 0) console.log(`pinn ${i} loss ${(await loss.item()).toFixed(5)}`);
}

class HNN extends nn.Module {
  net = new nn.Sequential(new nn.Linear(2, 64), new nn.Tanh(), new nn.Linear(64, 1, { bias: false }));
  forward(x: Tensor) {
    return this.net(x);
  }
  timeDerivative(x: Tensor) {
    const H = this.forward(x);
    const [dH] = autograd.grad(H.sum(), x, { createGraph: true });
    return stack([dH.at(':', 1), dH.at(':', 0).neg()], 1);
  }
}
const hnn = new HNN();
const opt = new optim.Adam(hnn.parameters(), { lr: 1e-2 });
for (let i = 0; i < 100; i++) {
  const x = rand(64, 2).mul(2).sub(1).requiresGrad_();
  const dx = stack([x.at(':', 1), x.at(':', 0).neg()], 1)
    .mul(2)
    .detach(); // H = p^2 + q^2
  const loss = hnn.timeDerivative(x).sub(dx).pow(2).mean();
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (i % 50 === 49) console.log(`hnn ${i + 1} loss ${(await loss.item()).toExponential(3)}`);
}
