import math
import torch
import torch.nn as nn

torch.manual_seed(0)
G = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0, 0.9))
a = torch.arange(8) * (math.pi / 4)
centres = torch.stack([a.cos(), a.sin()], 1)
real_batch = lambda: centres[torch.randint(8, (128,))] + torch.randn(128, 2) * 0.05


def gradient_penalty(real, fake):
    alpha = torch.rand(real.size(0), 1).expand_as(real)
    interpolates = (alpha * real + (1 - alpha) * fake).detach().requires_grad_(True)
    d = D(interpolates)
    gradients = torch.autograd.grad(outputs=d, inputs=interpolates, grad_outputs=torch.ones(d.size()),
                                    create_graph=True, retain_graph=True, only_inputs=True)[0]
    return ((gradients.view(gradients.size(0), -1).norm(2, dim=1) - 1) ** 2).mean()


for step in range(1, 51):
    for _ in range(3):
        for p in D.parameters():
            p.requires_grad = True
        real = real_batch()
        fake = G(torch.randn(128, 2)).detach()
        loss_d = D(fake).mean() - D(real).mean() + gradient_penalty(real, fake) * 1
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
    for p in D.parameters():
        p.requires_grad = False
    loss_g = -D(G(torch.randn(128, 2))).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    if step % 10 == 0:
        radius = G(torch.randn(256, 2)).norm(2, dim=1).mean()
        print(step, 'W', f'{-loss_d.item():.4f}', 'radius', f'{radius.item():.3f}')
