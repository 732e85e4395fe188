// Derivatives of digamma up to the last one whose factorial is finite, against PyTorch 1.13 in float64.
import { expect, it } from 'vitest';
import { ones, polygamma, special, tensor } from '../../src';

const X = [0.5, 1, 2, 3.7, 10, 50];
/** torch.polygamma(n, X). */
const EXPECTED: readonly (readonly [n: number, values: readonly number[]])[] = [
  [5, [7691.113548602433, 122.08116743813383, 2.081167438133896, 0.06393975390203976, 0.00030594516211726814, 8.071677135254361e-8]],
  [20, [-5.10216531273943e24, -2.432903168507861e18, -1160331221321.7373, -2862777.3779020025, -0.002827133564927982, -1.5484472745325126e-17]],
  [33, [1.4917826077431244e47, 8.683317619317431e36, 5.05436128259746e26, 4.16825878621803e17, 904.2109394612664, 3.09000160414475e-21]],
  [34, [-1.0144121732653005e49, -2.952327990481932e38, -8.592411229698718e27, -3.8300522186678277e18, -3062.7106605740573, -2.0576445694243215e-21]],
  [100, [-2.3661006604909834e188, -9.332621544394755e157, -3.681070139798182e127, -3.8161859121760214e100, -9.333237300479427e56, -2.7391048021903825e-14]],
  [150, [-1.6308828138762616e308, -5.7133839564463546e262, -2.001539041066581e217, -9.087262568855674e176, -5.713387167139542e111, -1717510.4520848084]],
  [170, [-Infinity, -7.257415615308056e306, -2.4246705428834264e255, -4.9921448638721256e209, -7.257416221531857e135, -2.2485188172316424e16]],
]; // prettier-ignore

it.each(EXPECTED)('derivative %d', async (n, expected) => {
  const actual = await polygamma(n, tensor(X, { dtype: 'float64' })).tolist<number[]>();
  // By which PyTorch differs from the sum in exact arithmetic, or less.
  expected.forEach((value, i) => {
    if (!Number.isFinite(value)) expect(actual[i]).toBe(value);
    else expect(Math.abs(actual[i] / value - 1)).toBeLessThan(1e-12);
  });
});

it.each([171, 1e9, Number.MAX_SAFE_INTEGER, Infinity, -1, 1.5])('derivative %d is refused', (n) => {
  const message = `polygamma: n must be a whole number in [0, 170], beyond which n! is infinite, got ${n}.`;
  expect(() => polygamma(n, ones(2))).toThrow(message);
  expect(() => special.polygamma(n, ones(2))).toThrow(message);
});

it('the gradient of the last one ends', async () => {
  const x = tensor([2], { dtype: 'float64', requiresGrad: true });
  polygamma(170, x).backward();
  expect(await x.grad?.tolist()).toEqual([Infinity]);
});
