// The recipe of mixed precision: what is multiplied is float16, the loss is scaled.
import { amp, manualSeed, nn, optim, randn, type Tensor } from 'kindling';

manualSeed(0);
const net = new nn.Sequential(
  new nn.Linear(64, 128),
  new nn.ReLU(),
  new nn.Linear(128, 64),
  new nn.ReLU(),
  new nn.Linear(64, 1),
);
const opt = new optim.SGD(net.parameters(), { lr: 0.01 });
const scaler = new amp.GradScaler({ enabled: true });
const lossFn = new nn.MSELoss();
const X = randn(256, 64),
  Y = X.mean(1, { keepdim: true });
// by hand: weights are cast in the forward pass
const halfLinear = (l: nn.Linear, x: Tensor) => nn.functional.linear(x, l.weight.half(), l.bias!.half());
const forward = (x: Tensor) => {
  let h = x.half();
  h = halfLinear(net[0], h).relu();
  h = halfLinear(net[2], h).relu();
  return halfLinear(net[4], h);
};
for (let epoch = 0; epoch < 60; epoch++) {
  const output = forward(X);
  const loss = lossFn(output.float(), Y);
  scaler.scale(loss).backward();
  scaler.unscale_(opt);
  nn.utils.clipGradNorm_(net.parameters(), { maxNorm: 0.5 });
  await scaler.step(opt);
  scaler.update();
  opt.zeroGrad();
  if (epoch % 20 === 19) console.log(epoch, output.dtype, (await loss.item()).toFixed(5), scaler.getScale());
}
