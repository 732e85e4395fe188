import copy
import math
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from mnist_data import mnist

T = 50
betas = torch.linspace(1e-4, 0.04, T)
alphas = 1 - betas
alphas_cumprod = torch.cumprod(alphas, 0)
alphas_cumprod_prev = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
sqrt_ac = torch.sqrt(alphas_cumprod)
sqrt_omac = torch.sqrt(1 - alphas_cumprod)
posterior_variance = betas * (1 - alphas_cumprod_prev) / (1 - alphas_cumprod)


def extract(a, t, shape):
    return a.gather(-1, t).reshape(t.shape[0], *((1,) * (len(shape) - 1)))


class SinusoidalPositionEmbeddings(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, time):
        half = self.dim // 2
        emb = torch.exp(torch.arange(half) * -(math.log(10000) / (half - 1)))
        emb = time[:, None] * emb[None, :]
        return torch.cat((emb.sin(), emb.cos()), dim=-1)


class ResBlock(nn.Module):
    def __init__(self, i, o, t):
        super().__init__()
        self.norm1 = nn.GroupNorm(4, i)
        self.conv1 = nn.Conv2d(i, o, 3, padding=1)
        self.time_mlp = nn.Linear(t, o)
        self.norm2 = nn.GroupNorm(4, o)
        self.conv2 = nn.Conv2d(o, o, 3, padding=1)
        self.skip = nn.Identity() if i == o else nn.Conv2d(i, o, 1)

    def forward(self, x, t):
        h = self.conv1(F.silu(self.norm1(x)))
        h = h + self.time_mlp(F.silu(t))[..., None, None]
        return self.conv2(F.silu(self.norm2(h))) + self.skip(x)


class SelfAttention(nn.Module):
    def __init__(self, ch):
        super().__init__()
        self.norm = nn.GroupNorm(4, ch)
        self.mha = nn.MultiheadAttention(ch, 4, batch_first=True)

    def forward(self, x):
        b, c, h, w = x.shape
        y = self.norm(x).view(b, c, h * w).swapaxes(1, 2)
        a, _ = self.mha(y, y, y)
        return x + a.swapaxes(1, 2).view(b, c, h, w)


class UNet(nn.Module):
    def __init__(self, ch=16, t=64):
        super().__init__()
        self.time_mlp = nn.Sequential(SinusoidalPositionEmbeddings(32), nn.Linear(32, t), nn.SiLU(), nn.Linear(t, t))
        self.conv0 = nn.Conv2d(1, ch, 3, padding=1)
        self.down1 = ResBlock(ch, ch, t)
        self.pool1 = nn.Conv2d(ch, ch, 4, 2, 1)
        self.down2 = ResBlock(ch, ch * 2, t)
        self.attn = SelfAttention(ch * 2)
        self.up = nn.Sequential(nn.Upsample(scale_factor=2, mode='nearest'), nn.Conv2d(ch * 2, ch, 3, padding=1))
        self.up1 = ResBlock(ch * 2, ch, t)
        self.out = nn.Conv2d(ch, 1, 1)

    def forward(self, x, time):
        t = self.time_mlp(time)
        x = self.conv0(x)
        h = self.down1(x, t)
        x = self.attn(self.down2(self.pool1(h), t))
        return self.out(self.up1(torch.cat((self.up(x), h), dim=1), t))


def q_sample(x, t, noise):
    return extract(sqrt_ac, t, x.shape) * x + extract(sqrt_omac, t, x.shape) * noise


@torch.no_grad()
def p_sample(model, x, t, index):
    mean = extract(alphas.rsqrt(), t, x.shape) * (x - extract(betas, t, x.shape) * model(x, t) / extract(sqrt_omac, t, x.shape))
    if index == 0:
        return mean
    return mean + torch.sqrt(extract(posterior_variance, t, x.shape)) * torch.randn_like(x)


torch.manual_seed(0)
images = F.interpolate(mnist(True, 384)[0] * 0.3081 + 0.1307, size=(16, 16), mode='bilinear', align_corners=False) * 2 - 1
loader = DataLoader(TensorDataset(images), batch_size=64, shuffle=True)
model = UNet()
ema = copy.deepcopy(model).requires_grad_(False)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(3):
    total = 0
    for batch, in loader:
        optimizer.zero_grad()
        t = torch.randint(0, T, (batch.size(0),)).long()
        noise = torch.randn_like(batch)
        loss = F.smooth_l1_loss(noise, model(q_sample(batch, t, noise), t))
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for e, p in zip(ema.parameters(), model.parameters()):
                e.mul_(0.99).add_(p, alpha=0.01)
        total += loss.item()
    print(f'epoch {epoch} loss {total / len(loader):.4f}')
img = torch.randn(8, 1, 16, 16)
for i in reversed(range(T)):
    img = p_sample(ema, img, torch.full((8,), i), i)
print('sample', list(img.shape), 'mean', f'{img.mean().item():.3f}', 'data mean', f'{images.mean().item():.3f}',
      'std', f'{img.std().item():.3f}', f'{images.std().item():.3f}')
