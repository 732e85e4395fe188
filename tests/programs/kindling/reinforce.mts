// pytorch/examples/reinforcement_learning/reinforce.py
import { cat, distributions, finfo, manualSeed, nn, optim, tensor, type Tensor } from 'kindling';
import { CartPole } from './cartpole.mjs';

const { Categorical } = distributions;

class Policy extends nn.Module {
  affine1 = new nn.Linear(4, 128);
  dropout = new nn.Dropout({ p: 0 });
  affine2 = new nn.Linear(128, 2);
  savedLogProbs: Tensor[] = [];
  rewards: number[] = [];
  forward(x: Tensor) {
    x = this.affine1(x);
    x = this.dropout(x);
    x = nn.functional.relu(x);
    return nn.functional.softmax(this.affine2(x), { dim: 1 });
  }
}

manualSeed(543);
const env = new CartPole(543);
const policy = new Policy();
const optimizer = new optim.Adam(policy.parameters(), { lr: 1e-2 });
const { eps } = finfo('float32');

async function selectAction(state: number[]) {
  const probs = policy(tensor(state).unsqueeze(0));
  const m = new Categorical({ probs });
  const action = m.sample();
  policy.savedLogProbs.push(m.logProb(action));
  return action.item();
}

function finishEpisode() {
  let R = 0;
  const returns: number[] = [];
  for (const r of [...policy.rewards].reverse()) {
    R = r + 0.99 * R;
    returns.unshift(R);
  }
  let g = tensor(returns);
  g = g.sub(g.mean()).div(g.std().add(eps));
  const policyLoss: Tensor[] = [];
  for (const [i, R] of [...g].entries()) policyLoss.push(policy.savedLogProbs[i].neg().mul(R));
  optimizer.zeroGrad();
  cat(policyLoss).sum().backward();
  optimizer.step();
  policy.rewards = [];
  policy.savedLogProbs = [];
}

let runningReward = 10;
for (let episode = 1; episode <= 40; episode++) {
  let state = env.reset(),
    epReward = 0,
    done = false,
    reward: number;
  for (let t = 1; t < 1000 && !done; t++) {
    const action = await selectAction(state);
    [state, reward, done] = env.step(action);
    policy.rewards.push(reward);
    epReward += reward;
  }
  runningReward = 0.05 * epReward + 0.95 * runningReward;
  finishEpisode();
  if (episode % 10 === 0)
    console.log(`Episode ${episode}\tLast reward: ${epReward}\tAverage reward: ${runningReward.toFixed(2)}`);
}
