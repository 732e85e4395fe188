// Which operations give views of their inputs, which the inputs themselves, and which copies: what PyTorch 1.13 does.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';
import { listOf, make } from './inputs';
import { LINALG_SAMPLES } from './linalgSamples';
import { SAMPLES } from './samples';
import { TENSOR_SAMPLES } from './tensorSamples';

beforeEach(() => void k.manualSeed(1));
afterAll(() => {
  k.shutdown();
});

/** What a result is to an input. */
type Relation = 'copy' | 'view' | 'self';

/** Writes over all elements; those of an expanded tensor share memory and are left alone. */
function overwrite(x: Tensor): void {
  if (x.strides.some((stride, d) => stride === 0 && x.shape[d] > 1)) return;
  const all = x.detach();
  if (all.dtype === 'bool') all.copy_(all.logicalNot());
  else all.add_(1);
}

/** Whether writing to `a` changes `b`. */
async function reaches(a: Tensor, b: Tensor): Promise<boolean> {
  const before = String(await b.data());
  overwrite(a);
  return String(await b.data()) !== before;
}

/** What `result` is to `input`, found by writing to each and looking at the other. */
async function relationOf(result: Tensor, input: Tensor): Promise<Relation> {
  if (result === input) return 'self';
  const shared = [await reaches(result, input), await reaches(input, result)];
  return shared.includes(true) ? 'view' : 'copy';
}

type Expected = Relation | readonly Relation[];

/** The samples whose results are no copies; a list where it depends on how the inputs lie in memory. */
const NO_COPIES: readonly Readonly<Record<string, Expected>>[] = [
  {
    positive: 'self', dropout: 'self', dropout3d: 'view',
    view: ['view', 'copy', 'view'], flatten: ['view', 'copy', 'view'],
    permute: 'view', transpose: 'view', expand: 'view', narrow: 'view', slice: 'view', select: 'view', squeeze: 'view',
    unflatten: 'view', unbind: 'view', split: 'view', chunk: 'view', diagonal: 'view', movedim: 'view', unsqueeze: 'view',
    t: 'view', reshape: ['view', 'copy', 'view'],
  },
  {
    to: 'self', ravel: ['view', 'copy', 'copy'], broadcastTensors: ['view', 'self'],
    meshgrid: 'view', unfold: 'view', asStrided: 'view', atleast1d: 'view', atleast2d: 'view', atleast3d: 'view',
    tensorSplit: 'view', hsplit: 'view', vsplit: 'view', dsplit: 'view',
  },
  { 'linalg.diagonal': 'view' },
]; // prettier-ignore

describe.each([SAMPLES, TENSOR_SAMPLES, LINALG_SAMPLES].map((samples, i) => [i, samples] as const))(
  'table %i of samples',
  (table, samples) => {
    it.each(Object.entries(samples))('%s', async (name, { call, inputs }) => {
      const actual: Relation[] = [];
      for (const spec of inputs) {
        const xs = spec.map(make);
        // Without elements nothing is shared.
        if (xs.some((x) => x.numel() === 0)) continue;
        const relations: Relation[] = [];
        for (const result of listOf(call(...xs))) {
          for (const x of xs) relations.push(await relationOf(result, x));
        }
        actual.push(relations.find((relation) => relation !== 'copy') ?? 'copy');
      }
      const expected = NO_COPIES[table][name] ?? 'copy';
      expect(actual).toEqual(typeof expected === 'string' ? actual.map(() => expected) : expected);
    });
  },
);

// ---- arguments with which there is nothing to do -------------------------------------------------------------

const F = k.nn.functional;

/** What the calls below get: all float32, of numbers from 1 on. */
const counted = (...shape: number[]): Tensor => k.arange(k.zeros(shape).numel()).add(1).float().reshape(shape).clone();
const INPUTS = {
  s: () => counted(),
  v: () => counted(6),
  one: () => counted(1),
  o: () => counted(1, 3, 1),
  m: () => counted(3, 3),
  x: () => counted(2, 3, 4),
  image: () => counted(2, 4, 3, 5),
  whole: () => k.arange(6),
};
type Inputs = Record<keyof typeof INPUTS, Tensor>;
type Call = (inputs: Inputs) => Tensor | readonly Tensor[];

