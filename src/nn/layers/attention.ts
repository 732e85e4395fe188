// Attention layers.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { COUNT, FLAG, REAL, nullable } from '../../base/kinds';
import { TENSOR } from '../../core/kinds';
import { empty } from '../../ops/shape/creation';
import { Parameter, type Tensor } from '../../core/tensor';
import { checkInteger, type Arguments } from '../../base/arguments';
import { multiHeadAttentionForward } from '../functional';
import { constant_, xavierNormal_, xavierUniform_ } from '../init';
import { Linear } from './linear';
import {
  factory,
  FACTORY,
  type FactoryArguments,
  type FactoryOptions,
  Module,
  RESET_PARAMETERS,
} from '../module/module';
import { ValueError } from '../../base/errors';

/** The output projection; PyTorch has a class of its own for it, whose name is printed. */
class NonDynamicallyQuantizableLinear extends Linear {}

/** Arguments of MultiheadAttention. */
export interface MultiheadAttentionOptions extends FactoryOptions {
  /** Size of queries and outputs. */
  embedDim: number;
  /** How many heads share embedDim. */
  numHeads: number;
  /** Probability of dropout on the weights; 0 by default. */
  dropout?: number;
  /** Whether the projections have biases; true by default. */
  bias?: boolean;
  /** Whether a learned key and value are put at the end of every sequence; false by default. */
  addBiasKv?: boolean;
  /** Whether a key and a value of zeros are put at the end of every sequence; false by default. */
  addZeroAttn?: boolean;
  /** Size of the keys; embedDim by default. */
  kdim?: number | null;
  /** Size of the values; embedDim by default. */
  vdim?: number | null;
  /** Whether the batch comes first: [N, L, E] instead of [L, N, E]; false by default. */
  batchFirst?: boolean;
}
const ATTENTION = signature('MultiheadAttention', [argument('embedDim', COUNT), argument('numHeads', COUNT), optional('dropout', REAL), optional('bias', FLAG), optional('addBiasKv', FLAG), optional('addZeroAttn', FLAG), optional('kdim', nullable(COUNT)), optional('vdim', nullable(COUNT)), optional('batchFirst', FLAG), ...FACTORY]); // prettier-ignore

/** Arguments of a call of MultiheadAttention behind query, key and value. */
export interface AttentionCallOptions {
  /** [N, S] (or [S]): true for keys to leave out, or numbers that are added to the scores. */
  keyPaddingMask?: Tensor | null;
  /** Whether the weights are given too; true by default. */
  needWeights?: boolean;
  /** [L, S] or [N · heads, L, S]: true where a key is left out, or numbers that are added to the scores. */
  attnMask?: Tensor | null;
  /** Whether the weights are averaged over the heads; true by default. */
  averageAttnWeights?: boolean;
}
const CALL = signature('MultiheadAttention', [
  argument('query', TENSOR),
  argument('key', TENSOR),
  argument('value', TENSOR),
  optional('keyPaddingMask', nullable(TENSOR)),
  optional('needWeights', FLAG),
  optional('attnMask', nullable(TENSOR)),
  optional('averageAttnWeights', FLAG),
]);

/**
 * Attention with several heads: concat(head_1, ..., head_h) Wᴼ + b, head_i = softmax(Q_i K_iᵀ / √d) V_i with Q_i, K_i and
 * V_i linear in query, key and value and d = embedDim / numHeads.
 *
 * Shape: query [L, N, embedDim], key [S, N, kdim], value [S, N, vdim], or with N first if batchFirst, or without N; output
 * [L, N, embedDim] and weights [N, L, S] (per head [N, heads, L, S]), null if not needed.
 * Initialisation: projections of the inputs Glorot-uniform, of the output as Linear, biases 0, biasK and biasV Glorot-normal.
 * @throws RangeError unless embedDim is a multiple of numHeads; ShapeError if an input or a mask does not fit.
 * @example const [output, weights] = new MultiheadAttention(16, 4)(query, key, value, { attnMask });
 * @see torch.nn.MultiheadAttention
 */
