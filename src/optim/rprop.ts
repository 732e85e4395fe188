import { constantLike, gt, lt, maximum, minimum, mul, sign, sub, where } from '../expression/expression';
import type { Arguments } from '../base/arguments';
import { ValueError } from '../base/errors';
import { descent, ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
import { checkNotNegative } from './optimizer';
import type { OptimizerOptions, ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';

export interface RpropOptions extends OptimizerOptions {
  /** Factors of the step size after a turn and without. */
  etas: readonly [number, number];
  /** Least and greatest step size. */
  stepSizes: readonly [number, number];
  /** Climbs instead of descending. */
  maximize: boolean;
}

const DEFAULTS: RpropOptions = { lr: 1e-2, etas: [0.5, 1.2], stepSizes: [1e-6, 50], maximize: false };
const ORDER = ['lr', 'etas', 'stepSizes', 'maximize'] as const;

/**
 * Rprop: p <- p - s sign(g), where the step size s of an element grows by etas[1] while its gradient keeps the sign and
 * shrinks by etas[0] when it turns; then the element stays where it is once.
 * @example new Rprop(net.parameters(), { lr: 1e-2 })
 * @see torch.optim.Rprop
 */
export class Rprop extends ElementwiseOptimizer<RpropOptions> {
  static override readonly name: string = 'Rprop';

  constructor(
    params: ParamsArgument<RpropOptions>,
    ...args: Arguments<
      [],
      [lr?: Rate, etas?: readonly [number, number], stepSizes?: readonly [number, number], maximize?: boolean],
      GivenOptions<RpropOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<RpropOptions>('Rprop', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: RpropOptions): void {
    checkNotNegative('Rprop', options, ['lr']);
    const [less, more] = options.etas;
    if (!(less > 0 && less < 1 && more > 1)) {
      throw new ValueError('Rprop', `etas must be a number in (0, 1) and one above 1, got [${less}, ${more}].`);
    }
  }

  protected update(symbols: UpdateSymbols, options: RpropOptions): Update {
    const { lr, etas: [less, more], stepSizes: [least, greatest] } = options; // prettier-ignore
    const { param, state, step, scalar } = symbols;
    step(); // Not used, but PyTorch's state has it.
    const g = descent(symbols, options);
    const zero = constantLike(g, 0);
    const agreement = mul(g, state('prev'));
    const turned = lt(agreement, zero);
    const factor = where(turned, scalar(less), where(gt(agreement, zero), scalar(more), constantLike(g, 1)));
    const size = minimum(maximum(mul(state('step_size', lr), factor), scalar(least)), scalar(greatest));
    const taken = where(turned, zero, g);
    return { param: sub(param, mul(size, sign(taken))), state: { prev: taken, step_size: size } };
  }
}