/** Calls whose result is a copy although there is nothing to compute. */
const COPIES: readonly Call[] = [
  ({ x }) => x.repeat(1, 1, 1), ({ x }) => x.tile([1]), ({ v }) => v.repeat(1), ({ v }) => v.repeat(1, 1), ({ v }) => v.repeat(1, 3),
  ({ s }) => s.repeat(1), ({ s }) => s.repeat(3), ({ o }) => o.repeat(2, 1, 1), ({ o }) => o.repeat(1, 1, 1), ({ s }) => s.tile([1]),
  ({ v }) => v.diff(0), ({ x }) => x.diff({ n: 0 }), ({ v }) => k.repeatInterleave(v, 1), ({ o }) => k.repeatInterleave(o, 1, 1),
  ({ v }) => k.cat([v]), ({ x }) => k.cat([x], 1), ({ v }) => k.cat([v, k.zeros(0)]), ({ v }) => k.stack([v]), ({ m }) => k.vstack([m]),
  ({ m }) => k.hstack([m]), ({ x }) => k.dstack([x]), ({ m }) => k.columnStack([m]), ({ m }) => k.blockDiag(m),
  ({ v }) => k.combinations(v, 1), ({ x }) => x.clone(), ({ x }) => x.narrowCopy(0, 0, 2), ({ m }) => m.diag(), ({ v }) => v.diag(),
  ({ v }) => v.flip(0), ({ one }) => one.flip(0), ({ v }) => v.flip([]), ({ v }) => v.roll(0), ({ x }) => x.roll(0, 0), ({ m }) => m.rot90(0),
  ({ m }) => m.rot90(4), ({ m }) => m.tril(10), ({ m }) => m.triu(-10), ({ s }) => s.sum(), ({ s }) => s.sum(0), ({ o }) => o.sum(0), ({ one }) => one.sum(),
  ({ o }) => o.mean(0), ({ o }) => o.prod(0), ({ o }) => o.amax(0), ({ o }) => o.amin([0]), ({ o }) => o.max(0)[0], ({ s }) => s.max(), ({ s }) => s.min(),
  ({ one }) => one.median(), ({ o }) => o.median(0)[0], ({ o }) => o.kthvalue(1, 0)[0], ({ o }) => o.mode(0)[0], ({ one }) => one.sort()[0],
  ({ one }) => one.topk(1)[0], ({ v }) => v.topk(6)[0], ({ one }) => one.msort(), ({ o }) => o.cumsum(0), ({ o }) => o.cumprod(0), ({ s }) => s.cummax(0)[0],
  ({ s }) => s.logsumexp(0), ({ one }) => one.norm(), ({ o }) => o.norm(2, 0), ({ o }) => o.norm(1, 0), ({ o }) => o.nansum(0), ({ s }) => s.aminmax(),
  ({ one }) => one.quantile(0.5), ({ o }) => o.renorm(2, 0, 1000), ({ o }) => o.indexSelect(0, k.tensor([0], { dtype: 'int64' })),
  ({ v }) => v.maskedFill(k.zeros([6], { dtype: 'bool' }), 1), ({ v }) => v.clamp(-100, 100), ({ v }) => v.relu(), ({ v }) => v.mul(1), ({ v }) => v.add(0),
  ({ v }) => v.pow(1), ({ v }) => v.nanToNum(), ({ v }) => v.abs(), ({ whole }) => whole.abs(), ({ whole }) => whole.floor(), ({ whole }) => whole.round(),
  ({ m }) => m.matrixPower(1), ({ m, s }) => m.matmul(m).mul(s), ({ s }) => k.tensordot(s, s, 0), ({ one }) => k.einsum('i->', one),
  ({ v }) => F.pad(v, [0, 0]), ({ x }) => F.pad(x, [0, 0], 'reflect'), ({ x }) => F.pad(x, [0, 0], 'replicate'), ({ x }) => F.pad(x, [0, 0], 'circular'),
  ({ image }) => F.interpolate(image, { scaleFactor: 1 }), ({ image }) => F.avgPool2d(image, 1), ({ image }) => F.maxPool2d(image, 1),
  ({ image }) => F.adaptiveAvgPool2d(image, [3, 5]), ({ image }) => F.unfold(image, 1), ({ image }) => F.pixelShuffle(image, 1),
  ({ image }) => F.pixelUnshuffle(image, 1), ({ image }) => F.channelShuffle(image, 1), ({ image }) => F.channelShuffle(image, 4),
  ({ v }) => F.pixelShuffle(v.slice(0, 0, 4).reshape(1, 4, 1, 1), 2), ({ v }) => F.leakyRelu(v, 1), ({ v }) => F.hardtanh(v, -100, 100),
  ({ v }) => F.threshold(v, -1000, 0), ({ s }) => F.softmax(s, 0), ({ v }) => k.gradient(v), ({ v }) => k.special.round(v),
]; // prettier-ignore

