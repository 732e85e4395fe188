import copy
import io
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset
from mnist_data import mnist

train = TensorDataset(*mnist(True, 640))


def build():
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 10))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    return model, optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, total_steps=40)


def run(parts, start, stop_at):
    model, optimizer, scheduler = parts
    done = start[0] * 20 + start[1]
    for epoch in range(start[0], 2):
        loader = DataLoader(train, batch_size=32, shuffle=True, generator=torch.Generator().manual_seed(100 + epoch))
        for step, (x, y) in enumerate(loader):
            if epoch == start[0] and step < start[1]:
                continue
            model.train()
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            done += 1
            if done == stop_at:
                return epoch, done - epoch * 20


fingerprint = lambda model: [p.double().sum().item() for p in model.parameters()]
torch.manual_seed(0)
whole = build()
run(whole, (0, 0), None)
torch.manual_seed(0)
first = build()
at = run(first, (0, 0), 27)
file = io.BytesIO()
torch.save({'at': at, 'parts': [p.state_dict() for p in first], 'rng': torch.get_rng_state()}, file)
print('stopped at', *at)
torch.manual_seed(999)
second = build()
file.seek(0)
checkpoint = torch.load(file)
for part, state in zip(second, checkpoint['parts']):
    part.load_state_dict(state)
torch.set_rng_state(checkpoint['rng'])
run(second, checkpoint['at'], None)
print('the same:', str(fingerprint(whole[0]) == fingerprint(second[0])).lower(),
      'lr', str(whole[2].get_last_lr() == second[2].get_last_lr()).lower())
