// Attention and transformers beyond the recorded cases: separate projections, copies, printing, seeds, errors.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { manualSeed, nn, randn, shutdown, zeros, type Tensor } from '../../src';
import { mismatch } from '../harness/allclose';

beforeEach(() => void manualSeed(0));
afterAll(() => {
  shutdown();
});

const close = async (a: Tensor, b: Tensor): Promise<void> => {
  expect(a.shape).toEqual(b.shape);
  expect(mismatch(await a.data(), await b.data(), { rtol: 1e-5, atol: 1e-6 })).toBeNull();
};

describe('MultiheadAttention', () => {
  it('takes keys and values of other sizes', async () => {
    const attention = new nn.MultiheadAttention(4, 2, { kdim: 3, vdim: 5, addBiasKv: true, batchFirst: true });
    expect(Object.keys(attention.stateDict())).toEqual([
      'q_proj_weight', 'k_proj_weight', 'v_proj_weight', 'in_proj_bias', 'bias_k', 'bias_v', 'out_proj.weight', 'out_proj.bias',
    ]); // prettier-ignore
    const [output, weights] = attention(randn(2, 3, 4), randn(2, 6, 3), randn(2, 6, 5));
    expect(output.shape).toEqual([2, 3, 4]);
    expect(weights?.shape).toEqual([2, 3, 7]);
    await close((weights as Tensor).sum(-1), zeros(2, 3).add(1));
  });

  it('gives the same for a bool and a float mask', async () => {
    const attention = new nn.MultiheadAttention(4, 2);
    const [x, y] = [randn(3, 2, 4), randn(5, 2, 4)];
    const mask = zeros([3, 5]);
    mask.narrow(1, 0, 2).fill_(-Infinity);
    const padding = zeros([2, 5], { dtype: 'bool' });
    padding.select(1, 3).fill_(1);
    const asFloat = zeros([2, 5]).maskedFill(padding, -Infinity);
    const [a] = attention(x, y, y, { attnMask: mask.eq(-Infinity), keyPaddingMask: padding });
    const [b] = attention(x, y, y.clone(), { attnMask: mask, keyPaddingMask: asFloat });
    await close(a, b);
  });

  it('says what does not fit', () => {
    expect(() => new nn.MultiheadAttention(5, 2)).toThrow('MultiheadAttention: embedDim must be a multiple of numHeads, got 5 and 2.');
    const attention = new nn.MultiheadAttention(4, 2);
    const x = randn(3, 2, 4);
    expect(() => attention(x, randn(4, 2, 4), randn(5, 2, 4))).toThrow('key and value must have one shape');
    expect(() => attention(x, x, x, { attnMask: zeros(3, 4) })).toThrow('attnMask must have the shape [3, 3], got [3, 4]');
    expect(() => attention(x, x, x, { keyPaddingMask: zeros(3, 2) })).toThrow('keyPaddingMask must have the shape [2, 3], got [3, 2]');
  }); // prettier-ignore
});

describe('Transformer', () => {
  it('copies its layer with its values', async () => {
    const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8, activation: new nn.GELU() });
    const encoder = new nn.TransformerEncoder(layer, 2);
    const [first, second] = encoder.layers;
    await close(first.linear1.weight, second.linear1.weight);
    expect(first.linear1.weight.storage).not.toBe(second.linear1.weight.storage);
    expect(encoder.parameters()).toHaveLength(24);
    expect(String(second)).toBe(String(layer));
    expect(String(layer)).toContain('(out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=True)');
  }); // prettier-ignore

  it('masks what comes later', async () => {
    const mask = nn.Transformer.generateSquareSubsequentMask(3);
    expect(await mask.tolist()).toEqual([
      [0, -Infinity, -Infinity],
      [0, 0, -Infinity],
      [0, 0, 0],
    ]);
  });

  it('says what does not fit', () => {
    const net = new nn.Transformer(4, 2, 1, 1, 8);
    expect(() => net(randn(3, 2, 4), randn(3, 1, 4))).toThrow('Transformer: src and tgt must have one batch size');
    expect(() => new nn.TransformerEncoderLayer(4, 2, { activation: 'bogus' as 'relu' })).toThrow("must be 'relu' or 'gelu' or a function");
  }); // prettier-ignore
});