/** Calls that give their first input back. */
const SELVES: readonly Call[] = [
  ({ x }) => x.contiguous(), ({ x }) => x.float(), ({ x }) => x.to('float32'), ({ whole }) => whole.to(whole.dtype), ({ x }) => x.positive(),
  ({ v }) => v.flatten(), ({ x }) => x.flatten(1, 1), ({ m }) => new k.nn.Flatten()(m), ({ v }) => k.atleast1d(v), ({ m }) => k.atleast2d(m),
  ({ x }) => k.atleast3d(x), ({ v }) => k.broadcastTensors(v), ({ v }) => k.cartesianProd(v), ({ x }) => x.sumToSize([2, 3, 4]),
  ({ v }) => F.dropout(v, 0.5, false), ({ image }) => F.dropout2d(image, 0.5, false), ({ v }) => F.alphaDropout(v, 0.5, false),
  ({ x }) => new k.nn.Identity()(x), ({ x }) => new k.nn.Sequential()(x), ({ x }) => new k.nn.Dropout(0.5).eval()(x),
]; // prettier-ignore

/** Calls that give a view of their first input. */
const SHOWN: readonly Call[] = [
  ({ x }) => x.reshape(2, 3, 4), ({ v }) => v.reshape(-1), ({ s }) => s.reshape(1), ({ x }) => x.view(2, 3, 4), ({ x }) => x.ravel(), ({ x }) => x.detach(),
  ({ s }) => s.flatten(), ({ s }) => k.atleast1d(s), ({ x }) => x.expand(2, 3, 4), ({ x }) => x.expandAs(x), ({ v }) => v.broadcastTo([6]),
  ({ x }) => x.transpose(0, 0), ({ x }) => x.permute(0, 1, 2), ({ v }) => v.t(), ({ v }) => v.T, ({ x }) => x.movedim(0, 0), ({ x }) => x.narrow(0, 0, 2),
  ({ x }) => x.squeeze(), ({ x }) => x.split(2), ({ x }) => x.chunk(1), ({ x }) => k.tensorSplit(x, 1), ({ x }) => x.unfold(2, 4, 4),
  ({ x }) => x.at('...'), ({ x }) => x.at(':'), ({ x }) => x.at(), ({ m }) => k.einsum('ij->ij', m), ({ m }) => k.einsum('ii->i', m),
  ({ v }) => k.meshgrid([v]), ({ x }) => x.viewAs(x), ({ x }) => x.unflatten(2, [4]),
]; // prettier-ignore

describe.each([
  ['copy', COPIES],
  ['self', SELVES],
  ['view', SHOWN],
] as const)('gives the %s', (relation, calls) => {
  it.each(calls.map((call) => [String(call).replace(/\s+/g, ' '), call] as const))('%s', async (_text, call) => {
    const inputs = Object.fromEntries(Object.entries(INPUTS).map(([name, make]) => [name, make()])) as Inputs;
    const relations: Relation[] = [];
    for (const result of listOf(call(inputs))) {
      for (const x of Object.values(inputs)) relations.push(await relationOf(result, x));
    }
    expect(relations.find((found) => found !== 'copy') ?? 'copy').toBe(relation);
  });
});
