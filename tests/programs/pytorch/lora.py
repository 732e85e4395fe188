import math
import torch
import torch.nn as nn


class LoRALinear(nn.Module):
    def __init__(self, linear, rank=4, alpha=8):
        super().__init__()
        self.linear = linear
        linear.weight.requires_grad = False
        linear.bias.requires_grad = False
        self.lora_a = nn.Parameter(torch.zeros(rank, linear.in_features))
        self.lora_b = nn.Parameter(torch.zeros(linear.out_features, rank))
        self.scaling = alpha / rank
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))

    def forward(self, x):
        return self.linear(x) + (x @ self.lora_a.T @ self.lora_b.T) * self.scaling

    def merge(self):
        with torch.no_grad():
            self.linear.weight += self.lora_b @ self.lora_a * self.scaling
        return self.linear


def add_lora(model):
    for name, module in model.named_children():
        if isinstance(module, nn.Linear):
            setattr(model, name, LoRALinear(module))
        else:
            add_lora(module)


def merge_lora(model):
    for name, module in model.named_children():
        if isinstance(module, LoRALinear):
            setattr(model, name, module.merge())
        else:
            merge_lora(module)


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Sequential(nn.Linear(32, 32), nn.ReLU()), nn.Linear(32, 1))
X = torch.randn(128, 16)
y = X[:, :4].pow(2).sum(1, keepdim=True)
before = len(model.state_dict())
add_lora(model)
trainable = [p for p in model.parameters() if p.requires_grad]
print('keys', before, len(model.state_dict()), 'trainable', sum(p.numel() for p in trainable), 'of', sum(p.numel() for p in model.parameters()))
optimizer = torch.optim.AdamW(trainable, lr=1e-2, weight_decay=0)
for step in range(1, 101):
    loss = nn.functional.mse_loss(model(X), y)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        print(step, f'{loss.item():.4f}')
with torch.no_grad():
    adapted = model(X)
    merge_lora(model)
    merged = model(X)
print(model)
print('merged gives the same:', str(torch.allclose(merged, adapted, atol=1e-4)).lower())
