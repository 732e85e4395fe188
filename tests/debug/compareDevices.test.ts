// compareDevices between two runs on one device; on webgpu it is tried in browser/webgpu/profiler.spec.ts.
import { expect, it } from 'vitest';
import { debug, nn, randn, tensor, type Tensor } from '../../src';
import { observing } from '../../src/base/observer';

const devices = ['wasm', 'wasm'] as const;
let calls = 0;

/** Adds what it is told, at every second call. */
class Fickle extends nn.Module {
  constructor(readonly change: (x: Tensor) => Tensor) {
    super();
  }
  override forward(x: Tensor): Tensor {
    const y = x.exp();
    return calls++ % 2 === 0 ? y.mul(1) : this.change(y);
  }
}
const made = (change: (x: Tensor) => Tensor): nn.Module =>
  new nn.Sequential(new nn.Linear(3, 3), new nn.Dropout(0.5), new nn.Sequential(new nn.Tanh(), new Fickle(change)));

it.each([
  [
    'values',
    (x: Tensor) => x.mul(1.5),
    { op: 'mul', module: 'Sequential.2.1', reason: /^result 0 differs at element \d+: [\d.]+ and [\d.]+$/ },
  ],
  [
    'shapes',
    (x: Tensor) => x.mul(tensor([[[1, 1, 1]]])),
    { op: 'mul', module: 'Sequential.2.1', reason: /^the shapes differ: \[2, 3\] and \[1, 2, 3\]$/ },
  ],
  [
    'operations',
    (x: Tensor) => x.add(0),
    { op: 'mul', module: 'Sequential.2.1', reason: /^the operations differ: mul and add$/ },
  ],
] as const)('names the first operation and its module: %s', async (_, change, { op, module, reason }) => {
  const found = await debug.compareDevices(made(change), randn(2, 3), { devices });
  expect(found).toMatchObject({ op, module });
  expect(found?.reason).toMatch(reason);
  expect(observing.current).toBeNull();
});

it('finds nothing where all is close, random numbers too', async () => {
  expect(
    await debug.compareDevices(
      made((x) => x.mul(1 + 1e-5)),
      [randn(2, 3)],
      { devices },
    ),
  ).toBeNull();
  const strict = await debug.compareDevices(
    made((x) => x.mul(1 + 1e-5)),
    randn(2, 3),
    { devices, rtol: 0, atol: 0 },
  );
  expect(strict?.difference).toBeGreaterThan(0);
  expect(
    await debug.compareDevices(
      made((x) => x.mul(1)),
      tensor([[NaN, Infinity, 1]]),
      { devices },
    ),
  ).toBeNull();
});

it('refuses what is wrong', async () => {
  const net = new nn.Linear(2, 2);
  await expect(debug.compareDevices(net, randn(1, 2), { devices: ['wasm'] as never })).rejects.toThrow(
    'compareDevices: devices must be two',
  );
  await expect(debug.compareDevices(net, 1 as never)).rejects.toThrow(
    'compareDevices: inputs must be a tensor or a list of tensors',
  );
  await expect(debug.compareDevices(net, randn(1, 3), { devices })).rejects.toThrow('linear: the last dimension');
  expect(observing.current).toBeNull();
});
