// Draws by probabilities, against those of PyTorch 1.13 for the same seed.
import { expect, test } from 'vitest';
import { bernoulli, emptyLike, Generator, manualSeed, multinomial, nn, ones, softmax, tensor, zeros } from '../../src';

const { gumbelSoftmax } = nn.functional;

const weights = () => tensor([[0.1, 0.2, 0.3, 0.4], [4, 3, 2, 1]]); // prettier-ignore

test('coins', async () => {
  manualSeed(3);
  expect(await bernoulli(tensor([[0.1, 0.5, 0.9, 0.3], [0.7, 0.2, 0.6, 0.4]])).tolist()).toEqual([[1, 1, 1, 1], [1, 1, 0, 0]]); // prettier-ignore
  manualSeed(3);
  expect(await zeros(8).bernoulli_(0.4).tolist()).toEqual([1, 1, 0, 1, 0, 0, 1, 0]);
});

test.each(['uniform_', 'normal_', 'exponential_', 'bernoulli_'] as const)(
  '%s draws from the generator given',
  async (name) => {
    const fill = (generator: Generator) => {
      if (name === 'uniform_') return zeros(9).uniform_(0, 1, generator);
      if (name === 'normal_') return zeros(9).normal_(0, 1, generator);
      return name === 'exponential_' ? zeros(9).exponential_(1, generator) : zeros(9).bernoulli_(0.5, generator);
    };
    const draw = (seed: number) => fill(new Generator().manualSeed(seed)).tolist();
    manualSeed(3);
    const untouched = await zeros(4).uniform_().tolist();
    manualSeed(3);
    const first = await draw(5);
    expect(await zeros(4).uniform_().tolist()).toEqual(untouched);
    expect(await draw(5)).toEqual(first);
    expect(await draw(6)).not.toEqual(first);
  },
);

test('exponential numbers', async () => {
  manualSeed(3);
  const expected = [
    0.017351727932691574, 0.1689547896385193, 0.7412153482437134, 0.09614172577857971, 0.7040039300918579,
  ];
  expect(await zeros(5).exponential_(2).tolist()).toEqual(expected);
});

test.each([
  [1, false, [[0], [2]]],
  [3, false, [[0, 3, 1], [2, 1, 0]]],
  [6, true, [[0, 1, 3, 1, 3, 3], [0, 1, 1, 2, 0, 1]]],
])('%i indices by weights, replacement %s', async (numSamples, replacement, expected) => {
  manualSeed(3);
  const drawn = multinomial(weights(), numSamples, { replacement });
  expect(drawn.dtype).toBe('int64');
  expect(await drawn.tolist()).toEqual(expected);
}); // prettier-ignore

test('a vector of weights', async () => {
  manualSeed(3);
  const [first, second] = weights().unbind();
  expect(await first.multinomial(1, true).tolist()).toEqual([0]);
  expect(await second.multinomial({ numSamples: 2 }).tolist()).toEqual([0, 2]);
});

test('a weight of 0 is never drawn', async () => {
  const drawn = await multinomial(tensor([0, 1, 0, 3]), 1000, { replacement: true }).tolist<number[]>();
  expect(new Set(drawn)).toEqual(new Set([1, 3]));
  expect(drawn.filter((index) => index === 3).length).toBeGreaterThan(650);
});

test('Gumbel softmax', async () => {
  const logits = () => tensor([[1, 2, 3], [0, -1, 0.5]]).requiresGrad_(); // prettier-ignore
  const [softly, hardly] = [logits(), logits()];
  manualSeed(3);
  const soft = gumbelSoftmax(softly, { tau: 0.7 });
  const expected = [
    0.8044244647026062, 0.12997686862945557, 0.0655987411737442, 0.8153027296066284, 0.011367501690983772,
    0.17332974076271057,
  ];
  for (const [i, value] of (await soft.data()).entries()) expect(value).toBeCloseTo(expected[i], 6);
  manualSeed(3);
  const hard = gumbelSoftmax(hardly, 0.7, true);
  expect(await hard.tolist()).toEqual([[1, 0, 0], [1, 0, 0]]); // prettier-ignore
  // Its gradient is that of the soft one.
  const factors = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
  soft.mul(factors).sum().backward();
  hard.mul(factors).sum().backward();
  expect(await hardly.grad?.tolist()).toEqual(await softly.grad?.tolist());
});

test('what cannot be drawn', () => {
  expect(() => multinomial(weights(), 5)).toThrow(
    'multinomial: numSamples must be at least 1 and at most the 4 weights of a row, unless replacement is true; got 5.',
  );
  expect(() => multinomial(weights(), 0, true)).toThrow('multinomial: numSamples must be at least 1; got 0.');
  expect(() => multinomial(ones(2, 2, 2), 1)).toThrow(
    'multinomial: weights must be a vector or rows of them, got [2, 2, 2].',
  );
  expect(() => multinomial(ones([3], { dtype: 'int64' }), 1)).toThrow('multinomial');
  expect(() => bernoulli(tensor([1, 0], { dtype: 'int32' }))).toThrow('bernoulli');
  expect(() => emptyLike(softmax(weights(), -1)).exponential_(0)).toThrow(
    'exponential_: lambda must be positive, got 0.',
  );
});

test.each([
  ['NaN', [NaN, 1]],
  ['a negative weight', [[1, 2], [-0.5, 1]]],
  ['an infinite weight', [Infinity, 1]],
])('multinomial refuses %s', async (_name, data) => {
  for (const replacement of [false, true]) {
    const drawn = multinomial(tensor(data), 1, replacement);
    await expect(drawn.tolist()).rejects.toThrow('multinomial: a weight that is negative, infinite or NaN is not allowed');
  }
}); // prettier-ignore

test('multinomial refuses a row of zeros, and no weights at all', async () => {
  for (const replacement of [false, true]) {
    const drawn = multinomial(tensor([[1, 2], [0, 0]]), 1, replacement); // prettier-ignore
    await expect(drawn.tolist()).rejects.toThrow('multinomial: a row of weights that are all 0 is not allowed');
  }
  expect(() => multinomial(zeros(0), 1, true)).toThrow('multinomial: there must be weights to choose from, got none');
  expect(await multinomial(zeros(0, 3), 2, true).tolist()).toEqual([]);
});

test.each([-0.1, 1.1, NaN, Infinity])('bernoulli refuses the probability %d', async (p) => {
  for (const dtype of ['float32', 'float64', 'float16'] as const) {
    const drawn = bernoulli(tensor([0.5, p], { dtype }));
    await expect(drawn.tolist()).rejects.toThrow('bernoulli: a probability outside [0, 1] is not allowed');
  }
});
