import { add, constantLike, eq, log1p, exp, maximum, mul, neg, reciprocal, sub, where } from '../expression/expression';
import type { Arguments } from '../base/arguments';
import { affine, descent, ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
import { checkNotNegative } from './optimizer';
import type { OptimizerOptions, ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';

export interface ASGDOptions extends OptimizerOptions {
  /** Decay of the parameters. */
  lambd: number;
  /** Power with which eta falls. */
  alpha: number;
  /** The step at which averaging starts. */
  t0: number;
  /** Factor of the L2 penalty. */
  weightDecay: number;
  /** Climbs instead of descending. */
  maximize: boolean;
}

const DEFAULTS: ASGDOptions = { lr: 1e-2, lambd: 1e-4, alpha: 0.75, t0: 1e6, weightDecay: 0, maximize: false };
const ORDER = ['lr', 'lambd', 'alpha', 't0', 'weightDecay', 'maximize'] as const;

/**
 * Averaged SGD: p <- (1 - lambd eta) p - eta g,  ax <- ax + mu (p - ax), with eta = lr / (1 + lambd lr t)^alpha and
 * mu = 1 / max(1, t - t0). The average `ax` is in the state.
 * @example new ASGD(net.parameters(), { lr: 1e-2, t0: 1000 })
 * @see torch.optim.ASGD, https://dl.acm.org/citation.cfm?id=131098
 */
export class ASGD extends ElementwiseOptimizer<ASGDOptions> {
  static override readonly name: string = 'ASGD';

  constructor(
    params: ParamsArgument<ASGDOptions>,
    ...args: Arguments<
      [],
      [lr?: Rate, lambd?: number, alpha?: number, t0?: number, weightDecay?: number, maximize?: boolean],
      GivenOptions<ASGDOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<ASGDOptions>('ASGD', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: ASGDOptions): void {
    checkNotNegative('ASGD', options, ['lr', 'weightDecay']);
  }

  protected update(symbols: UpdateSymbols, options: ASGDOptions): Update {
    const { lr, lambd, alpha, t0 } = options;
    const { param, state, number, step, scalar } = symbols;
    const g = descent(symbols, options);
    // Of the step before; its lr may have been another.
    const eta = number('eta', lr);
    const mu = number('mu', 1);
    const p = sub(mul(sub(constantLike(g, 1), mul(scalar(lambd), eta)), param), mul(eta, g));
    const ax = state('ax');
    const t = step();
    const one = constantLike(t, 1);
    return {
      param: p,
      state: { ax: where(eq(mu, one), p, add(ax, mul(sub(p, ax), mu))) },
      numbers: {
        eta: mul(scalar(lr), exp(neg(mul(scalar(alpha), log1p(mul(affine(symbols, 0, lambd, lr), t)))))),
        mu: reciprocal(maximum(one, sub(t, scalar(t0)))),
      },
    };
  }
}
