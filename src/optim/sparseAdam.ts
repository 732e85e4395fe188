// Adam for embeddings, of which a step looks up few rows: rows without a gradient stay as they are.
import type { Arguments } from '../base/arguments';
import type { Tensor } from '../core/tensor';
import { add, div, expm1, lerp, mul, neg, sqrt, square, sub } from '../ops/pointwise/arithmetic';
import { ne, where } from '../ops/pointwise/compare';
import { any } from '../ops/reduce/reduce';
import { checkBetas, checkNotNegative, type OptimizerOptions, type ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';
import { STEP } from './stateDict';
import { TensorOptimizer, type TensorStep, type TensorUpdate } from './tensorOptimizer';

export interface SparseAdamOptions extends OptimizerOptions {
  /** Decay rates of the averages of the gradient and of its square. */
  betas: readonly [number, number];
  /** Keeps the denominator away from 0. */
  eps: number;
  /** Climbs instead of descending. */
  maximize: boolean;
}

const DEFAULTS: SparseAdamOptions = { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, maximize: false };
const ORDER = ['lr', 'betas', 'eps', 'maximize'] as const;

/**
 * Adam whose averages and parameters change in those rows alone (places along dimension 0) that have a gradient:
 * p <- p - lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps), where t counts steps, not steps of the row.
 *
 * PyTorch takes the rows from sparse gradients. Gradients are dense here, with `sparse: true` of an Embedding too, so the rows are
 * those where the gradient is not 0 (NaN is not): a row that was looked up and has a gradient of exactly 0 is passed over, where PyTorch
 * moves it along its average. What it costs is what Adam costs.
 * @example new SparseAdam(embedding.parameters(), { lr: 1e-3 })
 * @see torch.optim.SparseAdam
 */
export class SparseAdam extends TensorOptimizer<SparseAdamOptions> {
  static override readonly name: string = 'SparseAdam';

  constructor(
    params: ParamsArgument<SparseAdamOptions>,
    ...args: Arguments<
      [],
      [lr?: Rate, betas?: readonly [number, number], eps?: number, maximize?: boolean],
      GivenOptions<SparseAdamOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<SparseAdamOptions>('SparseAdam', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: SparseAdamOptions): void {
    checkNotNegative('SparseAdam', options, ['lr', 'eps']);
    checkBetas('SparseAdam', options.betas);
  }

  protected update({ param, grad, lr, state, step }: TensorStep, options: SparseAdamOptions): TensorUpdate {
    const { betas: [beta1, beta2], eps, maximize } = options; // prettier-ignore
    const given = ne(grad, 0);
    const dims = grad.shape.map((_, d) => d).slice(1);
    const row = dims.length > 0 ? any(given, dims, { keepdim: true }) : given;
    const g = maximize ? neg(grad) : grad;
    const [m, v] = [state('exp_avg'), state('exp_avg_sq')];
    const average = where(row, lerp(m, g, 1 - beta1), m);
    const squares = where(row, lerp(v, square(g), 1 - beta2), v);
    // 1 - beta^t without cancellation.
    const corrected = (beta: number): Tensor => neg(expm1(mul(step, Math.log(beta))));
    const size = div(mul(sqrt(corrected(beta2)), lr), corrected(beta1)).to(param.dtype);
    const moved = sub(param, mul(div(average, add(sqrt(squares), eps)), size));
    return {
      value: where(row, moved, param),
      state: { [STEP]: step, exp_avg: average, exp_avg_sq: squares },
    };
  }
}
