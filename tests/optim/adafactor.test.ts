// Adafactor against its definition (torch.optim.Adafactor's documentation) in plain loops of float64.
import { afterAll, describe, expect, it } from 'vitest';
import { nn, ones, optim, shutdown, tensor } from '../../src';

afterAll(() => {
  shutdown();
});

type Matrix = number[][];
interface Case {
  lr: number;
  beta2Decay: number;
  eps: [number, number];
  d: number;
  weightDecay: number;
  maximize: boolean;
}
const USUAL: Case = { lr: 0.01, beta2Decay: -0.8, eps: [2 ** -52, 1e-3], d: 1, weightDecay: 0, maximize: false };

const rms = (x: Matrix): number => Math.sqrt(x.flat().reduce((sum, v) => sum + v * v, 0) / x.flat().length);
const mean = (x: number[]): number => x.reduce((a, b) => a + b, 0) / x.length;

function reference(start: Matrix, grads: readonly Matrix[], isVector: boolean, options: Case): Matrix {
  const { lr, beta2Decay, eps, d, weightDecay, maximize } = options;
  let p = start;
  let rows = start.map(() => 0);
  let columns = start[0].map(() => 0);
  let variance = start.map((row) => row.map(() => 0));
  grads.forEach((given, i) => {
    const t = i + 1;
    const g = given.map((row) => row.map((v) => (maximize ? -v : v)));
    const fresh = t ** beta2Decay;
    const alpha = Math.max(eps[1], rms(p)) * Math.min(lr, 1 / Math.sqrt(t));
    p = p.map((row) => row.map((v) => v * (1 - lr * weightDecay)));
    rows = rows.map((r, m) => r + fresh * (mean(g[m].map((v) => v * v)) - r));
    columns = columns.map((c, n) => c + fresh * (mean(g.map((row) => row[n] ** 2)) - c));
    variance = variance.map((row, m) => row.map((v, n) => v + fresh * (g[m][n] ** 2 - v)));
    const estimate = (m: number, n: number): number =>
      isVector ? variance[m][n] : (rows[m] * columns[n]) / Math.max(mean(rows), eps[0]);
    const update = g.map((row, m) => row.map((v, n) => v / Math.sqrt(Math.max(estimate(m, n), eps[0] ** 2))));
    const scale = alpha / Math.max(1, rms(update) / d);
    p = p.map((row, m) => row.map((v, n) => v - scale * update[m][n]));
  });
  return p;
}

const START: Matrix = [[1, -2], [0.5, 3], [2, 0.25]]; // prettier-ignore
const GRADS: Matrix[] = [[[0.5, 1], [-1, 2], [0.25, -0.75]], [[1, -0.5], [0.5, 0.125], [-2, 1]], [[0.1, 0.2], [0.3, -0.4], [5, 0.6]]]; // prettier-ignore

describe('Adafactor', () => {
  it.each<[string, Partial<Case>]>([
    ['by default', {}],
    ['with every option', { lr: 2, beta2Decay: -0.5, eps: [0.25, 0.5], d: 1.5, weightDecay: 0.125, maximize: true }],
    ['with a great least scale', { eps: [1e-8, 4] }],
  ])('%s, of matrices and vectors, two dtypes, a number and a tensor as rate', async (_, options) => {
    const all = { ...USUAL, ...options };
    for (const isVector of [false, true]) {
      const expected = reference(START, GRADS, isVector, all).flat();
      for (const dtype of ['float64', 'float32'] as const) {
        for (const lr of [all.lr, tensor(all.lr, { dtype: 'float64' })]) {
          const given = (x: Matrix) => tensor(isVector ? x.flat() : x, { dtype });
          const p = new nn.Parameter(given(START));
          const optimizer = new optim.Adafactor([p], { ...options, lr });
          for (const grad of GRADS) {
            p.grad = given(grad);
            void optimizer.step();
          }
          (await p.data()).forEach((value, i) => {
            expect(Math.abs(Number(value) - expected[i])).toBeLessThan(dtype === 'float64' ? 1e-6 : 1e-5);
          });
          const names = isVector ? ['step', 'variance'] : ['col_var', 'row_var', 'step'];
          expect(Object.keys(optimizer.state.get(p) ?? {}).sort()).toEqual(names);
        }
      }
    }
  });

  it('takes more dimensions for a batch of matrices, scalars for vectors, and saves and takes over its state', async () => {
    const run = async (isSaved: boolean): Promise<unknown> => {
      const params = [new nn.Parameter(ones(2, 3, 4)), new nn.Parameter(ones([]))];
      let optimizer = new optim.Adafactor(params, 0.5);
      for (const factor of [1, -2, 3]) {
        params[0].grad = tensor(Array.from({ length: 24 }, (_, i) => (i - 7) * factor)).view(2, 3, 4);
        params[1].grad = tensor(factor);
        void optimizer.step();
        if (!isSaved) continue;
        const state = optimizer.stateDict();
        expect(state.state[0]).toMatchObject({ row_var: { shape: [2, 3, 1] }, col_var: { shape: [2, 1, 4] } });
        const next = new optim.Adafactor(params, 0.125);
        next.loadStateDict(state);
        optimizer = next;
      }
      expect(optimizer.stateDict().param_groups[0]).toMatchObject({ beta2_decay: -0.8, eps: [null, 1e-3], lr: 0.5 });
      return Promise.all(params.map((p) => p.tolist()));
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it('says what it does not take', () => {
    const p = [new nn.Parameter(ones(2, 2))];
    expect(() => new optim.Adafactor(p, { beta2Decay: 0.5 })).toThrow('Adafactor: beta2Decay must be at most 0, got 0.5.');
    expect(() => new optim.Adafactor(p, { d: 0.5 })).toThrow('Adafactor: d must be at least 1, got 0.5.');
    expect(() => new optim.Adafactor(p, { eps: [-1, 0] })).toThrow('Adafactor: eps must be two numbers of at least 0, got [-1, 0].');
    expect(() => new optim.Adafactor(p, { eps: [null] as never })).toThrow('Adafactor: eps must be');
    const given = new optim.Adafactor(p);
    p[0].grad = ones(2, 2);
    void given.step();
    const { state, ...rest } = given.stateDict();
    const wrong = { ...rest, state: { 0: { ...state[0], row_var: ones(2) } } };
    expect(() => { given.loadStateDict(wrong); }).toThrow("row_var must have its parameter's shape [2, 1], got [2].");
  }); // prettier-ignore
});
