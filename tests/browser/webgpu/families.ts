// Calls that reach every kernel of the contract in its variants, on sizes around the bounds of vectors, tiles and chunks.
import * as k from '../../../src';
import type { Tensor } from '../../../src';
import type { ConvArguments } from '../../../src/nn/functional/conv';
import type { Size2d } from '../../../src/base/arguments';

/** One call: inputs are drawn from the seeded generator on the device under test. */
export interface FamilyCase {
  readonly name: string;
  readonly call: (...inputs: Tensor[]) => Tensor | readonly Tensor[];
  readonly inputs: () => Tensor[];
  /** 0 for no gradients; default 1. */
  readonly order?: 0 | 1;
}

const F = k.nn.functional;
const SIZES = [0, 1, 3, 4, 5, 16, 17, 1000];
const POSITIVE = SIZES.filter((n) => n > 0);

const cases = (
  name: string,
  sizes: readonly number[],
  make: (n: number) => Omit<FamilyCase, 'name'>,
): readonly FamilyCase[] => sizes.map((n) => ({ name: `${name}, size ${n}`, ...make(n) }));

const normal = (...shape: number[]): Tensor => k.randn(shape);

/** `start` after two steps along a gradient. */
function adamStep(start: Tensor, grad: Tensor): Tensor {
  const param = start.clone().requiresGrad_();
  const optimizer = new k.optim.Adam([param]);
  param.mul(grad).sum().backward();
  optimizer.step();
  optimizer.step();
  return param.detach();
}

const pointwise: readonly FamilyCase[] = [
  ...cases('dense', SIZES, (n) => ({
    call: (a, b) => k.mul(k.sigmoid(k.add(k.mul(a, 2), 1)), b),
    inputs: () => [normal(n), normal(n)],
  })),
  ...cases('broadcast and transposed', SIZES, (n) => ({
    call: (a, b, c) => k.add(k.mul(a.t(), b), c),
    inputs: () => [normal(n, 3), normal(n), normal(3, 1)],
  })),
  ...cases('in place', SIZES, (n) => ({
    call: (a) => k.mul(a, 1).slice(0, 0, null, 2).add_(1).mul_(3),
    inputs: () => [normal(n)],
    order: 0,
  })),
  ...cases('whole numbers', POSITIVE, (n) => ({
    call: (a, b) => [
      k.floorDivide(a, b), k.remainder(a, b), k.fmod(a, b), a.mul(b), a.to('uint8').mul(b.to('uint8')), a.gt(b),
      a.to('bool').add(b.to('bool')), k.pow(a, 3), k.bitwiseXor(a, b),
    ],
    inputs: () => [k.randint(-50, 50, [n]), k.randint(1, 9, [n])],
    order: 0,
  })), // prettier-ignore
  ...cases('dropout', SIZES, (n) => ({ call: (x) => F.dropout(x, 0.3), inputs: () => [k.ones(n, 7)] })),
  // An invocation takes several elements.
  ...cases('many elements', [16383, 16384, 16385, 20011], (n) => ({
    call: (a, b, c) => [
      k.mul(k.sigmoid(k.add(k.mul(a, 2), 1)), b), k.mul(a, k.exp(c)), k.sub(a.view(1, n), k.stack([b, a, b])), F.dropout(a, 0.3),
      k.add(k.stack([a, b], 1).t(), c), k.lgamma(a), adamStep(a, b),
    ],
    inputs: () => [normal(n), normal(n), normal(1)],
    order: 0,
  })), // prettier-ignore
];

