// The checkpoint of the fixtures: what kindling.pt, kindling-legacy.pt and kindling.safetensors hold. They were opened in
// PyTorch 1.13 when they were recorded, with equal values throughout, as were narrow.pt, narrow-legacy.pt and narrow.safetensors.
import { fromArray, manualSeed, nn, ones, optim, tensor, type Tensor } from '../../src';

/** A trained layer, its optimizer, and one of everything that a checkpoint can hold. */
export function sampleCheckpoint(): Record<string, unknown> {
  manualSeed(0);
  const net = new nn.Sequential(new nn.Linear(3, 2), new nn.BatchNorm1d(2));
  const optimizer = new optim.Adam(net.parameters(), 0.1);
  net(ones(4, 3)).sum().backward();
  optimizer.step();
  const matrix = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
  return {
    epoch: 5,
    model: net.stateDict(),
    optimizer: optimizer.stateDict(),
    parameter: net.parameters()[0],
    shared: [matrix, matrix.transpose(0, 1), matrix.select(0, 1), matrix],
    expanded: tensor([7]).expand(2, 3),
    dtypes: {
      double: tensor(new Float64Array([NaN, Infinity, -0])),
      long: fromArray(BigInt64Array.of(-(2n ** 62n), 3n), [2]),
      int: fromArray(Int32Array.of(-7), []),
      byte: fromArray(Uint8Array.of(0, 255), [1, 2]),
      flags: tensor([true, false]),
      none: fromArray(new Float32Array(0), [0, 4]),
    },
    ints: new Map<unknown, unknown>([
      [0, matrix],
      [-3, 'minus three'],
      ['0', 'text'],
    ]),
    plain: [null, true, false, 1, -1, 2 ** 40, 2n ** 70n, -0.5, 'ünï 😀', [], {}, new Set(['a'])],
  };
}

export const sampleStateDict = (): Record<string, Tensor> => ({ w: tensor([[1, 2]]), flags: tensor([true]) });

const values = Float32Array.of(1, -0, 1 / 3, Infinity, -7e-8, 100.6);

/** Tensors of the dtypes that are computed in wider ones. */
export const sampleNarrow = (): Record<string, Tensor> => ({
  float16: fromArray(values, [2, 3]).half(),
  bfloat16: fromArray(values, [2, 3]).bfloat16().t(),
  int8: fromArray(Int8Array.of(-128, 127, 5), [3]),
  int16: fromArray(Int16Array.of(-32768, 32767, 5), [3, 1]),
});
