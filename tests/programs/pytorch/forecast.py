import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from cartpole import CartPole

torch.manual_seed(0)
series = torch.linspace(0, 12, 80).sin() + torch.linspace(0, 1, 80)
windows = series.unfold(0, 5, 1)
X, y = windows[:, :-1].unsqueeze(2), windows[:, 1:].unsqueeze(2)


class AirModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=1, hidden_size=16, num_layers=1, batch_first=True)
        self.linear = nn.Linear(16, 1)

    def forward(self, x):
        x, _ = self.lstm(x)
        return self.linear(x)


air = AirModel()
optimizer = torch.optim.Adam(air.parameters())
loss_fn = nn.MSELoss()
loader = DataLoader(TensorDataset(X, y), shuffle=True, batch_size=8)
for epoch in range(1, 7):
    for xb, yb in loader:
        loss = loss_fn(air(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 3 == 0:
        with torch.no_grad():
            print('forecast', epoch, f'{loss_fn(air(X), y).sqrt().item():.4f}')
auto = nn.Sequential(nn.Conv2d(1, 8, kernel_size=3, stride=2, padding=1), nn.ELU(),
                     nn.ConvTranspose2d(8, 1, kernel_size=3, stride=2, padding=1, output_padding=1), nn.Sigmoid())
pictures = torch.randn(16, 1, 8, 8).sigmoid()
optimizer = torch.optim.Adam(auto.parameters(), lr=1e-2, weight_decay=1e-5)
for i in range(1, 21):
    loss = loss_fn(auto(pictures), pictures)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 10 == 0:
        print('auto', f'{loss.item():.5f}')


class RealNVP(nn.Module):
    def __init__(self, masks):
        super().__init__()
        self.register_buffer('mask', torch.tensor(masks))
        net = lambda last: nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(), nn.Linear(16, 2), last)
        self.t = nn.ModuleList([net(nn.Identity()) for _ in masks])
        self.s = nn.ModuleList([net(nn.Tanh()) for _ in masks])

    def f(self, x):
        log_det_j, z = x.new_zeros(x.shape[0]), x
        for i in reversed(range(len(self.t))):
            z_ = self.mask[i] * z
            s = self.s[i](z_) * (1 - self.mask[i])
            t = self.t[i](z_) * (1 - self.mask[i])
            z = (1 - self.mask[i]) * (z - t) * torch.exp(-s) + z_
            log_det_j = log_det_j - s.sum(dim=1)
        return z, log_det_j

    def log_prob(self, x):
        z, logp = self.f(x)
        return -0.5 * z.pow(2).sum(1) - math.log(2 * math.pi) + logp


flow = RealNVP([[0., 1.], [1., 0.], [0., 1.], [1., 0.]])
optimizer = torch.optim.Adam([p for p in flow.parameters() if p.requires_grad], lr=1e-2)
for i in range(1, 31):
    a = torch.randn(64)
    x = torch.cat([a.view(-1, 1), (a ** 2 + 0.1 * torch.randn(64)).view(-1, 1)], dim=1)
    loss = -flow.log_prob(x).mean()
    optimizer.zero_grad()
    loss.backward(retain_graph=True)
    optimizer.step()
    if i % 15 == 0:
        print('flow', f'{loss.item():.4f}')


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2), nn.Softmax(dim=-1))
        self.critic = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))

    def evaluate(self, state, action):
        probs = self.actor(state)
        log_probs = probs.log()
        return log_probs.gather(1, action.unsqueeze(1)).squeeze(1), self.critic(state).squeeze(), -(log_probs * probs).sum(-1)


env = CartPole(1)
policy = ActorCritic()
optimizer = torch.optim.Adam([{'params': policy.actor.parameters(), 'lr': 3e-3}, {'params': policy.critic.parameters(), 'lr': 1e-2}])
for update in range(1, 4):
    states, actions, rewards, terminals = [], [], [], []
    state = env.reset()
    for t in range(64):
        with torch.no_grad():
            action = policy.actor(torch.tensor(state, dtype=torch.float32)).multinomial(1).item()
        states.append(state)
        actions.append(action)
        state, reward, done = env.step(action)
        rewards.append(reward)
        terminals.append(done)
        if done:
            state = env.reset()
    returns, discounted = [], 0
    for reward, done in zip(reversed(rewards), reversed(terminals)):
        discounted = reward + 0.99 * (0 if done else discounted)
        returns.insert(0, discounted)
    target = torch.tensor(returns, dtype=torch.float32)
    target = (target - target.mean()) / (target.std() + 1e-7)
    old_states, old_actions = torch.tensor(states, dtype=torch.float32), torch.tensor(actions)
    with torch.no_grad():
        old_log_probs, old_values, _ = policy.evaluate(old_states, old_actions)
    advantages = target - old_values
    for _ in range(3):
        for index in torch.randperm(64).split(32):
            log_probs, values, entropy = policy.evaluate(old_states[index], old_actions[index])
            ratios = torch.exp(log_probs - old_log_probs[index])
            surr1 = ratios * advantages[index]
            surr2 = torch.clamp(ratios, 1 - 0.2, 1 + 0.2) * advantages[index]
            last = (-torch.min(surr1, surr2) + 0.5 * F.mse_loss(values, target[index]) - 0.01 * entropy).mean()
            optimizer.zero_grad()
            last.backward()
            optimizer.step()
    print('ppo', update, sum(terminals), f'{last.item():.4f}')
