"""The cart and pole of Gym's CartPole-v1."""
import math
import torch


class CartPole:
    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.state = [0.0] * 4
        self.steps = 0

    def reset(self):
        draws = torch.rand(4, dtype=torch.float64, generator=self.generator).tolist()
        self.state = [v * 0.1 - 0.05 for v in draws]
        self.steps = 0
        return list(self.state)

    def step(self, action):
        x, v, a, w = self.state
        force = 10 if action == 1 else -10
        temp = (force + 0.05 * w * w * math.sin(a)) / 1.1
        alpha = (9.8 * math.sin(a) - math.cos(a) * temp) / (0.5 * (4 / 3 - (0.1 * math.cos(a) ** 2) / 1.1))
        acc = temp - (0.05 * alpha * math.cos(a)) / 1.1
        x += 0.02 * v
        v += 0.02 * acc
        a += 0.02 * w
        w += 0.02 * alpha
        self.state = [x, v, a, w]
        done = abs(x) > 2.4 or abs(a) > 0.2095
        if not done:
            self.steps += 1
            done = self.steps >= 500
        return list(self.state), 1, done
