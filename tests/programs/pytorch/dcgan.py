import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset
from mnist_data import mnist

nz, ngf, ndf, nc = 32, 16, 16, 1


def weights_init(m):
    name = m.__class__.__name__
    if 'Conv' in name:
        nn.init.normal_(m.weight, 0.0, 0.02)
    elif 'BatchNorm' in name:
        nn.init.normal_(m.weight, 1.0, 0.02)
        nn.init.zeros_(m.bias)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 4, 4, 1, 0, bias=False), nn.BatchNorm2d(ngf * 4), nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(ngf * 2), nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False), nn.BatchNorm2d(ngf), nn.ReLU(True),
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, x):
        return self.main(x)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(ndf * 2), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, ndf * 4, 4, 2, 1, bias=False), nn.BatchNorm2d(ndf * 4), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 4, 1, 4, 1, 0, bias=False), nn.Sigmoid())

    def forward(self, x):
        return self.main(x).view(-1, 1).squeeze(1)


torch.manual_seed(999)
netG = Generator()
netG.apply(weights_init)
netD = Discriminator()
netD.apply(weights_init)
print(netG)
print('conv std', f"{netG.get_parameter('main.0.weight').std().item():.6f}")
images, _ = mnist(True, 512)
real = nn.functional.pad(images * 0.3081 + 0.1307, (2, 2, 2, 2)) * 2 - 1
dataloader = DataLoader(TensorDataset(real), batch_size=64, shuffle=True)
criterion = nn.BCELoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=0.0002, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=0.0002, betas=(0.5, 0.999))
for epoch in range(2):
    for i, (real_cpu,) in enumerate(dataloader):
        netD.zero_grad()
        label = torch.full((real_cpu.size(0),), 1.)
        output = netD(real_cpu)
        err_real = criterion(output, label)
        err_real.backward()
        d_x = output.mean()
        fake = netG(torch.randn(real_cpu.size(0), nz, 1, 1))
        label.fill_(0)
        output = netD(fake.detach())
        err_fake = criterion(output, label)
        err_fake.backward()
        z1 = output.mean()
        err_d = err_real + err_fake
        optimizerD.step()
        netG.zero_grad()
        label.fill_(1)
        output = netD(fake)
        err_g = criterion(output, label)
        err_g.backward()
        z2 = output.mean()
        optimizerG.step()
        if i % 4 == 0:
            print(f'[{epoch}/2][{i}/{len(dataloader)}] Loss_D: {err_d.item():.4f} Loss_G: {err_g.item():.4f} '
                  f'D(x): {d_x.item():.4f} D(G(z)): {z1.item():.4f} / {z2.item():.4f}')
