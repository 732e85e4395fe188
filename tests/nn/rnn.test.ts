// Recurrent layers and packed sequences beyond the recorded cases: second derivatives, printing, errors, lengths.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { autograd, manualSeed, nn, randn, tensor, type Tensor } from '../../src';
import { mismatch } from '../harness/allclose';

const { packPaddedSequence, packSequence, padPackedSequence, unpackSequence, unpadSequence } = nn.utils.rnn;

beforeEach(() => void manualSeed(3));
afterAll(async () => (await import('../../src')).shutdown());

const close = async (a: Tensor, b: Tensor): Promise<void> => {
  expect(a.shape).toEqual(b.shape);
  expect(mismatch(await a.data(), await b.data(), { rtol: 1e-5, atol: 1e-6 })).toBeNull();
};

/** A layer's function of its input and parameters. */
function asFunction(layer: nn.Module, x: Tensor): [(...inputs: Tensor[]) => Tensor[], Tensor[]] {
  const entries = layer.namedParameters();
  const call = (input: Tensor): Tensor[] => {
    const [output, state] = layer(input) as [Tensor, Tensor | Tensor[]];
    return [output, state].flat();
  };
  return [call, [x.requiresGrad_(), ...entries.map(([, parameter]) => parameter)]];
}

describe('recurrent layers', () => {
  it.each([
    ['RNN', new nn.RNN(2, 2, { bidirectional: true, dtype: 'float64' })],
    ['LSTM', new nn.LSTM(2, 3, { projSize: 2, dtype: 'float64' })],
    ['GRU', new nn.GRU(2, 2, { dtype: 'float64' })],
  ])('%s has first and second derivatives', async (_name, layer) => {
    const [call, inputs] = asFunction(layer, randn(2, 1, 2, { dtype: 'float64' }));
    expect(await autograd.gradcheck(call, inputs)).toBe(true);
    expect(await autograd.gradgradcheck(call, inputs)).toBe(true);
  });

  it('gives for packed sequences what it gives for each alone', async () => {
    const layer = new nn.LSTM(3, 4, { numLayers: 2, bidirectional: true });
    const sequences = [2, 5, 1].map((length) => randn(length, 3));
    const [output, [h, c]] = layer(packSequence(sequences, { enforceSorted: false }));
    const outputs = unpackSequence(output);
    for (const [b, sequence] of sequences.entries()) {
      const [own, [ownH, ownC]] = layer(sequence);
      await close(outputs[b], own);
      await close(h.select(1, b), ownH);
      await close(c.select(1, b), ownC);
    }
  });

  it('has second derivatives over sequences that end before others', async () => {
    const layer = new nn.GRU(2, 2, { dtype: 'float64' });
    const [, inputs] = asFunction(layer, randn(5, 2, { dtype: 'float64' }));
    const call = (data: Tensor): Tensor[] => {
      const [output, state] = layer(new nn.utils.rnn.PackedSequence(data, [2, 2, 1]));
      return [output.data, state];
    };
    expect(await autograd.gradcheck(call, inputs)).toBe(true);
    expect(await autograd.gradgradcheck(call, inputs)).toBe(true);
  });

  it('gives the same gradient of a graph that is walked again, in part or whole', async () => {
    const lstm = new nn.LSTM(3, 2);
    const x = randn(4, 1, 3);
    const [output] = lstm(x);
    const weight = lstm.namedParameters().find(([name]) => name === 'weight_hh_l0')?.[1] as Tensor;
    const of = async (y: Tensor): Promise<unknown> => autograd.grad(y.sum(), weight, { retainGraph: true })[0].tolist();
    const whole = await of(output);
    const part = await of(output.select(0, 1));
    expect(part).not.toEqual(whole);
    expect(await of(output)).toEqual(whole);
    const [again] = lstm(x);
    expect(await of(again.select(0, 1))).toEqual(part);
  });

  it('prints as in PyTorch', () => {
    expect(String(new nn.LSTM(2, 3, 2, { dropout: 0.5, projSize: 2, bidirectional: true, bias: false }))).toBe(
      'LSTM(2, 3, proj_size=2, num_layers=2, bias=False, dropout=0.5, bidirectional=True)',
    );
    expect(String(new nn.GRU(2, 3, 2, { dropout: 1, batchFirst: true }))).toBe(
      'GRU(2, 3, num_layers=2, batch_first=True, dropout=1.0)',
    );
    expect(String(new nn.RNNCell(2, 3, { nonlinearity: 'relu' }))).toBe('RNNCell(2, 3, nonlinearity=relu)');
  });

  it('says what does not fit', () => {
    const lstm = new nn.LSTM(3, 4);
    expect(() => lstm(randn(2, 2, 5))).toThrow('LSTM: the input must have 2 or 3 dimensions, the last of size 3, got [2, 2, 5]');
    expect(() => lstm(randn(2, 2, 3), [randn(1, 3, 4), randn(1, 3, 4)])).toThrow('LSTM: h0 must have the shape [1, 2, 4], got [1, 3, 4]');
    expect(() => new nn.LSTM(3, 4, { projSize: 4 })).toThrow('LSTM: projSize must be less than hiddenSize');
    expect(() => new nn.RNN(3, 4, { dropout: 2 })).toThrow('RNN: dropout must be a probability');
    expect(() => new nn.GRUCell(3, 4)(randn(2, 5))).toThrow('GRUCell: the input must have 1 or 2 dimensions, the last of size 3');
  }); // prettier-ignore
});