describe('without bias', () => {
  const keysOf = (net: nn.Module): string[] => Object.keys(net.stateDict());
  const isBias = (key: string): boolean => key.endsWith('bias');

  /** A net without bias computes what its like with biases of zero does. */
  async function check<M extends nn.Module>(make: (bias: boolean) => M, call: (net: M) => Tensor): Promise<void> {
    const [bare, full] = [make(false), make(true)];
    expect(keysOf(bare)).toEqual(keysOf(full).filter((key) => !isBias(key)));
    expect(keysOf(full).some(isBias)).toBe(true);
    for (const [name, parameter] of full.namedParameters()) if (isBias(name)) nn.init.zeros_(parameter);
    full.loadStateDict(bare.stateDict(), { strict: false });
    await close(call(bare), call(full));
  }

  it('layers compute what zeros would give', async () => {
    const [x, y] = [randn(3, 2, 4), randn(5, 2, 4)];
    await check((bias) => new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8, dropout: 0, bias }), (net) => net(x));
    await check((bias) => new nn.TransformerDecoderLayer(4, 2, 8, 0, 'gelu', 1e-5, false, true, bias), (net) => net(x, y));
    await check((bias) => new nn.Transformer(4, 2, 1, 1, { dimFeedforward: 8, dropout: 0, bias }), (net) => net(y, x));
  });
}); // prettier-ignore

describe('isCausal', () => {
  const mask = (): Tensor => nn.Transformer.generateSquareSubsequentMask(3);

  it('says what a mask is, and changes nothing', async () => {
    const x = randn(3, 2, 4);
    const net = new nn.Transformer(4, 2, 1, 1, { dimFeedforward: 8, dropout: 0 });
    const masks = { srcMask: mask(), tgtMask: mask(), memoryMask: mask() };
    await close(net(x, x, masks), net(x, x, { ...masks, srcIsCausal: true, tgtIsCausal: true, memoryIsCausal: true }));
    const layer = new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8, dropout: 0 });
    await close(layer(x, mask(), null, true), layer(x, mask()));
    await close(layer(x, { isCausal: false }), layer(x));
  });

  it('needs the mask', () => {
    const x = randn(3, 2, 4);
    const net = new nn.Transformer(4, 2, 1, 1, 8);
    const says = (name: string): string => `${name} says of a mask that it is causal, got none.`;
    expect(() => net(x, x, { srcIsCausal: true })).toThrow(`Transformer: ${says('srcIsCausal')}`);
    expect(() => net(x, x, { tgtIsCausal: true, memoryMask: mask() })).toThrow(`Transformer: ${says('tgtIsCausal')}`);
    expect(() => net(x, x, { memoryIsCausal: true })).toThrow(`Transformer: ${says('memoryIsCausal')}`);
    const layer = new nn.TransformerEncoderLayer(4, 2);
    expect(() => layer(x, { isCausal: true })).toThrow(`TransformerEncoderLayer: ${says('isCausal')}`);
    expect(() => new nn.TransformerEncoder(layer, 0)(x, { isCausal: true })).toThrow(`TransformerEncoder: ${says('isCausal')}`);
    const decoder = new nn.TransformerDecoderLayer(4, 2);
    expect(() => decoder(x, x, { tgtIsCausal: true })).toThrow(`TransformerDecoderLayer: ${says('tgtIsCausal')}`);
    expect(() => new nn.TransformerDecoder(decoder, 0)(x, x, { memoryIsCausal: true })).toThrow(says('memoryIsCausal'));
  });

  it('is handed to an encoder and a decoder of the user where it is given', () => {
    const seen: unknown[] = [];
    class Seeing extends nn.Module {
      override forward(x: Tensor, ...rest: unknown[]): Tensor {
        seen.push(rest.at(-1));
        return x;
      }
    }
    const net = new nn.Transformer(4, 2, { customEncoder: new Seeing(), customDecoder: new Seeing() });
    const [x, srcMask] = [randn(3, 2, 4), mask()];
    net(x, x);
    net(x, x, { srcMask, srcIsCausal: true, tgtMask: srcMask, tgtIsCausal: true });
    expect(seen).toEqual([
      { mask: null, srcKeyPaddingMask: null },
      {},
      { mask: srcMask, srcKeyPaddingMask: null, isCausal: true },
      { tgtMask: srcMask, tgtIsCausal: true },
    ]);
  });
}); // prettier-ignore

describe('deepcopy', () => {
  it('copies once what occurs twice, buffers, containers and hooks', async () => {
    const shared = new nn.Linear(2, 2);
    const net = new nn.Sequential(shared, new nn.BatchNorm1d(2), shared);
    let calls = 0;
    net.registerForwardHook(() => void calls++);
    const copy = nn.deepcopy(net);
    expect(copy.at(0)).toBe(copy.at(2));
    expect(copy.at(0)).not.toBe(shared);
    expect(Object.keys(copy.stateDict())).toEqual(Object.keys(net.stateDict()));
    const x = randn(3, 2);
    await close(copy(x), net(x));
    expect(calls).toBe(2);
    expect(() => Reflect.set(copy.at(1), 'running_mean', 3)).toThrow('must be a Tensor');
  });

  it('refuses what it cannot copy', () => {
    expect(() => nn.deepcopy(new nn.Linear(2, 2)(randn(1, 2)))).toThrow('deepcopy: only tensors made by the user');
    expect(() => nn.deepcopy(new nn.LazyLinear(2))).toThrow('deepcopy: a lazy module has no values');
  });
});
