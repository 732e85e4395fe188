import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


def double_conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(True),
                         nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(True))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.d1, self.d2, self.pool = double_conv(1, 8), double_conv(8, 16), nn.MaxPool2d(2)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.u1, self.out = double_conv(16, 8), nn.Conv2d(8, 1, 1)

    def forward(self, x):
        x1 = self.d1(x)
        y = self.up(self.d2(self.pool(x1)))
        dy, dx = x1.size(2) - y.size(2), x1.size(3) - y.size(3)
        y = F.pad(y, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.out(self.u1(torch.cat([x1, y], dim=1)))


g = torch.arange(33) - 16
centres = torch.randint(-8, 9, (32, 2)).float()
masks = torch.stack([(((g.view(-1, 1) - c[0]) ** 2 + (g.view(1, -1) - c[1]) ** 2) < 36).float() for c in centres]).unsqueeze(1)
images = masks + torch.randn_like(masks) * 0.5
unet = UNet()
opt = torch.optim.RMSprop(unet.parameters(), lr=1e-3, momentum=0.9)
dice_loss = lambda p, t: 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)
for i in range(10):
    logits = unet(images)
    loss = F.binary_cross_entropy_with_logits(logits, masks) + dice_loss(logits.sigmoid(), masks)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 5 == 4:
        print('unet', f'{loss.item():.4f}')
rnn, fc = nn.LSTM(8, 32, bidirectional=True), nn.Linear(64, 5)
x, targets = torch.randn(20, 4, 8), torch.randint(1, 5, (4, 6))
opt = torch.optim.Adam([*rnn.parameters(), *fc.parameters()], lr=1e-2)
ctc = nn.CTCLoss()
for i in range(40):
    log_probs = F.log_softmax(fc(rnn(x)[0]), 2)
    loss = ctc(log_probs, targets, torch.full((4,), 20), torch.full((4,), 6))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 20 == 19:
        print('ctc', f'{loss.item():.4f}')
emb, ctx = nn.Embedding(20, 8), nn.Embedding(20, 8)
opt = torch.optim.Adam([*emb.parameters(), *ctx.parameters()], lr=0.05)
for i in range(60):
    w = torch.randint(20, (64,))
    pos = torch.div(w, 4, rounding_mode='floor') * 4 + torch.randint(4, (64,))
    neg = torch.randint(20, (64, 5))
    e = emb(w)
    loss = -(F.logsigmoid((e * ctx(pos)).sum(1)) + F.logsigmoid(-ctx(neg).bmm(e.unsqueeze(2)).squeeze(2)).sum(1)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 30 == 29:
        print('word2vec', f'{loss.item():.4f}')
