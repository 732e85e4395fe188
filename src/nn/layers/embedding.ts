// Look-up tables.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { COUNT, FLAG, INTEGER, REAL, nullable, oneOf } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { noGrad } from '../../core/backward';
import { ShapeError } from '../../base/errors';
import { empty } from '../../ops/shape/creation';
import { checkBagMode, paddingRow, type BagMode } from '../../ops/indexing/embedding';
import { formatShape, sameShape } from '../../base/shape';
import { Parameter, type Tensor } from '../../core/tensor';
import { checkInteger, type Arguments } from '../../base/arguments';
import { embedding, embeddingBag } from '../functional';
import { normal_ } from '../init';
import {
  factory,
  FACTORY,
  type FactoryArguments,
  type FactoryOptions,
  Module,
  RESET_PARAMETERS,
} from '../module/module';
import { float, literal } from '../module/representation';

/** What tables of both kinds take besides their sizes. */
interface TableOptions extends FactoryOptions {
  /** Rows that are looked up are scaled, in the table itself, to at most this norm. Takes time for the whole table. */
  maxNorm?: number | null;
  /** Which norm; 2 by default. */
  normType?: number;
  /** Whether gradients are divided by how often their row is looked up; false by default. */
  scaleGradByFreq?: boolean;
  /** Accepted for PyTorch's sake: gradients are dense. */
  sparse?: boolean;
  /** A row that starts as zeros and gets no gradient; in bags it counts for nothing. Negative ones count from the end. */
  paddingIdx?: number | null;
  /** The table, instead of one that is drawn. */
  _weight?: Tensor | null;
}

/** Sizes of a table. */
interface TableSizes {
  /** Number of rows. */
  numEmbeddings: number;
  /** Size of each row. */
  embeddingDim: number;
}

/** What Embedding and EmbeddingBag share. */
abstract class Table extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS);
  }

  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  maxNorm: number | null;
  normType: number;
  scaleGradByFreq: boolean;
  readonly sparse: boolean;
  declare weight: Parameter;

  constructor(name: string, options: TableSizes & TableOptions) {
    super();
    const { numEmbeddings, embeddingDim, paddingIdx = null, maxNorm = null, normType = 2 } = options;
    const { scaleGradByFreq = false, sparse = false, _weight: given = null } = options;
    checkInteger(name, 'numEmbeddings', numEmbeddings, 0);
    checkInteger(name, 'embeddingDim', embeddingDim, 0);
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = paddingRow(name, paddingIdx, numEmbeddings);
    this.maxNorm = maxNorm;
    this.normType = normType;
    this.scaleGradByFreq = scaleGradByFreq;
    this.sparse = sparse;
    if (given === null) {
      this.registerParameter('weight', new Parameter(empty([numEmbeddings, embeddingDim], factory(options))));
      this.resetParameters();
    } else {
      if (!sameShape(given.shape, [numEmbeddings, embeddingDim])) {
        throw new ShapeError(
          name,
          `the table must have the shape [${numEmbeddings}, ${embeddingDim}], got ${formatShape(given.shape)}.`,
          { shape: given.shape },
        );
      }
      this.registerParameter('weight', new Parameter(given));
    }
  }

  /** Draws the table anew. */
  resetParameters(): void {
    normal_(this.weight);
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).zero_());
  }

  /** The printed parts that follow the sizes. */
  protected lookupRepr(): string[] {
    const { maxNorm, normType, scaleGradByFreq } = this;
    return [
      ...(maxNorm === null ? [] : [`max_norm=${float(maxNorm)}`]),
      ...(normType === 2 ? [] : [`norm_type=${float(normType)}`]),
      ...(scaleGradByFreq ? [`scale_grad_by_freq=${literal(true)}`] : []),
    ];
  }
}

/** The sizes of a given table. @throws ShapeError unless it is a matrix */
function sizesOf(name: string, { shape }: Tensor): TableSizes {
  if (shape.length !== 2) {
    throw new ShapeError(name, `the table must have two dimensions, got shape ${formatShape(shape)}.`, { shape });
  }
  return { numEmbeddings: shape[0], embeddingDim: shape[1] };
}

/** Arguments of Embedding. */
export interface EmbeddingOptions extends TableSizes, TableOptions {}
const EMBEDDING = signature('Embedding', [argument('numEmbeddings', COUNT), argument('embeddingDim', COUNT), optional('paddingIdx', nullable(INTEGER)), optional('maxNorm', nullable(REAL)), optional('normType', REAL), optional('scaleGradByFreq', FLAG), optional('sparse', FLAG), optional('_weight', nullable(TENSOR)), ...FACTORY]); // prettier-ignore

