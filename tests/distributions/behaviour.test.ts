// How distributions are called, checked and put together.
import { describe, expect, it } from 'vitest';
import { distributions, manualSeed, ones, tensor, zeros, type Tensor } from '../../src';
import recorded from './recorded.json';

const {
  AffineTransform, Bernoulli, Categorical, ComposeTransform, Dirichlet, Distribution, ExpTransform, Gamma, Independent,
  klDivergence, LogNormal, MultivariateNormal, Normal, registerKl, SigmoidTransform, StickBreakingTransform, TanhTransform,
  TransformedDistribution, Uniform,
} = distributions; // prettier-ignore

describe('arguments', () => {
  it('by position and by name, numbers and tensors', async () => {
    const forms = [new Normal(1, 2), new Normal(1, { scale: 2 }), new Normal({ loc: 1, scale: 2 }), new Normal(tensor(1), 2)];
    for (const d of forms) {
      expect([d.batchShape, await d.loc.item(), await d.scale.item()]).toEqual([[], 1, 2]);
      expect(await d.logProb(1).item()).toBeCloseTo(-1.612085713764618, 6);
    }
    const d = new Normal(zeros(2, 1), tensor([1, 2, 3]));
    expect(d.batchShape).toEqual([2, 3]);
    expect(d.sample([4, 5]).shape).toEqual([4, 5, 2, 3]);
    expect(d.sample(4).shape).toEqual([4, 2, 3]);
    expect(d.rsample({ sampleShape: [4] }).shape).toEqual([4, 2, 3]);
    expect(new Normal(tensor([0], { dtype: 'float64' }), 1).sample().dtype).toBe('float64');
  }); // prettier-ignore

  it('print as in PyTorch', async () => {
    const all = [
      new Normal(0, 1), new Normal(0.5, 2), new Normal(zeros(2), ones(2)), new Bernoulli({ logits: zeros(1) }), new Gamma(1e-5, 2.5),
    ]; // prettier-ignore
    expect(await Promise.all(all.map((d) => d.repr()))).toEqual([
      'Normal(loc: 0.0, scale: 1.0)',
      'Normal(loc: 0.5, scale: 2.0)',
      'Normal(loc: torch.Size([2]), scale: torch.Size([2]))',
      'Bernoulli(logits: tensor([0.]))',
      'Gamma(concentration: 9.999999747378752e-06, rate: 2.5)',
    ]);
    const independent = new Independent(new Normal(zeros(2), ones(2)), 1);
    expect(await independent.repr()).toBe('Independent(Normal(loc: torch.Size([2]), scale: torch.Size([2])), 1)');
    expect(String(new Normal(zeros(2), ones(2)))).toBe('Normal(loc: torch.Size([2]), scale: torch.Size([2]))');
  });
});

