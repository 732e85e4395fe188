import torch
from torch.utils.data import ConcatDataset, DataLoader, IterableDataset, Subset, TensorDataset, WeightedRandomSampler, random_split

torch.manual_seed(0)
targets = [0 if i < 90 else 1 for i in range(100)]
full = TensorDataset(torch.randn(100, 2), torch.tensor(targets))
train, val = random_split(full, [80, 20], generator=torch.Generator().manual_seed(42))
print(len(train), len(val), train.indices[:5])
print(*[f'{v:.4f}' for v in Subset(train, [0, 2, 4])[1][0].tolist()])
weights = [1 / [90, 10][t] for t in targets]
sampler = WeightedRandomSampler(weights, len(weights), replacement=True)
ones = n = 0
for _, y in DataLoader(full, batch_size=20, sampler=sampler):
    ones += y.sum().item()
    n += y.size(0)
print('share of the rare class', ones / n)
both = ConcatDataset([train, val])
print('together', len(both))
for x, y in DataLoader(both, batch_size=50, shuffle=True, drop_last=True):
    print(f'{x.sum().item():.4f}', y.sum().item())


class Squares(IterableDataset):
    def __iter__(self):
        for i in range(7):
            yield {'x': i, 'y': i * i}


for batch in DataLoader(Squares(), batch_size=3):
    print(batch['x'].tolist(), batch['y'].tolist())
