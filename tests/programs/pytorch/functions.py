import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class BinarizeSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sign()

    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        grad = grad.clone()
        grad[x.abs() > 1] = 0
        return grad


class GradientReversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.alpha = alpha
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -grad * ctx.alpha, None


class Legendre(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 0.5 * (5 * x ** 3 - 3 * x)

    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return grad * 1.5 * (5 * x ** 2 - 1)


torch.manual_seed(0)
x64 = torch.randn(4, dtype=torch.float64, requires_grad=True)
print('gradcheck', str(torch.autograd.gradcheck(Legendre.apply, x64)).lower())


class BinaryLinear(nn.Linear):
    def forward(self, x):
        return F.linear(x, BinarizeSTE.apply(self.weight), self.bias)


net = nn.Sequential(BinaryLinear(2, 32), nn.BatchNorm1d(32), nn.Hardtanh(), BinaryLinear(32, 2))
X = torch.randn(256, 2)
Y = (X[:, 0] * X[:, 1] > 0).long()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for i in range(20):
    loss = F.cross_entropy(net(X), Y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 10 == 9:
        print('binary', f'{loss.item():.4f}', net(X).argmax(1).eq(Y).float().mean().item())
feature = nn.Sequential(nn.Linear(2, 16), nn.ReLU())
label, domain = nn.Linear(16, 2), nn.Linear(16, 2)
source, target = torch.randn(128, 2), torch.randn(128, 2) + torch.tensor([3.0, 0])
source_y = (source[:, 1] > 0).long()
opt = torch.optim.Adam([*feature.parameters(), *label.parameters(), *domain.parameters()], lr=1e-2)
for i in range(300):
    alpha = 2 / (1 + math.exp(-10 * i / 300)) - 1
    f = feature(torch.cat([source, target]))
    class_loss = F.cross_entropy(label(f[:128]), source_y)
    domain_loss = F.cross_entropy(domain(GradientReversal.apply(f, alpha)), torch.cat([torch.zeros(128), torch.ones(128)]).long())
    opt.zero_grad()
    (class_loss + domain_loss).backward()
    opt.step()
    if i % 100 == 99:
        print('dann class', f'{class_loss.item():.4f}', 'domain', f'{domain_loss.item():.4f}')
