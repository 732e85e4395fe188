import math
import torch
import torch.nn as nn

torch.manual_seed(1337)
t = torch.linspace(0, math.pi, 50)
X = torch.cat([torch.stack([t.cos(), t.sin()], 1), torch.stack([1 - t.cos(), 0.5 - t.sin()], 1)]) + torch.randn(100, 2) * 0.1
y = torch.cat([torch.ones(50), -torch.ones(50)])
model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))
for k in range(100):
    scores = model(X).squeeze(1)
    losses = (1 + -y * scores).relu()
    total = losses.mean() + 1e-4 * torch.stack([(p * p).sum() for p in model.parameters()]).sum()
    model.zero_grad()
    total.backward()
    with torch.no_grad():
        for p in model.parameters():
            p.sub_(p.grad, alpha=1.0 - 0.9 * k / 100)
    if k % 25 == 24:
        acc = ((scores > 0) == (y > 0)).float().mean().item() * 100
        print(f'step {k} loss {total.item():.4f} accuracy {acc:.1f}%')
W = torch.normal(0, 0.01, (2, 2), requires_grad=True)
b = torch.zeros(2, requires_grad=True)
labels = (y > 0).long()
for epoch in range(30):
    e = (X @ W + b).exp()
    y_hat = e / e.sum(1, keepdim=True)
    l = -y_hat[torch.arange(100), labels].log().mean()
    l.backward()
    with torch.no_grad():
        for p in (W, b):
            p -= 0.5 * p.grad
            p.grad.zero_()
    if epoch % 10 == 9:
        print('d2l softmax', f'{l.item():.4f}')
