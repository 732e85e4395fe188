// Anomaly detection: the rule whose gradient became NaN is named with its operation, its module and who called it.
import { afterEach, describe, expect, it } from 'vitest';
import { autograd, init, nn, onerror, optim, shutdown, tensor, type Tensor } from '../../src';
import { observing } from '../../src/base/observer';

afterEach(() => {
  expect(observing.current).toBeNull();
});

/** The derivative of the root is infinite at 0, and infinity times the gradient 0 is NaN. */
class Bad extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.sqrt().mul(0);
  }
}
class Net extends nn.Module {
  first = new nn.Linear(2, 2);
  inner = new nn.Sequential(new nn.ReLU(), new Bad());
  override forward(x: Tensor): Tensor {
    return this.inner(this.first(x)).sum();
  }
}

const message = async (read: () => Promise<unknown>): Promise<string> => read().then(() => 'nothing', String);
/** Below 0 for the first output, so that the second layer's root is that of 0. */
const input = (): Tensor => tensor([[1, 1]]);
function made(): Net {
  const net = new Net();
  autograd.noGrad(() => net.first.weight.fill_(-1));
  autograd.noGrad(() => net.first.bias?.fill_(0));
  return net;
}

describe('a gradient that became NaN', () => {
  it('is named where it is read, with what led there', async () => {
    const net = made();
    autograd.detectAnomaly(() => net(input()).backward());
    const text = await message(async () => net.first.weight.grad?.data());
    expect(text).toMatch(
      /^AutogradError: backward: gradients must not be NaN, but SqrtBackward0 of sqrt in Net\.inner\.1 gave NaN for its input 0, of shape \[1, 2\]\. It was recorded at\n {2}Bad\.forward \(.*anomaly\.test\.ts/,
    );
    // Without it nobody says a word, as in PyTorch.
    const x = tensor([0, 4], { requiresGrad: true });
    x.sqrt().mul(0).sum().backward();
    expect(await x.grad?.tolist()).toEqual([NaN, 0]);
  });

  it.each([[{}], [{ threads: 2 }]])('keeps optimizers from using it: %j', async (settings) => {
    shutdown();
    await init(settings);
    onerror(() => undefined);
    const net = made();
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 });
    await autograd.detectAnomaly(async () => {
      net(input()).backward();
      void optimizer.step();
      expect(await message(async () => net.first.weight.grad?.data())).toContain('SqrtBackward0');
    });
    expect(Array.from((await net.first.weight.data()) as Float32Array)).toEqual([-1, -1, -1, -1]);
    onerror(null);
    shutdown();
  });

  it('is no matter where there is none, and gradients are the same', async () => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const y = tensor([1, 2, 3], { requiresGrad: true });
    autograd.detectAnomaly(() => x.pow(3).sum().backward());
    y.pow(3).sum().backward();
    expect(await x.grad?.tolist()).toEqual(await y.grad?.tolist());
    const [first] = autograd.detectAnomaly(() => autograd.grad(x.pow(3).sum(), [x], { createGraph: true }));
    const [second] = autograd.grad(first.sum(), [x]);
    expect(await second.tolist()).toEqual([6, 12, 18]);
  });
});

describe('the mode', () => {
  it('lasts as it is told to', async () => {
    const { detectAnomaly, isAnomalyEnabled, setDetectAnomaly } = autograd;
    expect(isAnomalyEnabled()).toBe(false);
    expect(
      detectAnomaly(() => [isAnomalyEnabled(), setDetectAnomaly(false, isAnomalyEnabled), isAnomalyEnabled()]),
    ).toEqual([true, false, true]);
    const after = await detectAnomaly(async () => {
      await Promise.resolve();
      return isAnomalyEnabled();
    });
    expect([after, isAnomalyEnabled()]).toEqual([true, false]);
    setDetectAnomaly(true);
    expect(isAnomalyEnabled()).toBe(true);
    setDetectAnomaly(false);
    expect(() => detectAnomaly(() => tensor([1]).add(tensor([1, 2, 3]).view(1, 3, 1), { beta: 1 } as never))).toThrow();
    await expect(detectAnomaly(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    expect(isAnomalyEnabled()).toBe(false);
    expect(() => detectAnomaly(1 as never)).toThrow('detectAnomaly: fn must be a function');
    expect(() => setDetectAnomaly(1 as never)).toThrow('setDetectAnomaly: mode must be true or false');
  });
});
