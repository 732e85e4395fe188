// Muon against its definition in plain loops of float64.
import { afterAll, describe, expect, it } from 'vitest';
import { nn, ones, optim, shutdown, tensor } from '../../src';

afterAll(() => {
  shutdown();
});

type Matrix = number[][];
const combine = (a: Matrix, b: Matrix, f: (x: number, y: number) => number): Matrix =>
  a.map((row, i) => row.map((x, j) => f(x, b[i][j])));
const transposed = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((total, x, k) => total + x * b[k][j], 0)));

interface Case {
  lr: number;
  weightDecay: number;
  momentum: number;
  nesterov: boolean;
  adjustLrFn: 'original' | 'match_rms_adamw' | null;
}
const [A, B, C] = [3.4445, -4.775, 2.0315];

function orthogonalized(given: Matrix): Matrix {
  const isTall = given.length > given[0].length;
  const start = isTall ? transposed(given) : given;
  const norm = Math.sqrt(start.flat().reduce((total, v) => total + v * v, 0));
  let x = start.map((row) => row.map((v) => v / norm));
  for (let i = 0; i < 5; i++) {
    const gram = product(x, transposed(x));
    const factor = combine(gram, product(gram, gram), (g, gg) => B * g + C * gg);
    x = combine(x, product(factor, x), (v, fv) => A * v + fv);
  }
  return isTall ? transposed(x) : x;
}

function reference(
  start: Matrix,
  grads: readonly Matrix[],
  { lr, weightDecay, momentum, nesterov, adjustLrFn }: Case,
): Matrix {
  const [m, n] = [start.length, start[0].length];
  const ratio = adjustLrFn === 'match_rms_adamw' ? 0.2 * Math.sqrt(Math.max(m, n)) : Math.sqrt(Math.max(1, m / n));
  let p = start;
  let buffer = start.map((row) => row.map(() => 0));
  for (const grad of grads) {
    buffer = combine(buffer, grad, (b, g) => momentum * b + (1 - momentum) * g);
    const ahead = nesterov ? combine(grad, buffer, (g, b) => (1 - momentum) * g + momentum * b) : buffer;
    p = combine(p, orthogonalized(ahead), (v, o) => v * (1 - lr * weightDecay) - lr * ratio * o);
  }
  return p;
}

const TALL: Matrix = [[1, -2], [0.5, 3], [2, 0.25]]; // prettier-ignore
const GRADS: Matrix[] = [[[0.5, 1], [-1, 2], [0.25, -0.75]], [[1, -0.5], [0.5, 0.125], [-2, 1]], [[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]]]; // prettier-ignore

describe('Muon', () => {
  it.each<[string, Partial<Case>]>([
    ['by default', {}],
    ['without looking ahead', { nesterov: false, momentum: 0.5 }],
    ['with the step of AdamW', { adjustLrFn: 'match_rms_adamw', weightDecay: 0.5 }],
    ['without decay, as it was first', { adjustLrFn: 'original', weightDecay: 0 }],
  ])('%s, tall and wide, of two dtypes', async (_, options) => {
    const all: Case = { lr: 0.25, weightDecay: 0.1, momentum: 0.95, nesterov: true, adjustLrFn: null, ...options };
    for (const turn of [(x: Matrix) => x, transposed]) {
      for (const [dtype, digits] of [
        ['float64', 10],
        ['float32', 4],
      ] as const) {
        const p = new nn.Parameter(tensor(turn(TALL), { dtype }));
        const optimizer = new optim.Muon([p], { lr: 0.25, ...options });
        for (const grad of GRADS) {
          p.grad = tensor(turn(grad), { dtype });
          void optimizer.step();
        }
        const expected = reference(turn(TALL), GRADS.map(turn), all).flat();
        (await p.data()).forEach((value, i) => {
          expect(Number(value)).toBeCloseTo(expected[i], digits);
        });
      }
    }
  });

  it('brings singular values near 1', async () => {
    const p = new nn.Parameter(tensor([[0, 0], [0, 0]])); // prettier-ignore
    p.grad = tensor([[100, 0], [0, -5]]); // prettier-ignore
    void new optim.Muon([p], { lr: 1 }).step();
    const [[a, b], [c, d]] = await p.tolist<number[][]>();
    expect([b, c]).toEqual([0, 0]);
    for (const size of [-a, d]) expect(Math.abs(size - 1)).toBeLessThan(0.35);
  });

  it('saves and takes over its momentum', async () => {
    const run = async (isSaved: boolean): Promise<unknown> => {
      const p = new nn.Parameter(tensor(TALL));
      let optimizer = new optim.Muon([p], 0.5);
      for (const grad of GRADS) {
        p.grad = tensor(grad);
        void optimizer.step();
        if (!isSaved) continue;
        const next = new optim.Muon([p], 0.125);
        next.loadStateDict(optimizer.stateDict());
        optimizer = next;
      }
      expect(optimizer.stateDict().param_groups[0]).toMatchObject({ ns_steps: 5, adjust_lr_fn: null, lr: 0.5 });
      return p.tolist();
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it('calls a closure, passes over what has no gradient, and says what it does not take', async () => {
    const p = new nn.Parameter(ones(2, 2));
    const optimizer = new optim.Muon([p]);
    expect(optimizer.step(() => 3)).toBe(3);
    expect([await p.tolist(), optimizer.state.size]).toEqual([[[1, 1], [1, 1]], 0]); // prettier-ignore
    expect(() => new optim.Muon([new nn.Parameter(ones(2))])).toThrow('Muon: parameters must be matrices, got shape [2].');
    expect(() => new optim.Muon([p], { nsSteps: 100 })).toThrow('Muon: nsSteps must be less than 100, got 100.');
    expect(() => new optim.Muon([p], { adjustLrFn: 'none' as never })).toThrow("Muon: adjustLrFn must be 'original'");
  }); // prettier-ignore
});