describe('checks', () => {
  it('refuse what the page knows at once', () => {
    expect(() => new Normal(0, -1)).toThrow('Normal: scale must be above 0, got -1.');
    expect(() => new Normal(0, tensor([1, 0]))).toThrow('Normal: scale must be above 0, got 0.');
    expect(() => new Normal(zeros(2, 1), tensor([1, -2]))).toThrow('Normal: scale must be above 0, got -2.');
    expect(() => new Normal(NaN, 1)).toThrow('Normal: loc must be a real number, got NaN.');
    expect(() => new Bernoulli(1.5)).toThrow('Bernoulli: probs must be at least 0 and at most 1, got 1.5.');
    expect(() => new Uniform(2, 1)).toThrow('Uniform: low must be below high, got 2 and 1.');
    expect(() => new Bernoulli(0.5).logProb(0.5)).toThrow('Bernoulli.logProb: value must be 0 or 1, got 0.5.');
    expect(() => new Gamma(1, 1).cdf(-1)).toThrow('Gamma.cdf: value must be at least 0, got -1.');
  });

  it('let what only the device knows be a fault of what is read', async () => {
    const scale = tensor([1, 2]).sub(2);
    const fault = 'Normal: a scale that is not above 0 is not allowed';
    await expect(new Normal(0, scale).sample().data()).rejects.toThrow(fault);
    await expect(new Normal(0, scale).logProb(0).data()).rejects.toThrow(fault);
    const value = tensor([1, 2]).sub(5);
    await expect(new LogNormal(0, 1).logProb(value).data()).rejects.toThrow('LogNormal.logProb: a value that is not above 0'); // prettier-ignore
    const rows = tensor([[0.5, 0.5], [0.5, 0.6]]).mul(1); // prettier-ignore
    await expect(new Dirichlet(ones(2)).logProb(rows).data()).rejects.toThrow('Dirichlet.logProb: a value that is not numbers of at least 0 that add up to 1'); // prettier-ignore
    const indefinite = tensor([[1, 2], [2, 1]]); // prettier-ignore
    await expect(new MultivariateNormal(zeros(2), indefinite).covarianceMatrix.data()).rejects.toThrow('covarianceMatrix that is not a symmetric positive definite matrix'); // prettier-ignore
  });

  it('are left out where it is said', async () => {
    expect(await new Normal(0, -1, false).scale.item()).toBe(-1);
    expect(await new Normal(0, -1, { validateArgs: false }).scale.item()).toBe(-1);
    Distribution.setDefaultValidateArgs(false);
    try {
      expect(await new Normal(0, -1).scale.item()).toBe(-1);
      expect(() => new Normal(0, -1, true)).toThrow('Normal: scale must be above 0');
    } finally {
      Distribution.setDefaultValidateArgs(true);
    }
  });

  it('look at shapes', () => {
    const d = new Independent(new Normal(zeros(2, 3), ones(3)), 1);
    expect(() => new Normal(zeros(3), 1).logProb(zeros(2))).toThrow('Normal.logProb: value must end with [3], the shapes of batch and event, or broadcast to it, got [2].'); // prettier-ignore
    expect(() => d.logProb(zeros(2))).toThrow('logProb: value must end with [2, 3]');
    expect(() => new Independent(d, 2)).toThrow('Independent: reinterpretedBatchNdims must be at most the 1 dimensions of the batch, got 2.'); // prettier-ignore
    expect(() => new Normal(zeros(2), ones(3))).toThrow('Normal: ');
    expect(() => new Dirichlet(tensor(1))).toThrow('Dirichlet: concentration must have at least one dimension');
    expect(() => new Bernoulli()).toThrow('Bernoulli: one of probs and logits must be given, got none.');
    expect(() => new Categorical(ones(2), ones(2))).toThrow(
      'Categorical: one of probs and logits must be given, got both.',
    );
    expect(() => new MultivariateNormal(zeros(2))).toThrow('MultivariateNormal: one of covarianceMatrix, precisionMatrix and scaleTril must be given, got 0.'); // prettier-ignore
    expect(() => new Normal(tensor([1, 2], { dtype: 'int64' }), 1)).toThrow('Normal: loc must be of a floating-point dtype, got int64. Convert it with .float().'); // prettier-ignore
    expect(() => new Categorical(ones(2)).rsample()).toThrow('Categorical: there is no rsample of this distribution');
  });
});

