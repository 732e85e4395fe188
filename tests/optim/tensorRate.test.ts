// A tensor as learning rate: read at every step, and set in place by schedulers.
import { afterAll, describe, expect, it } from 'vitest';
import { nn, noGrad, ones, optim, shutdown, tensor, type Tensor } from '../../src';

afterAll(() => {
  shutdown();
});

type Rate = optim.Rate;
const OPTIMIZERS: Readonly<Record<string, (p: nn.Parameter[], lr: Rate) => optim.Optimizer>> = {
  Adadelta: (p, lr) => new optim.Adadelta(p, { lr }),
  Adafactor: (p, lr) => new optim.Adafactor(p, { lr, weightDecay: 0.5 }),
  Adagrad: (p, lr) => new optim.Adagrad(p, lr),
  Adam: (p, lr) => new optim.Adam(p, { lr }),
  Adamax: (p, lr) => new optim.Adamax(p, { lr }),
  AdamW: (p, lr) => new optim.AdamW(p, { lr, weightDecay: 0.5 }),
  ASGD: (p, lr) => new optim.ASGD(p, { lr, t0: 1 }),
  Muon: (p, lr) => new optim.Muon(p, { lr }),
  NAdam: (p, lr) => new optim.NAdam(p, { lr }),
  RAdam: (p, lr) => new optim.RAdam(p, { lr }),
  RMSprop: (p, lr) => new optim.RMSprop(p, { lr }),
  Rprop: (p, lr) => new optim.Rprop(p, { lr }),
  SGD: (p, lr) => new optim.SGD(p, { lr, momentum: 0.9 }),
  SparseAdam: (p, lr) => new optim.SparseAdam(p, lr),
}; // prettier-ignore

describe('a tensor as learning rate', () => {
  it.each(Object.keys(OPTIMIZERS))('%s follows it as it follows numbers', async (name) => {
    const rates = [0.1, 0.05, 0.2];
    const grads = [[[1, -2], [0.5, 0.25]], [[-1, 3], [0.5, 2]], [[2, 1], [-1, 0.5]]]; // prettier-ignore
    for (const dtype of ['float32', 'float64'] as const) {
      const [p, q] = [0, 1].map(() => new nn.Parameter(tensor([[1, 2], [3, -4]], { dtype }))); // prettier-ignore
      const rate = tensor(rates[0], { dtype });
      const byTensor = OPTIMIZERS[name]([p], rate);
      const byNumber = OPTIMIZERS[name]([q], rates[0]);
      for (const [i, grad] of grads.entries()) {
        // By the device alone: the page does not know the value.
        if (i > 0) rate.mul_(rates[i] / rates[i - 1]);
        byNumber.paramGroups[0].lr = rates[i];
        for (const [x, optimizer] of [
          [p, byTensor],
          [q, byNumber],
        ] as const) {
          // prettier-ignore
          x.grad = tensor(grad, { dtype });
          void optimizer.step();
        }
      }
      const [one, other] = await Promise.all([p.data(), q.data()]);
      one.forEach((value, i) => {
        expect(Math.abs(Number(value) - Number(other[i]))).toBeLessThan(dtype === 'float64' ? 2e-7 : 2e-6);
      });
      expect(byTensor.paramGroups[0].lr).toBe(rate);
    }
  });

  it('LBFGS reads it', async () => {
    const losses = await Promise.all(
      [0.5, tensor(0.5)].map(async (lr) => {
        const p = new nn.Parameter(tensor([3, -2]));
        const optimizer = new optim.LBFGS([p], { lr, maxIter: 3 });
        await optimizer.step(() => {
          optimizer.zeroGrad();
          const loss = p.pow(4).sum();
          loss.backward();
          return loss;
        });
        return p.tolist();
      }),
    );
    expect(losses[1]).toEqual(losses[0]);
  });

  it('is in the state dict, whose value is taken over by a copy', async () => {
    const rate = tensor(0.25);
    const p = new nn.Parameter(ones(2));
    const saved = new optim.SGD([p], { lr: rate }).stateDict();
    expect(saved.param_groups[0].lr).toBe(rate);
    const next = new optim.SGD([p], { lr: 1 });
    next.loadStateDict(saved);
    rate.fill_(8);
    p.grad = ones(2);
    void next.step();
    expect(await p.tolist()).toEqual([0.75, 0.75]);
  });

  it('is set in place by schedulers, which must know its value', async () => {
    const rate = tensor(0.5);
    const p = new nn.Parameter(ones(2));
    const optimizer = new optim.SGD([p], { lr: rate });
    const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 1, gamma: 0.5 });
    void optimizer.step();
    scheduler.step();
    expect([await rate.item(), scheduler.getLastLr()]).toEqual([0.25, [0.25]]);
    const plateau = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5 });
    for (const loss of [1, 1, 1]) plateau.step(loss);
    expect(await rate.item()).toBe(0.0625);
    noGrad(() => rate.mul_(2));
    expect(() => { scheduler.step(); }).toThrow('StepLR: the value of the tensor lr must be known to the page'); // prettier-ignore
    optimizer.paramGroups[0].lr = 1;
    scheduler.step();
    expect(optimizer.paramGroups[0].lr).toBe(0.5);
  });

  it('is of one element, and not negative where the page knows it', () => {
    const p = [new nn.Parameter(ones(2))];
    const make = (lr: Tensor) => () => new optim.Adam(p, { lr });
    expect(make(ones(2))).toThrow('Adam: lr must be a number or a tensor of one element, got shape [2].');
    expect(make(tensor(-1))).toThrow('Adam: lr must be at least 0, got -1.');
    const optimizer = new optim.Adam(p, { lr: tensor([0.5]) });
    optimizer.paramGroups[0].lr = ones(2);
    expect(() => optimizer.step()).toThrow('Adam: lr must be a number or a tensor of one element, got shape [2].');
  });
});
