import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.prune as prune
from torch.utils.data import DataLoader, Subset, SubsetRandomSampler, TensorDataset

torch.manual_seed(0)
X = torch.randn(200, 8)
y = (X[:, 0] + X[:, 1] ** 2 > 0.8).long()
make = lambda: nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2))
mixed = make()
optimizer = torch.optim.SGD(mixed.parameters(), lr=0.1, momentum=0.9)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
for i in range(1, 31):
    lam, index = torch.rand(1), torch.randperm(X.size(0))
    mixed_x = lam * X + (1 - lam) * X[index]
    soft = lam * F.one_hot(y, 2).float() + (1 - lam) * F.one_hot(y[index], 2).float()
    loss = criterion(mixed(mixed_x), soft)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 15 == 0:
        print('mixup', f'{loss.item():.4f}')


class BayesLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight_mu = nn.Parameter(torch.randn(o, i) * 0.1)
        self.weight_rho = nn.Parameter(torch.randn(o, i) * 0.1 - 3)

    def forward(self, x):
        sigma = torch.log(1 + torch.exp(self.weight_rho))
        w = self.weight_mu + sigma * torch.randn_like(sigma)
        self.kl = ((sigma ** 2 + self.weight_mu ** 2 - 1) / 2 - torch.log(sigma)).sum()
        return F.linear(x, w)


bayes = nn.Sequential(BayesLinear(8, 16), nn.Tanh(), BayesLinear(16, 2))
optimizer = torch.optim.Adam(bayes.parameters(), lr=1e-2)
for i in range(1, 41):
    nll = F.cross_entropy(bayes(X), y, reduction='sum')
    kl = bayes[0].kl + bayes[2].kl
    loss = nll + 0.01 * kl
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 20 == 0:
        print('bayes', f'{nll.item():.2f}', f'{kl.item():.2f}')


def pgd(model, x, y, eps=0.2, alpha=0.1):
    adv = x.clone().detach()
    for _ in range(3):
        adv.requires_grad_()
        F.cross_entropy(model(adv), y).backward()
        step = adv.detach() + alpha * adv.grad.sign()
        adv = (x + torch.clamp(step - x, min=-eps, max=eps)).detach()
    return adv


robust = make()
optimizer = torch.optim.SGD(robust.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
for i in range(1, 21):
    adv = pgd(robust, X, y)
    optimizer.zero_grad()
    loss = F.cross_entropy(robust(adv), y)
    loss.backward()
    optimizer.step()
    if i % 10 == 0:
        print('pgd', f'{loss.item():.4f}')
pruned = copy.deepcopy(robust)
for module in pruned.modules():
    if isinstance(module, nn.Linear):
        prune.l1_unstructured(module, name='weight', amount=0.5)
print(*[n for n, _ in [*pruned[0].named_buffers(), *pruned[0].named_parameters()]])
everywhere = copy.deepcopy(robust)
prune.global_unstructured([(everywhere[0], 'weight'), (everywhere[2], 'weight')], pruning_method=prune.L1Unstructured, amount=0.2)
print('zeros', (everywhere[0].weight == 0).sum().item(), (everywhere[2].weight == 0).sum().item())
prune.remove(pruned[0], 'weight')
print('zeros', (pruned[0].weight == 0).sum().item(), 'of', pruned[0].weight.numel())
train = TensorDataset(X[:160], y[:160])
stopped = make()
optimizer = torch.optim.Adam(stopped.parameters(), lr=0.02, foreach=False)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode='min', factor=0.5, patience=2)
best, bad, best_state = float('inf'), 0, copy.deepcopy(stopped.state_dict())
for epoch in range(30):
    if bad >= 5:
        break
    for bx, by in DataLoader(train, batch_size=32, shuffle=True, num_workers=0):
        optimizer.zero_grad()
        F.cross_entropy(stopped(bx), by).backward()
        optimizer.step()
    with torch.no_grad():
        val_loss = F.cross_entropy(stopped(X[160:]), y[160:]).item()
    scheduler.step(val_loss)
    if val_loss < best - 1e-3:
        best, bad, best_state = val_loss, 0, copy.deepcopy(stopped.state_dict())
    else:
        bad += 1
print('best', f'{best:.3f}', 'lr', optimizer.param_groups[0]['lr'])
dataset = TensorDataset(X, y)
model = make()


def reset_weights(m):
    if isinstance(m, nn.Linear):
        m.reset_parameters()


for fold in range(2):
    test_ids, train_ids = [i for i in range(200) if i % 2 == fold], [i for i in range(200) if i % 2 != fold]
    trainloader = DataLoader(dataset, batch_size=20, sampler=SubsetRandomSampler(train_ids))
    model.apply(reset_weights)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    for bx, by in trainloader:
        sgd.zero_grad()
        F.cross_entropy(model(bx), by).backward()
        sgd.step()
    testloader = DataLoader(Subset(dataset, test_ids), batch_size=50)
    total = sum(F.cross_entropy(model(bx), by).item() for bx, by in testloader)
    print('fold', fold, f'{total / len(testloader):.4f}')
