// MAML on sines: gradients through an inner training step.
import { autograd, func, manualSeed, nn, optim, rand, type Tensor } from 'kindling';

const F = nn.functional;
const { functionalCall } = func;

class Net extends nn.Module {
  net = new nn.Sequential({
    l1: new nn.Linear(1, 40),
    relu1: new nn.ReLU(),
    l2: new nn.Linear(40, 40),
    relu2: new nn.ReLU(),
    l3: new nn.Linear(40, 1),
  });
  forward(x: Tensor) {
    return this.net(x);
  }
}

manualSeed(0);
const model = new Net();
const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3 });
const innerLr = 0.01;
let running = 0;
for (let it = 1; it <= 60; it++) {
  optimizer.zeroGrad();
  let metaLoss!: Tensor;
  for (let task = 0; task < 4; task++) {
    const amplitude = rand(1).mul(4.9).add(0.1),
      phase = rand(1).mul(Math.PI);
    const xs = rand(10, 1).mul(10).sub(5),
      xq = rand(10, 1).mul(10).sub(5);
    const f = (x: Tensor) => x.add(phase).sin().mul(amplitude);
    const params = Object.fromEntries(model.namedParameters());
    const loss = F.mseLoss(functionalCall(model, params, [xs]), f(xs));
    const grads = autograd.grad(loss, Object.values(params), { createGraph: true });
    const fast = Object.fromEntries(Object.entries(params).map(([n, p], i) => [n, p.sub(grads[i].mul(innerLr))]));
    const outer = F.mseLoss(functionalCall(model, fast, [xq]), f(xq)).div(4);
    metaLoss = task === 0 ? outer : metaLoss.add(outer);
  }
  metaLoss.backward();
  optimizer.step();
  const v = await metaLoss.item();
  running = it === 1 ? v : 0.98 * running + 0.02 * v;
  if (it % 20 === 0) console.log(`iteration ${it} meta loss ${running.toFixed(4)}`);
}
