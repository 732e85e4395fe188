import { describe, expect, it, vi } from 'vitest';
import { nn, tensor, zeros, type Tensor } from '../../../src';
import { getDevice } from '../../../src/device/registry';
import { compare, compareGrad, reviveTensor, type CaseTolerance } from '../../conformance/values';
import { expectTensor } from '../../harness/allclose';
import { readCases, type RecordedTensor } from '../../harness/conformance';

const { clipGradNorm_, clipGradNormChecked_, clipGradValue_ } = nn.utils;

type Grads = Record<string, RecordedTensor | null>;
interface ClipCase extends CaseTolerance {
  id: string;
  options: { max_norm: number; norm_type: number | { $float: 'inf' }; clip_value: number };
  grads: Grads;
  grads_after: Grads;
  total_norm: RecordedTensor;
}

/** A parameter with this gradient. */
function withGrad(grad: Tensor | null): nn.Parameter {
  const parameter = new nn.Parameter(zeros(grad?.shape ?? [2], { dtype: grad?.dtype ?? 'float32' }));
  parameter.grad = grad;
  return parameter;
}
const parametersOf = (grads: Grads): [name: string, parameter: nn.Parameter][] =>
  Object.entries(grads).map(([name, grad]) => [name, withGrad(grad === null ? null : reviveTensor(grad))]);

describe('cases recorded from PyTorch', () => {
  it.each(readCases<ClipCase>('utils/nn.utils.clip_grad_norm_').map((c) => [c.id, c] as const))('%s', async (_, c) => {
    const { max_norm, norm_type } = c.options;
    const parameters = parametersOf(c.grads);
    const list = parameters.map(([, parameter]) => parameter);
    const total = clipGradNorm_(list, max_norm, typeof norm_type === 'number' ? norm_type : Infinity);
    await compare('total norm', total, c.total_norm, c);
    for (const [name, parameter] of parameters) await compareGrad(name, parameter, c.grads_after[name], c);
  });

  it.each(readCases<ClipCase>('utils/nn.utils.clip_grad_value_').map((c) => [c.id, c] as const))('%s', async (_, c) => {
    const parameters = parametersOf(c.grads);
    clipGradValue_(
      parameters.map(([, parameter]) => parameter),
      c.options.clip_value,
    );
    for (const [name, parameter] of parameters) await compareGrad(name, parameter, c.grads_after[name], c);
  });
});

describe('clipGradNorm_', () => {
  it('scales by one command, gradients of several dtypes and layouts too', async () => {
    const grads = [
      tensor([[3, 0], [0, 0]]).transpose(0, 1), // prettier-ignore
      tensor([0, 4], { dtype: 'float64' }),
      tensor([12]),
    ];
    const parameters = grads.map(withGrad);
    expect(await clipGradNorm_(parameters, 6.5).item()).toBeCloseTo(13, 5);
    await expectTensor(grads[0], [1.5, 0, 0, 0]);
    await expectTensor(grads[1], [0, 2], { rtol: 1e-6, atol: 0 });
    await expectTensor(grads[2], [6]);

    const run = vi.spyOn(getDevice(), 'run');
    clipGradNorm_([withGrad(tensor([3])), withGrad(tensor([4, 5]))], 1);
    expect(run.mock.calls.filter(([kernel]) => kernel === 'foreach')).toHaveLength(1);
    run.mockRestore();
  });

  it('gives 0 without gradients', async () => {
    expect(await clipGradNorm_([withGrad(null)], 1).item()).toBe(0);
  });

  it('makes gradients NaN by a norm that is none; the checked form leaves them', async () => {
    const parameter = withGrad(tensor([1, NaN]));
    await expect(clipGradNormChecked_(parameter, 1)).rejects.toThrow(
      'clipGradNormChecked_: the norm of the gradients must be finite, got NaN.',
    );
    await expectTensor(parameter.grad as Tensor, [1, NaN]);
    clipGradNorm_(parameter, 1);
    await expectTensor(parameter.grad as Tensor, [NaN, NaN]);
    const fine = withGrad(tensor([3, 4]));
    expect(await (await clipGradNormChecked_(fine, 1)).item()).toBeCloseTo(5);
    await expectTensor(fine.grad as Tensor, [0.6, 0.8]);
  });

  it('refuses bad limits and norms', () => {
    expect(() => clipGradNorm_([], -1)).toThrow('clipGradNorm_: the limit must be at least 0, got -1.');
    expect(() => clipGradNorm_([], 1, 0)).toThrow('clipGradNorm_: normType must be positive, got 0.');
    expect(() => clipGradValue_([], NaN)).toThrow('clipGradValue_: clipValue must be a number, got NaN.');
  });
});
