import copy
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset
from mnist_data import mnist

torch.manual_seed(0)
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-5, momentum=0.9)
loader = DataLoader(TensorDataset(*mnist(True, 3200)), batch_size=32, shuffle=True)
saved = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda i: (10 / 1e-5) ** (i / 100))
history, best, avg, i = [], float('inf'), 0, 0
for x, y in loader:
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    lr = scheduler.get_last_lr()[0]
    scheduler.step()
    avg = 0.95 * avg + 0.05 * loss.item()
    i += 1
    smooth = avg / (1 - 0.95 ** i)
    history.append((lr, smooth))
    best = min(best, smooth)
    if smooth > 4 * best or i >= 100:
        break
slope = [history[j][1] - history[j - 1][1] if j else 0 for j in range(len(history))]
print('stopped after', i, 'steepest at lr', f'{history[slope.index(min(slope))][0]:.2e}')
model.load_state_dict(saved[0])
optimizer.load_state_dict(saved[1])
x, y = mnist(True, 100)
print('lr after restoring', f"{optimizer.param_groups[0]['lr']:.2e}", 'loss', f'{criterion(model(x), y).item():.4f}')
