import torch
import torch.nn as nn
import torch.nn.functional as F


class ContentLoss(nn.Module):
    def __init__(self, target):
        super().__init__()
        self.target = target.detach()

    def forward(self, x):
        self.loss = F.mse_loss(x, self.target)
        return x


def gram_matrix(x):
    a, b, c, d = x.size()
    features = x.view(a * b, c * d)
    return torch.mm(features, features.t()).div(a * b * c * d)


class StyleLoss(nn.Module):
    def __init__(self, target):
        super().__init__()
        self.target = gram_matrix(target).detach()

    def forward(self, x):
        self.loss = F.mse_loss(gram_matrix(x), self.target)
        return x


class Normalization(nn.Module):
    def __init__(self, mean, std):
        super().__init__()
        self.mean, self.std = torch.tensor(mean).view(-1, 1, 1), torch.tensor(std).view(-1, 1, 1)

    def forward(self, img):
        return (img - self.mean) / self.std


torch.manual_seed(0)
S = 48
g = torch.arange(S) / S
content_img = (g.view(1, 1, S, 1) * g.view(1, 1, 1, S)).expand(1, 3, S, S).clone()
style_img = ((g * 40).sin().view(1, 1, 1, S) * (g * 25).cos().view(1, 1, S, 1) * 0.5 + 0.5).expand(1, 3, S, S).clone()
cnn = nn.Sequential(
    nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(True), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(True),
    nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(True), nn.Conv2d(32, 32, 3, padding=1))
cnn.eval().requires_grad_(False)
model = nn.Sequential(Normalization([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
content_losses, style_losses, i = [], [], 0
for layer in cnn.children():
    if isinstance(layer, nn.Conv2d):
        i += 1
        name = f'conv_{i}'
    elif isinstance(layer, nn.ReLU):
        name, layer = f'relu_{i}', nn.ReLU(inplace=False)
    else:
        name = f'pool_{i}'
    model.add_module(name, layer)
    if name == 'conv_4':
        content_losses.append(ContentLoss(model(content_img).detach()))
        model.add_module(f'content_loss_{i}', content_losses[-1])
    if name.startswith('conv'):
        style_losses.append(StyleLoss(model(style_img).detach()))
        model.add_module(f'style_loss_{i}', style_losses[-1])
print(model)
input_img = content_img.clone().requires_grad_(True)
model.eval().requires_grad_(False)
optimizer = torch.optim.LBFGS([input_img], max_iter=4)
run = [0]
while run[0] < 8:
    def closure():
        with torch.no_grad():
            input_img.clamp_(0, 1)
        optimizer.zero_grad()
        model(input_img)
        style = sum(sl.loss for sl in style_losses)
        content = sum(cl.loss for cl in content_losses)
        loss = style * 1e6 + content
        loss.backward()
        run[0] += 1
        if run[0] % 4 == 0:
            print(f'run {run[0]} style {style.item() * 1e6:.3e} content {content.item():.3e}')
        return loss
    optimizer.step(closure)
