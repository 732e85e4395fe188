import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader

torch.manual_seed(0)


class MatrixFactorization(nn.Module):
    def __init__(self, users, items, factors=8):
        super().__init__()
        self.user_factors, self.item_factors = nn.Embedding(users, factors), nn.Embedding(items, factors)
        self.user_biases, self.item_biases = nn.Embedding(users, 1), nn.Embedding(items, 1)
        nn.init.uniform_(self.user_factors.weight, 0, 0.05)
        nn.init.uniform_(self.item_factors.weight, 0, 0.05)

    def forward(self, user, item):
        pred = self.user_biases(user) + self.item_biases(item)
        pred = pred + (self.user_factors(user) * self.item_factors(item)).sum(dim=1, keepdim=True)
        return pred.squeeze()


users, items = torch.randint(0, 30, (400,)), torch.randint(0, 20, (400,))
ratings = ((users + items) % 5).float() + 1
mf = MatrixFactorization(30, 20)
opt = torch.optim.SGD(mf.parameters(), lr=0.5, weight_decay=1e-5)
for epoch in range(1, 21):
    loss = nn.MSELoss()(mf(users, items), ratings)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if epoch % 10 == 0:
        print('mf', f'{loss.item():.4f}')


class TextClassificationModel(nn.Module):
    def __init__(self, vocab, dim, classes):
        super().__init__()
        self.embedding = nn.EmbeddingBag(vocab, dim, sparse=False)
        self.fc = nn.Linear(dim, classes)
        self.embedding.weight.data.uniform_(-0.5, 0.5)
        self.fc.weight.data.uniform_(-0.5, 0.5)
        self.fc.bias.data.zero_()

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


texts = [(i % 2, [(i % 2) * 10 + (i + j) % 10 for j in range(2 + i % 4)]) for i in range(40)]


def collate_batch(batch):
    offsets = torch.tensor([0] + [len(words) for _, words in batch][:-1]).cumsum(dim=0)
    return torch.tensor([l for l, _ in batch]), torch.cat([torch.tensor(w) for _, w in batch]), offsets


dataloader = DataLoader(texts, batch_size=8, shuffle=True, collate_fn=collate_batch)
model = TextClassificationModel(20, 16, 2)
criterion = nn.CrossEntropyLoss()
opt = torch.optim.SGD(model.parameters(), lr=5)
scheduler = torch.optim.lr_scheduler.StepLR(opt, 1.0, gamma=0.1)
for epoch in range(1, 3):
    acc = count = 0
    for label, text, offsets in dataloader:
        opt.zero_grad()
        predicted = model(text, offsets)
        loss = criterion(predicted, label)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        opt.step()
        acc += (predicted.argmax(1) == label).sum().item()
        count += label.size(0)
    scheduler.step()
    print('text', f'{acc / count:.3f}', f'{loss.item():.4f}')
encoder = nn.Sequential(nn.Linear(6, 16), nn.PReLU(), nn.Linear(16, 4, bias=False))
points = torch.randn(60, 6) + (torch.arange(60) % 3).view(-1, 1) * 0.5
classes = torch.arange(60) % 3


def contrastive_loss(a, b, label, margin=2):
    d = F.pairwise_distance(a, b, keepdim=True)
    return torch.mean((1 - label) * d.pow(2) + label * torch.clamp(margin - d, min=0.0).pow(2))


opt = torch.optim.RMSprop(encoder.parameters(), lr=1e-3, alpha=0.99)
triplet = nn.TripletMarginLoss(margin=1.0, p=2)
for i in range(1, 21):
    a, b = torch.randint(60, (32,)), torch.randint(60, (32,))
    different = (classes[a] != classes[b]).float().view(-1, 1)
    siamese = contrastive_loss(encoder(points[a]), encoder(points[b]), different)
    anchor, positive, negative = (encoder(x) for x in (points[0:57:3], points[3::3], points[1:58:3]))
    loss = siamese + triplet(anchor, positive, negative)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 10 == 0:
        print('siamese', f'{siamese.item():.4f}', 'both', f'{loss.item():.4f}')
print(*[f'{c:.3f}' for c in F.cosine_similarity(encoder(points[:5]), encoder(points[5:10])).tolist()], f'{torch.rand(1).item():.4f}')