/** Arguments of Embedding.fromPretrained behind the table. */
export interface PretrainedOptions extends Omit<TableOptions, keyof FactoryOptions | '_weight'> {
  /** Whether the table gets no gradients; true by default. */
  freeze?: boolean;
}
const PRETRAINED = signature('fromPretrained', [
  argument('embeddings', TENSOR),
  optional('freeze', FLAG),
  optional('paddingIdx', nullable(INTEGER)),
  optional('maxNorm', nullable(REAL)),
  optional('normType', REAL),
  optional('scaleGradByFreq', FLAG),
  optional('sparse', FLAG),
]);

/**
 * A table of vectors, looked up by index.
 *
 * Shape: input [*] of integers in [0, numEmbeddings) -> output [*, embeddingDim]; weight [numEmbeddings, embeddingDim].
 * Initialisation: N(0, 1). An index out of range is a fault: reading what depends on it rejects.
 * @throws RangeError for sizes that cannot be, or a paddingIdx that is no row.
 * @example const table = new Embedding(1000, 64); table(tensor([1, 5, 9], { dtype: int64 }))   // [3] -> [3, 64]
 * @see torch.nn.Embedding
 */
export class Embedding extends Table {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Embedding';

  constructor(
    ...args: Arguments<
      [numEmbeddings: number, embeddingDim: number],
      [
        paddingIdx?: number | null,
        maxNorm?: number | null,
        normType?: number,
        scaleGradByFreq?: boolean,
        sparse?: boolean,
        _weight?: Tensor | null,
        ...FactoryArguments,
      ],
      EmbeddingOptions,
      [numEmbeddings: number, options: Omit<EmbeddingOptions, 'numEmbeddings'>]
    >
  ) {
    super(new.target.name, EMBEDDING.take<EmbeddingOptions>(args, new.target.name));
  }

  /** A layer around a table [numEmbeddings, embeddingDim]. @see torch.nn.Embedding.from_pretrained */
  static fromPretrained(
    embeddings: Tensor,
    ...args: Arguments<
      [],
      [
        freeze?: boolean,
        paddingIdx?: number | null,
        maxNorm?: number | null,
        normType?: number,
        scaleGradByFreq?: boolean,
        sparse?: boolean,
      ],
      PretrainedOptions
    >
  ): Embedding {
    const name = 'Embedding.fromPretrained';
    const { freeze = true, ...options } = PRETRAINED.takeRest<PretrainedOptions>([embeddings], args);
    const layer = new Embedding({ ...sizesOf(name, embeddings), ...options, _weight: embeddings });
    layer.weight.requiresGrad_(!freeze);
    return layer;
  }

  override forward(input: Tensor): Tensor {
    const { weight, paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return embedding(input, { weight, paddingIdx, maxNorm, normType, scaleGradByFreq });
  }

  override extraRepr(): string {
    const { numEmbeddings, embeddingDim, paddingIdx, sparse } = this;
    return [
      `${numEmbeddings}, ${embeddingDim}`,
      ...(paddingIdx === null ? [] : [`padding_idx=${paddingIdx}`]),
      ...this.lookupRepr(),
      ...(sparse ? ['sparse=True'] : []),
    ].join(', ');
  }
}

/** What EmbeddingBag takes besides. */
interface BagOptions {
  /** How the rows of a bag become one; 'mean' by default. */
  mode?: BagMode;
  /** Whether the last offset is the end of the last bag; false by default. */
  includeLastOffset?: boolean;
}

/** Arguments of EmbeddingBag. */
export interface EmbeddingBagOptions extends TableSizes, TableOptions, BagOptions {}
const EMBEDDING_BAG = signature('EmbeddingBag', [argument('numEmbeddings', COUNT), argument('embeddingDim', COUNT), optional('maxNorm', nullable(REAL)), optional('normType', REAL), optional('scaleGradByFreq', FLAG), optional('mode', oneOf('sum', 'mean', 'max')), optional('sparse', FLAG), optional('_weight', nullable(TENSOR)), optional('includeLastOffset', FLAG), optional('paddingIdx', nullable(INTEGER)), ...FACTORY]); // prettier-ignore

/** Arguments of EmbeddingBag.fromPretrained behind the table. */
export interface PretrainedBagOptions extends PretrainedOptions, BagOptions {}
const PRETRAINED_BAG = signature('fromPretrained', [argument('embeddings', TENSOR), optional('freeze', FLAG), optional('maxNorm', nullable(REAL)), optional('normType', REAL), optional('scaleGradByFreq', FLAG), optional('mode', oneOf('sum', 'mean', 'max')), optional('sparse', FLAG), optional('includeLastOffset', FLAG), optional('paddingIdx', nullable(INTEGER))]); // prettier-ignore

/**
 * A table of vectors, of which bags are looked up: their sum, mean or maximum, 0 for empty ones.
 *
 * Shape: input [B, N] of integers, each row a bag, or [N] with offsets [B], the places where bags start ([B + 1] with
 * includeLastOffset) -> output [B, embeddingDim]; weight [numEmbeddings, embeddingDim].
 * Initialisation and errors: as Embedding; a first offset that is not 0 is a fault.
 * @example new EmbeddingBag(10, 3, { mode: 'sum' })(indices, tensor([0, 4], { dtype: int64 }));
 * @see torch.nn.EmbeddingBag
 */
export class EmbeddingBag extends Table {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'EmbeddingBag';

