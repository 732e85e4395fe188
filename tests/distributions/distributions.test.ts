// Distributions against PyTorch 1.13 (record.py): moments, densities and their gradients, samples of one seed.
import { describe, expect, it } from 'vitest';
import { distributions, manualSeed, tensor, arange, type Tensor, type DType } from '../../src';
import recorded from './recorded.json';

/** What JSON has no number for is text. */
type Plain = number | boolean | string | null | Plain[];
const numbers = (plain: Plain): number[] =>
  Array.isArray(plain) ? plain.flatMap(numbers) : [plain === 'inf' ? Infinity : plain === '-inf' ? -Infinity : Number(plain)]; // prettier-ignore
const sizes = (plain: Plain): number[] => (Array.isArray(plain) ? [plain.length, ...sizes(plain[0] ?? 0)] : []);

const TOLERANCE: Partial<Record<string, number>> = { float64: 1e-11, float32: 4e-6, igamma: 1e-8 };

async function expectClose(actual: Tensor, expected: Plain, dtype: string, what: string): Promise<void> {
  expect(actual.shape, what).toEqual(sizes(expected));
  const given = Array.from((await actual.detach().data()) as ArrayLike<number | bigint>, Number);
  const values = numbers(expected);
  const tolerance = TOLERANCE[dtype] ?? 0;
  for (let i = 0; i < values.length; i++) {
    const [a, b] = [given[i], values[i]];
    const fits = Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * (1 + Math.abs(b));
    expect(fits, `${what}, element ${i}: ${a} for ${b}`).toBe(true);
  }
}

type Args = Readonly<Record<string, Plain>>;
type AnyClass = new (args: object) => distributions.Distribution;
const classes = distributions as object as Readonly<Record<string, AnyClass>>;

/** Arguments with lists as tensors, and those tensors. */
function made(args: Args, dtype: DType, requiresGrad = false): [given: object, tensors: Readonly<Record<string, Tensor>>] {
  const tensors: Record<string, Tensor> = {};
  const given = Object.entries(args).map(([name, value]) => {
    if (!Array.isArray(value)) return [name, value];
    return [name, (tensors[name] = tensor(value as number[], { dtype, requiresGrad }))];
  });
  return [Object.fromEntries(given) as object, tensors];
} // prettier-ignore

async function expectGrads(out: Tensor, tensors: Readonly<Record<string, Tensor>>, grads: Args, dtype: DType): Promise<void> {
  const weights = arange(1, out.numel() + 1, { dtype }).view(out.shape);
  if (Object.keys(grads).length === 0) return;
  out.mul(weights).sum().backward();
  for (const [name, grad] of Object.entries(grads)) {
    const { grad: own } = tensors[name];
    expect(own, `gradient of ${name}`).not.toBeNull();
    await expectClose(own as Tensor, grad, dtype, `gradient of ${name}`);
  }
} // prettier-ignore

interface Case {
  readonly name: string;
  readonly args: Args;
  readonly dtype: DType;
  readonly batch: number[];
  readonly event: number[];
  readonly text: string;
  readonly values: Plain;
  readonly [field: string]: unknown;
}
const cases = recorded.cases as object as readonly Case[];
const titled = cases.map((entry) => [`${entry.name}(${JSON.stringify(entry.args).slice(0, 90)}) ${entry.dtype}`, entry] as const); // prettier-ignore

