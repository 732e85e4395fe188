// The PyTorch tutorial on DQN: replay memory, target network with soft update, Huber loss, clip_grad_value_.
import { cat, Generator, manualSeed, nn, noGrad, optim, tensor, zeros, type Tensor } from 'kindling';
import { CartPole } from './cartpole.mjs';

type Transition = { state: Tensor; action: Tensor; nextState: Tensor | null; reward: Tensor };

const random = new Generator(7);

class ReplayMemory {
  memory: Transition[] = [];
  constructor(readonly capacity: number) {}
  push(t: Transition) {
    this.memory.push(t);
    if (this.memory.length > this.capacity) this.memory.shift();
  }
  sample(n: number) {
    return Array.from({ length: n }, () => this.memory[Math.floor(random.random53() * this.memory.length)]);
  }
  get length() {
    return this.memory.length;
  }
}

class DQN extends nn.Module {
  layer1 = new nn.Linear(4, 128);
  layer2 = new nn.Linear(128, 128);
  layer3 = new nn.Linear(128, 2);
  forward(x: Tensor) {
    x = nn.functional.relu(this.layer1(x));
    x = nn.functional.relu(this.layer2(x));
    return this.layer3(x);
  }
}

const BATCH = 32,
  GAMMA = 0.99,
  TAU = 0.005;
manualSeed(1);
const env = new CartPole(1);
const policyNet = new DQN();
const targetNet = new DQN();
targetNet.loadStateDict(policyNet.stateDict());
const optimizer = new optim.AdamW(policyNet.parameters(), { lr: 1e-4 * 5, amsgrad: true });
const memory = new ReplayMemory(10000);
let stepsDone = 0;

function selectAction(state: Tensor): Tensor {
  const threshold = 0.05 + (0.9 - 0.05) * Math.exp(-stepsDone++ / 1000);
  if (random.random53() > threshold) return noGrad(() => policyNet(state).max(1)[1].view(1, 1));
  return tensor([[Math.floor(random.random53() * 2)]], { dtype: 'int64' });
}

function optimizeModel() {
  if (memory.length < BATCH) return;
  const transitions = memory.sample(BATCH);
  const nonFinalMask = tensor(transitions.map((t) => t.nextState !== null));
  const nonFinalNextStates = cat(transitions.flatMap((t) => t.nextState ?? []));
  const stateBatch = cat(transitions.map((t) => t.state));
  const actionBatch = cat(transitions.map((t) => t.action));
  const rewardBatch = cat(transitions.map((t) => t.reward));

  const stateActionValues = policyNet(stateBatch).gather(1, actionBatch);
  const nextStateValues = zeros(BATCH);
  noGrad(() => nextStateValues.setAt(nonFinalMask, targetNet(nonFinalNextStates).max(1).values));
  const expected = nextStateValues.mul(GAMMA).add(rewardBatch);

  const loss = new nn.SmoothL1Loss()(stateActionValues, expected.unsqueeze(1));
  optimizer.zeroGrad();
  loss.backward();
  nn.utils.clipGradValue_(policyNet.parameters(), 100);
  optimizer.step();
}

const durations: number[] = [];
for (let episode = 0; episode < 12; episode++) {
  let state = tensor(env.reset()).unsqueeze(0);
  for (let t = 0; ; t++) {
    const action = selectAction(state);
    const [observation, reward, terminated] = env.step(await action.item());
    const nextState = terminated ? null : tensor(observation).unsqueeze(0);
    memory.push({ state, action, nextState, reward: tensor([reward]) });
    if (nextState) state = nextState;
    optimizeModel();
    const targetState = targetNet.stateDict();
    const policyState = policyNet.stateDict();
    for (const key in policyState) targetState[key] = policyState[key].mul(TAU).add(targetState[key].mul(1 - TAU));
    targetNet.loadStateDict(targetState);
    if (terminated) {
      durations.push(t + 1);
      break;
    }
  }
}
console.log(durations.join(' '));
const state = tensor([[0.01, 0.02, -0.01, 0.03]]);
console.log((await policyNet(state).tolist<number[][]>())[0].map((q) => q.toFixed(4)).join(' '));
