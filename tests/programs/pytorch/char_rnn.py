import torch
import torch.nn as nn

data = {'Italian': 'rossi bianchi romano ricci greco bruno'.split(), 'Japanese': 'sato suzuki tanaka ito kato yamada'.split(),
        'Czech': 'novak svoboda dvorak cerny prochazka kucera'.split()}
categories = list(data)
letters = 'abcdefghijklmnopqrstuvwxyz'


def line_to_tensor(line):
    t = torch.zeros(len(line), 1, len(letters))
    for i, c in enumerate(line):
        t[i][0][letters.find(c)] = 1
    return t


class RNN(nn.Module):
    def __init__(self, i, h, o):
        super().__init__()
        self.softmax = nn.LogSoftmax(dim=1)
        self.i2h = nn.Linear(i + h, h)
        self.i2o = nn.Linear(i + h, o)

    def forward(self, x, hidden):
        combined = torch.cat([x, hidden], 1)
        return self.softmax(self.i2o(combined)), self.i2h(combined).tanh()


torch.manual_seed(0)
rnn = RNN(26, 32, 3)
total = right = 0
for it in range(1, 301):
    c = it % 3
    names = data[categories[c]]
    line = line_to_tensor(names[it // 3 % len(names)])
    hidden = torch.zeros(1, 32)
    rnn.zero_grad()
    for i in range(line.size(0)):
        output, hidden = rnn(line[i], hidden)
    loss = nn.NLLLoss()(output, torch.tensor([c]))
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-0.02)
    total += loss.item()
    right += output.topk(1)[1].item() == c
    if it % 100 == 0:
        print(it, 'loss', f'{total / 100:.4f}', 'right', right / 100)
        total = right = 0