describe('compositions', () => {
  it('Independent sums over its event', async () => {
    const base = new Normal(zeros(2, 3), ones(2, 3));
    const d = new Independent(base, 1);
    expect([d.batchShape, d.eventShape, d.support.eventDim]).toEqual([[2], [3], 1]);
    const x = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
    expect(await d.logProb(x).tolist()).toEqual(await base.logProb(x).sum(-1).tolist());
    expect(await d.entropy().tolist()).toEqual(await base.entropy().sum(-1).tolist());
    expect(d.expand([4, 2]).sample([5]).shape).toEqual([5, 4, 2, 3]);
    expect(await klDivergence(d, new Independent(new Normal(ones(2, 3), 1), 1)).tolist()).toEqual([1.5, 1.5]);
    expect(() => klDivergence(d, new Independent(base, 2))).toThrow('klDivergence: there is no divergence known, got Independent and Independent.'); // prettier-ignore
  });

  it('TransformedDistribution is LogNormal, and a squashed normal', async () => {
    const x = tensor([0.5, 1, 3]);
    const own = new TransformedDistribution(new Normal(0.5, 2), [new ExpTransform()]);
    const known = new LogNormal(0.5, 2);
    for (const f of ['logProb', 'cdf'] as const) expect(await own[f](x).tolist()).toEqual(await known[f](x).tolist());
    manualSeed(1);
    const sample = await own.sample([3]).tolist();
    manualSeed(1);
    expect(await known.sample([3]).tolist()).toEqual(sample);
    // The policy of a soft actor-critic, by PyTorch 1.13.
    const policy = new TransformedDistribution(new Normal(0.5, 2), [new TanhTransform({ cacheSize: 1 })]);
    expect(await policy.logProb(tensor(0.25)).item()).toBeCloseTo(-1.5550251, 5);
    const loc = tensor([0.5, -1]).requiresGrad_();
    const squashed = new TransformedDistribution(new Normal(loc, 1), [new TanhTransform(1)]);
    squashed.logProb(squashed.rsample()).sum().backward();
    expect((await loc.grad?.tolist()) as number[]).toHaveLength(2);
    // The order is turned round by a negative scale.
    const turned = new TransformedDistribution(new Uniform(0, 1), new AffineTransform(1, -2));
    expect(await turned.cdf(tensor([-0.5, 0.5])).tolist()).toEqual([0.25, 0.75]);
    expect(await turned.icdf(tensor([0.25, 0.75])).tolist()).toEqual([-0.5, 0.5]);
  });

  it('transforms of vectors make vectors of the event', async () => {
    const base = new Normal(zeros(2, 3), ones(3));
    const d = new TransformedDistribution(base, new StickBreakingTransform());
    expect([d.batchShape, d.eventShape]).toEqual([[2], [4]]);
    const sample = d.sample();
    for (const sum of await sample.sum(-1).tolist<number[]>()) expect(sum).toBeCloseTo(1, 5);
    expect(d.logProb(sample).shape).toEqual([2]);
    const chain = new ComposeTransform([new AffineTransform(1, 2), new SigmoidTransform()]);
    const x = tensor([0.5, -1]);
    const y = chain(x);
    expect(await chain.inv(y).sub(x).abs().max().item()).toBeLessThan(1e-6);
    const parts = new AffineTransform(1, 2).logAbsDetJacobian(x, x).add(new SigmoidTransform().logAbsDetJacobian(x.mul(2).add(1), y)); // prettier-ignore
    expect(await chain.logAbsDetJacobian(x, y).tolist()).toEqual(await parts.tolist());
  });

  it('a cached transform gives back the value it was called with', () => {
    const transform = new TanhTransform(1);
    const x = tensor([30]);
    expect(transform.inv(transform(x))).toBe(x);
    expect(new TanhTransform().inv(transform(x))).not.toBe(x);
  });

  it('a policy gradient as in the documentation of PyTorch', async () => {
    const logits = zeros(2, 3).requiresGrad_();
    const m = new Categorical({ logits });
    manualSeed(0);
    const action = m.sample();
    m.logProb(action)
      .neg()
      .mul(tensor([1, 2]))
      .sum()
      .backward();
    const grad = (await logits.grad?.tolist()) as number[][];
    const chosen = await action.tolist<number[]>();
    grad.forEach((row, i) => {
      row.forEach((value, j) => {
        expect(value).toBeCloseTo((i + 1) * (1 / 3 - (chosen[i] === j ? 1 : 0)), 6);
      });
    });
  });
});

describe('registerKl', () => {
  class Own extends Normal {}
  it('takes classes of the user, the nearest first', async () => {
    expect(await klDivergence(new Own(0, 1), new Normal(1, 1)).item()).toBe(0.5);
    registerKl(Own, Normal, (p, q): Tensor => p.loc.sub(q.loc).mul(100));
    expect(await klDivergence(new Own(0, 1), new Normal(1, 1)).item()).toBe(-100);
    expect(await klDivergence(new Normal(0, 1), new Normal(1, 1)).item()).toBe(0.5);
    expect(() => klDivergence(new Normal(0, 1), new Categorical(ones(2)))).toThrow('klDivergence: there is no divergence known, got Normal and Categorical. Register one with registerKl.'); // prettier-ignore
  });
});

it('has cases of every distribution that PyTorch is compared for', () => {
  expect(recorded.cases.length).toBeGreaterThan(50);
});
