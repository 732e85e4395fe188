import math
import re
import torch
import torch.nn.functional as F

words = re.search(r"words = '(.*?)'", open('tests/programs/kindling/makemore_mlp.mts').read(), re.S).group(1).split(' ')
chars = sorted(set(''.join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi['.'] = 0
itos = {i: s for s, i in stoi.items()}
vocab, block = len(chars) + 1, 3
X, Y = [], []
for w in words:
    context = [0] * block
    for ch in w + '.':
        X.append(context)
        Y.append(stoi[ch])
        context = context[1:] + [stoi[ch]]
Xtr, Ytr = torch.tensor(X), torch.tensor(Y)
print(list(Xtr.shape), list(Ytr.shape))
n_embd, n_hidden = 10, 64
g = torch.Generator().manual_seed(2147483647)
C = torch.randn((vocab, n_embd), generator=g)
W1 = torch.randn((n_embd * block, n_hidden), generator=g) * (5 / 3) / ((n_embd * block) ** 0.5)
W2 = torch.randn((n_hidden, vocab), generator=g) * 0.01
b2 = torch.randn(vocab, generator=g) * 0
bngain, bnbias = torch.ones((1, n_hidden)), torch.zeros((1, n_hidden))
mean_running, std_running = torch.zeros((1, n_hidden)), torch.ones((1, n_hidden))
parameters = [C, W1, W2, b2, bngain, bnbias]
for p in parameters:
    p.requires_grad = True
lossi = []
for i in range(300):
    ix = torch.randint(0, Xtr.shape[0], (32,), generator=g)
    Xb, Yb = Xtr[ix], Ytr[ix]
    hpreact = C[Xb].view(32, -1) @ W1
    bnmeani, bnstdi = hpreact.mean(0, keepdim=True), hpreact.std(0, keepdim=True)
    with torch.no_grad():
        mean_running = 0.99 * mean_running + 0.01 * bnmeani
        std_running = 0.99 * std_running + 0.01 * bnstdi
    h = torch.tanh(bngain * (hpreact - bnmeani) / bnstdi + bnbias)
    loss = F.cross_entropy(h @ W2 + b2, Yb)
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 200 else 0.01
    for p in parameters:
        p.data += -lr * p.grad
    if i % 100 == 0:
        print(f'{i}: {loss.item():.4f} saturated {(h.abs() > 0.97).float().mean().item() * 100:.1f}%')
    lossi.append(loss.log10().item())
print('mean log10 loss of the last 100:', f'{sum(lossi[-100:]) / 100:.4f}')
g2 = torch.Generator().manual_seed(2147483647 + 10)
for _ in range(5):
    out, context = [], [0] * block
    while True:
        hpreact = C[torch.tensor([context])].view(1, -1) @ W1
        h = torch.tanh(bngain * (hpreact - mean_running) / std_running + bnbias)
        probs = F.softmax(h @ W2 + b2, dim=1)
        ix = torch.multinomial(probs, num_samples=1, generator=g2).item()
        context = context[1:] + [ix]
        if ix == 0 or len(out) > 12:
            break
        out.append(itos[ix])
    print(''.join(out))
