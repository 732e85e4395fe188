import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, update_bn
from torch.utils.data import DataLoader, TensorDataset
from mnist_data import mnist

torch.manual_seed(0)
net = lambda: nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(288, 10))
loader = DataLoader(TensorDataset(*mnist(True, 500)), batch_size=50, shuffle=True)
test_x, test_y = mnist(False, 200)
model = net()
swa_model = AveragedModel(model)
ema_model = AveragedModel(model, avg_fn=lambda avg, p, n: 0.95 * avg + 0.05 * p)
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=3)
for epoch in range(5):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        ema_model.update_parameters(model)
    if epoch > 2:
        swa_model.update_parameters(model)
    else:
        scheduler.step()
update_bn(loader, swa_model)
update_bn(loader, ema_model)
for name, m in {'model': model, 'swa': swa_model, 'ema': ema_model}.items():
    m.eval()
    with torch.no_grad():
        print(name, f'{F.cross_entropy(m(test_x), test_y).item():.4f}')
print(*list(swa_model.state_dict())[:4], swa_model.n_averaged.item())
