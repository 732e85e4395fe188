import torch
import torch.nn as nn
import torch.nn.functional as F
from collections import OrderedDict


class GradCAM:
    def __init__(self, model, layer):
        self.model = model
        self.handles = [layer.register_forward_hook(self.keep), layer.register_full_backward_hook(self.keep_grad)]

    def keep(self, module, x, output):
        self.activations = output.detach()

    def keep_grad(self, module, grad_input, grad_output):
        self.gradients = grad_output[0].detach()

    def generate(self, x, class_idx):
        logits = self.model(x)
        self.model.zero_grad()
        logits.gather(1, class_idx.view(-1, 1)).sum().backward(retain_graph=True)
        weights = self.gradients.mean(dim=[2, 3], keepdim=True)
        cam = F.relu((weights * self.activations).sum(dim=1, keepdim=True))
        cam = F.interpolate(cam, size=x.shape[2:], mode='bilinear', align_corners=False)
        flat = cam.flatten(1)
        low, high = flat.min(1, keepdim=True).values, flat.max(1, keepdim=True).values
        return ((flat - low) / (high - low + 1e-8)).view_as(cam)


torch.manual_seed(0)
n = 64
where = torch.randint(0, 2, (n,))
images = torch.randn(n, 1, 16, 16) * 0.1
for i, w in enumerate(where.tolist()):
    images[i, 0, 6:10, slice(2, 6) if w == 0 else slice(10, 14)] = 1
model = nn.Sequential(OrderedDict(
    conv1=nn.Conv2d(1, 4, 3, padding=1), relu1=nn.ReLU(), pool=nn.MaxPool2d(2), conv2=nn.Conv2d(4, 8, 3, padding=1),
    relu2=nn.ReLU(), flatten=nn.Flatten(), fc=nn.Linear(8 * 64, 2)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for i in range(1, 21):
    loss = F.cross_entropy(model(images), where)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 10 == 0:
        print(i, f'{loss.item():.4f}')
model.eval()
cam = GradCAM(model, model.relu2)
heat = cam.generate(images[:8], where[:8])
mass = heat.sum([1, 2])
centre = (mass * torch.arange(16)).sum(1) / mass.sum(1)
print(list(heat.shape), *[f'{c:.1f}' for c in centre.tolist()])
features = OrderedDict()
for name, module in model.named_modules():
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        module.register_forward_hook(lambda m, i, o, name=name: features.__setitem__(name, o))
with torch.no_grad():
    model(torch.zeros(2, 1, 16, 16))
print(', '.join(f"{name} {'x'.join(map(str, f.shape))}" for name, f in features.items()))
