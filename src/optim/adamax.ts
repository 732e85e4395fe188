import { abs, add, div, maximum, mul, sub } from '../expression/expression';
import type { Arguments } from '../base/arguments';
import { average, correction, descent, ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
import type { OptimizerOptions, ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';
import { checkAdamOptions } from './adam';

export interface AdamaxOptions extends OptimizerOptions {
  /** Decay rates of the average of the gradient and of its greatest size. */
  betas: readonly [number, number];
  /** Keeps the denominator away from 0. */
  eps: number;
  /** Factor of the L2 penalty. */
  weightDecay: number;
  /** Climbs instead of descending. */
  maximize: boolean;
}

const DEFAULTS: AdamaxOptions = { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false };
const ORDER = ['lr', 'betas', 'eps', 'weightDecay', 'maximize'] as const;

/**
 * Adamax: m <- beta1 m + (1 - beta1) g,  u <- max(beta2 u, |g| + eps),  p <- p - lr / (1 - beta1^t) m / u.
 * @example new Adamax(net.parameters(), { lr: 2e-3 })
 * @see torch.optim.Adamax, https://arxiv.org/abs/1412.6980
 */
export class Adamax extends ElementwiseOptimizer<AdamaxOptions> {
  static override readonly name: string = 'Adamax';

  constructor(
    params: ParamsArgument<AdamaxOptions>,
    ...args: Arguments<
      [],
      [lr?: Rate, betas?: readonly [number, number], eps?: number, weightDecay?: number, maximize?: boolean],
      GivenOptions<AdamaxOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<AdamaxOptions>('Adamax', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: AdamaxOptions): void {
    checkAdamOptions('Adamax', options);
  }

  protected update(symbols: UpdateSymbols, options: AdamaxOptions): Update {
    const { lr, betas: [beta1, beta2], eps } = options; // prettier-ignore
    const { param, state, step, scalar } = symbols;
    const g = descent(symbols, options);
    const m = average(symbols, beta1, state('exp_avg'), g);
    const greatest = maximum(mul(scalar(beta2), state('exp_inf')), add(abs(g), scalar(eps)));
    const rate = div(scalar(lr), correction(symbols, beta1, step()));
    return { param: sub(param, mul(rate, div(m, greatest))), state: { exp_avg: m, exp_inf: greatest } };
  }
}
