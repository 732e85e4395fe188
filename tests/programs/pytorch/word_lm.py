import math
import torch
import torch.nn as nn

text = 'the cat sat on the mat . the dog sat on the log . the cat saw the dog . the dog saw the cat . <eos> ' * 60
words = text.strip().split(' ')
vocabulary = list(dict.fromkeys(words))
ids = torch.tensor([vocabulary.index(w) for w in words])


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    return data.narrow(0, 0, nbatch * bsz).view(bsz, -1).t().contiguous()


class RNNModel(nn.Module):
    def __init__(self, ntoken, ninp, nhid, nlayers, dropout=0.5, tie_weights=False):
        super().__init__()
        self.ntoken, self.nhid, self.nlayers = ntoken, nhid, nlayers
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn = nn.LSTM(ninp, nhid, nlayers, dropout=dropout)
        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)

    def forward(self, x, hidden):
        output, hidden = self.rnn(self.drop(self.encoder(x)), hidden)
        decoded = self.decoder(self.drop(output)).view(-1, self.ntoken)
        return nn.functional.log_softmax(decoded, dim=1), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        return weight.new_zeros(self.nlayers, bsz, self.nhid), weight.new_zeros(self.nlayers, bsz, self.nhid)


torch.manual_seed(1111)
bptt = 35
train_data = batchify(ids, 8)
model = RNNModel(len(vocabulary), 32, 32, 2, 0.0, True)
print(*[n for n, _ in model.named_parameters()])
criterion = nn.NLLLoss()
for epoch in range(1, 7):
    model.train()
    total = batches = 0
    hidden = model.init_hidden(8)
    for i in range(0, train_data.size(0) - 1, bptt):
        seq_len = min(bptt, len(train_data) - 1 - i)
        data, targets = train_data[i:i + seq_len], train_data[i + 1:i + 1 + seq_len].view(-1)
        model.zero_grad()
        hidden = tuple(h.detach() for h in hidden)
        output, hidden = model(data, hidden)
        loss = criterion(output, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-5)
        total += loss.item()
        batches += 1
    if epoch % 2 == 0:
        print(f'epoch {epoch} loss {total / batches:.3f} ppl {math.exp(total / batches):.2f}')
model.eval()
hidden = model.init_hidden(1)
x = torch.randint(len(vocabulary), (1, 1))
out = []
with torch.no_grad():
    for _ in range(20):
        output, hidden = model(x, hidden)
        word = torch.multinomial(output.squeeze().div(0.5).exp(), 1)[0]
        x.fill_(word)
        out.append(vocabulary[word])
print(' '.join(out))
