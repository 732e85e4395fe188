import torch
import torch.nn as nn
import torch.nn.functional as F
from cartpole import CartPole


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(4, 128)
        self.action_head = nn.Linear(128, 2)
        self.value_head = nn.Linear(128, 1)

    def forward(self, x):
        x = F.relu(self.affine1(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


torch.manual_seed(543)
env = CartPole(543)
model = Policy()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
running = 10
for episode in range(1, 51):
    state, done, total, actions, rewards = env.reset(), False, 0, [], []
    while not done:
        probs, value = model(torch.tensor(state, dtype=torch.float32))
        action = probs.multinomial(1)
        actions.append((probs[action].squeeze().log(), value))
        state, reward, done = env.step(action.item())
        rewards.append(reward)
        total += reward
    running = 0.05 * total + 0.95 * running
    R, returns = 0, []
    for r in rewards[::-1]:
        R = r + 0.99 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + 1e-7)
    values = torch.stack([v for _, v in actions]).squeeze()
    policy_losses = -torch.stack([l for l, _ in actions]) * (returns - values.detach())
    optimizer.zero_grad()
    (policy_losses.sum() + F.smooth_l1_loss(values, returns, reduction='none').sum()).backward()
    optimizer.step()
    if episode % 10 == 0:
        print(f'Episode {episode}\tLast reward: {total}\tAverage reward: {running:.2f}')
