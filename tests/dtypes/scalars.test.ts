// 16-bit floats with numbers: computed in float32 with the number as it is, and rounded once.
import { describe, expect, test } from 'vitest';
import * as k from '../../src';
import { tensor, type Tensor } from '../../src';

const HALVES = ['float16', 'bfloat16'] as const;
const VALUES = [0.01, 1e-5, 3388, 60000, 2, -2, 0, -0.3, 7.5];
/** Beyond what float16 holds, below it, and between its neighbours. */
const NUMBERS = [65536, 524288, 1e-8, 70000, 0.1, -1 / 3, 100000.5];

type Call = (x: Tensor, s: number) => Tensor;

const CALLS: Readonly<Record<string, Call>> = {
  add: (x, s) => x.add(s),
  'add with alpha': (x, s) => x.add(x, { alpha: s }),
  sub: (x, s) => x.sub(s),
  'sub with alpha': (x, s) => x.sub(x, { alpha: s }),
  rsub: (x, s) => k.rsub(x, s),
  mul: (x, s) => x.mul(s),
  div: (x, s) => x.div(s),
  'div down': (x, s) => x.div(s, { roundingMode: 'floor' }),
  'div towards zero': (x, s) => x.div(s, { roundingMode: 'trunc' }),
  floorDivide: (x, s) => x.floorDivide(s),
  remainder: (x, s) => x.remainder(s),
  fmod: (x, s) => x.fmod(s),
  pow: (x, s) => x.pow(s),
  'pow of a number': (x, s) => k.pow(Math.abs(s), x),
  addcmul: (x, s) => k.addcmul(x, x, x, { value: s }),
  addcdiv: (x, s) => k.addcdiv(x, x, x, { value: s }),
  lerp: (x, s) => k.lerp(x, x.neg(), s),
  'lerp of equals': (x, s) => k.lerp(x, x, s),
  atan2: (x, s) => k.atan2(x, s),
  copysign: (x, s) => k.copysign(x, s),
  xlogy: (x, s) => k.xlogy(x, s),
  clamp: (x, s) => x.clamp(-s, s),
  clampMin: (x, s) => x.clampMin(s),
  where: (x, s) => k.where(x.gt(1), x, s),
  maskedFill: (x, s) => x.maskedFill(x.gt(1), s),
  fill: (x, s) => k.fill(x, s),
  'add_': (x, s) => x.clone().add_(s),
  'mul_': (x, s) => x.clone().mul_(s),
  'div_': (x, s) => x.clone().div_(s),
  'fill_': (x, s) => x.clone().fill_(s),
  'lerp_': (x, s) => x.clone().lerp_(x.neg(), s),
  elu: (x, s) => k.nn.functional.elu(x, s),
  'mul by a tensor without dimensions': (x, s) => x.mul(tensor(s)),
  'div by a tensor without dimensions': (x, s) => x.div(tensor(s)),
}; // prettier-ignore

describe.each(HALVES)('%s with numbers', (dtype) => {
  test.each(Object.keys(CALLS))('%s', async (name) => {
    const x = tensor(VALUES, { dtype });
    for (const s of NUMBERS) {
      const actual = CALLS[name](x, s);
      expect(actual.dtype).toBe(dtype);
      const expected = CALLS[name](x.float(), s).to(dtype);
      expect(await actual.tolist(), `${name} ${s}`).toEqual(await expected.tolist());
    }
  });

  test('gradients take the number as it is', async () => {
    const x = tensor([1e-3, 2e-3], { dtype, requiresGrad: true });
    x.mul(70000).mul(1e-3).sum().backward();
    expect(await x.grad?.tolist()).toEqual(await tensor([70, 70], { dtype }).tolist());
  });

  test('what is compared with is rounded, as in PyTorch', async () => {
    const x = tensor([0.1, 0.2, 7], { dtype });
    expect(await x.eq(0.1).tolist()).toEqual([true, false, false]);
    expect(await x.le(0.1).tolist()).toEqual([true, false, false]);
    expect(await x.eq(tensor(0.1)).tolist()).toEqual([true, false, false]);
    const leaf = x.detach().requiresGrad_();
    leaf.clamp(0.1, 0.2).sum().backward();
    expect(await leaf.grad?.tolist()).toEqual([1, 1, 0]);
  });
});

test('the products that PyTorch before 2.1 rounded to infinity and nothing', async () => {
  const half = (x: number): Tensor => tensor([x], { dtype: 'float16' });
  expect(await half(0.01).mul(65536).tolist()).toEqual([655.5]);
  expect(await half(3388).div(524288).item()).toBeCloseTo(0.006462, 5);
  expect(await half(60000).mul(1e-8).item()).toBeCloseTo(0.0006, 6);
  expect(await k.lerp(half(2), half(2), 70000).tolist()).toEqual([2]);
});
