// Look-up tables.
import { noGrad } from '../autograd';
import { ShapeError } from '../errors';
import { empty } from '../ops/creation';
import { formatShape } from '../shape';
import { Parameter, type Tensor } from '../tensor';
import { checkInteger, gather, type Arguments } from '../arguments';
import { embedding } from './functional';
import { normal_ } from './init';
import { factory, Module, type FactoryOptions } from './module';

/** Arguments of Embedding. */
export interface EmbeddingOptions extends FactoryOptions {
  /** Size of the table. */
  numEmbeddings: number;
  /** Size of each vector. */
  embeddingDim: number;
  /** The row that starts as zeros and gets no gradient; negative ones count from the end. */
  paddingIdx?: number | null;
}
const EMBEDDING = ['numEmbeddings', 'embeddingDim', 'paddingIdx', 'device', 'dtype'] as const;

/**
 * A table of vectors, looked up by index.
 *
 * Shape: input [*] of integers in [0, numEmbeddings) -> output [*, embeddingDim]; weight [numEmbeddings, embeddingDim].
 * Initialisation: N(0, 1). An index out of range is a fault: reading what depends on it rejects.
 * @example const table = new Embedding(1000, 64); table(tensor([1, 5, 9], { dtype: int64 }))   // [3] -> [3, 64]
 * @see torch.nn.Embedding
 */
export class Embedding extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly paddingIdx: number | null;
  weight: Parameter;

  constructor(...args: Arguments<EmbeddingOptions, typeof EMBEDDING>) {
    super();
    const name = new.target.name;
    const options = gather<EmbeddingOptions>(name, EMBEDDING, args);
    const { numEmbeddings, embeddingDim, paddingIdx = null } = options;
    checkInteger(name, 'numEmbeddings', numEmbeddings, 0);
    checkInteger(name, 'embeddingDim', embeddingDim, 0);
    if (paddingIdx !== null && !(paddingIdx >= -numEmbeddings && paddingIdx < numEmbeddings)) {
      throw new RangeError(`${name}: paddingIdx must be within the ${numEmbeddings} embeddings, got ${paddingIdx}.`);
    }
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx;
    this.weight = new Parameter(empty([numEmbeddings, embeddingDim], factory(options)));
    this.resetParameters();
  }

  /**
   * A layer around a table [numEmbeddings, embeddingDim].
   * @param freeze Whether the table gets no gradients; true by default.
   * @see torch.nn.Embedding.from_pretrained
   */
  static fromPretrained(embeddings: Tensor, freeze = true, paddingIdx: number | null = null): Embedding {
    if (embeddings.ndim !== 2) {
      const { shape } = embeddings;
      throw new ShapeError(
        `Embedding.fromPretrained: the table must have two dimensions, got shape ${formatShape(shape)}.`,
        { shape },
      );
    }
    // Made without elements, so that no random numbers are drawn.
    const layer = new Embedding(0, 0);
    const [numEmbeddings, embeddingDim] = embeddings.shape;
    return Object.assign(layer, {
      numEmbeddings,
      embeddingDim,
      paddingIdx,
      weight: new Parameter(embeddings, !freeze),
    });
  }

  /** Draws the table anew. */
  resetParameters(): void {
    normal_(this.weight);
    const { paddingIdx } = this;
    if (paddingIdx !== null) noGrad(() => this.weight.select(0, paddingIdx).zero_());
  }

  override forward(input: Tensor): Tensor {
    return embedding(input, this.weight, this.paddingIdx);
  }

  override extraRepr(): string {
    const padding = this.paddingIdx === null ? '' : `, padding_idx=${this.paddingIdx}`;
    return `${this.numEmbeddings}, ${this.embeddingDim}${padding}`;
  }
}
