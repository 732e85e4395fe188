import torch
import torch.nn as nn
import torch.nn.functional as F


class Expert(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(n, 2 * n), nn.ReLU(), nn.Linear(2 * n, n))

    def forward(self, x):
        return self.net(x)


class NoisyTopkRouter(nn.Module):
    def __init__(self, n, experts, k):
        super().__init__()
        self.k = k
        self.route, self.noise = nn.Linear(n, experts), nn.Linear(n, experts)

    def forward(self, x):
        logits = self.route(x)
        noisy = logits + torch.randn_like(logits) * F.softplus(self.noise(x))
        top, indices = noisy.topk(self.k, dim=-1)
        sparse = torch.full_like(noisy, float('-inf')).scatter(-1, indices, top)
        return F.softmax(sparse, dim=-1), indices


class SparseMoE(nn.Module):
    def __init__(self, n, experts, k):
        super().__init__()
        self.router = NoisyTopkRouter(n, experts, k)
        self.experts = nn.ModuleList([Expert(n) for _ in range(experts)])

    def forward(self, x):
        gating, indices = self.router(x)
        final = torch.zeros_like(x)
        flat_x, flat_gating = x.view(-1, x.size(-1)), gating.view(-1, gating.size(-1))
        for i, expert in enumerate(self.experts):
            mask = (indices == i).any(dim=-1).view(-1)
            if mask.any():
                scores = flat_gating[mask][:, i].unsqueeze(1)
                final.view(-1, x.size(-1)).index_add_(0, mask.nonzero().squeeze(1), expert(flat_x[mask]) * scores)
        load = flat_gating.mean(0)
        return final, (load * load).sum() * load.size(0)


torch.manual_seed(0)
moe = SparseMoE(8, 4, 2)
x = torch.randn(4, 10, 8)
target = x.flip(-1).tanh()
optimizer = torch.optim.Adam(moe.parameters(), lr=1e-2)
for step in range(1, 41):
    out, balance = moe(x)
    loss = F.mse_loss(out, target) + 0.01 * balance
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(step, f'{loss.item():.4f}', f'{balance.item():.3f}')
