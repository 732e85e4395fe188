// assertClose against torch.testing.assert_close of PyTorch 1.13: what passes, and the figures of what does not.
import { describe, expect, it } from 'vitest';
import { ones, tensor, testing, zeros } from '../../src';

const { assertClose, AssertionError } = testing;
const NEAR = [1, 1 + 1e-6];

describe('what is close passes', () => {
  it.each([
    ['float32', [1, 2], [1, 2.000002], true],
    ['float32', [1, 2], [1, 2.0001], false],
    ['float64', NEAR, [1, 1], false],
    ['float64', [1, 1 + 1e-8], [1, 1], true],
    ['float16', [1], [1.0009765625], true],
    ['bfloat16', [1], [1.0078125], true],
    ['int64', [1, 2], [1, 2], true],
    ['int64', [1, 2], [1, 3], false],
    ['float32', [Infinity, -Infinity], [Infinity, -Infinity], true],
    ['float32', [Infinity], [1], false],
    ['float32', [1], [Infinity], false],
    ['float32', [NaN], [NaN], false],
  ] as const)('%s: %j and %j: %s', async (dtype, a, b, passes) => {
    const done = assertClose(tensor([...a], { dtype }), tensor([...b], { dtype }));
    if (passes) await expect(done).resolves.toBeUndefined();
    else await expect(done).rejects.toThrow(AssertionError);
  });

  it('numbers, lists and objects too', async () => {
    await assertClose(1, 1 + 1e-9);
    await assertClose([1, ones(2)], [1, ones(2)]);
    await assertClose({ a: ones(2), b: [true] }, { a: ones(2), b: [true] });
    await assertClose(tensor([NaN]), tensor([NaN]), { equalNan: true });
    await assertClose(ones(2), ones(2).double(), { checkDtype: false });
    await assertClose(ones(2), ones(2).add(0.1), 0, 0.2);
    await assertClose(zeros(0), zeros(0));
  });
});

describe('what is not close is told', () => {
  it('how much, how far and where', async () => {
    const x = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
    const y = tensor([[1, 2, 4], [4, 5.5, 6]]); // prettier-ignore
    await expect(assertClose(x, y)).rejects.toThrow(
      [
        'testing.assertClose: values must be close, got other ones.',
        '',
        'Mismatched elements: 2 / 6 (33.3%)',
        'Greatest absolute difference: 1 at index [0, 2] (up to 0.00001 allowed)',
        'Greatest relative difference: 0.25 at index [0, 2] (up to 0.0000013 allowed)',
      ].join('\n'),
    );
    await expect(assertClose([1, ones(2)], [1, zeros(2)])).rejects.toThrow('The difference is at item [1].');
    await expect(assertClose(1, 2)).rejects.toThrow('Greatest absolute difference: 1 (up to 0 allowed)');
    await expect(assertClose(ones(1), zeros(1), { msg: 'mine' })).rejects.toThrow(/^mine$/);
  });

  it('before values: shapes, dtypes and kinds', async () => {
    await expect(assertClose(ones(2), ones(3))).rejects.toThrow('shapes must be equal, got [2] for [3].');
    await expect(assertClose(ones(2), ones(2).double())).rejects.toThrow('dtypes must be equal, got float32 for float64.');
    await expect(assertClose([1, 2], [1])).rejects.toThrow('both must have the same items, got [0, 1] for [0].');
    await expect(assertClose([1], 1)).rejects.toThrow('both must be values, lists or objects, got two kinds.');
    await expect(assertClose(ones(1), ones(1), { rtol: 1 })).rejects.toThrow('rtol and atol must both be given or neither, got rtol alone.');
  }); // prettier-ignore
});
