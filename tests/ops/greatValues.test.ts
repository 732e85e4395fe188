// Statistics of values whose squares overflow or vanish. Normalization gives what float64 gives (PyTorch 1.13 on the same
// values in float64; its float32 gives NaN or 0); variance and deviation what PyTorch's float32 gives, which sums in float64.
import { describe, expect, test } from 'vitest';
import * as k from '../../src';
import { nn, tensor, type DType, type Tensor } from '../../src';

const F = nn.functional;

const VALUES = [4, 3, 2, 1, 1, -2, 0.5, 7];
const OUTER = [0.5, -1, 2, 1.5, 1, 0.25, -0.75, 3];
const scaledBy = (scale: number, dtype: DType = 'float32'): Tensor =>
  tensor(VALUES.map((value) => value * scale), { dtype, requiresGrad: true }); // prettier-ignore

/** Numbers agree to `rtol`, but for what is below `rtol` of the greatest. */
function agree(actual: readonly number[], expected: readonly number[], rtol = 2e-5): void {
  expect(actual).toHaveLength(expected.length);
  const greatest = Math.max(...expected.filter(Number.isFinite).map(Math.abs), 0);
  expected.forEach((value, i) => {
    if (!Number.isFinite(value)) expect(actual[i]).toBe(value);
    else expect(Math.abs(actual[i] - value), `${actual[i]} for ${value}`).toBeLessThanOrEqual(rtol * greatest);
  });
}
const flat = async (t: Tensor | null): Promise<number[]> => Array.from((await t?.data()) ?? [], Number);

const affine = (): [weight: Tensor, bias: Tensor] => [tensor([1.5, -0.5], { requiresGrad: true }), tensor([0.25, 1])];

const NORMS: readonly (readonly [
  name: string,
  call: (x: Tensor, weight: Tensor, bias: Tensor) => Tensor,
  expected: { readonly y: readonly number[]; readonly dx: readonly number[]; readonly dw: readonly number[] | null },
])[] = [
  ['layerNorm with a weight', (x, w, b) => F.layerNorm(x.reshape(4, 2), [2], w, b), {
    y: [1.75, 1.5, 1.75, 1.5, 1.75, 1.5, -1.25, 0.5],
    dx: [0, 0, 0, 0, 0, 0, 0, 0],
    dw: [4.25, 2.25],
  }],
  ['layerNorm', (x) => F.layerNorm(x.reshape(2, 4), [4]), {
    y: [1.341640786, 0.4472135955, -0.4472135955, -1.341640786, -0.1891173686, -1.096880738, -0.3404112635, 1.62640937],
    dx: [5.813776741e-31, -1.296919427e-30, 8.497058314e-31, -1.341640786e-31, 1.046503551e-31, 1.984785431e-31, -3.71416772e-31, 6.828787388e-32],
    dw: null,
  }],
  ['groupNorm', (x, w, b) => F.groupNorm(x.reshape(2, 2, 2), 1, w, b), {
    y: [2.26246118, 0.9208203932, 1.223606798, 1.670820393, -0.03367605293, -1.395321107, 1.170205632, 0.1867953149],
    dx: [6.93181073e-31, -9.615092303e-31, -1.565247584e-31, 4.248529157e-31, 3.504758788e-31, -2.139542419e-31, -2.727186088e-32, -1.09249776e-31],
    dw: [-0.2397307554, 2.227648187],
  }],
  ['instanceNorm', (x, weight, bias) => F.instanceNorm(x.reshape(1, 2, 4), { weight, bias }), {
    y: [2.26246118, 0.9208203932, -0.4208203932, -1.76246118, 1.094558684, 1.548440369, 1.170205632, 0.1867953149],
    dx: [8.720665112e-31, -1.94537914e-30, 1.274558747e-30, -2.01246118e-31, -5.232517753e-32, -9.923927154e-32, 1.85708386e-31, -3.414393694e-32],
    dw: [-2.683281573, 4.671199005],
  }],
  ['batchNorm', (x, w, b) => F.batchNorm(x.reshape(2, 2, 2), null, null, w, b, true), {
    y: [1.886634177, 1.231980506, 1.12098348, 1.314557047, -0.07732683535, -2.041287847, 1.411343831, 0.1531156426],
    dx: [3.312235834e-31, -7.014146472e-31, -1.588935255e-31, -1.421201718e-31, 5.065772452e-31, -1.363861814e-31, 2.534136398e-31, 4.760005756e-32],
    dw: [-0.7092081433, 4.270716831],
  }],
  ['batchNorm of columns', (x, w, b) => F.batchNorm(x.reshape(4, 2), null, null, w, b, true), {
    y: [2.627887261, 0.8852921331, 0.3898757212, 1.191179778, -0.7291300487, 1.650011246, -1.288632934, 0.2735168427],
    dx: [-6.957296743e-31, 3.246702199e-31, 1.440111773e-30, -1.332668396e-31, 5.497724e-31, -5.545331579e-32, -1.294154499e-30, -1.359500645e-31],
    dw: [1.09569315, 3.230938252],
  }],
]; // prettier-ignore

