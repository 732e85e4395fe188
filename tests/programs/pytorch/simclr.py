import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from mnist_data import mnist


def info_nce(features, batch, temperature=0.5):
    labels = torch.cat([torch.arange(batch) for _ in range(2)], dim=0)
    labels = (labels.unsqueeze(0) == labels.unsqueeze(1)).float()
    features = F.normalize(features, dim=1)
    similarity = torch.matmul(features, features.T)
    mask = torch.eye(labels.shape[0], dtype=torch.bool)
    labels = labels[~mask].view(labels.shape[0], -1)
    similarity = similarity[~mask].view(similarity.shape[0], -1)
    positives = similarity[labels.bool()].view(labels.shape[0], -1)
    negatives = similarity[~labels.bool()].view(similarity.shape[0], -1)
    logits = torch.cat([positives, negatives], dim=1)
    return logits / temperature, torch.zeros(logits.shape[0], dtype=torch.long)


def augment(x):
    n = x.size(0)
    theta = torch.eye(2).unsqueeze(0).repeat(n, 1, 1) + torch.randn(n, 2, 2) * 0.15
    grid = F.affine_grid(torch.cat([theta, torch.randn(n, 2, 1) * 0.1], 2), x.size(), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False, padding_mode='border') + torch.randn_like(x) * 0.1


torch.manual_seed(0)
images, labels = mnist(True, 512)
encoder = nn.Sequential(
    nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
    nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
head = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 32))
optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=1e-3, weight_decay=1e-4)
loader = DataLoader(TensorDataset(images), batch_size=64, shuffle=True, drop_last=True)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2 * len(loader))
for epoch in range(2):
    total = 0
    for x, in loader:
        features = head(encoder(torch.cat([augment(x), augment(x)], dim=0)))
        loss = F.cross_entropy(*info_nce(features, x.size(0)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.item()
    print(f'epoch {epoch} loss {total / len(loader):.4f}')
encoder.eval()
with torch.no_grad():
    feats = encoder(images)
probe = nn.Linear(128, 10)
opt = torch.optim.Adam(probe.parameters(), lr=1e-2)
for i in range(50):
    opt.zero_grad()
    loss = F.cross_entropy(probe(feats[:400]), labels[:400])
    loss.backward()
    opt.step()
print('probe', f'{loss.item():.4f}')
