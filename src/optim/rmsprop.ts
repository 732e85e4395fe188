import { add, div, mul, sqrt, square, sub } from '../expression/expression';
import type { Arguments } from '../base/arguments';
import { average, descent, ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
import { checkNotNegative } from './optimizer';
import type { OptimizerOptions, ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';

export interface RMSpropOptions extends OptimizerOptions {
  /** Decay rate of the average of squares. */
  alpha: number;
  /** Keeps the denominator away from 0. */
  eps: number;
  /** Factor of the L2 penalty. */
  weightDecay: number;
  /** Share of the velocity that is kept. */
  momentum: number;
  /** Divides by the standard deviation of the gradient. */
  centered: boolean;
  /** Climbs instead of descending. */
  maximize: boolean;
}

const DEFAULTS: RMSpropOptions = {
  lr: 1e-2,
  alpha: 0.99,
  eps: 1e-8,
  weightDecay: 0,
  momentum: 0,
  centered: false,
  maximize: false,
};
const ORDER = ['lr', 'alpha', 'eps', 'weightDecay', 'momentum', 'centered', 'maximize'] as const;

/**
 * RMSprop: v <- alpha v + (1 - alpha) g^2,  p <- p - lr g / (sqrt(v) + eps), where `centered` takes the square of the
 * average gradient off v and momentum makes a velocity of the quotient.
 * @example new RMSprop(net.parameters(), { lr: 1e-2, momentum: 0.9 })
 * @see torch.optim.RMSprop
 */
export class RMSprop extends ElementwiseOptimizer<RMSpropOptions> {
  static override readonly name: string = 'RMSprop';

  constructor(
    params: ParamsArgument<RMSpropOptions>,
    ...args: Arguments<
      [],
      [
        lr?: Rate,
        alpha?: number,
        eps?: number,
        weightDecay?: number,
        momentum?: number,
        centered?: boolean,
        maximize?: boolean,
      ],
      GivenOptions<RMSpropOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<RMSpropOptions>('RMSprop', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: RMSpropOptions): void {
    checkNotNegative('RMSprop', options, ['lr', 'alpha', 'eps', 'weightDecay', 'momentum']);
  }

  protected update(symbols: UpdateSymbols, options: RMSpropOptions): Update {
    const { lr, alpha, eps, momentum, centered } = options;
    const { param, state, step, scalar } = symbols;
    step(); // Not used, but PyTorch's state has it.
    const g = descent(symbols, options);
    const v = average(symbols, alpha, state('square_avg'), square(g));
    const mean = centered ? average(symbols, alpha, state('grad_avg'), g) : null;
    const quotient = div(g, add(sqrt(mean === null ? v : sub(v, square(mean))), scalar(eps)));
    const direction = momentum > 0 ? add(mul(scalar(momentum), state('momentum_buffer')), quotient) : quotient;
    return {
      param: sub(param, mul(scalar(lr), direction)),
      state: {
        square_avg: v,
        ...(mean !== null && { grad_avg: mean }),
        ...(momentum > 0 && { momentum_buffer: direction }),
      },
    };
  }
}
