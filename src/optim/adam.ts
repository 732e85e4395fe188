import { add, div, maximum, mul, reciprocal, sqrt, square, sub, type Expression } from '../expression/expression';
import type { Arguments } from '../base/arguments';
import { average, correction, descent, ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
import { checkBetas, checkNotNegative } from './optimizer';
import type { OptimizerOptions, ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';

export interface AdamOptions extends OptimizerOptions {
  /** Decay rates of the averages of the gradient and of its square. */
  betas: readonly [number, number];
  /** Keeps the denominator away from 0. */
  eps: number;
  /** Factor of the L2 penalty. */
  weightDecay: number;
  /** Divides by the greatest average of squares so far. */
  amsgrad: boolean;
  /** Climbs instead of descending. */
  maximize: boolean;
}

/** Of Adam; AdamW has another weightDecay. */
export const ADAM_DEFAULTS: AdamOptions = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
};
export const ADAM_ORDER = ['lr', 'betas', 'eps', 'weightDecay', 'amsgrad', 'maximize'] as const;

/** The list of arguments of Adam and AdamW. */
export type AdamArguments = Arguments<
  [],
  [
    lr?: Rate,
    betas?: readonly [number, number],
    eps?: number,
    weightDecay?: number,
    amsgrad?: boolean,
    maximize?: boolean,
  ],
  GivenOptions<AdamOptions>
>;

/**
 * Adam: m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
 * p <- p - lr m' / (sqrt(v') + eps) with m' = m / (1 - beta1^t), v' = v / (1 - beta2^t).
 * @example new Adam(net.parameters(), { lr: 1e-3 })
 * @see torch.optim.Adam, https://arxiv.org/abs/1412.6980
 */
export class Adam extends ElementwiseOptimizer<AdamOptions> {
  static override readonly name: string = 'Adam';

  constructor(params: ParamsArgument<AdamOptions>, ...args: AdamArguments) {
    super(params, ADAM_DEFAULTS, optimizerOptions<AdamOptions>('Adam', ADAM_ORDER, ADAM_DEFAULTS, params, args));
  }

  protected checkOptions(options: AdamOptions): void {
    checkAdamOptions('Adam', options);
  }

  protected update(symbols: UpdateSymbols, options: AdamOptions): Update {
    return adamUpdate(symbols, symbols.param, descent(symbols, options), options);
  }
}

/** Adam's step from parameter value `p` along gradient `g`. */
export function adamUpdate(symbols: UpdateSymbols, p: Expression, g: Expression, options: AdamOptions): Update {
  const { lr, betas: [beta1, beta2], eps, amsgrad } = options; // prettier-ignore
  const { state, step, scalar } = symbols;
  const t = step();
  const m = average(symbols, beta1, state('exp_avg'), g);
  const v = average(symbols, beta2, state('exp_avg_sq'), square(g));
  const greatest = amsgrad ? maximum(state('max_exp_avg_sq'), v) : v;
  const scale = reciprocal(sqrt(correction(symbols, beta2, t)));
  const denominator = add(mul(sqrt(greatest), scale), scalar(eps));
  const stepSize = div(scalar(lr), correction(symbols, beta1, t));
  return {
    param: sub(p, mul(stepSize, div(m, denominator))),
    state: { exp_avg: m, exp_avg_sq: v, ...(amsgrad && { max_exp_avg_sq: greatest }) },
  };
}

/** @throws RangeError for an option out of range */
export function checkAdamOptions(
  owner: string,
  options: Pick<AdamOptions, 'lr' | 'eps' | 'weightDecay' | 'betas'>,
): void {
  checkNotNegative(owner, options, ['lr', 'eps', 'weightDecay']);
  checkBetas(owner, options.betas);
}
