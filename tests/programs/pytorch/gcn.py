import torch
import torch.nn as nn
import torch.nn.functional as F


class GraphConv(nn.Module):
    def __init__(self, i, o, use_bias=False):
        super().__init__()
        self.kernel = nn.Parameter(torch.zeros(i, o))
        nn.init.xavier_normal_(self.kernel)
        self.bias = nn.Parameter(torch.zeros(o)) if use_bias else None

    def forward(self, x, adj):
        out = adj.mm(x.mm(self.kernel))
        return out if self.bias is None else out + self.bias


class GCN(nn.Module):
    def __init__(self, i, h, o):
        super().__init__()
        self.gc1 = GraphConv(i, h, True)
        self.gc2 = GraphConv(h, o, True)

    def forward(self, x, adj):
        return F.log_softmax(self.gc2(F.relu(self.gc1(x, adj)), adj), dim=1)


torch.manual_seed(0)
n = 200
labels = torch.arange(n) % 4
same = labels.unsqueeze(0) == labels.unsqueeze(1)
adj = (torch.rand(n, n) < same.float() * 0.09 + 0.01).float()
adj = torch.maximum(adj, adj.t()) + torch.eye(n)
d = adj.sum(1).pow(-0.5)
adj = d.unsqueeze(1) * adj * d.unsqueeze(0)
features = torch.eye(n)
gcn = GCN(n, 16, 4)
optimizer = torch.optim.Adam(gcn.parameters(), lr=0.01, weight_decay=5e-4)
for epoch in range(40):
    gcn.train()
    optimizer.zero_grad()
    output = gcn(features, adj)
    loss = nn.NLLLoss()(output[:40], labels[:40])
    loss.backward()
    optimizer.step()
    if epoch % 10 == 9:
        gcn.eval()
        with torch.no_grad():
            acc = (gcn(features, adj).argmax(1)[40:] == labels[40:]).float().mean()
        print(f'epoch {epoch} loss {loss.item():.4f} test acc {acc.item():.3f}')
