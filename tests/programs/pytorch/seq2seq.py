import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

SOS, EOS, VOCAB, LEN, HIDDEN = 0, 1, 12, 6, 64


class EncoderRNN(nn.Module):
    def __init__(self, i, h):
        super().__init__()
        self.embedding = nn.Embedding(i, h)
        self.gru = nn.GRU(h, h, batch_first=True)

    def forward(self, x):
        return self.gru(self.embedding(x))


class BahdanauAttention(nn.Module):
    def __init__(self, h):
        super().__init__()
        self.Wa, self.Ua, self.Va = nn.Linear(h, h), nn.Linear(h, h), nn.Linear(h, 1)

    def forward(self, query, keys):
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys))).squeeze(2).unsqueeze(1)
        weights = F.softmax(scores, dim=-1)
        return torch.bmm(weights, keys), weights


class AttnDecoderRNN(nn.Module):
    def __init__(self, h, o):
        super().__init__()
        self.embedding = nn.Embedding(o, h)
        self.attention = BahdanauAttention(h)
        self.gru = nn.GRU(2 * h, h, batch_first=True)
        self.out = nn.Linear(h, o)

    def forward(self, encoder_outputs, hidden, target=None):
        x = torch.empty(encoder_outputs.size(0), 1, dtype=torch.long).fill_(SOS)
        outs = []
        for i in range(LEN + 1):
            context, _ = self.attention(hidden.permute(1, 0, 2), encoder_outputs)
            output, hidden = self.gru(torch.cat((self.embedding(x), context), dim=2), hidden)
            output = self.out(output)
            outs.append(output)
            if target is not None:
                x = target[:, i].unsqueeze(1)
            else:
                x = output.topk(1)[1].squeeze(-1).detach()
        return F.log_softmax(torch.cat(outs, dim=1), dim=-1), hidden


torch.manual_seed(0)
source = torch.randint(2, VOCAB, (320, LEN))
reversed_ = torch.cat([source.flip(1), torch.full((320, 1), EOS)], 1)
loader = DataLoader(TensorDataset(source, reversed_), batch_size=32, shuffle=True)
encoder, decoder = EncoderRNN(VOCAB, HIDDEN), AttnDecoderRNN(HIDDEN, VOCAB)
encoder_optimizer = torch.optim.Adam(encoder.parameters(), lr=3e-3)
decoder_optimizer = torch.optim.Adam(decoder.parameters(), lr=3e-3)
criterion = nn.NLLLoss()
for epoch in range(1, 5):
    total = 0
    for i, (x, target) in enumerate(loader):
        encoder_optimizer.zero_grad()
        decoder_optimizer.zero_grad()
        outputs, hidden = encoder(x)
        out, _ = decoder(outputs, hidden, target if i % 10 != 9 else None)
        loss = criterion(out.view(-1, out.size(-1)), target.view(-1))
        loss.backward()
        encoder_optimizer.step()
        decoder_optimizer.step()
        total += loss.item()
    print(f'epoch {epoch} loss {total / len(loader):.4f}')
