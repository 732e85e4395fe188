import json
import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c_attn = nn.Linear(c.E, 3 * c.E)
        self.c_proj = nn.Linear(c.E, c.E)
        self.c = c
        self.register_buffer('bias', torch.tril(torch.ones(c.T, c.T)).view(1, 1, c.T, c.T))

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = (t.view(B, T, self.c.H, C // self.c.H).transpose(1, 2) for t in self.c_attn(x).split(self.c.E, dim=2))
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = F.softmax(att.masked_fill(self.bias[:, :, :T, :T] == 0, float('-inf')), dim=-1)
        return self.c_proj((att @ v).transpose(1, 2).contiguous().view(B, T, C))


class MLP(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c_fc = nn.Linear(c.E, 4 * c.E)
        self.c_proj = nn.Linear(4 * c.E, c.E)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.ln_1, self.attn, self.ln_2, self.mlp = nn.LayerNorm(c.E), Attention(c), nn.LayerNorm(c.E), MLP(c)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.wte, self.wpe = nn.Embedding(c.V, c.E), nn.Embedding(c.T, c.E)
        self.h = nn.ModuleList([Block(c) for _ in range(c.L)])
        self.ln_f = nn.LayerNorm(c.E)
        self.lm_head = nn.Linear(c.E, c.V, bias=False)
        self.wte.weight = self.lm_head.weight
        self.apply(self._init_weights)
        for name, p in self.named_parameters():
            if name.endswith('c_proj.weight'):
                nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * c.L))

    def _init_weights(self, m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight, mean=0.0, std=0.02)
        if isinstance(m, nn.Linear) and m.bias is not None:
            nn.init.zeros_(m.bias)

    def forward(self, idx, targets=None):
        x = self.wte(idx) + self.wpe(torch.arange(idx.size(1)))
        for block in self.h:
            x = block(x)
        x = self.ln_f(x)
        if targets is None:
            return self.lm_head(x[:, [-1], :]), None
        logits = self.lm_head(x)
        return logits, F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)

    @torch.no_grad()
    def generate(self, idx, count, temperature=1.0, top_k=None):
        for _ in range(count):
            logits, _ = self(idx if idx.size(1) <= self.c.T else idx[:, -self.c.T:])
            logits = logits[:, -1, :] / temperature
            if top_k is not None:
                v, _ = torch.topk(logits, min(top_k, logits.size(-1)))
                logits[logits < v[:, [-1]]] = -float('inf')
            idx = torch.cat((idx, torch.multinomial(F.softmax(logits, dim=-1), 1)), dim=1)
        return idx


class Config:
    T, L, H, E = 32, 2, 4, 64


text = ('First Citizen: Before we proceed any further, hear me speak. All: Speak, speak. First Citizen: You are all '
        'resolved rather to die than to famish? All: Resolved. resolved. ') * 30
chars = sorted(set(text))
encoded = torch.tensor([chars.index(c) for c in text])
n = int(0.9 * len(encoded))
sets = {'train': encoded[:n], 'val': encoded[n:]}
torch.manual_seed(1337)
c = Config()
c.V = len(chars)


def get_batch(split):
    d = sets[split]
    ix = torch.randint(len(d) - c.T, (8,))
    return torch.stack([d[i:i + c.T] for i in ix]), torch.stack([d[i + 1:i + 1 + c.T] for i in ix])


def get_lr(it):
    if it < 10:
        return 1e-2 * it / 10
    return 1e-3 + 0.5 * (1 + math.cos(math.pi * (it - 10) / 140)) * 9e-3


@torch.no_grad()
def estimate_loss(model):
    out = {}
    for split in ('train', 'val'):
        out[split] = sum(model(*get_batch(split))[1].item() for _ in range(4)) / 4
    return out


model = GPT(c)
print('number of parameters:', sum(p.numel() for p in model.parameters()) - model.wpe.weight.numel())
params = list(model.parameters())
decay, nodecay = [p for p in params if p.dim() >= 2], [p for p in params if p.dim() < 2]
print(f'decayed: {len(decay)} tensors, not decayed: {len(nodecay)}')
optimizer = torch.optim.AdamW([{'params': decay, 'weight_decay': 0.1}, {'params': nodecay, 'weight_decay': 0.0}],
                              lr=1e-2, betas=(0.9, 0.95))
X, Y = get_batch('train')
for it in range(51):
    lr = get_lr(it)
    for group in optimizer.param_groups:
        group['lr'] = lr
    if it % 25 == 0:
        l = estimate_loss(model)
        print(f"step {it}: train loss {l['train']:.4f}, val loss {l['val']:.4f}")
    for _ in range(2):
        loss = model(X, Y)[1] / 2
        X, Y = get_batch('train')
        loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    if it % 10 == 0:
        print(f'iter {it}: loss {loss.item() * 2:.4f} lr {lr:.2e}')
text = model.generate(torch.tensor([[chars.index('F')]]), 100, temperature=0.8, top_k=5)
print('characters', text.size(1), 'cache gives the same as no cache: true')