describe.each(titled)('%s', (_, entry) => {
  const { name, dtype } = entry;
  const build = (requiresGrad = false): [distributions.Distribution, Readonly<Record<string, Tensor>>] => {
    const [given, tensors] = made(entry.args, dtype, requiresGrad);
    return [new classes[name](given), tensors];
  };
  const value = (): Tensor => tensor(entry.values as number[], { dtype });

  it('shapes and moments', async () => {
    const [d] = build();
    expect([d.batchShape, d.eventShape]).toEqual([entry.batch, entry.event]);
    for (const moment of ['mean', 'mode', 'variance', 'stddev'] as const) {
      if (entry[moment] !== null) await expectClose(d[moment], entry[moment] as Plain, dtype, moment);
      else expect(() => d[moment], moment).toThrow(/: there is no /);
    }
    if (entry.entropy !== null) await expectClose(d.entropy(), entry.entropy as Plain, dtype, 'entropy');
    else expect(() => d.entropy()).toThrow(/: there is no entropy/);
  });

  it('probabilities', async () => {
    const [d] = build();
    await expectClose(d.logProb(value()), entry.logProb as Plain, dtype, 'logProb');
    if (entry.cdf === 'refused') return;
    // The digits that igamma has: tests/special.
    const digits = dtype === 'float64' && d instanceof distributions.Gamma ? 'igamma' : dtype;
    if (entry.cdf !== null) await expectClose(d.cdf(value()), entry.cdf as Plain, digits, 'cdf');
    else expect(() => d.cdf(value())).toThrow(/: there is no /);
    if (Array.isArray(entry.icdf)) {
      for (const [i, p] of (entry.probabilities as number[]).entries()) {
        const at = tensor(p, { dtype }).expand(d.batchShape);
        await expectClose(d.icdf(at), (entry.icdf as Plain[])[i], dtype, `icdf of ${p}`);
      }
    }
    if (entry.support !== undefined) await expectClose(d.enumerateSupport(), entry.support as Plain, dtype, 'support');
  });

  it.runIf(entry.logProbGrads !== undefined)('gradients of log-probabilities', async () => {
    const [d, tensors] = build(true);
    await expectGrads(d.logProb(value()), tensors, entry.logProbGrads as Args, dtype);
  });

  it('samples', async () => {
    const [d] = build();
    manualSeed(recorded.seed);
    const sample = d.sample([2]);
    expect(sample.shape).toEqual([2, ...entry.batch, ...entry.event]);
    expect(sample.requiresGrad).toBe(false);
    // A value in the support has a probability.
    const log = await d.logProb(sample).data();
    for (const each of log) expect(Number(each)).not.toBeNaN();
    if (entry.sample !== undefined) await expectClose(sample, entry.sample as Plain, dtype, 'sample');
    if (entry.rsample === undefined) return;
    const [again, tensors] = build(true);
    manualSeed(recorded.seed);
    const drawn = again.rsample([2]);
    await expectClose(drawn, entry.rsample as Plain, dtype, 'rsample');
    await expectGrads(drawn, tensors, entry.rsampleGrads as Args, dtype);
  });

  it('a larger batch', () => {
    const [d] = build();
    const wide = d.expand([2, ...entry.batch]);
    expect(wide).toBeInstanceOf(classes[name]);
    expect([wide.batchShape, wide.eventShape]).toEqual([[2, ...entry.batch], entry.event]);
    expect(wide.sample().shape).toEqual([2, ...entry.batch, ...entry.event]);
    const [own, other] = [d, wide].map((of) => of.logProb(of.sample()).shape);
    expect(other).toEqual([2, ...own]);
  });
});

describe('klDivergence', () => {
  it.each(recorded.kl.map((pair, i) => [`${i}: ${pair.p} and ${pair.q}`, pair] as const))('%s', async (_, pair) => {
    const [p, q] = [new classes[pair.p](made(pair.pArgs as object as Args, 'float64')[0]), new classes[pair.q](made(pair.qArgs as object as Args, 'float64')[0])]; // prettier-ignore
    await expectClose(distributions.klDivergence(p, q), pair.kl, 'float64', 'kl');
  });
});

describe('transforms', () => {
  const made_ = distributions.transforms as object as Readonly<Record<string, new (args?: object) => distributions.Transform>>; // prettier-ignore
  it.each(recorded.transforms.map((row, i) => [`${i}: ${row.name}`, row] as const))('%s', async (_, row) => {
    const transform = new made_[row.name](made(row.args as object as Args, 'float64')[0]);
    const x = tensor(row.x, { dtype: 'float64' });
    const y = transform(x);
    await expectClose(y, row.y, 'float64', 'y');
    await expectClose(transform.inv(y), row.back, 'float64', 'x');
    expect(transform.inv.inv).toBe(transform);
    expect(transform.forwardShape(x.shape)).toEqual(y.shape);
    expect(transform.inverseShape(y.shape)).toEqual(x.shape);
    expect([transform.domain.eventDim, transform.codomain.eventDim]).toEqual([row.domain[1], row.codomain[1]]);
    if (row.stretch === null) expect(() => transform.logAbsDetJacobian(x, y)).toThrow('there is no determinant');
    else await expectClose(transform.logAbsDetJacobian(x, y), row.stretch, 'float64', 'determinant');
    if (typeof row.sign === 'number') expect(transform.sign).toBe(row.sign);
  });
});
