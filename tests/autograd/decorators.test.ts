// Grad modes before methods: what TypeScript and JavaScript make of `@noGrad predict(x) { ... }` is called here as they call it.
import { describe, expect, expectTypeOf, it } from 'vitest';
import { enableGrad, inferenceMode, isGradEnabled, noGrad, ones, setGradEnabled, type Tensor } from '../../src';

class Net {
  factor = 2;
  predict(x: Tensor, offset = 0): Tensor {
    return x.mul(this.factor).add(offset);
  }
}
const contextOf = <C extends DecoratorContext['kind']>(kind: C): { kind: C } & ClassMethodDecoratorContext<Net> =>
  ({ kind, name: 'predict', static: false, private: false, addInitializer: () => undefined }) as never;

describe('grad modes decorate methods', () => {
  it.each([
    ['noGrad', noGrad, false],
    ['inferenceMode', inferenceMode, false],
    ['enableGrad', enableGrad, true],
  ] as const)('%s', async (_, mode, recorded) => {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- as a decorator gets it
    const predict = mode(Net.prototype.predict, contextOf('method'));
    expectTypeOf(predict).toEqualTypeOf<(this: Net, x: Tensor, offset?: number) => Tensor>();
    const x = ones(2).requiresGrad_();
    setGradEnabled(!recorded);
    try {
      const y = predict.call(new Net(), x, 3);
      expect([y.requiresGrad, await y.tolist(), isGradEnabled()]).toEqual([recorded, [5, 5], !recorded]);
    } finally {
      setGradEnabled(true);
    }
  });

  it('but nothing else, and no async ones', () => {
    expect(() => noGrad(() => 1, contextOf('field') as never)).toThrow(
      'noGrad: only methods, getters and setters can be decorated, got a field.',
    );
    const later = noGrad(async (): Promise<void> => Promise.resolve(), contextOf('method') as never) as () => void;
    expect(later).toThrow('noGrad: fn must be synchronous');
    expect(() => noGrad(() => 1, { kind: 1 } as never)).toThrow(TypeError);
  });
});

describe('setGradEnabled(mode) decorates', () => {
  it('several methods of a class, which leave the mode as it was', () => {
    // A class evaluates all its decorators before it applies the first one.
    const [first, second, third] = [setGradEnabled(false), setGradEnabled(true), setGradEnabled(false)];
    const modes = [first, second, third].map((decorate) =>
      decorate(() => isGradEnabled(), contextOf('method') as never),
    );
    expect(isGradEnabled()).toBe(true);
    expect(modes.map((mode) => mode())).toEqual([false, true, false]);
    expect(isGradEnabled()).toBe(true);
  });

  it('a function, with its arguments', async () => {
    const before = isGradEnabled();
    const scaled = setGradEnabled(false)((x: Tensor, factor: number) => x.mul(factor));
    expectTypeOf(scaled).parameters.toEqualTypeOf<[Tensor, number]>();
    const y = scaled(ones(2).requiresGrad_(), 3);
    expect([y.requiresGrad, await y.tolist(), isGradEnabled()]).toEqual([false, [3, 3], before]);
  });

  it('inside of another mode, and after the mode was set', () => {
    noGrad(() => {
      const mode = setGradEnabled(true)(() => isGradEnabled());
      expect([mode(), isGradEnabled()]).toEqual([true, false]);
    });
    setGradEnabled(false);
    const mode = setGradEnabled(true)(() => isGradEnabled());
    expect([mode(), isGradEnabled()]).toEqual([true, false]);
    setGradEnabled(true);
    expect(() => setGradEnabled(false)(3 as never)).toThrow('the decorator setGradEnabled: fn must be a function');
    setGradEnabled(true);
    expect(() => setGradEnabled(true)(() => 1, contextOf('field') as never)).toThrow(
      'only methods, getters and setters',
    );
  });
});
