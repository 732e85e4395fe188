import torch
import torch.nn as nn
import torch.nn.functional as F
from collections import OrderedDict
from torch.utils.data import DataLoader, TensorDataset
from mnist_data import mnist

torch.manual_seed(42)
loader = DataLoader(TensorDataset(*mnist(True, 600)), batch_size=100, shuffle=True)


def make(w):
    return nn.Sequential(OrderedDict(
        conv1=nn.Conv2d(1, w, 3, stride=2), relu1=nn.ReLU(), conv2=nn.Conv2d(w, w, 3, stride=2), relu2=nn.ReLU(),
        flat=nn.Flatten(), hidden=nn.Linear(w * 36, 32), relu3=nn.ReLU(), drop=nn.Dropout(0.0), out=nn.Linear(32, 10)))


def train(model, epochs, loss_of):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_of(x, y)
            loss.backward()
            optimizer.step()
    return f'{loss.item():.4f}'


ce = nn.CrossEntropyLoss()
teacher = make(16)
print('teacher loss', train(teacher, 3, lambda x, y: ce(teacher(x), y)))
plain = make(2)
print('student alone', train(plain, 3, lambda x, y: ce(plain(x), y)))
student = make(2)
features = {}
h1 = teacher.relu3.register_forward_hook(lambda m, i, o: features.__setitem__('teacher', o.detach()))
h2 = student.relu3.register_forward_hook(lambda m, i, o: features.__setitem__('student', o))
teacher.eval()
cosine, T = nn.CosineEmbeddingLoss(), 2


def loss_of(x, y):
    with torch.no_grad():
        teacher_logits = teacher(x)
    student_logits = student(x)
    soft_targets = F.softmax(teacher_logits / T, dim=-1)
    soft_prob = F.log_softmax(student_logits / T, dim=-1)
    soft = torch.sum(soft_targets * (soft_targets.log() - soft_prob)) / soft_prob.size(0) * T ** 2
    hidden = cosine(features['student'], features['teacher'], torch.ones(x.size(0)))
    return 0.25 * soft + 0.75 * ce(student_logits, y) + 0.1 * hidden


print('student with teacher', train(student, 3, loss_of))
