import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.stateless import functional_call


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))

    def forward(self, x):
        return self.net(x)


torch.manual_seed(0)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
running = 0
for it in range(1, 61):
    optimizer.zero_grad()
    meta = 0
    for _ in range(4):
        amplitude, phase = torch.rand(1) * 4.9 + 0.1, torch.rand(1) * math.pi
        xs, xq = torch.rand(10, 1) * 10 - 5, torch.rand(10, 1) * 10 - 5
        f = lambda x: (x + phase).sin() * amplitude
        params = dict(model.named_parameters())
        loss = F.mse_loss(functional_call(model, params, xs), f(xs))
        grads = torch.autograd.grad(loss, list(params.values()), create_graph=True)
        fast = {n: p - 0.01 * g for (n, p), g in zip(params.items(), grads)}
        meta = meta + F.mse_loss(functional_call(model, fast, xq), f(xq)) / 4
    meta.backward()
    optimizer.step()
    running = meta.item() if it == 1 else 0.98 * running + 0.02 * meta.item()
    if it % 20 == 0:
        print(f'iteration {it} meta loss {running:.4f}')
