// SparseAdam: what PyTorch 1.13 gives for sparse gradients with the same rows.
import { afterAll, describe, expect, it } from 'vitest';
import { manualSeed, nn, optim, shutdown, tensor, zeros, type Tensor } from '../../src';

afterAll(() => {
  shutdown();
});

const GRADS = [
  [[0.5, 1], [0, 0], [0.25, 0], [0, 0]],
  [[0, 0], [1, -0.5], [-2, 1], [0, 0]],
  [[0.1, 0.2], [0, -0.4], [0, 0], [0, 0]],
]; // prettier-ignore

async function expectClose(x: Tensor, expected: number[][]): Promise<void> {
  (await x.data()).forEach((value, i) => {
    expect(Math.abs(Number(value) - expected.flat()[i])).toBeLessThan(2e-6);
  });
}

// torch.optim.SparseAdam([p], ...) with p.grad = torch.sparse_coo_tensor(rows, values, (4, 2)), where the rows are those with a value.
const CASES = [
  {
    options: {},
    p: [[0.9983106255531311, -2.0016891956329346], [0.49868065118789673, 3.0015923976898193], [1.9996552467346191, 0.24925586581230164], [-1, 1.5]],
    exp_avg: [[0.054999999701976776, 0.10999999940395355], [0.09000000357627869, -0.08500000089406967], [-0.17750000953674316, 0.10000000149011612], [0, 0]],
    exp_avg_sq: [[0.0002597499988041818, 0.0010389999952167273], [0.000999000039882958, 0.00040975003503262997], [0.004062437918037176, 0.0010000000474974513], [0, 0]],
  },
  {
    options: { lr: 0.25, betas: [0.5, 0.75] as const, eps: 1e-3, maximize: true },
    p: [[1.4193285703659058, -1.5797920227050781], [0.8451746702194214, 2.541668653488159], [2.0427212715148926, 0.4700391888618469], [-1, 1.5]],
    exp_avg: [[-0.17499999701976776, -0.3499999940395355], [-0.25, 0.32499998807907104], [0.9375, -0.5], [0, 0]],
    exp_avg_sq: [[0.04937500134110451, 0.19750000536441803], [0.1875, 0.08687500655651093], [1.01171875, 0.25], [0, 0]],
  },
]; // prettier-ignore

describe('SparseAdam', () => {
  it.each(CASES)(
    'leaves rows without a gradient as they are: $options',
    async ({ options, p: expected, ...states }) => {
      const p = new nn.Parameter(tensor([[1, -2], [0.5, 3], [2, 0.25], [-1, 1.5]])); // prettier-ignore
      const optimizer = new optim.SparseAdam([p], options);
      for (const grad of GRADS) {
        p.grad = tensor(grad);
        void optimizer.step();
      }
      await expectClose(p, expected);
      const state = optimizer.state.get(p) ?? {};
      expect(await state.step.item()).toBe(3);
      await expectClose(state.exp_avg, states.exp_avg);
      await expectClose(state.exp_avg_sq, states.exp_avg_sq);
    },
  );

  it('trains an embedding as PyTorch does', async () => {
    manualSeed(1);
    const embedding = new nn.Embedding(5, 3, { sparse: true, paddingIdx: 0 });
    const optimizer = new optim.SparseAdam(embedding.parameters(), { lr: 0.1 });
    for (const index of [
      [1, 2, 0],
      [2, 2, 4],
      [3, 0, 1],
    ]) {
      // prettier-ignore
      optimizer.zeroGrad();
      embedding(tensor(index, { dtype: 'int64' }))
        .pow(2)
        .sum()
        .backward();
      void optimizer.step();
    }
    await expectClose(embedding.weight, [
      [0, 0, 0],
      [0.4361882209777832, -0.267269104719162, 0.010945409536361694],
      [-1.3255482912063599, 0.18249784409999847, -0.8300517797470093],
      [-0.4991714358329773, -0.8284091949462891, 0.005631010979413986],
      [-0.12109596282243729, -0.8912222981452942, 0.3480016589164734],
    ]);
  });

  it('moves a row with NaN, elements of vectors one by one, and takes over its state', async () => {
    const p = new nn.Parameter(tensor([1, 2, 3]));
    let optimizer = new optim.SparseAdam([p], 0.5);
    p.grad = tensor([0, 1, NaN]);
    void optimizer.step();
    const next = new optim.SparseAdam([p]);
    next.loadStateDict(optimizer.stateDict());
    optimizer = next;
    p.grad = zeros(3);
    void optimizer.step();
    expect(await p.tolist()).toEqual([1, expect.closeTo(1.5, 5), NaN]);
    expect(await optimizer.state.get(p)?.step.item()).toBe(2);
  });
});
