import { add, constantLike, eq, mul, sub, where } from '../expression/expression';
import type { Arguments } from '../base/arguments';
import { ValueError } from '../base/errors';
import { descent, ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
import { checkNotNegative } from './optimizer';
import type { OptimizerOptions, ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';

export interface SGDOptions extends OptimizerOptions {
  /** Share of the velocity that is kept. */
  momentum: number;
  /** Share of the gradient that does not enter the velocity, from the second step on. */
  dampening: number;
  /** Factor of the L2 penalty. */
  weightDecay: number;
  /** Looks ahead along the velocity; needs momentum and no dampening. */
  nesterov: boolean;
  /** Climbs instead of descending. */
  maximize: boolean;
}

const DEFAULTS: Omit<SGDOptions, 'lr'> = {
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
};
const ORDER = ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov', 'maximize'] as const;

/**
 * Stochastic gradient descent: p <- p - lr g, with momentum p <- p - lr b where b <- momentum b + (1 - dampening) g.
 * The first step takes b = g. The rate has no default: give `lr`, or each group its own.
 * @example new SGD(net.parameters(), 0.1, { momentum: 0.9, nesterov: true })
 * @see torch.optim.SGD
 */
export class SGD extends ElementwiseOptimizer<SGDOptions> {
  static override readonly name: string = 'SGD';

  constructor(
    params: ParamsArgument<SGDOptions>,
    ...args: Arguments<
      [],
      [lr?: Rate, momentum?: number, dampening?: number, weightDecay?: number, nesterov?: boolean, maximize?: boolean],
      GivenOptions<SGDOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<SGDOptions>('SGD', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: SGDOptions): void {
    checkNotNegative('SGD', options, ['lr', 'momentum', 'weightDecay']);
    const { nesterov, momentum, dampening } = options;
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new ValueError(
        'SGD',
        `nesterov needs momentum and no dampening, got momentum ${momentum} and dampening ${dampening}.`,
      );
    }
  }

  protected update(symbols: UpdateSymbols, options: SGDOptions): Update {
    const { lr, momentum, dampening, nesterov } = options;
    const { param, state, step, scalar } = symbols;
    const g = descent(symbols, options);
    if (momentum === 0) return { param: sub(param, mul(scalar(lr), g)), state: {} };

    const kept = mul(scalar(momentum), state('momentum_buffer'));
    let b = add(kept, g);
    if (dampening !== 0) {
      const first = step();
      b = where(eq(first, constantLike(first, 1)), g, add(kept, mul(scalar(1 - dampening), g)));
    }
    const direction = nesterov ? add(g, mul(scalar(momentum), b)) : b;
    return { param: sub(param, mul(scalar(lr), direction)), state: { momentum_buffer: b } };
  }
}
