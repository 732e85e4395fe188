// The checkpoint of the fixtures: what kindling.pt, kindling-legacy.pt and kindling.safetensors hold. They were opened in
// PyTorch 1.13 when they were recorded, with equal values throughout.
import { fromArray, manualSeed, nn, ones, optim, tensor, type Tensor } from '../../src/index';

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