export class MultiheadAttention extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS);
  }

  static override readonly isBuiltIn = true;
  static override readonly name: string = 'MultiheadAttention';

  readonly embedDim: number;
  readonly numHeads: number;
  readonly headDim: number;
  readonly kdim: number;
  readonly vdim: number;
  dropout: number;
  readonly batchFirst: boolean;
  readonly addZeroAttn: boolean;
  declare q_proj_weight: Parameter | null;
  declare k_proj_weight: Parameter | null;
  declare v_proj_weight: Parameter | null;
  declare in_proj_weight: Parameter | null;
  declare in_proj_bias: Parameter | null;
  out_proj: Linear;
  declare bias_k: Parameter | null;
  declare bias_v: Parameter | null;

  constructor(
    ...args: Arguments<
      [embedDim: number, numHeads: number],
      [
        dropout?: number,
        bias?: boolean,
        addBiasKv?: boolean,
        addZeroAttn?: boolean,
        kdim?: number | null,
        vdim?: number | null,
        batchFirst?: boolean,
        ...FactoryArguments,
      ],
      MultiheadAttentionOptions,
      [embedDim: number, options: Omit<MultiheadAttentionOptions, 'embedDim'>]
    >
  ) {
    super();
    const name = new.target.name;
    const options = ATTENTION.take<MultiheadAttentionOptions>(args, name);
    const { embedDim, numHeads, dropout = 0, bias = true, batchFirst = false } = options;
    const { addBiasKv = false, addZeroAttn = false } = options;
    checkInteger(name, 'embedDim', embedDim, 1);
    checkInteger(name, 'numHeads', numHeads, 1);
    if (embedDim % numHeads !== 0) {
      throw new ValueError(name, `embedDim must be a multiple of numHeads, got ${embedDim} and ${numHeads}.`);
    }
    this.embedDim = embedDim;
    this.numHeads = numHeads;
    this.headDim = embedDim / numHeads;
    this.kdim = options.kdim ?? embedDim;
    this.vdim = options.vdim ?? embedDim;
    this.dropout = dropout;
    this.batchFirst = batchFirst;
    this.addZeroAttn = addZeroAttn;
    const made = factory(options);
    const parameter = (...shape: number[]): Parameter => new Parameter(empty(shape, made));
    const isOne = this.kdim === embedDim && this.vdim === embedDim;
    this.registerParameter('q_proj_weight', isOne ? null : parameter(embedDim, embedDim));
    this.registerParameter('k_proj_weight', isOne ? null : parameter(embedDim, this.kdim));
    this.registerParameter('v_proj_weight', isOne ? null : parameter(embedDim, this.vdim));
    this.registerParameter('in_proj_weight', isOne ? parameter(3 * embedDim, embedDim) : null);
    this.registerParameter('in_proj_bias', bias ? parameter(3 * embedDim) : null);
    this.out_proj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, bias, made);
    this.registerParameter('bias_k', addBiasKv ? parameter(1, 1, embedDim) : null);
    this.registerParameter('bias_v', addBiasKv ? parameter(1, 1, embedDim) : null);
    this.resetParameters();
  }

  /** Draws the projections of the inputs anew; those of the output are Linear's own. */
  resetParameters(): void {
    for (const weight of [this.in_proj_weight, this.q_proj_weight, this.k_proj_weight, this.v_proj_weight]) {
      if (weight !== null) xavierUniform_(weight);
    }
    if (this.in_proj_bias !== null) {
      constant_(this.in_proj_bias, 0);
      if (this.out_proj.bias !== null) constant_(this.out_proj.bias, 0);
    }
    for (const bias of [this.bias_k, this.bias_v]) if (bias !== null) xavierNormal_(bias);
  }

  override forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    ...args: Arguments<
      [],
      [keyPaddingMask?: Tensor | null, needWeights?: boolean, attnMask?: Tensor | null, averageAttnWeights?: boolean],
      AttentionCallOptions
    >
  ): [output: Tensor, weights: Tensor | null] {
    const call = CALL.takeRest<AttentionCallOptions>([query, key, value], args, this.constructor.name);
    const turned = this.batchFirst && query.ndim === 3;
    // The same tensor stays the same, so that it is projected at once.
    const inputs = new Map([query, key, value].map((x) => [x, turned && x.ndim === 3 ? x.transpose(0, 1) : x]));
    const [q, k, v] = [query, key, value].map((x) => inputs.get(x) ?? x);
    const [output, weights] = multiHeadAttentionForward(q, k, v, {
      embedDimToCheck: this.embedDim,
      numHeads: this.numHeads,
      inProjWeight: this.in_proj_weight,
      inProjBias: this.in_proj_bias,
      biasK: this.bias_k,
      biasV: this.bias_v,
      addZeroAttn: this.addZeroAttn,
      dropoutP: this.dropout,
      outProjWeight: this.out_proj.weight,
      outProjBias: this.out_proj.bias,
      training: this.training,
      useSeparateProjWeight: this.in_proj_weight === null,
      qProjWeight: this.q_proj_weight,
      kProjWeight: this.k_proj_weight,
      vProjWeight: this.v_proj_weight,
      ...call,
    });
    return [turned ? output.transpose(0, 1) : output, weights];
  }
}
