import { add, constantLike, div, mul, sqrt, square, sub } from '../expression/expression';
import type { Arguments } from '../base/arguments';
import { descent, ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
import { checkNotNegative } from './optimizer';
import type { OptimizerOptions, ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';

export interface AdagradOptions extends OptimizerOptions {
  /** How fast the rate falls. */
  lrDecay: number;
  /** Factor of the L2 penalty. */
  weightDecay: number;
  /** What the sum of squares starts from. */
  initialAccumulatorValue: number;
  /** Keeps the denominator away from 0. */
  eps: number;
  /** Climbs instead of descending. */
  maximize: boolean;
}

const DEFAULTS: AdagradOptions = {
  lr: 1e-2,
  lrDecay: 0,
  weightDecay: 0,
  initialAccumulatorValue: 0,
  eps: 1e-10,
  maximize: false,
};
const ORDER = ['lr', 'lrDecay', 'weightDecay', 'initialAccumulatorValue', 'eps', 'maximize'] as const;

/**
 * Adagrad: s <- s + g^2,  p <- p - lr' g / (sqrt(s) + eps) with lr' = lr / (1 + (t - 1) lrDecay).
 * @example new Adagrad(net.parameters(), { lr: 1e-2 })
 * @see torch.optim.Adagrad, https://jmlr.org/papers/v12/duchi11a.html
 */
export class Adagrad extends ElementwiseOptimizer<AdagradOptions> {
  static override readonly name: string = 'Adagrad';

  constructor(
    params: ParamsArgument<AdagradOptions>,
    ...args: Arguments<
      [],
      [
        lr?: Rate,
        lrDecay?: number,
        weightDecay?: number,
        initialAccumulatorValue?: number,
        eps?: number,
        maximize?: boolean,
      ],
      GivenOptions<AdagradOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<AdagradOptions>('Adagrad', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: AdagradOptions): void {
    checkNotNegative('Adagrad', options, ['lr', 'lrDecay', 'weightDecay', 'initialAccumulatorValue', 'eps']);
  }

  protected update(symbols: UpdateSymbols, options: AdagradOptions): Update {
    const { lr, lrDecay, initialAccumulatorValue, eps } = options;
    const { param, state, step, scalar } = symbols;
    const g = descent(symbols, options);
    const t = step();
    const one = constantLike(t, 1);
    const rate = div(scalar(lr), add(one, mul(sub(t, one), scalar(lrDecay))));
    const sum = add(state('sum', initialAccumulatorValue), square(g));
    return { param: sub(param, mul(rate, div(g, add(sqrt(sum), scalar(eps))))), state: { sum } };
  }
}
