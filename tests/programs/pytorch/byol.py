import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class MLPHead(nn.Module):
    def __init__(self, i, h, o):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(i, h, bias=False), nn.BatchNorm1d(h), nn.ReLU(inplace=True), nn.Linear(h, o))

    def forward(self, x):
        return self.net(x)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(16, 32), nn.LayerNorm(32), nn.Tanh())
        self.projector = MLPHead(32, 32, 8)

    def forward(self, x):
        return self.projector(self.backbone(x))


class BYOL(nn.Module):
    def __init__(self, m=0.99):
        super().__init__()
        self.m = m
        self.online = Encoder()
        self.predictor = MLPHead(8, 16, 8)
        self.target = copy.deepcopy(self.online)
        for p in self.target.parameters():
            p.requires_grad = False

    @torch.no_grad()
    def update_target(self):
        for q, k in zip(self.online.parameters(), self.target.parameters()):
            k.data = k.data * self.m + q.data * (1. - self.m)

    def regression_loss(self, x, y):
        x, y = F.normalize(x, dim=1), F.normalize(y, dim=1)
        return 2 - 2 * (x * y).sum(dim=-1)

    def forward(self, view1, view2):
        predictions1 = self.predictor(self.online(view1))
        predictions2 = self.predictor(self.online(view2))
        with torch.no_grad():
            targets2, targets1 = self.target(view1), self.target(view2)
        return (self.regression_loss(predictions1, targets1) + self.regression_loss(predictions2, targets2)).mean()


torch.manual_seed(0)
centers = torch.randn(4, 16)
X = (torch.cat([centers] * 4, 0) + torch.randn(16, 16) * 0.1).repeat(8, 1)
labels = torch.arange(4).repeat(32)
model = BYOL()
optimizer = torch.optim.SGD([*model.online.parameters(), *model.predictor.parameters()], lr=0.03, momentum=0.9, weight_decay=4e-4)
loader = DataLoader(TensorDataset(X, labels), batch_size=32, shuffle=True, drop_last=True)
for epoch in range(1, 5):
    total = 0
    for x, _ in loader:
        loss = model(x + torch.randn_like(x) * 0.2, x + torch.randn_like(x) * 0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.update_target()
        total += loss.item()
    print(f'epoch {epoch} loss {total / len(loader):.4f}')