/** Dtypes that are computed in wide ones: rounded and wrapped alike. */
const narrow: readonly FamilyCase[] = [
  ...cases('16-bit floats', POSITIVE, (n) => ({
    call: (a, b) =>
      (['float16', 'bfloat16'] as const).flatMap((dtype) => {
        const [x, y] = [a.to(dtype), b.to(dtype)];
        return [
          x, x.t(), x.mul(70000), x.mul(1e-7), x.add(0.1).sub(y), x.matmul(y.t()), x.softmax(1), x.sum(0), x.cumsum(0),
          x.sort(0).values, F.layerNorm(x, [3]), x.int(), x.to('bfloat16'), x.to('float16'), x.gt(y),
        ];
      }),
    inputs: () => [normal(n, 3), normal(n, 3)],
    order: 0,
  })),
  ...cases('narrow integers', POSITIVE, (n) => ({
    call: (a, b) =>
      (['int8', 'int16'] as const).flatMap((dtype) => {
        const [x, y] = [a.to(dtype), b.to(dtype)];
        return [
          x, x.t(), x.mul(y), x.add(y), x.neg(), x.floorDivide(y.abs().clampMin(1)), x.matmul(y.t()), x.sum(0), x.amax(0),
          x.half(), x.gt(y), x.bitwiseNot(), x.argmax(0), x.sort(0).values,
        ];
      }),
    inputs: () => [k.randint(-40000, 40000, [n, 3]), k.randint(-200, 200, [n, 3])],
    order: 0,
  })),
]; // prettier-ignore

const reductions: readonly FamilyCase[] = [0, 1, 2].flatMap((dim) =>
  cases(`reductions over dimension ${dim}`, POSITIVE, (n) => {
    const shape = [2, 3, 5];
    shape[dim] = n;
    return {
      call: (x) => [x.sum(dim), x.mean(dim), x.amax(dim), x.amin(dim), x.prod(dim).mul(1e-3), x.cumsum(dim)],
      inputs: () => [k.rand(shape).add(0.5).detach()],
    };
  }),
);

const extremes: readonly FamilyCase[] = [
  ...cases('places of extremes', POSITIVE, (n) => ({
    call: (x) => [x.argmax(1), x.argmin(1), x.argmax(0), x.to('int64').argmax(1), x.to('int64').sum(1)],
    inputs: () => [k.randint(-5, 5, [3, n, 2]).float()],
    order: 0,
  })),
  { name: 'a long sum', call: (x) => [x.sum(), x.mean()], inputs: () => [k.rand(300_007)] },
  { name: 'long columns', call: (x) => [x.sum(0), x.amax(0)], inputs: () => [k.rand(3001, 40)] },
  { name: 'long scans', call: (x) => [x.cumsum(1), x.cumprod(1)], inputs: () => [k.rand(2, 5000).mul(0.01).add(0.995).detach()] },
]; // prettier-ignore

const rows: readonly FamilyCase[] = [
  ...cases('softmax', SIZES, (n) => ({
    call: (x) => [k.softmax(x, 1), k.logSoftmax(x, 1), k.softmax(x, 0)],
    inputs: () => [normal(3, n, 2)],
  })),
  ...cases('layer norm', POSITIVE, (n) => ({
    call: (x, w, b) => F.layerNorm(x, [n], w, b),
    inputs: () => [normal(5, n), normal(n), normal(n)],
  })),
  ...cases('layer norm, many rows', POSITIVE, (n) => ({
    call: (x, w, b) => F.layerNorm(x, [6], w, b),
    inputs: () => [normal(n, 6), normal(6), normal(6)],
  })),
  ...cases('group norm', POSITIVE, (n) => ({
    call: (x, w, b) => F.groupNorm(x, 2, w, b),
    inputs: () => [normal(2, 6, n), normal(6), normal(6)],
  })),
  ...cases('norms of great values', [4, 17, 1000], (n) => ({
    call: (x, w, b) => [
      F.layerNorm(x.mul(1e30), [n]), F.groupNorm(x.mul(1e30), 3, w, b), F.batchNorm(x.mul(1e30), null, null, w, b, true),
      x.mul(1e30).std(2).mul(1e-30), x.mul(1e-25).std(2).mul(1e25), x.mul(1e15).mul(1e4).std(2).mul(1e-19),
    ],
    inputs: () => [normal(2, 6, n), normal(6), normal(6)],
  })), // prettier-ignore
  ...cases('batch norm', POSITIVE, (n) => ({
    call: (x, w, b) => F.batchNorm(x, null, null, w, b, true),
    inputs: () => [normal(2, 5, n), normal(5), normal(5)],
  })),
  ...cases('batch norm of many channels', POSITIVE, (n) => ({
    call: (x) => F.batchNorm(x, k.zeros(n), k.ones(n), null, null, true),
    inputs: () => [normal(9, n)],
  })),
];

