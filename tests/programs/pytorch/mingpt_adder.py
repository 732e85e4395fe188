import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

ndigit = 1


class Addition(Dataset):
    def __init__(self, split):
        num = (10 ** ndigit) ** 2
        order = [i * 37 % num for i in range(num)]
        test = min(int(num * 0.2), 500)
        self.split = split
        self.ixes = order[:test] if split == 'test' else order[test:]

    def __len__(self):
        return len(self.ixes)

    def __getitem__(self, idx):
        a, b = divmod(self.ixes[idx], 10 ** ndigit)
        text = f'{a:0{ndigit}d}{b:0{ndigit}d}' + f'{a + b:0{ndigit + 1}d}'[::-1]
        dix = [int(s) for s in text]
        x, y = torch.tensor(dix[:-1]), torch.tensor(dix[1:])
        y[:ndigit * 2 - 1] = -1
        return x, y


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(10, 48)
        self.wpe = nn.Embedding(3 * ndigit + 1, 48)
        layer = nn.TransformerEncoderLayer(48, 3, 192, dropout=0, activation='gelu', batch_first=True, norm_first=True)
        self.h = nn.TransformerEncoder(layer, 2)
        self.ln_f = nn.LayerNorm(48)
        self.head = nn.Linear(48, 10, bias=False)

    def forward(self, idx, targets=None):
        t = idx.size(1)
        mask = torch.triu(torch.full((t, t), float('-inf')), diagonal=1)
        logits = self.head(self.ln_f(self.h(self.wte(idx) + self.wpe(torch.arange(t)), mask=mask)))
        loss = None
        if targets is not None:
            loss = nn.functional.cross_entropy(logits.view(-1, 10), targets.view(-1), ignore_index=-1)
        return logits, loss


torch.manual_seed(3407)
train, test = Addition('train'), Addition('test')
loader = DataLoader(train, batch_size=20, sampler=RandomSampler(train, replacement=True, num_samples=1000))
model = GPT()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.1)
for it, (x, y) in enumerate(loader):
    _, loss = model(x, y)
    model.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1)
    optimizer.step()
    if it % 10 == 0:
        print(f'iter {it}: train loss {loss.item():.5f}')