describe('normalization of values of 1e30', () => {
  for (const [name, call, { y, dx, dw }] of NORMS) {
    // A graph of the backward pass takes another way to the gradient than none.
    test.each([false, true])(`${name}, createGraph: %s`, async (createGraph) => {
      const x = scaledBy(1e30);
      const [weight, bias] = affine();
      const result = call(x, weight, bias);
      const outer = tensor(OUTER).reshape(result.shape);
      result.mul(outer).sum().backward({ createGraph });
      agree(await flat(result), y);
      const gradient = await flat(x.grad);
      if (name === 'layerNorm with a weight') for (const value of gradient) expect(Math.abs(value)).toBeLessThan(1e-35);
      else agree(gradient, dx, 1e-4);
      if (dw !== null) agree(await flat(weight.grad), dw);
    });
  }

  test('float64 of 1e200', async () => {
    const x = scaledBy(1e200, 'float64');
    const y = F.layerNorm(x.reshape(2, 4), [4]);
    y.mul(tensor(OUTER, { dtype: 'float64' }).reshape(2, 4))
      .sum()
      .backward();
    const { y: expected, dx } = NORMS[1][2];
    agree(await flat(y), expected, 1e-8);
    agree((await flat(x.grad)).map((value) => value * 1e170), dx, 1e-8); // prettier-ignore
    const [weight, bias] = affine();
    const columns = F.batchNorm(x.detach().reshape(4, 2), null, null, weight.double(), bias.double(), true);
    agree(await flat(columns), NORMS[5][2].y, 1e-8);
  });

  test('the running variance is infinite, the running mean is not', async () => {
    const [mean, variance] = [k.zeros(2), k.ones(2)];
    F.batchNorm(scaledBy(1e30).detach().reshape(4, 2), mean, variance, null, null, true);
    agree(await flat(mean), [1.875e29, 2.25e29]);
    expect(await flat(variance)).toEqual([Infinity, Infinity]);
  });
});

describe('variance and deviation', () => {
  const STD = [2.678452326606517, [0.10333795100450516, 0.05000223591923714, -0.003333468921482563, -0.05666917935013771, -0.05666917935013771, -0.21667630970478058, -0.08333703130483627, 0.2633450925350189]] as const; // prettier-ignore
  const VAR_SLOPE = [0.553571504065, 0.267857195347, -0.017857075575, -0.303571367113, -0.303571367113, -1.160714293268, -0.446428493985, 1.410714430220]; // prettier-ignore

  test.each([1e19, 1e20, 1e30, 1e-25, 1e-30])('of values of %d', async (scale) => {
    const x = scaledBy(scale);
    const std = x.std();
    std.backward();
    agree([(await std.item()) / scale], [STD[0]]);
    agree(await flat(x.grad), STD[1]);
    const y = scaledBy(scale);
    const variance = y.var();
    variance.backward();
    expect(await variance.item()).toBe(scale > 1 ? Infinity : 0);
    agree((await flat(y.grad)).map((value) => value / scale), VAR_SLOPE); // prettier-ignore
    const rows = scaledBy(scale).reshape(2, 4);
    const [deviations, means] = k.stdMean(rows, 1);
    agree((await flat(deviations)).map((value) => value / scale), [1.290994436483, 3.816084242419]); // prettier-ignore
    agree((await flat(means)).map((value) => value / scale), [2.5, 1.625]); // prettier-ignore
  });

  test('a variance that float32 has, of squares whose sum it has not', async () => {
    const x = tensor([4e19, 3e19, 2e19, 1e19]);
    agree([await x.var(false).item()], [1.2499999346826996e38]);
    agree([await k.varMean(x, 0, true)[0].item()], [1.6666666471849648e38]);
  });

  test('of 16-bit floats by way of float32', async () => {
    const x = scaledBy(1000, 'float16');
    x.std().backward();
    agree([await x.std().item()], [2678], 0);
    agree(await flat(x.grad), [0.1033935546875, 0.050048828125, -0.003307342529296875, -0.056640625, -0.056640625, -0.2166748046875, -0.08331298828125, 0.263427734375], 1e-3); // prettier-ignore
    expect(await scaledBy(1000, 'bfloat16').std().item()).toBe(2688);
    expect(await scaledBy(1000, 'bfloat16').var().item()).toBe(7176192);
  });
});