const products: readonly FamilyCase[] = [
  ...cases('matmul by columns', SIZES, (n) => ({
    call: (a, b) => k.matmul(a, b),
    inputs: () => [normal(17, 19), normal(19, n)],
  })),
  ...cases('matmul by rows', SIZES, (n) => ({
    call: (a, b) => k.matmul(a, b),
    inputs: () => [normal(n, 19), normal(19, 33)],
  })),
  ...cases('matmul by depth', SIZES, (n) => ({
    call: (a, b) => k.matmul(a, b),
    inputs: () => [normal(33, n), normal(n, 70)],
  })),
  ...cases('few results of great depth', SIZES, (n) => ({
    call: (a, b) => k.matmul(a, b),
    inputs: () => [normal(2, n), normal(n, 3)],
  })),
  ...cases('transposed operands', [5, 17, 100], (n) => ({
    call: (a, b) => [k.matmul(a.t(), b), k.matmul(a.t(), b.t().contiguous().t())],
    inputs: () => [normal(40, n), normal(40, n + 1)],
  })),
  ...cases('batches', [1, 5, 17], (n) => ({
    call: (a, b) => k.bmm(a, b),
    inputs: () => [normal(6, n, 20), normal(6, 20, 34)],
  })),
  ...cases('linear', [1, 17, 200], (n) => ({
    call: (x, w, b) => F.linear(x, w, b),
    inputs: () => [normal(n, 20), normal(65, 20), normal(65)],
  })),
  {
    name: 'large tiles',
    call: (a, b) => k.matmul(a, b),
    inputs: () => [normal(530, 70), normal(70, 600)],
  },
];

const convolution = (
  name: string,
  x: readonly number[],
  w: readonly number[],
  options: Omit<ConvArguments<Size2d>, 'bias'>,
  bias = true,
): FamilyCase => ({
  name: `conv2d, ${name}`,
  call: (input, weight, b) => F.conv2d(input, weight, bias ? b : null, options),
  inputs: () => [k.randn(x), k.randn(w), normal(w[0])],
});

const convolutions: readonly FamilyCase[] = [
  convolution('3 x 3', [2, 3, 9, 8], [5, 3, 3, 3], { padding: 1 }),
  convolution('many channels', [2, 20, 9, 9], [40, 20, 3, 3], { padding: 1 }),
  convolution('1 x 1', [3, 17, 5, 5], [16, 17, 1, 1], {}, false),
  convolution('stride and dilation', [2, 4, 15, 14], [6, 4, 3, 2], {
    stride: [2, 3],
    dilation: [2, 1],
    padding: [2, 1],
  }),
  convolution('groups', [2, 6, 8, 8], [9, 2, 3, 3], { groups: 3, padding: 1 }),
  convolution('depthwise', [2, 16, 12, 12], [16, 1, 3, 3], { groups: 16, padding: 1 }),
  convolution('large', [4, 8, 32, 32], [16, 8, 5, 5], { padding: 2 }),
  convolution('nothing to do', [0, 3, 9, 8], [5, 3, 3, 3], { padding: 1 }),
];

const pooling: readonly FamilyCase[] = [
  ...cases('max pooling', [4, 5, 16, 17], (n) => ({
    call: (x) => [F.maxPool2d(x, 2), F.maxPool2d(x, 3, { stride: 1, padding: 1 }), F.maxPool2d(x, 2, { dilation: 2 })],
    inputs: () => [normal(2, 3, n, n + 1)],
  })),
  ...cases('average pooling', [4, 5, 16, 17], (n) => ({
    call: (x) => [
      F.avgPool2d(x, 2), F.avgPool2d(x, 3, { stride: 2, padding: 1 }),
      F.avgPool2d(x, 3, { padding: 1, countIncludePad: false }), F.avgPool2d(x, 2, { divisorOverride: 3, stride: 1 }),
    ],
    inputs: () => [normal(2, 3, n, n + 1)],
  })),
  ...cases('adaptive pooling', [1, 3, 4, 17], (n) => ({
    call: (x) => [F.adaptiveAvgPool2d(x, [n, 3]), F.adaptiveAvgPool2d(x, [2, n])],
    inputs: () => [normal(2, 3, 10, 7)],
  })),
]; // prettier-ignore

