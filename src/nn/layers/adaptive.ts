// Softmax over many classes, of which few are frequent.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { COUNT, FLAG, REAL, listOf } from '../../base/kinds';
import { INPUT } from '../../core/kinds';
import { DTypeError, ShapeError, ValueError } from '../../base/errors';
import { where } from '../../ops/pointwise/compare';
import { gatherWith } from '../../ops/indexing/gather';
import { cat } from '../../ops/shape/cat';
import { logSoftmax } from '../../ops/reduce/softmax';
import { formatShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { checkInteger, type Arguments } from '../../base/arguments';
import { ModuleList, Sequential } from './containers';
import { Linear } from './linear';
import {
  factory,
  FACTORY,
  type FactoryArguments,
  type FactoryOptions,
  Module,
  RESET_PARAMETERS,
} from '../module/module';

/** Arguments of AdaptiveLogSoftmaxWithLoss. */
export interface AdaptiveOptions extends FactoryOptions {
  inFeatures: number;
  nClasses: number;
  /** Where clusters of less frequent classes start, ascending. */
  cutoffs: readonly number[];
  /** What the size of each further cluster's projection is divided by; 4 by default. */
  divValue?: number;
  /** Whether the head has a bias; false by default. */
  headBias?: boolean;
}
const ADAPTIVE = signature('AdaptiveLogSoftmaxWithLoss', [
  argument('inFeatures', COUNT),
  argument('nClasses', COUNT),
  argument('cutoffs', listOf(COUNT)),
  optional('divValue', REAL),
  optional('headBias', FLAG),
  ...FACTORY,
]);

/**
 * Adaptive softmax (https://arxiv.org/abs/1609.04309) with its loss: a head tells frequent classes and clusters of others apart,
 * and each cluster has a tail of its own, the smaller the less frequent. Classes must be numbered by falling frequency.
 *
 * Which rows belong to which cluster is in the data, which is not waited for here: unlike PyTorch, every tail is computed for
 * every row.
 *
 * Shape: input [N, inFeatures], target [N] (or [inFeatures] and []) -> [log probability of each target [N], mean loss []].
 * Initialisation: that of Linear. A target out of range is a fault.
 * @throws RangeError unless cutoffs ascend within [1, nClasses - 1]; ShapeError if input and target do not fit.
 * @see torch.nn.AdaptiveLogSoftmaxWithLoss
 */
export class AdaptiveLogSoftmaxWithLoss extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS, signature('logProb', [INPUT]), signature('predict', [INPUT]));
  }

  static override readonly isBuiltIn = true;
  static override readonly name: string = 'AdaptiveLogSoftmaxWithLoss';

  readonly inFeatures: number;
  readonly nClasses: number;
  /** With nClasses at the end. */
  readonly cutoffs: readonly number[];
  readonly divValue: number;
  readonly headBias: boolean;
  readonly shortlistSize: number;
  readonly nClusters: number;
  readonly headSize: number;
  head: Linear;
  tail: ModuleList<Sequential<[Linear, Linear]>>;

  constructor(
    ...args: Arguments<
      [inFeatures: number, nClasses: number, cutoffs: readonly number[]],
      [divValue?: number, headBias?: boolean, ...FactoryArguments],
      AdaptiveOptions,
      [inFeatures: number, nClasses: number, options: Omit<AdaptiveOptions, 'inFeatures' | 'nClasses'>]
    >
  ) {
    super();
    const name = new.target.name;
    const options = ADAPTIVE.take<AdaptiveOptions>(args, name);
    const { inFeatures, nClasses, cutoffs, divValue = 4, headBias = false } = options;
    checkInteger(name, 'inFeatures', inFeatures, 1);
    checkInteger(name, 'nClasses', nClasses, 1);
    const ascend = cutoffs.every((c, i) => Number.isInteger(c) && c > (i === 0 ? 0 : cutoffs[i - 1]) && c < nClasses);
    if (!ascend || cutoffs.length === 0) {
      throw new ValueError(
        name,
        `cutoffs must be whole numbers that ascend within [1, ${nClasses - 1}], got [${cutoffs.join(', ')}].`,
      );
    }
    this.inFeatures = inFeatures;
    this.nClasses = nClasses;
    this.cutoffs = [...cutoffs, nClasses];
    this.divValue = divValue;
    this.headBias = headBias;
    this.shortlistSize = cutoffs[0];
    this.nClusters = cutoffs.length;
    this.headSize = this.shortlistSize + this.nClusters;
    const made = factory(options);
    this.head = new Linear(inFeatures, this.headSize, headBias, made);
    this.tail = new ModuleList(
      cutoffs.map((start, i) => {
        const size = Math.floor(inFeatures / divValue ** (i + 1));
        const classes = this.cutoffs[i + 1] - start;
        return new Sequential(new Linear(inFeatures, size, false, made), new Linear(size, classes, false, made));
      }),
    );
  }

  /** Draws all parameters anew. */
  resetParameters(): void {
    this.head.resetParameters();
    for (const projection of this.tail) for (const layer of projection) layer.resetParameters();
  }

  override forward(input: Tensor, target: Tensor): [output: Tensor, loss: Tensor] {
    const name = this.constructor.name;
    const isBatched = target.ndim === 1;
    if (target.ndim > 1 || input.ndim !== target.ndim + 1 || (isBatched && input.size(0) !== target.size(0))) {
      throw new ShapeError(
        name,
        `input and target must be [N, ${this.inFeatures}] and [N], or [${this.inFeatures}] and [], got ` +
          `${formatShape(input.shape)} and ${formatShape(target.shape)}.`,
        { shapes: [input.shape, target.shape] },
      );
    }
    if (target.isFloatingPoint()) {
      throw new DTypeError(name, `targets must be whole numbers, got ${target.dtype}. Use target.long().`, {
        dtype: target.dtype,
      });
    }
    const x = isBatched ? input : input.unsqueeze(0);
    const labels = (isBatched ? target : target.unsqueeze(0)).unsqueeze(1);
    const options = { op: name, what: 'target', ignore: null };
    // What is beyond all clusters keeps its number, which is beyond the head too.
    let place = labels;
    let within: Tensor | null = null;
    for (const [i, projection] of [...this.tail].entries()) {
      const [start, end] = [this.cutoffs[i], this.cutoffs[i + 1]];
      const isHere = labels.ge(start).logicalAnd(labels.lt(end));
      const own = gatherWith(logSoftmax(projection(x), 1), 1, where(isHere, labels.sub(start), 0), options);
      const part = where(isHere, own, 0);
      within = within === null ? part : within.add(part);
      place = where(isHere, this.shortlistSize + i, place);
    }
    const chosen = gatherWith(logSoftmax(this.head(x), 1), 1, place, options);
    const output = (within === null ? chosen : chosen.add(within)).squeeze(1);
    return [isBatched ? output : output.squeeze(0), output.mean().neg()];
  }

  /** Log probabilities of all classes. Shape: [N, inFeatures] -> [N, nClasses]. */
  logProb(input: Tensor): Tensor {
    const head = logSoftmax(this.head(input), 1);
    const [shortlist, clusters] = head.split([this.shortlistSize, this.nClusters], 1);
    const tails = [...this.tail].map((projection, i) => logSoftmax(projection(input), 1).add(clusters.narrow(1, i, 1)));
    return cat([shortlist, ...tails], 1);
  }

  /** The most probable classes. Shape: [N, inFeatures] -> [N]. */
  predict(input: Tensor): Tensor {
    return this.logProb(input).argmax(1);
  }
}
