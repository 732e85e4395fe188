// Scaling of losses: when the scale moves, when a step is left out, what calls are refused.
import { afterAll, describe, expect, it } from 'vitest';
import { amp, optim, shutdown, tensor, type Tensor } from '../../src';

afterAll(() => shutdown());

const weight = (): Tensor => tensor([1, 2], { requiresGrad: true });

describe('GradScaler', () => {
  it('has PyTorch’s defaults', () => {
    expect(new amp.GradScaler().stateDict()).toEqual({
      scale: 65536,
      growth_factor: 2,
      backoff_factor: 0.5,
      growth_interval: 2000,
      _growth_tracker: 0,
    });
  });

  it('keeps gradients that would vanish in float16', async () => {
    const gradient = async (scaler: amp.GradScaler): Promise<unknown> => {
      const w = weight();
      const loss = w
        .half()
        .mul(tensor([5e-8, 6e-8]).half())
        .float()
        .sum()
        .mul(0.25);
      scaler.scale(loss).backward();
      await scaler.step(new optim.SGD([w], { lr: 0 }));
      return w.grad?.tolist();
    };
    expect(await gradient(new amp.GradScaler({ enabled: false }))).toEqual([0, 0]);
    expect(await gradient(new amp.GradScaler())).toEqual([0.25 * 2 ** -24, 0.25 * 2 ** -24]);
  });

  it('makes the step that the optimizer makes without it', async () => {
    const [a, b] = [weight(), weight()];
    const scaler = new amp.GradScaler();
    const scaled = new optim.Adam([a], { lr: 0.1 });
    const plain = new optim.Adam([b], { lr: 0.1 });
    for (let i = 0; i < 3; i++) {
      scaled.zeroGrad();
      plain.zeroGrad();
      scaler.scale(a.pow(2).sum()).backward();
      await scaler.step(scaled);
      scaler.update();
      b.pow(2).sum().backward();
      plain.step();
    }
    expect(await a.tolist()).toEqual(await b.tolist());
    expect(scaler.stateDict()).toMatchObject({ scale: 65536, _growth_tracker: 3 });
  });

  it.each([Infinity, NaN])('leaves out a step with a gradient of %d, and shrinks', async (bad) => {
    const [w, other] = [weight(), weight()];
    const scaler = new amp.GradScaler(1024);
    const optimizers = [w, other].map((param) => new optim.SGD([param], { lr: 1 }));
    const losses = [w.mul(tensor([1, bad])).sum(), other.sum()];
    for (const loss of scaler.scale(losses)) loss.backward();
    expect(await scaler.step(optimizers[0])).toBeNull();
    await scaler.step(optimizers[1]);
    scaler.update();
    expect(await w.tolist()).toEqual([1, 2]);
    expect(await other.tolist()).toEqual([0, 1]);
    expect(scaler.getScale()).toBe(512);
  });

  it('grows after the interval, never to infinity', async () => {
    const scaler = new amp.GradScaler({ initScale: 4, growthFactor: 3, growthInterval: 2 });
    const w = weight();
    const optimizer = new optim.SGD([w], { lr: 0 });
    const scales: number[] = [];
    for (let i = 0; i < 4; i++) {
      scaler.scale(w.sum()).backward();
      await scaler.step(optimizer);
      scaler.update();
      scales.push(scaler.getScale());
    }
    expect(scales).toEqual([4, 12, 12, 36]);
    scaler.update(3e38);
    scaler.setGrowthInterval(1);
    w.grad = null;
    scaler.scale(w.mul(0).sum()).backward();
    await scaler.step(optimizer);
    scaler.update();
    expect(scaler.getScale()).toBe(Math.fround(3e38));
  });

  it('unscales once, for clipping', async () => {
    const w = weight();
    const scaler = new amp.GradScaler();
    const optimizer = new optim.SGD([w], { lr: 1 });
    scaler.scale(w.sum()).backward();
    scaler.unscale_(optimizer);
    expect(await w.grad?.tolist()).toEqual([1, 1]);
    expect(() => scaler.unscale_(optimizer)).toThrow('got a second call');
    await scaler.step(optimizer);
    expect(await w.tolist()).toEqual([0, 1]);
    expect(() => scaler.unscale_(optimizer)).toThrow('must come before step()');
    await expect(scaler.step(optimizer)).rejects.toThrow('got a second call');
    scaler.update();
    await scaler.step(optimizer);
  });

  it('goes on from its state', () => {
    const state = { scale: 8, growth_factor: 3, backoff_factor: 0.25, growth_interval: 5, _growth_tracker: 2 };
    const scaler = new amp.GradScaler();
    scaler.loadStateDict(state);
    expect(scaler.stateDict()).toEqual(state);
    expect(() => scaler.loadStateDict(new amp.GradScaler({ enabled: false }).stateDict())).toThrow('not enabled');
  });

  it('does nothing if it is not enabled', async () => {
    const scaler = new amp.GradScaler({ enabled: false });
    const w = weight();
    const loss = w.sum();
    expect(scaler.scale(loss)).toBe(loss);
    loss.backward();
    const optimizer = new optim.SGD([w], { lr: 1 });
    scaler.unscale_(optimizer);
    await scaler.step(optimizer);
    scaler.update();
    expect(await w.tolist()).toEqual([0, 1]);
    expect([scaler.getScale(), scaler.isEnabled()]).toEqual([1, false]);
  });

  it('keeps a scale that has an inverse', async () => {
    const scaler = new amp.GradScaler({ initScale: 2 ** -120, backoffFactor: 2 ** -10 });
    const w = weight();
    const optimizer = new optim.SGD([w], { lr: 1 });
    scaler.scale(w.mul(Infinity).sum()).backward();
    await scaler.step(optimizer);
    scaler.update();
    // Of 2 ** -130 it would be infinite, and 0 times it NaN.
    expect(scaler.getScale()).toBe(2 ** -120);
  });

  it('hands a closure on only if it is not enabled', async () => {
    const [w] = [weight()];
    const closure = (): Tensor => {
      const loss = w.sum();
      loss.backward();
      return loss;
    };
    await new amp.GradScaler({ enabled: false }).step(new optim.SGD([w], { lr: 1 }), closure);
    expect(await w.tolist()).toEqual([0, 1]);
    const scaler = new amp.GradScaler();
    scaler.scale(w.sum());
    await expect(scaler.step(new optim.SGD([w], { lr: 1 }), closure)).rejects.toThrow('must have no closure');
  });

  it('needs a gradient to look at, as in PyTorch', async () => {
    const scaler = new amp.GradScaler();
    const optimizer = new optim.SGD([weight()], { lr: 1 });
    scaler.scale(tensor(1));
    await expect(scaler.step(optimizer)).rejects.toThrow('step: a parameter must have a gradient, got none.');
    expect(() => scaler.update()).toThrow('got neither');
  });

  it.each<[string, (scaler: amp.GradScaler) => unknown, string]>([
    ['a scale of 0', () => new amp.GradScaler(0), 'GradScaler: initScale must be a finite number above 0, got 0.'],
    ['half an interval', () => new amp.GradScaler({ growthInterval: 1.5 }), 'growthInterval must be a whole number of at least 1'], // prettier-ignore
    ['a flag of text', () => Reflect.construct(amp.GradScaler, [{ enabled: 'false' }]) as unknown, "enabled must be true or false, got 'false'."], // prettier-ignore
    ['a loss that was read', (s) => s.scale(1 as never), 'GradScaler.scale: outputs must be a tensor, or arrays of tensors, got 1.'], // prettier-ignore
    ['no optimizer', (s) => s.unscale_([] as never), 'GradScaler.unscale_: optimizer must be an optimizer, got [].'],
    ['a new scale of text', (s) => s.update('8' as never), "GradScaler.update: newScale must be a finite number above 0, got '8'."], // prettier-ignore
    ['a state of text', (s) => s.loadStateDict({ ...s.stateDict(), scale: '8' } as never), "GradScaler.loadStateDict: scale must be a finite number above 0, got '8'."], // prettier-ignore
    ['half a state', (s) => s.loadStateDict({ scale: 8 }), 'GradScaler.loadStateDict: the state dict must be what stateDict() gave'], // prettier-ignore
    ['no state', (s) => s.loadStateDict(undefined as never), 'GradScaler.loadStateDict: state must be'],
    ['an argument too many', (s) => (s as object as { getScale: (n: number) => unknown }).getScale(1), 'GradScaler.getScale: takes at most 0 arguments'], // prettier-ignore
  ])('refuses %s', (_, misuse, message) => {
    expect(() => misuse(new amp.GradScaler())).toThrow(message);
  });

  it('refuses what cannot work', async () => {
    expect(() => new amp.GradScaler({ growthFactor: 1 })).toThrow('greater than 1');
    expect(() => new amp.GradScaler({ backoffFactor: 1 })).toThrow('less than 1');
    const scaler = new amp.GradScaler();
    const half = tensor([1], { dtype: 'float16', requiresGrad: true });
    const optimizer = new optim.SGD([half], { lr: 1 });
    await expect(scaler.step(optimizer)).rejects.toThrow('a loss must have been scaled');
    scaler.scale(half.sum()).backward();
    expect(() => scaler.unscale_(optimizer)).toThrow('Keep the parameters in float32');
    expect(() => scaler.update()).toThrow('got neither');
    const w = weight();
    const other = new optim.SGD([w], { lr: 1 });
    scaler.scale(w.sum()).backward();
    const step = scaler.step(other);
    expect(() => scaler.update()).toThrow('await scaler.step(optimizer)');
    await step;
    scaler.update();
  });
});
