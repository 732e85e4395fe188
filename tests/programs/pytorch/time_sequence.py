import torch
import torch.nn as nn


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm1 = nn.LSTMCell(1, 51)
        self.lstm2 = nn.LSTMCell(51, 51)
        self.linear = nn.Linear(51, 1)

    def forward(self, x, future=0):
        outputs = []
        h, c, h2, c2 = (torch.zeros(x.size(0), 51, dtype=torch.double) for _ in range(4))
        for x_t in x.split(1, dim=1):
            h, c = self.lstm1(x_t, (h, c))
            h2, c2 = self.lstm2(h, (h2, c2))
            output = self.linear(h2)
            outputs.append(output)
        for _ in range(future):
            h, c = self.lstm1(output, (h, c))
            h2, c2 = self.lstm2(h, (h2, c2))
            output = self.linear(h2)
            outputs.append(output)
        return torch.cat(outputs, dim=1)


torch.manual_seed(0)
T, L, N = 20, 100, 20
x = (torch.arange(L).unsqueeze(0) + torch.randint(-4 * T, 4 * T, (N, 1))).double()
data = (x / T).sin()
inp, target = data[3:, :-1], data[3:, 1:]
test_input, test_target = data[:3, :-1], data[:3, 1:]
seq = Sequence()
seq.double()
criterion = nn.MSELoss()
optimizer = torch.optim.LBFGS(seq.parameters(), lr=0.8)
for i in range(2):
    print('STEP: ', i)
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = criterion(seq(inp), target)
        losses.append(loss.item())
        loss.backward()
        return loss
    optimizer.step(closure)
    print(*[f'{l:.6f}' for l in losses[:4]], '..', f'{losses[-1]:.6f}')
    with torch.no_grad():
        pred = seq(test_input, future=50)
        print('test loss:', f'{criterion(pred[:, :-50], test_target).item():.6f}', list(pred.shape))
