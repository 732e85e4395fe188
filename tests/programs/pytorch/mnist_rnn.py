import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from mnist_data import mnist


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(input_size=28, hidden_size=64, batch_first=True)
        self.batchnorm = nn.BatchNorm1d(64)
        self.fc1 = nn.Linear(64, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        output, _ = self.rnn(x.reshape(-1, 28, 28))
        return F.log_softmax(self.fc2(F.relu(self.fc1(self.batchnorm(output[:, -1, :])))), dim=1)


torch.manual_seed(1)
loader = DataLoader(TensorDataset(*mnist(True, 1280)), batch_size=64, shuffle=True)
test_x, test_y = mnist(False, 500)
model = Net()
optimizer = torch.optim.Adadelta(model.parameters(), lr=0.5)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.7)
for epoch in range(1, 4):
    model.train()
    total = 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.nll_loss(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        correct = (model(test_x).argmax(1) == test_y).sum().item()
    print(f'epoch {epoch}: loss {total / len(loader):.4f}, {correct}/500')
    scheduler.step()
