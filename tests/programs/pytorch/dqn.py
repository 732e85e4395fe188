import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from cartpole import CartPole

generator = torch.Generator().manual_seed(7)
random = lambda: torch.rand((), dtype=torch.float64, generator=generator).item()


class DQN(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1, self.layer2, self.layer3 = nn.Linear(4, 128), nn.Linear(128, 128), nn.Linear(128, 2)

    def forward(self, x):
        return self.layer3(F.relu(self.layer2(F.relu(self.layer1(x)))))


BATCH, GAMMA, TAU = 32, 0.99, 0.005
torch.manual_seed(1)
env = CartPole(1)
policy_net, target_net = DQN(), DQN()
target_net.load_state_dict(policy_net.state_dict())
optimizer = torch.optim.AdamW(policy_net.parameters(), lr=1e-4 * 5, amsgrad=True)
memory, steps_done, durations = [], 0, []


def select_action(state):
    global steps_done
    threshold = 0.05 + (0.9 - 0.05) * math.exp(-steps_done / 1000)
    steps_done += 1
    if random() > threshold:
        with torch.no_grad():
            return policy_net(state).max(1)[1].view(1, 1)
    return torch.tensor([[int(random() * 2)]])


def optimize_model():
    if len(memory) < BATCH:
        return
    batch = [memory[int(random() * len(memory))] for _ in range(BATCH)]
    mask = torch.tensor([t[2] is not None for t in batch])
    next_states = torch.cat([t[2] for t in batch if t[2] is not None])
    values = policy_net(torch.cat([t[0] for t in batch])).gather(1, torch.cat([t[1] for t in batch]))
    next_values = torch.zeros(BATCH)
    with torch.no_grad():
        next_values[mask] = target_net(next_states).max(1)[0]
    expected = next_values * GAMMA + torch.cat([t[3] for t in batch])
    loss = nn.SmoothL1Loss()(values, expected.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()


for episode in range(12):
    state, t = torch.tensor([env.reset()]), 0
    state = state.float()
    while True:
        action = select_action(state)
        observation, reward, terminated = env.step(action.item())
        next_state = None if terminated else torch.tensor([observation], dtype=torch.float32)
        memory.append((state, action, next_state, torch.tensor([float(reward)])))
        if next_state is not None:
            state = next_state
        optimize_model()
        target, policy = target_net.state_dict(), policy_net.state_dict()
        for key in policy:
            target[key] = policy[key] * TAU + target[key] * (1 - TAU)
        target_net.load_state_dict(target)
        t += 1
        if terminated:
            durations.append(t)
            break
print(*durations)
print(*[f'{q:.4f}' for q in policy_net(torch.tensor([[0.01, 0.02, -0.01, 0.03]]))[0].tolist()])