const indexing: readonly FamilyCase[] = [
  ...cases('embedding', SIZES, (n) => ({
    call: (index, weight) => F.embedding(index, weight),
    inputs: () => [k.randint(0, 11, [n]), normal(11, 5)],
  })),
  ...cases('gather and scatter', POSITIVE, (n) => ({
    call: (x, index) => [k.gather(x, 1, index), k.scatterAdd(x, 1, index, k.mul(x, 2))],
    inputs: () => [normal(3, n, 2), k.randint(0, n, [3, n, 2])],
  })),
  ...cases('cross entropy', POSITIVE, (n) => ({
    call: (x, labels) => F.crossEntropy(x, labels),
    inputs: () => [normal(6, n), k.randint(0, n, [6])],
  })),
  ...cases('join', POSITIVE, (n) => ({
    call: (a, b) => k.cat([a, b.t()], 1),
    inputs: () => [normal(n, 3), normal(4, n)],
  })),
];

/** Random numbers of few values, so that many are equal, with some that are not finite. */
const ties = (...shape: number[]): Tensor => {
  const x = k.randint(-4, 5, shape).float();
  return k.where(x.eq(-4), NaN, k.where(x.eq(4), Infinity, x));
};

const columns: readonly FamilyCase[] = [
  ...cases('sorting', [...POSITIVE, 65, 129, 20_000], (n) => ({
    call: (x, y) => [true, false].flatMap((descending) => [
      ...k.sort(x, 1, descending), ...k.sort(y, 1, descending), k.argsort(y.to('uint8'), 0, descending),
    ]),
    inputs: () => [ties(3, n, 2), k.randint(-5, 5, [3, n, 2])],
    order: 0,
  })),
  ...cases('searching', [0, ...POSITIVE], (n) => ({
    call: (x, y) => [true, false].flatMap((right) => [
      k.searchsorted(x.sort(1).values, ties(3, 5), { right }), k.searchsorted(y.to('uint8').sort(1).values, y.abs().to('uint8'), { right }),
      k.searchsorted(ties(n).sort().values, x, { right }), k.searchsorted(y.sort(1).values, y, { right }),
    ]),
    inputs: () => [ties(3, n), k.randint(-5, 5, [3, n])],
    order: 0,
  })),
  ...cases('running extremes', POSITIVE, (n) => ({
    call: (x, y) => [...k.cummax(x, 1), ...k.cummin(x, 1), ...k.cummax(y, 1), ...k.cummin(y, 0)],
    inputs: () => [ties(3, n, 2), k.randint(-5, 5, [3, n, 2])],
    order: 0,
  })),
  ...cases('running sums of exponentials', [...POSITIVE, 5000], (n) => ({
    call: (x) => [k.logcumsumexp(x, 1), k.flip(x, 1).logcumsumexp(1)],
    inputs: () => [normal(2, n, 2)],
  })),
  {
    name: 'running sums of exponentials that are not finite',
    call: (x) => k.logcumsumexp(x, 0),
    inputs: () => [k.tensor([[-Infinity, 1, Infinity], [-Infinity, -Infinity, Infinity], [2, NaN, 1], [200, 1, -Infinity]])],
    order: 0,
  },
  ...cases('scattering', POSITIVE, (n) => ({
    call: (x, y, index) => ['float32', 'int64', 'uint8'].flatMap((dtype) => {
      const [a, b] = [x.to(dtype as 'float32'), y.to(dtype as 'float32')];
      return [
        k.scatter(a, 1, index, b), k.scatterAdd(a, 1, index, b), k.scatterReduce(a, 1, index, b, 'prod'),
        k.scatterReduce(a, 1, index, b, 'amax'), k.scatterReduce(a, 1, index, b, 'amin', false),
      ];
    }),
    inputs: () => [k.randint(0, 30, [3, n, 2]), k.randint(0, 30, [3, 5, 2]), k.randint(0, n, [3, 5, 2])],
    order: 0,
  })),
]; // prettier-ignore

export const FAMILIES: readonly FamilyCase[] = [
  ...pointwise,
  ...narrow,
  ...reductions,
  ...extremes,
  ...rows,
  ...products,
  ...convolutions,
  ...pooling,
  ...indexing,
  ...columns,
];
