// Adafactor: running averages of squares by rows and columns instead of by elements.
import type { Arguments } from '../base/arguments';
import { finfo } from '../base/dtypeInfo';
import { ValueError } from '../base/errors';
import type { Tensor } from '../core/tensor';
import { matmul } from '../ops/linalg/matmul';
import { div, lerp, mul, neg, pow, rsqrt, sqrt, square, sub } from '../ops/pointwise/arithmetic';
import { clampMax, clampMin, minimum } from '../ops/pointwise/compare';
import { mean } from '../ops/reduce/reduce';
import { checkNotNegative, type OptimizerOptions, type ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';
import { restoreTensors, STEP, type SavedState } from './stateDict';
import { decayed, TensorOptimizer, type TensorStep, type TensorUpdate } from './tensorOptimizer';

export interface AdafactorOptions extends OptimizerOptions {
  /** The averages keep 1 - t^beta2Decay of what they are at step t; at most 0. */
  beta2Decay: number;
  /**
   * The root of the least estimate of a square, null for the eps of the parameter's dtype; and the least root mean square of a
   * parameter that its steps are scaled by.
   */
  eps: readonly [number | null, number];
  /** The greatest root mean square of an update before it is scaled; at least 1. */
  d: number;
  /** Share of the parameter that goes at every step, times lr. */
  weightDecay: number;
  /** Climbs instead of descending. */
  maximize: boolean;
}

const DEFAULTS: AdafactorOptions = {
  lr: 1e-2,
  beta2Decay: -0.8,
  eps: [null, 1e-3],
  d: 1,
  weightDecay: 0,
  maximize: false,
};
const ORDER = ['lr', 'beta2Decay', 'eps', 'd', 'weightDecay', 'maximize'] as const;
const [ROWS, COLUMNS, SQUARES] = ['row_var', 'col_var', 'variance'] as const;

/**
 * Adafactor: p <- p - alpha u / max(1, RMS(u) / d), u = g / max(sqrt(V), eps0) and alpha = max(eps1, RMS(p)) min(lr, 1 / sqrt(t)).
 * V is a running average of g^2, of which matrices keep means of rows and of columns alone: V = R C / mean(R). More dimensions
 * are batches of matrices; vectors keep V itself.
 * @example new Adafactor(net.parameters(), { lr: 1e-2 })
 * @see torch.optim.Adafactor, https://arxiv.org/abs/1804.04235
 */
export class Adafactor extends TensorOptimizer<AdafactorOptions> {
  static override readonly name: string = 'Adafactor';

  constructor(
    params: ParamsArgument<AdafactorOptions>,
    ...args: Arguments<
      [],
      [
        lr?: Rate,
        beta2Decay?: number,
        eps?: readonly [number | null, number],
        d?: number,
        weightDecay?: number,
        maximize?: boolean,
      ],
      GivenOptions<AdafactorOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<AdafactorOptions>('Adafactor', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: AdafactorOptions): void {
    checkNotNegative('Adafactor', options, ['lr', 'weightDecay']);
    const { beta2Decay, d, eps } = options;
    if (!(beta2Decay <= 0)) throw new ValueError('Adafactor', `beta2Decay must be at most 0, got ${beta2Decay}.`);
    if (!(d >= 1)) throw new ValueError('Adafactor', `d must be at least 1, got ${d}.`);
    const [least, scale] = eps;
    if (!((least === null || least >= 0) && scale >= 0)) {
      throw new ValueError('Adafactor', `eps must be two numbers of at least 0, got [${eps.join(', ')}].`);
    }
  }

  /** Rows and columns have shapes of their own. */
  protected override restored(param: Tensor, saved: SavedState): Record<string, Tensor> {
    const { rows, columns } = factors(param);
    return restoreTensors('Adafactor', param, saved, (name) =>
      name === ROWS ? rows : name === COLUMNS ? columns : param.shape,
    );
  }

  protected update({ param, grad, lr, state, step }: TensorStep, options: AdafactorOptions): TensorUpdate {
    const { beta2Decay, eps, d, weightDecay, maximize } = options;
    const least = eps[0] ?? finfo(param.dtype).eps;
    const fresh = pow(step, beta2Decay).to(param.dtype);
    const g = maximize ? neg(grad) : grad;
    const [squares, estimate] = estimated(param, square(g), state, fresh, least);
    const update = mul(rsqrt(clampMin(estimate, least * least)), g);
    const falling = rsqrt(step).to(param.dtype);
    const rho = typeof lr === 'number' ? clampMax(falling, lr) : minimum(falling, lr);
    const alpha = mul(clampMin(rootMeanSquare(param), eps[1]), rho);
    const scale = div(alpha, clampMin(div(rootMeanSquare(update), d), 1));
    return { value: sub(decayed(param, lr, weightDecay), mul(update, scale)), state: { [STEP]: step, ...squares } };
  }
}

const rootMeanSquare = (x: Tensor): Tensor => sqrt(mean(square(x)));

/** Shapes of the averages of rows and of columns. */
function factors({ shape }: Tensor): { rows: number[]; columns: number[] } {
  const [batch, m, n] = [shape.slice(0, -2), ...shape.slice(-2)] as [number[], number, number];
  return { rows: [...batch, m, 1], columns: [...batch, 1, n] };
}

/** The averages with `fresh` of the new squares in them, and the estimate of every square that follows. */
function estimated(
  param: Tensor,
  squares: Tensor,
  state: TensorStep['state'],
  fresh: Tensor,
  least: number,
): [averages: Record<string, Tensor>, estimate: Tensor] {
  if (param.ndim < 2) {
    const variance = lerp(state(SQUARES), squares, fresh);
    return [{ [SQUARES]: variance }, variance];
  }
  const shapes = factors(param);
  const rows = lerp(state(ROWS, shapes.rows), mean(squares, -1, { keepdim: true }), fresh);
  const columns = lerp(state(COLUMNS, shapes.columns), mean(squares, -2, { keepdim: true }), fresh);
  const estimate = div(matmul(rows, columns), clampMin(mean(rows, -2, { keepdim: true }), least));
  return [{ [ROWS]: rows, [COLUMNS]: columns }, estimate];
}
