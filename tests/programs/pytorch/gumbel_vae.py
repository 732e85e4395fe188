import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from mnist_data import mnist

L, C = 10, 8


class VAEGumbel(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, L * C))
        self.dec = nn.Sequential(nn.Linear(L * C, 128), nn.ReLU(), nn.Linear(128, 784), nn.Sigmoid())

    def forward(self, x, temp, hard):
        q = self.enc(x.view(-1, 784))
        q_y = q.view(-1, L, C)
        z = F.gumbel_softmax(q_y, tau=temp, hard=hard, dim=-1).view(-1, L * C)
        return self.dec(z), F.softmax(q_y, dim=-1).reshape(*q.size())


torch.manual_seed(1)
images = (mnist(True, 1600)[0] * 0.3081 + 0.1307).clamp(0, 1)
model = VAEGumbel()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
temp = 1
for epoch in range(1, 4):
    total = 0
    for x, in DataLoader(TensorDataset(images), batch_size=100, shuffle=True):
        recon, qy = model(x, temp, True)
        bce = F.binary_cross_entropy(recon, x.view(-1, 784), reduction='sum') / x.shape[0]
        kld = torch.sum(qy * torch.log(qy * C + 1e-20), dim=-1).mean()
        loss = bce + kld
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    temp = max(temp * math.exp(-0.03 * epoch), 0.5)
    print(f'epoch {epoch} loss {total / 16:.3f} temp {temp:.3f}')
