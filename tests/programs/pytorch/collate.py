import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

syllables = {'ja': ['ka', 'shi', 'mo', 'ta', 'no', 'yu'], 'it': ['ello', 'ino', 'gia', 'rossi', 'bi'],
             'cz': ['ek', 'kov', 'ova', 'cz', 'pr']}
langs = list(syllables)
state = 7


def nxt(n):
    global state
    state = (state * 16807) % 2147483647
    return state % n


samples = []
for i in range(300):
    lang = langs[i % 3]
    samples.append((''.join(syllables[lang][nxt(len(syllables[lang]))] for _ in range(1 + nxt(4))), lang))


class Names(Dataset):
    def __len__(self):
        return len(samples)

    def __getitem__(self, i):
        name, lang = samples[i]
        return torch.tensor([ord(c) - 96 for c in name]), langs.index(lang)


def collate_fn(batch):
    batch.sort(key=lambda b: -b[0].size(0))
    return (pad_sequence([x for x, _ in batch], batch_first=True), [x.size(0) for x, _ in batch],
            torch.tensor([y for _, y in batch]))


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(27, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(64, 3)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True)
        output, (h, _) = self.lstm(packed)
        padded, lens = pad_packed_sequence(output, batch_first=True)
        mask = lens.unsqueeze(1) > torch.arange(padded.size(1))
        mean = (padded * mask.unsqueeze(2)).sum(1) / lens.unsqueeze(1)
        return self.fc(mean + h.transpose(0, 1).reshape(-1, 64))


torch.manual_seed(0)
loader = DataLoader(Names(), batch_size=20, shuffle=True, collate_fn=collate_fn)
model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(4):
    total = correct = 0
    for x, lengths, y in loader:
        out = model(x, lengths)
        loss = nn.functional.cross_entropy(out, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        correct += (out.argmax(1) == y).sum().item()
    print(f'epoch {epoch} loss {total / len(loader):.4f} acc {correct / 300:.3f}')
