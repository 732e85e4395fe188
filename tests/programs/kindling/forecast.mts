// An LSTM forecasts a series from windows; a convolutional autoencoder; a RealNVP flow; PPO's clipped objective on CartPole.
import {
  cat,
  data,
  linspace,
  manualSeed,
  minimum,
  nn,
  noGrad,
  optim,
  randn,
  randperm,
  tensor,
  zeros,
  type Tensor,
} from 'kindling';
import { CartPole } from './cartpole.mjs';

const F = nn.functional;
manualSeed(0);

// forecasting
const lookback = 4;
const series = linspace(0, 12, 80)
  .sin()
  .add(linspace(0, 1, 80));
const windows = series.unfold(0, lookback + 1, 1);
const X = windows.at(':', ':-1').unsqueeze(2),
  y = windows.at(':', '1:').unsqueeze(2);
class AirModel extends nn.Module {
  lstm = new nn.LSTM({ inputSize: 1, hiddenSize: 16, numLayers: 1, batchFirst: true });
  linear = new nn.Linear(16, 1);
  forward(x: Tensor) {
    [x] = this.lstm(x);
    x = this.linear(x);
    return x;
  }
}
const air = new AirModel();
let optimizer: optim.Optimizer = new optim.Adam(air.parameters());
const lossFn = new nn.MSELoss();
const loader = new data.DataLoader(new data.TensorDataset(X, y), { shuffle: true, batchSize: 8 });
for (let epoch = 1; epoch <= 6; epoch++) {
  air.train();
  for await (const [xBatch, yBatch] of loader) {
    const loss = lossFn(air(xBatch), yBatch);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
  }
  if (epoch % 3 !== 0) continue;
  air.eval();
  const rmse = await noGrad(() => lossFn(air(X), y).sqrt()).item();
  console.log('forecast', epoch, rmse.toFixed(4));
}

// an autoencoder
const auto = new nn.Sequential(
  new nn.Conv2d(1, 8, { kernelSize: 3, stride: 2, padding: 1 }),
  new nn.ELU(),
  new nn.ConvTranspose2d(8, 1, { kernelSize: 3, stride: 2, padding: 1, outputPadding: 1 }),
  new nn.Sigmoid(),
);
const pictures = randn(16, 1, 8, 8).sigmoid();
optimizer = new optim.Adam(auto.parameters(), { lr: 1e-2, weightDecay: 1e-5 });
for (let i = 1; i <= 20; i++) {
  const loss = lossFn(auto(pictures), pictures);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  if (i % 10 === 0) console.log('auto', (await loss.item()).toFixed(5));
}

// a flow of affine couplings with alternating masks
class RealNVP extends nn.Module {
  mask: Tensor;
  t: nn.ModuleList<nn.Sequential>;
  s: nn.ModuleList<nn.Sequential>;
  constructor(masks: number[][]) {
    super();
    this.mask = this.registerBuffer('mask', tensor(masks));
    const net = (last: () => nn.Module) => () =>
      new nn.Sequential(new nn.Linear(2, 16), new nn.LeakyReLU(), new nn.Linear(16, 2), last());
    this.t = new nn.ModuleList(masks.map(net(() => new nn.Identity())));
    this.s = new nn.ModuleList(masks.map(net(() => new nn.Tanh())));
  }
  f(x: Tensor): [Tensor, Tensor] {
    let logDetJ = zeros(x.shape[0]),
      z = x;
    for (let i = this.t.length - 1; i >= 0; i--) {
      const z_ = this.mask.at(i).mul(z);
      const s = this.s[i](z_).mul(this.mask.at(i).neg().add(1));
      const t = this.t[i](z_).mul(this.mask.at(i).neg().add(1));
      z = this.mask.at(i).neg().add(1).mul(z.sub(t)).mul(s.neg().exp()).add(z_);
      logDetJ = logDetJ.sub(s.sum({ dim: 1 }));
    }
    return [z, logDetJ];
  }
  logProb(x: Tensor) {
    const [z, logp] = this.f(x);
    return z
      .pow(2)
      .sum(1)
      .mul(-0.5)
      .sub(Math.log(2 * Math.PI))
      .add(logp);
  }
}
const flow = new RealNVP([
  [0, 1],
  [1, 0],
  [0, 1],
  [1, 0],
]);
optimizer = new optim.Adam(
  flow.parameters().filter((p) => p.requiresGrad),
  { lr: 1e-2 },
);
for (let i = 1; i <= 30; i++) {
  const a = randn(64),
    x = cat([a.view(-1, 1), a.pow(2).add(randn(64), { alpha: 0.1 }).view(-1, 1)], { dim: 1 });
  const loss = flow.logProb(x).mean().neg();
  optimizer.zeroGrad();
  loss.backward({ retainGraph: true });
  optimizer.step();
  if (i % 15 === 0) console.log('flow', (await loss.item()).toFixed(4));
}

