// pytorch/examples/reinforcement_learning/actor_critic.py
import { manualSeed, nn, optim, stack, tensor, type Tensor } from 'kindling';
import { CartPole } from './cartpole.mjs';

const F = nn.functional;

class Policy extends nn.Module {
  affine1 = new nn.Linear(4, 128);
  actionHead = new nn.Linear(128, 2);
  valueHead = new nn.Linear(128, 1);
  savedActions: { logProb: Tensor; value: Tensor }[] = [];
  rewards: number[] = [];
  forward(x: Tensor): [Tensor, Tensor] {
    x = F.relu(this.affine1(x));
    return [F.softmax(this.actionHead(x), { dim: -1 }), this.valueHead(x)];
  }
}

manualSeed(543);
const env = new CartPole(543);
const model = new Policy();
const optimizer = new optim.Adam(model.parameters(), { lr: 3e-2 });

async function selectAction(state: number[]) {
  const [probs, stateValue] = model(tensor(state));
  const action = probs.multinomial(1);
  model.savedActions.push({ logProb: probs.at(action).squeeze().log(), value: stateValue });
  return action.item();
}

function finishEpisode() {
  let R = 0;
  const returnsList: number[] = [];
  for (const r of model.rewards.slice().reverse()) {
    R = r + 0.99 * R;
    returnsList.unshift(R);
  }
  let returns = tensor(returnsList);
  returns = returns.sub(returns.mean()).div(returns.std().add(1e-7));
  const values = stack(model.savedActions.map((s) => s.value)).squeeze();
  const advantage = returns.sub(values.detach());
  const policyLosses = stack(model.savedActions.map((s) => s.logProb))
    .neg()
    .mul(advantage);
  const valueLosses = F.smoothL1Loss(values, returns, { reduction: 'none' });
  optimizer.zeroGrad();
  policyLosses.sum().add(valueLosses.sum()).backward();
  optimizer.step();
  model.rewards = [];
  model.savedActions = [];
}

let runningReward = 10;
for (let episode = 1; episode <= 50; episode++) {
  let state = env.reset(),
    epReward = 0,
    done = false,
    reward: number;
  while (!done) {
    [state, reward, done] = env.step(await selectAction(state));
    model.rewards.push(reward);
    epReward += reward;
  }
  runningReward = 0.05 * epReward + 0.95 * runningReward;
  finishEpisode();
  if (episode % 10 === 0)
    console.log(`Episode ${episode}\tLast reward: ${epReward}\tAverage reward: ${runningReward.toFixed(2)}`);
}
