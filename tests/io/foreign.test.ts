// Checkpoints that hold more than tensors and containers (fixtures/foreign.py): the tensors are had, and the rest is given as
// something clear. Nothing is called.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { io, LoadError, nn, type Tensor } from '../../src';

const { Foreign, load } = io;

const fixture = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));

type Loaded = Record<string, unknown> & { model: nn.StateDict };
const foreign = (value: unknown): io.Foreign => {
  expect(value).toBeInstanceOf(Foreign);
  return value as io.Foreign;
};
const list = (value: unknown): Promise<unknown> => (value as Tensor).tolist();

describe.each([
  'foreign.pt',
  ...['foreign-4.pt', 'foreign-5.pt'],
  ...['foreign-legacy-2.pt', 'foreign-legacy-3.pt', 'foreign-legacy-4.pt', 'foreign-legacy-5.pt'],
])('%s', (name) => {
  it('gives its tensors', async () => {
    const { model, after } = await load<Loaded>(fixture(name));
    expect(await list(model.weight)).toEqual([[1, 2]]);
    expect(await list(model.bias)).toEqual([3]);
    expect(await list(after)).toEqual([4]);
    new nn.Linear(2, 1).loadStateDict(model);
  });

  it("gives NumPy's numbers and arrays", async () => {
    const { double, single, half, count, byte, flag, text, array, columns } = await load<Loaded>(fixture(name));
    expect([double, single, half, count, byte, flag, text]).toEqual([0.5, 0.25, 1.5, 7, 200, true, 'héllo']);
    expect([(array as Tensor).dtype, (columns as Tensor).dtype]).toEqual(['float64', 'int32']);
    expect(await list(array)).toEqual([[1.5, 2.5], [3.5, 4.5]]); // prettier-ignore
    expect(await list(columns)).toEqual([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
  });

  it('has stand-ins for the rest', async () => {
    const loaded = await load<Loaded>(fixture(name));
    const types = ['complexes', 'big', 'args', 'path', 'when', 'rotation', 'loss', 'options', 'cut', 'class'];
    expect(types.map((key) => foreign(loaded[key]).type)).toEqual([
      'numpy.ndarray of dtype c16',
      'numpy.ndarray of dtype f8',
      'argparse.Namespace',
      'pathlib.PurePosixPath',
      'datetime.datetime',
      'torch.ComplexFloatStorage',
      'torch.nn.modules.loss.CrossEntropyLoss',
      '__main__.Options',
      expect.stringMatching(/^(builtins|__builtin__)\.slice$/),
      '__main__.Options',
    ]);
    const state = foreign(loaded.args).state as { lr: number; name: string; mean: Tensor };
    expect([state.lr, state.name, await list(state.mean)]).toEqual([0.1, 'x', [9]]);
    expect(foreign(loaded.path).args).toEqual(['a', 'b']);
    expect(foreign(loaded.options).entries).toEqual([['a', 1]]);
    expect(foreign(loaded.rotation).args[0]).toEqual([1]);
    expect(loaded.queue).toEqual([1, 2]);
    expect(String(loaded.args)).toBe('a value of argparse.Namespace, which JavaScript does not have');
  });

  it('is refused with weightsOnly', async () => {
    await expect(load(fixture(name), { weightsOnly: true })).rejects.toThrow(
      /got numpy(\.core\.multiarray\.scalar|\.dtype)\. Nothing was called\./,
    );
  });
});

it('a pickle without a protocol is read', async () => {
  expect(await list((await load(fixture('protocol-1.pt'))).weight)).toEqual([[1, 2]]);
});

it.each(['whole.pt', 'whole-legacy.pt'])('%s, a whole module, says how to save its state', async (name) => {
  await expect(load(fixture(name))).rejects.toThrow(LoadError);
  await expect(load(fixture(name))).rejects.toThrow(
    'got __main__.Net. Nothing was called. Save the state_dict() of the module instead. ' +
      'In Python: torch.save(model.state_dict(), path).',
  );
});

it('a file that is a complex tensor is refused', async () => {
  await expect(load(fixture('complex.pt'))).rejects.toThrow(
    'load: kindling holds no complex numbers, got torch.ComplexFloatStorage.',
  );
});
