// Loops in which a net learns from examples.
import type { Tensor } from 'kindling';
import type { MakeLoop } from './run';

export const LEARNING = {
  mlp: ({ nn, optim, randn, randint }, { perceptron, call, trained }) => {
    const net = perceptron(64, 256, 10);
    const optimizer = new optim.Adam(net.parameters());
    return () => trained(optimizer, nn.functional.crossEntropy(call(net, randn(512, 64)), randint(10, [512])));
  },

  /** 110 MB of temporaries a step. */
  'wide batch': ({ nn, optim, randn, randint }, { trained }) => {
    const net = new nn.Sequential(
      new nn.Linear(4, 256),
      new nn.Tanh(),
      new nn.Linear(256, 4),
      new nn.Tanh(),
      new nn.Linear(4, 256),
      new nn.Tanh(),
      new nn.Linear(256, 2),
    );
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.01 });
    const lossFn = new nn.CrossEntropyLoss();
    const [x, y] = [randn(16384, 4), randint(2, [16384])];
    return () => trained(optimizer, lossFn(net(x), y));
  },

  cnn: ({ nn, optim, randn, randint }, { trained }) => {
    const net = new nn.Sequential(
      new nn.Conv2d(1, 16, 3, { padding: 1 }),
      new nn.BatchNorm2d(16),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Conv2d(16, 32, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Linear(32 * 7 * 7, 10),
    );
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 });
    return () => trained(optimizer, nn.functional.crossEntropy(net(randn(32, 1, 28, 28)), randint(10, [32])));
  },

  'super-resolution': ({ nn, optim, randn }, { trained }) => {
    const net = new nn.Sequential(
      new nn.Conv2d(1, 16, 5, { padding: 2 }),
      new nn.ReLU(),
      new nn.Conv2d(16, 16, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.Conv2d(16, 4, 3, { padding: 1 }),
      new nn.PixelShuffle(2),
    );
    const optimizer = new optim.Adam(net.parameters(), { lr: 1e-3 });
    return () => {
      const target = randn(8, 1, 32, 32);
      return trained(optimizer, nn.functional.mseLoss(net(nn.functional.avgPool2d(target, 2)), target));
    };
  },

  /** A teacher, a student, and an average of the student's weights. */
  distill: ({ nn, optim, randn, noGrad }, { perceptron, call, trained }) => {
    const F = nn.functional;
    const [teacher, student, average] = [256, 64, 64].map((width) => perceptron(64, width, 10));
    average.loadStateDict(student.stateDict());
    const optimizer = new optim.AdamW(student.parameters(), { lr: 1e-3 });
    return () => {
      const x = randn(256, 64);
      const soft = noGrad(() => F.softmax(call(teacher, x).div(2), -1));
      const logits = F.logSoftmax(call(student, x).div(2), -1);
      const loss = trained(optimizer, F.klDiv(logits, soft, { reduction: 'batchmean' }).mul(4));
      const weights = [...student.parameters()];
      noGrad(() => {
        [...average.parameters()].forEach((p, i) => p.mul_(0.99).add_(weights[i].mul(0.01)));
      });
      return loss;
    };
  },

  /** A graph network on all nodes at once. */
  gcn: ({ nn, optim, rand, randn, randint }, { trained }) => {
    const nodes = 512;
    const [first, second] = [new nn.Linear(64, 32), new nn.Linear(32, 7)];
    const optimizer = new optim.Adam([...first.parameters(), ...second.parameters()], { lr: 0.01, weightDecay: 5e-4 });
    const links = rand(nodes, nodes).lt(0.01).float();
    const adjacency = links.div(links.sum(1, { keepdim: true }).add(1));
    const [x, y] = [randn(nodes, 64), randint(7, [nodes])];
    return () => {
      const hidden = nn.functional.dropout(adjacency.matmul(first(x)).relu(), 0.5);
      return trained(optimizer, nn.functional.crossEntropy(adjacency.matmul(second(hidden)), y));
    };
  },

  /** Two views of each example, told apart from all others. */
  contrastive: ({ nn, optim, randn, cat, eye, arange }, { perceptron, call, trained }) => {
    const n = 128;
    const net = perceptron(64, 128, 32);
    const optimizer = new optim.Adam(net.parameters());
    const diagonal = eye(2 * n).bool();
    const labels = arange(2 * n).add(n).remainder(2 * n).long(); // prettier-ignore
    return () => {
      const x = randn(n, 64);
      const views = cat([x.add(randn(n, 64).mul(0.1)), x.add(randn(n, 64).mul(0.1))]);
      const z = nn.functional.normalize(call(net, views), { dim: 1 });
      const similar = z.matmul(z.T).div(0.5).maskedFill(diagonal, -1e9);
      return trained(optimizer, nn.functional.crossEntropy(similar, labels));
    };
  },

  /** What is learnt is read from gradients of gradients: the residual of a differential equation. */
  equation: ({ autograd, optim, nn, rand, onesLike }, { trained }) => {
    const net = new nn.Sequential(new nn.Linear(1, 64), new nn.Tanh(), new nn.Linear(64, 64), new nn.Tanh(), new nn.Linear(64, 1)); // prettier-ignore
    const optimizer = new optim.Adam(net.parameters(), { lr: 1e-3 });
    return () => {
      const x = rand(512, 1).requiresGrad_();
      const u = net(x);
      const [du] = autograd.grad(u, x, { gradOutputs: onesLike(u), createGraph: true });
      const [ddu] = autograd.grad(du, x, { gradOutputs: onesLike(du), createGraph: true });
      return trained(optimizer, ddu.add(u.mul(4)).square().mean());
    };
  },

  /** Steps within steps, through which the outer one differentiates. */
  'meta-learning': ({ autograd, optim, nn, rand, randn }, { trained }) => {
    const weights = [[40, 1], [40], [40, 40], [40], [1, 40], [1]].map(
      (shape) => new nn.Parameter(randn(shape).mul(0.2)),
    );
    const optimizer = new optim.Adam(weights, { lr: 1e-3 });
    const F = nn.functional;
    return () => {
      const losses = [0, 1, 2, 3].map(() => {
        const [amplitude, phase] = [rand(1).mul(4), rand(1).mul(3)];
        const run = (given: readonly Tensor[]): Tensor => {
          const x = rand(64, 1).mul(10).sub(5);
          const [w1, b1, w2, b2, w3, b3] = given;
          const y = F.linear(F.relu(F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)), w3, b3);
          return F.mseLoss(y, x.add(phase).sin().mul(amplitude));
        };
        const grads = autograd.grad(run(weights), weights, { createGraph: true });
        return run(weights.map((w, i) => w.sub(grads[i].mul(0.01))));
      });
      return trained(optimizer, losses.reduce((sum, loss) => sum.add(loss)).div(4));
    };
  },

  fgsm: ({ nn, rand, randint }, { perceptron, call }) => {
    const net = perceptron(784, 128, 10);
    const [images, labels] = [rand(128, 784), randint(10, [128])];
    return () => {
      const x = images.clone().detach().requiresGrad_();
      nn.functional.crossEntropy(call(net, x), labels).backward();
      if (x.grad === null) throw new Error('no gradient');
      const attacked = x.add(x.grad.sign().mul(0.1)).clamp(0, 1);
      return call(net, attacked).argmax(1).eq(labels).float().mean();
    };
  },

  /** An image that is changed until its features are those of another. */
  style: ({ nn, optim, rand, noGrad }, { trained }) => {
    const F = nn.functional;
    const convs = [new nn.Conv2d(3, 16, 3, { padding: 1 }), new nn.Conv2d(16, 16, 3, { padding: 1 })];
    for (const conv of convs) conv.requiresGrad_(false);
    const features = (x: Tensor) => {
      const found = [];
      for (const conv of convs) found.push((x = F.relu(conv(x))));
      return found.map((f) => f.view(16, -1)).map((f) => f.matmul(f.T).div(f.numel()));
    };
    const targets = noGrad(() => features(rand(1, 3, 48, 48)));
    const image = rand(1, 3, 48, 48).requiresGrad_();
    const optimizer = new optim.Adam([image], { lr: 0.01 });
    return () => {
      const losses = features(image).map((f, i) => F.mseLoss(f, targets[i]));
      const loss = trained(optimizer, losses[0].add(losses[1]).mul(1e4));
      noGrad(() => image.clamp_(0, 1));
      return loss;
    };
  },

  'own modules': ({ nn, optim, randn }, { trained }) => {
    const F = nn.functional;
    class Block extends nn.Module {
      readonly qkv = new nn.Linear(64, 192);
      readonly out = new nn.Linear(64, 64);
      readonly norm = new nn.LayerNorm(64);
      override forward(x: Tensor) {
        const [q, key, v] = this.qkv(this.norm(x)).chunk(3, -1);
        const weights = F.softmax(q.matmul(key.transpose(-2, -1)).mul(1 / 8), -1);
        return x.add(F.gelu(this.out(weights.matmul(v))));
      }
    }
    const net = new nn.Sequential(new Block(), new Block(), new Block());
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.01 });
    return () => {
      const x = randn(16, 64, 64);
      return trained(optimizer, net(x).sub(x.mul(0.5)).square().mean());
    };
  },
} satisfies Record<string, MakeLoop>;
