"""Records what PyTorch makes of the models in this folder: python3 record.py > recorded.json"""
import hashlib
import json
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class BasicBlock(nn.Module):
    def __init__(self, inplanes, planes, stride=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + identity)


class ResNet18(nn.Module):
    """https://arxiv.org/abs/1512.03385 with torchvision's names and initialisation."""

    def __init__(self, num_classes=1000):
        super().__init__()
        self.inplanes = 64
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = self.make_layer(64, 2)
        self.layer2 = self.make_layer(128, 2, 2)
        self.layer3 = self.make_layer(256, 2, 2)
        self.layer4 = self.make_layer(512, 2, 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode='fan_out', nonlinearity='relu')

    def make_layer(self, planes, blocks, stride=1):
        downsample = None
        if stride != 1 or self.inplanes != planes:
            downsample = nn.Sequential(nn.Conv2d(self.inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))
        layers = [BasicBlock(self.inplanes, planes, stride, downsample)]
        self.inplanes = planes
        layers += [BasicBlock(planes, planes) for _ in range(1, blocks)]
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Conv1D(nn.Module):
    def __init__(self, nf, nx):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(nx, nf))
        self.bias = nn.Parameter(torch.zeros(nf))
        nn.init.normal_(self.weight, std=0.02)

    def forward(self, x):
        return x @ self.weight + self.bias


class Attention(nn.Module):
    def __init__(self, n, heads, block):
        super().__init__()
        self.heads = heads
        self.register_buffer('bias', torch.tril(torch.ones(block, block, dtype=torch.uint8)).view(1, 1, block, block))
        self.c_attn = Conv1D(3 * n, n)
        self.c_proj = Conv1D(n, n)

    def forward(self, x):
        B, T, n = x.shape
        q, k, v = (t.view(B, T, self.heads, n // self.heads).transpose(1, 2) for t in self.c_attn(x).split(n, 2))
        w = q @ k.transpose(-2, -1) / math.sqrt(n // self.heads)
        w = w.masked_fill(self.bias[:, :, :T, :T] == 0, float('-inf'))
        return self.c_proj((F.softmax(w, -1) @ v).transpose(1, 2).reshape(B, T, n))


class MLP(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.c_fc = Conv1D(4 * n, n)
        self.c_proj = Conv1D(n, 4 * n)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate='tanh'))


class Block(nn.Module):
    def __init__(self, n, heads, block):
        super().__init__()
        self.ln_1 = nn.LayerNorm(n)
        self.attn = Attention(n, heads, block)
        self.ln_2 = nn.LayerNorm(n)
        self.mlp = MLP(n)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """GPT-2 with the names of its published weights; the output layer shares the token embedding."""

    def __init__(self, vocab=65, block=16, n=32, heads=4, layers=2):
        super().__init__()
        self.wte = nn.Embedding(vocab, n)
        self.wpe = nn.Embedding(block, n)
        self.h = nn.ModuleList([Block(n, heads, block) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(n)
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.01)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.h:
            x = block(x)
        return self.ln_f(x) @ self.wte.weight.T


def ramp(*shape):
    """Numbers that need no generator: exact in float32."""
    i = torch.arange(math.prod(shape))
    return ((((7 * i * i + 3 * i + 1) % 4093) / 4096 - 0.5) * 2).float().view(shape)


def labels(count, classes, *shape):
    return ((torch.arange(count) * 5 + 2) % classes).view(shape)


def record(make, uniform, loss_of, optimizer_of):
    torch.manual_seed(7)
    net = make()
    state = net.state_dict()
    out = {
        'shapes': {key: list(value.shape) for key, value in state.items()},
        'sha256': {key: hashlib.sha256(state[key].numpy().tobytes()).hexdigest() for key in uniform},
        'samples': {key: value.flatten()[:3].tolist() for key, value in state.items() if value.is_floating_point()},
        'losses': [],
    }
    optimizer = optimizer_of(net.parameters())
    for _ in range(3):
        optimizer.zero_grad()
        loss = loss_of(net)
        loss.backward()
        optimizer.step()
        out['losses'].append(loss.item())
    return out


if __name__ == '__main__':
    images, classes = ramp(4, 3, 64, 64), labels(4, 10, 4)
    ids, targets = labels(32, 65, 2, 16), labels(33, 65, 33)[1:]
    print(json.dumps({
        'torch': torch.__version__,
        'resnet18': record(
            lambda: ResNet18(10), ['fc.weight', 'fc.bias'],
            lambda net: F.cross_entropy(net(images), classes),
            lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=1e-4)),
        'gpt': record(
            GPT, [],
            lambda net: F.cross_entropy(net(ids).view(32, 65), targets),
            lambda parameters: torch.optim.AdamW(parameters, lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)),
    }))