  readonly mode: BagMode;
  readonly includeLastOffset: boolean;

  constructor(
    ...args: Arguments<
      [numEmbeddings: number, embeddingDim: number],
      [
        maxNorm?: number | null,
        normType?: number,
        scaleGradByFreq?: boolean,
        mode?: BagMode,
        sparse?: boolean,
        _weight?: Tensor | null,
        includeLastOffset?: boolean,
        paddingIdx?: number | null,
        ...FactoryArguments,
      ],
      EmbeddingBagOptions,
      [numEmbeddings: number, options: Omit<EmbeddingBagOptions, 'numEmbeddings'>]
    >
  ) {
    const name = new.target.name;
    const options = EMBEDDING_BAG.take<EmbeddingBagOptions>(args, name);
    const { mode = 'mean', includeLastOffset = false } = options;
    checkBagMode(name, mode);
    super(name, options);
    this.mode = mode;
    this.includeLastOffset = includeLastOffset;
  }

  /** A layer around a table [numEmbeddings, embeddingDim]. @see torch.nn.EmbeddingBag.from_pretrained */
  static fromPretrained(
    embeddings: Tensor,
    ...args: Arguments<
      [],
      [
        freeze?: boolean,
        maxNorm?: number | null,
        normType?: number,
        scaleGradByFreq?: boolean,
        mode?: BagMode,
        sparse?: boolean,
        includeLastOffset?: boolean,
        paddingIdx?: number | null,
      ],
      PretrainedBagOptions
    >
  ): EmbeddingBag {
    const name = 'EmbeddingBag.fromPretrained';
    const { freeze = true, ...options } = PRETRAINED_BAG.takeRest<PretrainedBagOptions>([embeddings], args);
    const layer = new EmbeddingBag({ ...sizesOf(name, embeddings), ...options, _weight: embeddings });
    layer.weight.requiresGrad_(!freeze);
    return layer;
  }

  override forward(
    input: Tensor,
    ...args: Arguments<[], [offsets?: Tensor | null, perSampleWeights?: Tensor | null], BagCallOptions>
  ): Tensor {
    const { offsets = null, perSampleWeights = null } = BAG_CALL.takeRest<BagCallOptions>(
      [input],
      args,
      this.constructor.name,
    );
    const { weight, maxNorm, normType, scaleGradByFreq, mode, includeLastOffset, paddingIdx } = this;
    const lookup = { weight, paddingIdx, maxNorm, normType, scaleGradByFreq };
    return embeddingBag(input, { ...lookup, offsets, mode, perSampleWeights, includeLastOffset });
  }

  override extraRepr(): string {
    const { numEmbeddings, embeddingDim, mode, paddingIdx } = this;
    return [
      `${numEmbeddings}, ${embeddingDim}`,
      ...this.lookupRepr(),
      `mode=${mode}`,
      ...(paddingIdx === null ? [] : [`padding_idx=${paddingIdx}`]),
    ].join(', ');
  }
}

/** Arguments of a call of EmbeddingBag behind the indices. */
export interface BagCallOptions {
  /** Where each bag starts in a vector of indices. */
  offsets?: Tensor | null;
  /** A factor for each row, with mode 'sum'. */
  perSampleWeights?: Tensor | null;
}
const BAG_CALL = signature('EmbeddingBag', [
  argument('input', TENSOR),
  optional('offsets', nullable(TENSOR)),
  optional('perSampleWeights', nullable(TENSOR)),
]);
