import {
  add,
  constantLike,
  div,
  expm1,
  gt,
  lt,
  maximum,
  mul,
  reciprocal,
  sqrt,
  square,
  sub,
  where,
  type Expression,
} from '../expression/expression';
import type { Arguments } from '../base/arguments';
import { average, correction, descent, ElementwiseOptimizer, type Update, type UpdateSymbols } from './updateRule';
import type { OptimizerOptions, ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';
import { checkAdamOptions } from './adam';

export interface RAdamOptions extends OptimizerOptions {
  /** Decay rates of the averages of the gradient and of its square. */
  betas: readonly [number, number];
  /** Keeps the denominator away from 0. */
  eps: number;
  /** Factor of the L2 penalty. */
  weightDecay: number;
}

const DEFAULTS: RAdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 };
const ORDER = ['lr', 'betas', 'eps', 'weightDecay'] as const;

/**
 * RAdam, Adam whose adaptive rate is left out until its variance is known: for rho_t > 5
 * p <- p - lr m' r sqrt(1 - beta2^t) / (sqrt(v) + eps), before p <- p - lr m', with m' = m / (1 - beta1^t),
 * rho_t = rho - 2 t beta2^t / (1 - beta2^t), rho = 2 / (1 - beta2) - 1.
 * @example new RAdam(net.parameters(), { lr: 1e-3 })
 * @see torch.optim.RAdam, https://arxiv.org/abs/1908.03265
 */
export class RAdam extends ElementwiseOptimizer<RAdamOptions> {
  static override readonly name: string = 'RAdam';

  constructor(
    params: ParamsArgument<RAdamOptions>,
    ...args: Arguments<
      [],
      [lr?: Rate, betas?: readonly [number, number], eps?: number, weightDecay?: number],
      GivenOptions<RAdamOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<RAdamOptions>('RAdam', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: RAdamOptions): void {
    checkAdamOptions('RAdam', options);
  }

  protected update(symbols: UpdateSymbols, options: RAdamOptions): Update {
    const { lr, betas: [beta1, beta2], eps } = options; // prettier-ignore
    const { param, state, step, scalar } = symbols;
    const g = descent(symbols, options);
    const m = average(symbols, beta1, state('exp_avg'), g);
    const v = average(symbols, beta2, state('exp_avg_sq'), square(g));
    const t = step();
    const constant = (value: number): Expression => constantLike(t, value);

    const rho = 2 / (1 - beta2) - 1;
    const rhoT = smaLength(symbols, beta2, t);
    const four = sub(rhoT, constant(4));
    const two = sub(rhoT, constant(2));
    const variance = div(mul(mul(four, two), scalar(rho / ((rho - 4) * (rho - 2)))), rhoT);
    const rectifier = sqrt(maximum(variance, constant(0)));
    const adaptive = div(mul(rectifier, sqrt(correction(symbols, beta2, t))), add(sqrt(v), scalar(eps)));
    const rate = div(scalar(lr), correction(symbols, beta1, t));
    const factor = where(gt(rhoT, constant(5)), adaptive, constant(1));
    return { param: sub(param, mul(mul(rate, m), factor)), state: { exp_avg: m, exp_avg_sq: v } };
  }
}

/**
 * rho_t. The difference in its definition would lose all digits while t is small, so with u = -t log beta it is written
 * as t + rho + 2 / log beta - 2 t h(u), h(u) = 1 / (e^u - 1) - 1 / u + 1 / 2, which is u / 12 - u^3 / 720 + ... near 0.
 */
function smaLength({ scalar }: UpdateSymbols, beta: number, t: Expression): Expression {
  const constant = (value: number): Expression => constantLike(t, value);
  const u = mul(scalar(-Math.log(beta)), t);
  const u2 = square(u);
  let series = constant(-1 / 1209600);
  for (const coefficient of [1 / 30240, -1 / 720, 1 / 12]) series = add(mul(series, u2), constant(coefficient));
  const direct = add(sub(reciprocal(expm1(u)), reciprocal(u)), constant(0.5));
  const h = where(lt(u, constant(1)), mul(series, u), direct);
  return sub(add(t, scalar(2 / (1 - beta) - 1 + 2 / Math.log(beta))), mul(mul(constant(2), t), h));
}
