import torch
import torch.nn as nn
import torch.nn.functional as F

# The CPU of PyTorch 1.13 multiplies no matrices of float16: what is stored in it is rounded, what is computed with is float32.
r = lambda t: t.half().float()


class Half(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return r(x)

    @staticmethod
    def backward(ctx, g):
        return r(g)


half = Half.apply
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.01)
X = torch.randn(256, 64)
Y = X.mean(1, keepdim=True)
for epoch in range(60):
    h = half(X)
    for i in (0, 2, 4):
        h = half(F.linear(h, half(net[i].weight), half(net[i].bias)))
        h = h.relu() if i < 4 else h
    loss = F.mse_loss(h, Y)
    (loss * 65536.0).backward()
    for p in net.parameters():
        p.grad.div_(65536.0)
    nn.utils.clip_grad_norm_(net.parameters(), max_norm=0.5)
    opt.step()
    opt.zero_grad()
    if epoch % 20 == 19:
        print(f'{epoch} float16 {loss.item():.5f} 65536')
