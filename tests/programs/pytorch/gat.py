import torch
import torch.nn as nn
import torch.nn.functional as F


def scatter_softmax(src, index, n):
    top = torch.zeros(n).scatter_reduce(0, index, src.detach(), 'amax', include_self=False)
    e = (src - top[index]).exp()
    return e / (torch.zeros(n).scatter_add(0, index, e)[index] + 1e-16)


class GATConv(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.lin = nn.Linear(i, o, bias=False)
        self.att_src = nn.Parameter(torch.randn(o) * 0.1)
        self.att_dst = nn.Parameter(torch.randn(o) * 0.1)

    def forward(self, x, edges):
        src, dst = edges
        h = self.lin(x)
        alpha = scatter_softmax(F.leaky_relu(h.mv(self.att_src)[src] + h.mv(self.att_dst)[dst], 0.2), dst, x.size(0))
        return torch.zeros(x.size(0), h.size(1)).index_add(0, dst, h[src] * alpha.unsqueeze(1))


class GAT(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = GATConv(16, 32)
        self.c2 = GATConv(32, 4)

    def forward(self, x, e):
        return self.c2(F.elu(self.c1(x, e)), e)


torch.manual_seed(0)
n = 120
labels = torch.arange(n) % 4
p = (torch.rand(n, n) < (labels.unsqueeze(0) == labels.unsqueeze(1)).float() * 0.15 + 0.01).float()
p.fill_diagonal_(1)
edges = p.nonzero().t()
print('edges', list(edges.shape))
x = torch.randn(n, 16) + F.one_hot(labels, 16) * 1.0
model = GAT()
opt = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
for i in range(1, 61):
    out = model(x, edges)
    loss = F.cross_entropy(out[:60], labels[:60])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 20 == 0:
        print(i, f'{loss.item():.4f}', (out[60:].argmax(1) == labels[60:]).float().mean().item())
