// What is given to optimizers between steps, and what closures and functions of schedules give back.
import { describe, expect, it } from 'vitest';
import { nn, ones, optim, scope, tensor, type Tensor } from '../../src';

const parameter = (): nn.Parameter => new nn.Parameter(ones(2));
const { SGD, Adam, LBFGS, lrScheduler } = optim;
/** Steps of a parameter with a gradient. */
function stepping(make: (p: Tensor) => optim.Optimizer): { optimizer: optim.Optimizer; group: object } {
  const p = parameter();
  p.grad = ones(2);
  const optimizer = make(p);
  return { optimizer, group: optimizer.paramGroups[0] };
}

describe('options that are set between steps', () => {
  it.each<[string, object, string]>([
    ['a rate of text', { lr: 'x' }, "SGD: lr must be a number or a tensor of one element, got 'x'."],
    ['a rate that is NaN', { lr: NaN }, 'SGD: lr must be a number or a tensor of one element, got NaN.'],
    ['a rate below 0', { lr: -1 }, 'SGD: lr must be at least 0, got -1.'],
    ['no rate', { lr: undefined }, 'SGD: lr must be given'],
    ['a flag of text', { nesterov: 'false' }, "SGD: nesterov must be true or false, got 'false'."],
    ['a misspelt option', { weight_decay: 0 }, "SGD: no option of a group is called 'weight_decay'. The options are lr, momentum"], // prettier-ignore
    ['options that exclude each other', { nesterov: true }, 'SGD: nesterov needs momentum'],
    ['what schedules keep', { initialLr: '1' }, "SGD: initialLr must be a number, got '1'."],
  ])('%s', async (_, change, message) => {
    const { optimizer, group } = stepping((p) => new SGD([p], { lr: 0.1 }));
    Object.assign(group, change);
    const p = optimizer.paramGroups[0].params[0];
    expect(() => optimizer.step()).toThrow(message);
    expect(await p.tolist()).toEqual([1, 1]);
  });

  it('betas', () => {
    const { optimizer, group } = stepping((p) => new Adam([p]));
    Object.assign(group, { betas: [0.9, '0.99'] });
    expect(() => optimizer.step()).toThrow("Adam: betas must be 2 numbers, got [0.9, '0.99'].");
  });

  it('of LBFGS', async () => {
    const optimizer = new LBFGS([parameter()]);
    Object.assign(optimizer.paramGroups[0], { maxIter: 1.5 });
    await expect(optimizer.step(() => 1)).rejects.toThrow('LBFGS: maxIter must be an integer of at least 0, got 1.5.');
  });

  it('of a group that is added', () => {
    const optimizer = new SGD([parameter()], { lr: 0.1 });
    const add = (group: object): void => optimizer.addParamGroup({ params: [parameter()], ...group });
    expect(() => add({ lr: '1' })).toThrow("SGD: lr must be a number or a tensor of one element, got '1'.");
    expect(() => add({ momentun: 1 })).toThrow("SGD: no option of a group is called 'momentun'.");
    expect(() => add({ name: 5 })).toThrow('SGD: the name of a group must be a string, got 5.');
    expect(optimizer.paramGroups).toHaveLength(1);
  });
});

describe('an optimizer of one’s own', () => {
  class Own extends optim.ElementwiseOptimizer<{ lr: number; power: number }> {
    constructor(params: Iterable<Tensor>, options: { lr?: number; power?: number }) {
      super(params, { lr: 0.1, power: 1 }, options);
    }
    protected checkOptions(): void {
      // None has a range.
    }
    protected update({ param }: optim.UpdateSymbols): optim.Update {
      return { param, state: {} };
    }
  }
  it('refuses options that it does not have, or of another kind', () => {
    expect(() => new Own([parameter()], { pwer: 2 } as object)).toThrow("Own: no option is called 'pwer'. The options are lr, power."); // prettier-ignore
    expect(() => new Own([parameter()], { power: '2' } as object)).toThrow("Own: power must be a number, got '2'.");
  });
});

describe('what a closure of LBFGS gives', () => {
  const freed = (): Tensor => {
    const made: Tensor[] = [];
    scope(() => void made.push(ones(1)));
    return made[0];
  };
  it.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, 'LBFGS: the closure must return the loss, a tensor, got undefined.'],
    ['text', () => '1', "LBFGS: the closure must return the loss, a tensor, got '1'."],
    ['several losses', () => ones(2), 'LBFGS: the closure must return a loss of one element, got shape [2].'],
    [
      'a promise of nothing',
      () => Promise.resolve(null),
      'LBFGS: the closure must return the loss, a tensor, got null.',
    ],
    ['a freed tensor', freed, 'LBFGS: the closure'],
  ])('%s', async (_, closure, message) => {
    const optimizer = new LBFGS([parameter()]);
    await expect(optimizer.step(closure)).rejects.toThrow(message);
  });
  it('is a function', async () => {
    const optimizer = new LBFGS([parameter()]) as object as { step: (...args: unknown[]) => Promise<unknown> };
    await expect(optimizer.step()).rejects.toThrow('LBFGS.step: closure must be a function, got nothing.');
    await expect(optimizer.step(5)).rejects.toThrow('LBFGS.step: closure must be a function, got 5.');
  });
});

describe('what functions of schedules give', () => {
  const optimizer = (): optim.Optimizer => new SGD([parameter()], { lr: 0.1, momentum: 0.5 });
  it.each<[string, () => unknown, string]>([
    ['LambdaLR', () => new lrScheduler.LambdaLR(optimizer(), () => Promise.resolve(1) as never), 'LambdaLR: lrLambda(0) must be a number, got a promise (await it).'], // prettier-ignore
    ['LambdaLR of a tensor', () => new lrScheduler.LambdaLR(optimizer(), () => tensor(1) as never), 'LambdaLR: lrLambda(0) must be a number, got a Tensor.'], // prettier-ignore
    ['LambdaLR of NaN', () => new lrScheduler.LambdaLR(optimizer(), () => NaN), 'LambdaLR: lrLambda(0) must be a number, got NaN.'], // prettier-ignore
    ['MultiplicativeLR', () => { const s = new lrScheduler.MultiplicativeLR(optimizer(), () => '1' as never); s.optimizer.step(); s.step(); }, "MultiplicativeLR: lrLambda(1) must be a number, got '1'."], // prettier-ignore
    ['CyclicLR', () => new lrScheduler.CyclicLR(optimizer(), 0.1, 1, { scaleFn: () => undefined as never }), 'CyclicLR: scaleFn(1) must be a number, got undefined.'], // prettier-ignore
  ])('%s', (_, misuse, message) => {
    expect(misuse).toThrow(message);
  });
});
