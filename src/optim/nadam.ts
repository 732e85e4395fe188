import { add, constantLike, div, mul, sqrt, square, sub, type Expression } from '../expression/expression';
import type { Arguments } from '../base/arguments';
import {
  average,
  correction,
  descent,
  power,
  ElementwiseOptimizer,
  type Update,
  type UpdateSymbols,
} from './updateRule';
import { checkNotNegative } from './optimizer';
import type { OptimizerOptions, ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';
import { checkAdamOptions } from './adam';

export interface NAdamOptions extends OptimizerOptions {
  /** Decay rates of the averages of the gradient and of its square. */
  betas: readonly [number, number];
  /** Keeps the denominator away from 0. */
  eps: number;
  /** Factor of the L2 penalty. */
  weightDecay: number;
  /** How fast the momentum reaches beta1. */
  momentumDecay: number;
}

const DEFAULTS: NAdamOptions = { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, momentumDecay: 4e-3 };
const ORDER = ['lr', 'betas', 'eps', 'weightDecay', 'momentumDecay'] as const;

/**
 * NAdam, Adam with Nesterov momentum: p <- p - lr ((1 - mu_t) g / (1 - M_t) + mu_{t+1} m / (1 - M_t mu_{t+1})) / denominator
 * with mu_t = beta1 (1 - 0.96^(t momentumDecay) / 2) and M_t the product of all mu so far.
 * @example new NAdam(net.parameters(), { lr: 2e-3 })
 * @see torch.optim.NAdam, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ
 */
export class NAdam extends ElementwiseOptimizer<NAdamOptions> {
  static override readonly name: string = 'NAdam';

  constructor(
    params: ParamsArgument<NAdamOptions>,
    ...args: Arguments<
      [],
      [lr?: Rate, betas?: readonly [number, number], eps?: number, weightDecay?: number, momentumDecay?: number],
      GivenOptions<NAdamOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<NAdamOptions>('NAdam', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: NAdamOptions): void {
    checkAdamOptions('NAdam', options);
    checkNotNegative('NAdam', options, ['momentumDecay']);
  }

  protected update(symbols: UpdateSymbols, options: NAdamOptions): Update {
    const { lr, betas: [beta1, beta2], eps, momentumDecay } = options; // prettier-ignore
    const { param, state, number, step, scalar } = symbols;
    const g = descent(symbols, options);
    const m = average(symbols, beta1, state('exp_avg'), g);
    const v = average(symbols, beta2, state('exp_avg_sq'), square(g));
    const t = step();
    const one = constantLike(t, 1);
    const momentum = (at: Expression): Expression =>
      mul(scalar(beta1), sub(one, mul(constantLike(t, 0.5), power(symbols, 0.96 ** momentumDecay, at))));
    const mu = momentum(t);
    const next = momentum(add(t, one));
    const product = mul(number('mu_product', 1), mu);
    const denominator = add(sqrt(div(v, correction(symbols, beta2, t))), scalar(eps));
    const ofGrad = mul(div(sub(one, mu), sub(one, product)), g);
    // PyTorch 1.13 takes mu_t into this product twice, and so do its checkpoints' continuations.
    const ofAverage = mul(div(next, sub(one, mul(mul(product, mu), next))), m);
    return {
      param: sub(param, mul(scalar(lr), div(add(ofGrad, ofAverage), denominator))),
      state: { exp_avg: m, exp_avg_sq: v },
      numbers: { mu_product: product },
    };
  }
}
