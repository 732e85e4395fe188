import { add, div, mul, sqrt, square, sub } from '../expression/expression';
import type { Arguments } from '../base/arguments';
import { ValueError } from '../base/errors';
import { average, descent, ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
import { checkNotNegative } from './optimizer';
import type { OptimizerOptions, ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';

export interface AdadeltaOptions extends OptimizerOptions {
  /** Decay rate of the averages of squares of the gradient and of the steps. */
  rho: number;
  /** Keeps the roots away from 0. */
  eps: number;
  /** Factor of the L2 penalty. */
  weightDecay: number;
  /** Climbs instead of descending. */
  maximize: boolean;
}

const DEFAULTS: AdadeltaOptions = { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false };
const ORDER = ['lr', 'rho', 'eps', 'weightDecay', 'maximize'] as const;

/**
 * Adadelta: v <- rho v + (1 - rho) g^2,  d = g sqrt(u + eps) / sqrt(v + eps),  u <- rho u + (1 - rho) d^2,  p <- p - lr d.
 * @example new Adadelta(net.parameters(), { rho: 0.95 })
 * @see torch.optim.Adadelta, https://arxiv.org/abs/1212.5701
 */
export class Adadelta extends ElementwiseOptimizer<AdadeltaOptions> {
  static override readonly name: string = 'Adadelta';

  constructor(
    params: ParamsArgument<AdadeltaOptions>,
    ...args: Arguments<
      [],
      [lr?: Rate, rho?: number, eps?: number, weightDecay?: number, maximize?: boolean],
      GivenOptions<AdadeltaOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<AdadeltaOptions>('Adadelta', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: AdadeltaOptions): void {
    checkNotNegative('Adadelta', options, ['lr', 'eps', 'weightDecay']);
    if (!(options.rho >= 0 && options.rho <= 1)) {
      throw new ValueError('Adadelta', `rho must be in [0, 1], got ${options.rho}.`);
    }
  }

  protected update(symbols: UpdateSymbols, options: AdadeltaOptions): Update {
    const { lr, rho, eps } = options;
    const { param, state, step, scalar } = symbols;
    step(); // Not used, but PyTorch's state has it.
    const g = descent(symbols, options);
    const v = average(symbols, rho, state('square_avg'), square(g));
    const before = state('acc_delta');
    const delta = mul(div(sqrt(add(before, scalar(eps))), sqrt(add(v, scalar(eps)))), g);
    return {
      param: sub(param, mul(scalar(lr), delta)),
      state: { square_avg: v, acc_delta: average(symbols, rho, before, square(delta)) },
    };
  }
}
