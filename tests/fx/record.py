"""Writes tests/fx/recorded.json: the graphs that torch.fx 1.13 makes of the models of models.ts, node by node.

python3 tests/fx/record.py > tests/fx/recorded.json
"""
import json
import torch
import torch.nn.functional as F
from torch import fx, nn


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 8)
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x):
        return F.log_softmax(self.fc2(F.relu(self.fc1(x))), 1)


class Lenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(256, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.relu(self.conv1(x)), 2)
        x = F.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        return self.fc(self.drop(x))


class Block(nn.Module):
    def __init__(self, n, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = None
        if stride != 1 or n != out:
            self.downsample = nn.Sequential(nn.Conv2d(n, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        identity = x if self.downsample is None else self.downsample(x)
        return self.relu(out.add(identity))


class Resnet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Block(4, 4, 1), Block(4, 4, 1))
        self.layer2 = nn.Sequential(Block(4, 8, 2), Block(8, 8, 1))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.avgpool(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(x, 1))


class Inverted(nn.Module):
    def __init__(self, n, out, stride, t):
        super().__init__()
        self.residual = stride == 1 and n == out
        h = n * t
        layers = []
        if t != 1:
            layers += [nn.Sequential(nn.Conv2d(n, h, 1, bias=False), nn.BatchNorm2d(h), nn.ReLU6())]
        layers += [nn.Sequential(nn.Conv2d(h, h, 3, stride, 1, groups=h, bias=False), nn.BatchNorm2d(h), nn.ReLU6())]
        layers += [nn.Conv2d(h, out, 1, bias=False), nn.BatchNorm2d(out)]
        self.conv = nn.Sequential(*layers)

    def forward(self, x):
        return x.add(self.conv(x)) if self.residual else self.conv(x)


class Mobilenet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU6()),
            Inverted(4, 4, 1, 1), Inverted(4, 6, 2, 3), Inverted(6, 6, 1, 3))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(6, 5))

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.features(x), (1, 1))
        return self.classifier(torch.flatten(x, 1))


class Squeeze(nn.Module):
    def __init__(self):
        super().__init__()
        self.squeeze = nn.Conv2d(3, 2, 1)
        self.expand1 = nn.Conv2d(2, 4, 1)
        self.expand3 = nn.Conv2d(2, 4, 3, padding=1)
        self.act = nn.ReLU()

    def forward(self, x):
        x = self.act(self.squeeze(x))
        return torch.cat([self.act(self.expand1(x)), self.act(self.expand3(x))], 1)


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.lstm = nn.LSTM(4, 6, batch_first=True)
        self.out = nn.Linear(6, 10)

    def forward(self, ids):
        x = self.lstm(self.embedding(ids))[0]
        return self.out(x.select(1, -1))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(8, 8)
        self.key = nn.Linear(8, 8)
        self.value = nn.Linear(8, 8)
        self.register_buffer('mask', torch.ones(5, 5).triu(1).bool())
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        q = self.query(x).reshape(2, 5, 2, 4).transpose(1, 2)
        k = self.key(x).reshape(2, 5, 2, 4).transpose(1, 2)
        v = self.value(x).reshape(2, 5, 2, 4).transpose(1, 2)
        scores = torch.matmul(q, k.transpose(2, 3)).mul(self.scale)
        scores = scores.masked_fill(self.mask, float('-inf'))
        y = torch.matmul(torch.softmax(scores, -1), v)
        return y.transpose(1, 2).flatten(2)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm2 = nn.LayerNorm(8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))

    def forward(self, x):
        y = self.norm1(x)
        x = x.add(self.attention(y, y, y)[0])
        return x.add(self.mlp(self.norm2(x)))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 4), nn.Tanh())
        self.mean = nn.Linear(4, 2)
        self.logvar = nn.Linear(4, 2)
        self.decoder = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 6), nn.Sigmoid())

    def forward(self, x, noise):
        h = self.encoder(x)
        mean = self.mean(h)
        logvar = self.logvar(h)
        z = mean.add(logvar.mul(0.5).exp().mul(noise))
        return [self.decoder(z), mean, logvar]


class Unet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(1, 2, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.middle = nn.Conv2d(2, 4, 3, padding=1)
        self.up = nn.ConvTranspose2d(4, 2, 2, 2)
        self.out = nn.Conv2d(4, 1, 1)

    def forward(self, x):
        a = F.silu(self.down(x))
        b = F.silu(self.middle(self.pool(a)))
        c = F.interpolate(b, scale_factor=2.0)
        d = torch.cat((self.up(b), a), 1)
        return self.out(d).sigmoid().add(c.mean(1, keepdim=True))


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(5, 4, 4, 1, 0, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
            nn.ConvTranspose2d(4, 1, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, z):
        return self.main(z)


MODELS = [Mlp, Lenet, Resnet, Mobilenet, Squeeze, Lstm, Attention, Encoder, Autoencoder, Unet, Generator]


def nodes_of(model):
    graph = fx.Tracer().trace(model)
    names = {n: n.name for n in graph.nodes}
    rows = []
    for n in graph.nodes:
        target = n.target if isinstance(n.target, str) else n.target.__name__
        rows.append([n.op, n.name, target, [names[i] for i in n.all_input_nodes]])
    return rows


print(json.dumps({m.__name__: nodes_of(m()) for m in MODELS}, indent=1))