describe('packed sequences', () => {
  it('reads lengths that are a tensor', async () => {
    const x = randn(4, 2, 3);
    const packed = await packPaddedSequence(x, tensor([4, 2], { dtype: 'int64' }));
    expect(packed.batchSizes).toEqual([2, 2, 1, 1]);
    expect((await unpadSequence(x, tensor([4, 2]))).map((part) => part.shape)).toEqual([
      [4, 3],
      [2, 3],
    ]);
  });

  it('pads with a value, to a length, in the order of the batch', async () => {
    const packed = packPaddedSequence(tensor([[1, 2, 0], [3, 4, 5]]), [2, 3], true, false); // prettier-ignore
    expect(packed.sortedIndices).toEqual([1, 0]);
    expect(packed.lengths).toEqual([2, 3]);
    const [padded, lengths] = padPackedSequence(packed, { batchFirst: true, paddingValue: -1, totalLength: 4 });
    expect(await padded.tolist()).toEqual([
      [1, 2, -1, -1],
      [3, 4, 5, -1],
    ]);
    expect(lengths).toEqual([2, 3]);
  });

  it('says what does not fit', () => {
    const x = randn(4, 2, 3);
    expect(() => packPaddedSequence(x, [2, 4])).toThrow('packPaddedSequence: lengths must fall, got [2, 4]');
    expect(() => packPaddedSequence(x, [5, 4])).toThrow('packPaddedSequence: lengths must be in [1, 4], got [5, 4]');
    expect(() => packPaddedSequence(x, [4])).toThrow('packPaddedSequence: there must be one length for each sequence');
    expect(() => padPackedSequence(packPaddedSequence(x, [4, 2]), { totalLength: 3 })).toThrow('totalLength must be at least');
  }); // prettier-ignore
});

describe.each([
  ['RNN', (options: object) => new nn.RNN(2, 3, options)],
  ['LSTM', (options: object) => new nn.LSTM(2, 3, options)],
  ['GRU', (options: object) => new nn.GRU(2, 3, options)],
] as const)('%s of a batch of 0', (_name, make) => {
  it.each([
    [{}, [4, 0, 2], [4, 0, 3]],
    [{ batchFirst: true }, [0, 4, 2], [0, 4, 3]],
    [{ bidirectional: true, numLayers: 2 }, [4, 0, 2], [4, 0, 6]],
  ])('gives empty results and gradients of 0, with %o', async (options, shape, outputShape) => {
    const layer = make(options);
    const [output] = layer.forward(randn(shape)) as [Tensor, unknown];
    expect(output.shape).toEqual(outputShape);
    output.sum().backward();
    for (const p of layer.parameters()) expect(await p.grad?.abs().sum().item()).toBe(0);
  });
});
