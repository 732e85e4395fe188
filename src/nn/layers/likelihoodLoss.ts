// Layers of negative log likelihoods of counts, measurements and label sequences. The formulas are in functional/likelihoodLoss.ts.
import { optional, signature } from '../../base/signature';
import { FLAG, INTEGER, REAL, nullable, oneOf } from '../../base/kinds';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import * as F from '../functional';
import { reductionOf } from '../functional/reduction';
import { Module } from '../module/module';

const POISSON = signature('PoissonNLLLoss', [
  optional('logInput', FLAG),
  optional('full', FLAG),
  optional('sizeAverage', nullable(FLAG)),
  optional('eps', REAL),
  optional('reduce', nullable(FLAG)),
  optional('reduction', oneOf('sum', 'mean', 'none')),
]);

/**
 * e^x - y x for logarithms of rates, or x - y log(x + eps) for rates.
 *
 * Shape: input and target the same; output a scalar, or the same with reduction 'none'.
 * @see torch.nn.PoissonNLLLoss
 */
export class PoissonNLLLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'PoissonNLLLoss';

  readonly logInput: boolean;
  readonly full: boolean;
  readonly eps: number;
  readonly reduction: F.Reduction;

  constructor(
    ...args: Arguments<
      [],
      [
        logInput?: boolean,
        full?: boolean,
        sizeAverage?: boolean | null,
        eps?: number,
        reduce?: boolean | null,
        reduction?: F.Reduction,
      ],
      F.PoissonNLLOptions
    >
  ) {
    super();
    const options = POISSON.take<F.PoissonNLLOptions>(args, new.target.name);
    const { logInput = true, full = false, eps = 1e-8, ...rest } = options;
    this.logInput = logInput;
    this.full = full;
    this.eps = eps;
    this.reduction = reductionOf(new.target.name, rest);
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    const { logInput, full, eps, reduction } = this;
    return F.poissonNllLoss(input, target, { logInput, full, eps, reduction });
  }
}

const GAUSSIAN = signature('GaussianNLLLoss', [
  optional('full', FLAG),
  optional('eps', REAL),
  optional('reduction', oneOf('sum', 'mean', 'none')),
]);

/**
 * (log max(v, eps) + (x - y)² / max(v, eps)) / 2.
 *
 * Shape: input [N, *], target the same, variance the same, or with a last dimension of 1, or without it; output a scalar, or the
 * input's shape with reduction 'none'. A negative variance is a fault.
 * @see torch.nn.GaussianNLLLoss
 */
export class GaussianNLLLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'GaussianNLLLoss';

  readonly full: boolean;
  readonly eps: number;
  readonly reduction: F.Reduction;

  constructor(...args: Arguments<[], [full?: boolean, eps?: number, reduction?: F.Reduction], F.GaussianNLLOptions>) {
    super();
    const { full = false, eps = 1e-6, ...rest } = GAUSSIAN.take<F.GaussianNLLOptions>(args, new.target.name);
    this.full = full;
    this.eps = eps;
    this.reduction = reductionOf(new.target.name, rest);
  }

  override forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    const { full, eps, reduction } = this;
    return F.gaussianNllLoss(input, target, variance, { full, eps, reduction });
  }
}

const CTC = signature('CTCLoss', [
  optional('blank', INTEGER),
  optional('reduction', oneOf('sum', 'mean', 'none')),
  optional('zeroInfinity', FLAG),
]);

/**
 * Connectionist temporal classification: -log of the probability of all alignments of the target with the input.
 *
 * Shape: logProbs [T, N, C] or [T, C]; targets [N, S], [sum of lengths], or [S]; lengths [N] or [], as tensors or numbers; output
 * a scalar, or [N] with reduction 'none'.
 * @example new CTCLoss()(logSoftmax(x, 2), targets, [50, 50], [10, 7]).backward();
 * @see torch.nn.CTCLoss
 */
export class CTCLoss extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'CTCLoss';

  readonly blank: number;
  readonly reduction: F.Reduction;
  readonly zeroInfinity: boolean;

  constructor(...args: Arguments<[], [blank?: number, reduction?: F.Reduction, zeroInfinity?: boolean], F.CTCOptions>) {
    super();
    const { blank = 0, zeroInfinity = false, ...rest } = CTC.take<F.CTCOptions>(args, new.target.name);
    this.blank = blank;
    this.zeroInfinity = zeroInfinity;
    this.reduction = reductionOf(new.target.name, rest);
  }

  override forward(logProbs: Tensor, targets: Tensor, inputLengths: F.CTCLengths, targetLengths: F.CTCLengths): Tensor {
    const { blank, reduction, zeroInfinity } = this;
    return F.ctcLoss(logProbs, targets, inputLengths, targetLengths, { blank, reduction, zeroInfinity });
  }
}
