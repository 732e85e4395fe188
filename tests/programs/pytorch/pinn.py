import torch
import torch.nn as nn


class FCN(nn.Module):
    def __init__(self, i, o, h, layers):
        super().__init__()
        self.fcs = nn.Sequential(nn.Linear(i, h), nn.Tanh())
        self.fch = nn.Sequential(*[nn.Sequential(nn.Linear(h, h), nn.Tanh()) for _ in range(layers - 1)])
        self.fce = nn.Linear(h, o)

    def forward(self, x):
        return self.fce(self.fch(self.fcs(x)))


torch.manual_seed(123)
pinn = FCN(1, 1, 32, 3)
t_boundary = torch.tensor(0.).view(-1, 1).requires_grad_(True)
t_physics = torch.linspace(0, 1, 30).view(-1, 1).requires_grad_(True)
mu, k = 4, 400
optimiser = torch.optim.Adam(pinn.parameters(), lr=1e-3)
for i in range(301):
    optimiser.zero_grad()
    u = pinn(t_boundary)
    loss1 = (torch.squeeze(u) - 1) ** 2
    dudt = torch.autograd.grad(u, t_boundary, torch.ones_like(u), create_graph=True)[0]
    loss2 = (torch.squeeze(dudt) - 0) ** 2
    u = pinn(t_physics)
    dudt = torch.autograd.grad(u, t_physics, torch.ones_like(u), create_graph=True)[0]
    d2udt2 = torch.autograd.grad(dudt, t_physics, torch.ones_like(dudt), create_graph=True)[0]
    loss3 = torch.mean((d2udt2 + mu * dudt + k * u) ** 2)
    loss = loss1 + 1e-1 * loss2 + 1e-4 * loss3
    loss.backward()
    optimiser.step()
    if i % 100 == 0:
        print(f'pinn {i} loss {loss.item():.5f}')


class HNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 1, bias=False))

    def forward(self, x):
        return self.net(x)

    def time_derivative(self, x):
        dH = torch.autograd.grad(self(x).sum(), x, create_graph=True)[0]
        return torch.stack([dH[:, 1], -dH[:, 0]], 1)


hnn = HNN()
opt = torch.optim.Adam(hnn.parameters(), lr=1e-2)
for i in range(100):
    x = (torch.rand(64, 2) * 2 - 1).requires_grad_()
    dx = (torch.stack([x[:, 1], -x[:, 0]], 1) * 2).detach()
    loss = (hnn.time_derivative(x) - dx).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 50 == 49:
        print(f'hnn {i + 1} loss {loss.item():.3e}')
