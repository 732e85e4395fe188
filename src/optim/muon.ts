// Muon: whole matrices instead of elements, so the step is written in operations on tensors.
import { checkInteger, type Arguments } from '../base/arguments';
import { ShapeError, ValueError } from '../base/errors';
import { formatShape } from '../base/shape';
import { Tensor } from '../core/tensor';
import { addmm, mm } from '../ops/linalg/matmul';
import { add, div, lerp, mul, sqrt, square, sub } from '../ops/pointwise/arithmetic';
import { clamp } from '../ops/pointwise/compare';
import { sum } from '../ops/reduce/reduce';
import { t } from '../ops/shape/view';
import { checkNotNegative, type OptimizerOptions, type ParamsArgument } from './optimizer';
import { optimizerOptions, type GivenOptions } from './options';
import type { Rate } from './rate';
import { decayed, scaled, TensorOptimizer, type TensorStep, type TensorUpdate } from './tensorOptimizer';

export interface MuonOptions extends OptimizerOptions {
  /** Share of the parameter that goes at every step, times lr. */
  weightDecay: number;
  /** Share of the running average of gradients that is kept. */
  momentum: number;
  /** Looks ahead along the running average. */
  nesterov: boolean;
  /** a, b and c of the polynomial a s + b s^3 + c s^5 that brings singular values near 1. */
  nsCoefficients: readonly [number, number, number];
  /** Least norm that a matrix is divided by. */
  eps: number;
  /** How often the polynomial is applied; less than 100. */
  nsSteps: number;
  /**
   * What the rate is multiplied by for a matrix [m, n]: sqrt(max(1, m / n)) for 'original', which null stands for, and
   * 0.2 sqrt(max(m, n)) for 'match_rms_adamw', whose steps are as long as those of AdamW.
   */
  adjustLrFn: 'original' | 'match_rms_adamw' | null;
}

const DEFAULTS: MuonOptions = {
  lr: 1e-3,
  weightDecay: 0.1,
  momentum: 0.95,
  nesterov: true,
  nsCoefficients: [3.4445, -4.775, 2.0315],
  eps: 1e-7,
  nsSteps: 5,
  adjustLrFn: null,
};
const ORDER = ['lr', 'weightDecay', 'momentum', 'nesterov', 'nsCoefficients', 'eps', 'nsSteps', 'adjustLrFn'] as const;
const BUFFER = 'momentum_buffer';

/**
 * Muon, for matrices: p <- p - lr' O - lr weightDecay p, where O is the momentum b <- momentum b + (1 - momentum) g with its singular
 * values near 1, by Newton-Schulz iterations in the parameter's dtype (PyTorch's are in bfloat16), narrow ones in float32. Other
 * parameters, embeddings and the last layer are for an optimizer such as AdamW.
 * @throws ShapeError for parameters that are no matrices
 * @example new Muon(hidden, { lr: 0.02 })
 * @see torch.optim.Muon, https://kellerjordan.github.io/posts/muon/
 */
export class Muon extends TensorOptimizer<MuonOptions> {
  static override readonly name: string = 'Muon';

  constructor(
    params: ParamsArgument<MuonOptions>,
    ...args: Arguments<
      [],
      [
        lr?: Rate,
        weightDecay?: number,
        momentum?: number,
        nesterov?: boolean,
        nsCoefficients?: readonly [number, number, number],
        eps?: number,
        nsSteps?: number,
        adjustLrFn?: 'original' | 'match_rms_adamw' | null,
      ],
      GivenOptions<MuonOptions>
    >
  ) {
    super(params, DEFAULTS, optimizerOptions<MuonOptions>('Muon', ORDER, DEFAULTS, params, args));
  }

  protected checkOptions(options: MuonOptions & { params?: readonly unknown[] }): void {
    checkNotNegative('Muon', options, ['lr', 'weightDecay', 'momentum', 'eps']);
    const { nsSteps, adjustLrFn, params = [] } = options;
    checkInteger('Muon', 'nsSteps', nsSteps, 0);
    if (nsSteps >= 100) throw new ValueError('Muon', `nsSteps must be less than 100, got ${nsSteps}.`);
    if (![null, 'original', 'match_rms_adamw'].includes(adjustLrFn)) {
      throw new ValueError(
        'Muon',
        `adjustLrFn must be 'original', 'match_rms_adamw' or null, got '${String(adjustLrFn)}'.`,
      );
    }
    for (const param of params) {
      if (!(param instanceof Tensor) || param.ndim === 2) continue;
      const got = formatShape(param.shape);
      throw new ShapeError(
        'Muon',
        `parameters must be matrices, got shape ${got}. Give it to another optimizer, such as AdamW.`,
        {
          shapes: [param.shape],
        },
      );
    }
  }

  protected update({ param, grad, lr, state }: TensorStep, options: MuonOptions): TensorUpdate {
    const { weightDecay, momentum, nesterov, adjustLrFn } = options;
    const buffer = lerp(state(BUFFER), grad, 1 - momentum);
    const direction = orthogonalized(nesterov ? lerp(grad, buffer, momentum) : buffer, options);
    const [m, n] = param.shape;
    const ratio = adjustLrFn === 'match_rms_adamw' ? 0.2 * Math.sqrt(Math.max(m, n)) : Math.sqrt(Math.max(1, m / n));
    const value = sub(decayed(param, lr, weightDecay), mul(direction, scaled(lr, ratio)));
    return { value, state: { [BUFFER]: buffer } };
  }
}

/** A matrix with its singular values near 1: Newton-Schulz iterations X <- a X + (b X X^T + c (X X^T)^2) X of the matrix by its norm. */
function orthogonalized(matrix: Tensor, { nsCoefficients: [a, b, c], eps, nsSteps }: MuonOptions): Tensor {
  const isTall = matrix.shape[0] > matrix.shape[1];
  let x = isTall ? t(matrix) : matrix;
  x = div(x, clamp(sqrt(sum(square(x))), eps));
  for (let i = 0; i < nsSteps; i++) {
    const gram = mm(x, t(x));
    x = add(mul(x, a), mm(addmm(gram, gram, gram, b, c), x));
  }
  return isTall ? t(x) : x;
}
