import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical
from cartpole import CartPole


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(4, 128)
        self.dropout = nn.Dropout(p=0.0)
        self.affine2 = nn.Linear(128, 2)

    def forward(self, x):
        return F.softmax(self.affine2(F.relu(self.dropout(self.affine1(x)))), dim=1)


torch.manual_seed(543)
env = CartPole(543)
policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
running = 10
for episode in range(1, 41):
    state, total, log_probs, rewards = env.reset(), 0, [], []
    for t in range(1, 1000):
        probs = policy(torch.tensor(state).float().unsqueeze(0))
        m = Categorical(probs)
        action = m.sample()
        log_probs.append(m.log_prob(action))
        state, reward, done = env.step(action.item())
        rewards.append(reward)
        total += reward
        if done:
            break
    running = 0.05 * total + 0.95 * running
    R, returns = 0, []
    for r in rewards[::-1]:
        R = r + 0.99 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1.1920929e-7)
    optimizer.zero_grad()
    torch.cat([-lp * g for lp, g in zip(log_probs, returns)]).sum().backward()
    optimizer.step()
    if episode % 10 == 0:
        print(f'Episode {episode}\tLast reward: {total}\tAverage reward: {running:.2f}')