// PPO: several epochs over one rollout with a clipped ratio
class ActorCritic extends nn.Module {
  actor = new nn.Sequential(new nn.Linear(4, 32), new nn.Tanh(), new nn.Linear(32, 2), new nn.Softmax({ dim: -1 }));
  critic = new nn.Sequential(new nn.Linear(4, 32), new nn.Tanh(), new nn.Linear(32, 1));
  evaluate(state: Tensor, action: Tensor): [Tensor, Tensor, Tensor] {
    const probs = this.actor(state);
    const logProbs = probs.log();
    return [
      logProbs.gather(1, action.unsqueeze(1)).squeeze(1),
      this.critic(state).squeeze(),
      logProbs.mul(probs).sum(-1).neg(),
    ];
  }
}
const env = new CartPole(1);
const policy = new ActorCritic();
optimizer = new optim.Adam([
  { params: policy.actor.parameters(), lr: 3e-3 },
  { params: policy.critic.parameters(), lr: 1e-2 },
]);
for (let update = 1; update <= 3; update++) {
  const states: number[][] = [],
    actions: number[] = [],
    rewards: number[] = [],
    terminals: boolean[] = [];
  let state = env.reset(),
    reward: number,
    done: boolean;
  for (let t = 0; t < 64; t++) {
    const action = await noGrad(() => policy.actor(tensor(state)).multinomial(1)).item();
    states.push(state);
    actions.push(action);
    [state, reward, done] = env.step(action);
    rewards.push(reward);
    terminals.push(done);
    if (done) state = env.reset();
  }
  const returns: number[] = [];
  let discounted = 0;
  for (let i = rewards.length - 1; i >= 0; i--) {
    if (terminals[i]) discounted = 0;
    discounted = rewards[i] + 0.99 * discounted;
    returns.unshift(discounted);
  }
  let target = tensor(returns);
  target = target.sub(target.mean()).div(target.std().add(1e-7));
  const oldStates = tensor(states),
    oldActions = tensor(actions, { dtype: 'int64' });
  const [oldLogProbs, oldValues] = noGrad(() => policy.evaluate(oldStates, oldActions));
  const advantages = target.sub(oldValues);
  let last!: Tensor;
  for (let k = 0; k < 3; k++) {
    for (const index of randperm(64).split(32)) {
      const [logProbs, values, entropy] = policy.evaluate(oldStates.at(index), oldActions.at(index));
      const ratios = logProbs.sub(oldLogProbs.at(index)).exp();
      const surr1 = ratios.mul(advantages.at(index));
      const surr2 = ratios.clamp(1 - 0.2, 1 + 0.2).mul(advantages.at(index));
      last = minimum(surr1, surr2)
        .neg()
        .add(F.mseLoss(values, target.at(index)), { alpha: 0.5 })
        .sub(entropy, { alpha: 0.01 })
        .mean();
      optimizer.zeroGrad();
      last.backward();
      optimizer.step();
    }
  }
  console.log('ppo', update, terminals.filter(Boolean).length, (await last.item()).toFixed(4));
}
