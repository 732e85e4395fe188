import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from mnist_data import mnist


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, 1)
        self.conv2 = nn.Conv2d(32, 64, 3, 1)
        self.dropout1 = nn.Dropout(0.0)
        self.dropout2 = nn.Dropout(0.0)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = torch.flatten(x, 1)
        x = self.dropout2(F.relu(self.fc1(x)))
        return F.log_softmax(self.fc2(x), dim=1)


torch.manual_seed(1)
train_set = TensorDataset(*mnist(True, 1280))
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
test_loader = DataLoader(TensorDataset(*mnist(False, 500)), batch_size=500)
model = Net()
optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
for epoch in (1, 2):
    model.train()
    for batch, (x, target) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = F.nll_loss(model(x), target)
        loss.backward()
        optimizer.step()
        if batch % 5 == 0:
            print(f'Train Epoch: {epoch} [{batch * len(x)}/{len(train_set)}]\tLoss: {loss.item():.6f}')
    model.eval()
    test_loss = correct = 0
    with torch.no_grad():
        for x, target in test_loader:
            output = model(x)
            test_loss += F.nll_loss(output, target, reduction='sum').item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    print(f'Test set: Average loss: {test_loss / 500:.4f}, Accuracy: {correct}/500')
    scheduler.step()
print('lr', f'{scheduler.get_last_lr()[0]:.4f}')
