// Transformers, after "Attention Is All You Need" (https://arxiv.org/abs/1706.03762). Five classes and the arguments they hand to
// each other, hence the length.
import { argument, optional, signature } from '../../base/signature';
import { COUNT, FLAG, FUNCTION, REAL, either, nullable, oneOf } from '../../base/kinds';
import { DEVICE, TENSOR } from '../../core/kinds';
import { FACTORY, type FactoryArguments, MODULE } from '../module/module';
import { KindError, ShapeError } from '../../base/errors';
import { full } from '../../ops/shape/creation';
import { triu } from '../../ops/indexing/gather';
import { formatShape } from '../../base/shape';
import { chain, consume, userCode } from '../../core/temporaries';
import type { Tensor } from '../../core/tensor';
import { checkInteger, type Arguments } from '../../base/arguments';
import { MultiheadAttention } from './attention';
import { ModuleList } from './containers';
import { deepcopy } from '../module/deepcopy';
import { Dropout } from './dropout';
import { gelu, relu } from '../functional';
import { xavierUniform_ } from '../init';
import { Linear } from './linear';
import { factory, Module, type DeviceGiven, type FactoryOptions } from '../module/module';
import { LayerNorm } from './norm';

/** What stands between the two linear layers: a name, a function or a module. */
export type Activation = 'relu' | 'gelu' | ((x: Tensor) => Tensor);

/** Arguments of encoder and decoder layers behind the sizes. */
interface LayerArguments extends FactoryOptions {
  /** Size between the two linear layers; 2048 by default. */
  dimFeedforward?: number;
  /** Probability of dropout; 0.1 by default. */
  dropout?: number;
  /** 'relu' by default. */
  activation?: Activation;
  /** 1e-5 by default. */
  layerNormEps?: number;
  /** Whether the batch comes first: [N, L, dModel] instead of [L, N, dModel]; false by default. */
  batchFirst?: boolean;
  /** Whether normalization comes before each block instead of behind it; false by default. */
  normFirst?: boolean;
  /** Whether linear layers, attention and normalization add one; true by default. */
  bias?: boolean;
}

/** Arguments of TransformerEncoderLayer and TransformerDecoderLayer. */
export interface TransformerLayerOptions extends LayerArguments {
  /** Size of the last dimension. */
  dModel: number;
  /** Heads of the attention. */
  nhead: number;
}
const LAYER = signature('TransformerLayer', [argument('dModel', COUNT), argument('nhead', COUNT), optional('dimFeedforward', COUNT), optional('dropout', REAL), optional('activation', either(oneOf('relu', 'gelu'), FUNCTION)), optional('layerNormEps', REAL), optional('batchFirst', FLAG), optional('normFirst', FLAG), optional('bias', FLAG), ...FACTORY]); // prettier-ignore
type LayerArgumentList = Arguments<
  [dModel: number, nhead: number],
  [
    dimFeedforward?: number,
    dropout?: number,
    activation?: Activation,
    layerNormEps?: number,
    batchFirst?: boolean,
    normFirst?: boolean,
    bias?: boolean,
    ...FactoryArguments,
  ],
  TransformerLayerOptions,
  [dModel: number, options: Omit<TransformerLayerOptions, 'dModel'>]
>;

/** Masks of one attention: what it leaves out, or numbers that are added to the scores. */
interface Masks {
  readonly attnMask: Tensor | null;
  readonly keyPaddingMask: Tensor | null;
}

const masksOf = (attnMask: Tensor | null = null, keyPaddingMask: Tensor | null = null): Masks => ({
  attnMask,
  keyPaddingMask,
});

/** @throws TypeError for a name that is not known. */
function activationOf(name: string, activation: Activation): (x: Tensor) => Tensor {
  if (typeof activation === 'function') return activation;
  if (activation === 'gelu') return GELU;
  if (activation === 'relu') return RELU;
  throw new KindError(name, `activation must be 'relu', 'gelu' or a function, got '${String(activation)}'.`);
}
const GELU = (x: Tensor): Tensor => gelu(x);
const RELU = (x: Tensor): Tensor => relu(x);

/** Applies a layer's activation; a function of the user's may keep what it gets. */
function activate(activation: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  const isOwn = [GELU, RELU, gelu, relu].includes(activation) || activation instanceof Module;
  return isOwn ? activation : (x) => userCode(x, () => activation(x));
}

/** A layer's options with their defaults, and what its parts are made with. */
function settingsOf(name: string, args: LayerArgumentList) {
  const options = LAYER.take<TransformerLayerOptions>(args, name);
  const { dropout = 0.1, activation = 'relu', layerNormEps = 1e-5, dimFeedforward = 2048 } = options;
  const { batchFirst = false, normFirst = false, bias = true, dModel, nhead } = options;
  const made = factory(options);
  return {
    normFirst,
    activation: activationOf(name, activation),
    attention: () => new MultiheadAttention(dModel, nhead, { dropout, batchFirst, bias, ...made }),
    up: () => new Linear(dModel, dimFeedforward, { bias, ...made }),
    down: () => new Linear(dimFeedforward, dModel, { bias, ...made }),
    norm: () => new LayerNorm(dModel, { eps: layerNormEps, bias, ...made }),
    drop: () => new Dropout(dropout),
  };
}

/**
 * What `isCausal` says of a mask changes nothing: the mask is applied as it is.
 * @throws TypeError where there is none
 */
function checkHints(
  op: string,
  hints: readonly (readonly [name: string, isCausal: boolean | null | undefined, mask: Tensor | null | undefined])[],
): void {
  for (const [name, isCausal, mask] of hints) {
    if (isCausal !== true || (mask !== null && mask !== undefined)) continue;
    throw new KindError(
      op,
      `${name} says of a mask that it is causal, got none. Give nn.Transformer.generateSquareSubsequentMask(size).`,
    );
  }
}

const attend = (attention: MultiheadAttention, x: Tensor, to: Tensor, masks: Masks): Tensor =>
  attention(x, to, to, { ...masks, needWeights: false })[0];

/** Masks of a call of TransformerEncoderLayer. */
export interface EncoderLayerMasks {
  /** [L, L] or [N · heads, L, L] */
  srcMask?: Tensor | null;
  /** [N, L] or [L] */
  srcKeyPaddingMask?: Tensor | null;
  /** Whether srcMask, which must be given then, is the causal one. */
  isCausal?: boolean | null;
}
const ENCODER_LAYER_CALL = signature('TransformerEncoderLayer', [
  argument('src', TENSOR),
  optional('srcMask', nullable(TENSOR)),
  optional('srcKeyPaddingMask', nullable(TENSOR)),
  optional('isCausal', nullable(FLAG)),
]);

/**
 * Self-attention and two linear layers, each with a residual connection, dropout and layer normalization.
 *
 * Shape: src [L, N, dModel], [N, L, dModel] with batchFirst, or [L, dModel]; output the same. Initialisation: that of the parts.
 * @throws RangeError, TypeError for arguments that cannot be.
 * @example new TransformerEncoderLayer(512, 8)(randn(10, 32, 512));
 * @see torch.nn.TransformerEncoderLayer
 */
export class TransformerEncoderLayer extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'TransformerEncoderLayer';

  self_attn: MultiheadAttention;
  linear1: Linear;
  dropout: Dropout;
  linear2: Linear;
  readonly normFirst: boolean;
  norm1: LayerNorm;
  norm2: LayerNorm;
  dropout1: Dropout;
  dropout2: Dropout;
  /** What stands between the two linear layers. */
  activation: (x: Tensor) => Tensor;

  constructor(...args: LayerArgumentList) {
    super();
    const { normFirst, activation, attention, up, down, norm, drop } = settingsOf(new.target.name, args);
    this.self_attn = attention();
    this.linear1 = up();
    this.dropout = drop();
    this.linear2 = down();
    this.normFirst = normFirst;
    this.norm1 = norm();
    this.norm2 = norm();
    this.dropout1 = drop();
    this.dropout2 = drop();
    this.activation = activation;
  }

  override forward(
    src: Tensor,
    ...args: Arguments<
      [],
      [srcMask?: Tensor | null, srcKeyPaddingMask?: Tensor | null, isCausal?: boolean | null],
      EncoderLayerMasks
    >
  ): Tensor {
    const call = ENCODER_LAYER_CALL.takeRest<EncoderLayerMasks>([src], args, this.constructor.name);
    checkHints(this.constructor.name, [['isCausal', call.isCausal, call.srcMask]]);
    const masks = masksOf(call.srcMask, call.srcKeyPaddingMask);
    const attention = (x: Tensor): Tensor => this.dropout1(attend(this.self_attn, x, x, masks));
    const feedForward = (x: Tensor): Tensor =>
      chain(x, [this.linear1, activate(this.activation), this.dropout, this.linear2, this.dropout2]);
    if (this.normFirst) {
      const x = src.add(attention(this.norm1(src)));
      return x.add(feedForward(this.norm2(x)));
    }
    const x = this.norm1(src.add(attention(src)));
    return this.norm2(x.add(feedForward(x)));
  }
}

/** Masks of a call of TransformerDecoderLayer or TransformerDecoder. */
export interface DecoderMasks {
  /** [L, L] or [N · heads, L, L] */
  tgtMask?: Tensor | null;
  /** [L, S] or [N · heads, L, S] */
  memoryMask?: Tensor | null;
  /** [N, L] or [L] */
  tgtKeyPaddingMask?: Tensor | null;
  /** [N, S] or [S] */
  memoryKeyPaddingMask?: Tensor | null;
  /** Whether tgtMask, which must be given then, is the causal one. */
  tgtIsCausal?: boolean | null;
  /** The same of memoryMask. */
  memoryIsCausal?: boolean | null;
}
const DECODER_CALL = signature('TransformerDecoderLayer', [
  argument('tgt', TENSOR),
  argument('memory', TENSOR),
  optional('tgtMask', nullable(TENSOR)),
  optional('memoryMask', nullable(TENSOR)),
  optional('tgtKeyPaddingMask', nullable(TENSOR)),
  optional('memoryKeyPaddingMask', nullable(TENSOR)),
  optional('tgtIsCausal', nullable(FLAG)),
  optional('memoryIsCausal', nullable(FLAG)),
]);
type DecoderArguments = Arguments<
  [],
  [
    tgtMask?: Tensor | null,
    memoryMask?: Tensor | null,
    tgtKeyPaddingMask?: Tensor | null,
    memoryKeyPaddingMask?: Tensor | null,
    tgtIsCausal?: boolean | null,
    memoryIsCausal?: boolean | null,
  ],
  DecoderMasks
>;

const checkDecoderHints = (op: string, { tgtIsCausal, tgtMask, memoryIsCausal, memoryMask }: DecoderMasks): void => {
  checkHints(op, [['tgtIsCausal', tgtIsCausal, tgtMask], ['memoryIsCausal', memoryIsCausal, memoryMask]]); // prettier-ignore
};

/**
 * Self-attention, attention to the encoder's output and two linear layers, each with a residual connection, dropout and
 * layer normalization.
 *
 * Shape: tgt [L, N, dModel] and memory [S, N, dModel], with N first if batchFirst, or without N; output that of tgt.
 * Initialisation: that of the parts.
 * @throws RangeError, TypeError for arguments that cannot be.
 * @example new TransformerDecoderLayer(512, 8)(randn(20, 32, 512), randn(10, 32, 512));
 * @see torch.nn.TransformerDecoderLayer
 */
export class TransformerDecoderLayer extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'TransformerDecoderLayer';

  self_attn: MultiheadAttention;
  multihead_attn: MultiheadAttention;
  linear1: Linear;
  dropout: Dropout;
  linear2: Linear;
  readonly normFirst: boolean;
  norm1: LayerNorm;
  norm2: LayerNorm;
  norm3: LayerNorm;
  dropout1: Dropout;
  dropout2: Dropout;
  dropout3: Dropout;
  /** What stands between the two linear layers. */
  activation: (x: Tensor) => Tensor;

  constructor(...args: LayerArgumentList) {
    super();
    const { normFirst, activation, attention, up, down, norm, drop } = settingsOf(new.target.name, args);
    this.self_attn = attention();
    this.multihead_attn = attention();
    this.linear1 = up();
    this.dropout = drop();
    this.linear2 = down();
    this.normFirst = normFirst;
    this.norm1 = norm();
    this.norm2 = norm();
    this.norm3 = norm();
    this.dropout1 = drop();
    this.dropout2 = drop();
    this.dropout3 = drop();
    this.activation = activation;
  }

  override forward(tgt: Tensor, memory: Tensor, ...args: DecoderArguments): Tensor {
    const call = DECODER_CALL.takeRest<DecoderMasks>([tgt, memory], args, this.constructor.name);
    checkDecoderHints(this.constructor.name, call);
    const own = masksOf(call.tgtMask, call.tgtKeyPaddingMask);
    const other = masksOf(call.memoryMask, call.memoryKeyPaddingMask);
    const toItself = (x: Tensor): Tensor => this.dropout1(attend(this.self_attn, x, x, own));
    const toMemory = (x: Tensor): Tensor => this.dropout2(attend(this.multihead_attn, x, memory, other));
    const feedForward = (x: Tensor): Tensor =>
      chain(x, [this.linear1, activate(this.activation), this.dropout, this.linear2, this.dropout3]);
    if (this.normFirst) {
      const x = tgt.add(toItself(this.norm1(tgt)));
      const y = x.add(toMemory(this.norm2(x)));
      return y.add(feedForward(this.norm3(y)));
    }
    const x = this.norm1(tgt.add(toItself(tgt)));
    const y = this.norm2(x.add(toMemory(x)));
    return this.norm3(y.add(feedForward(y)));
  }
}

/** `count` copies of a layer, all with its parameters' values. */
function copiesOf<M extends Module>(name: string, layer: M, count: number): ModuleList<M> {
  checkInteger(name, 'numLayers', count, 0);
  return new ModuleList(Array.from({ length: count }, () => deepcopy(layer)));
}

/** Arguments of TransformerEncoder. */
export interface TransformerEncoderOptions {
  /** The layer that is copied; it does not become part of the encoder itself. */
  encoderLayer: TransformerEncoderLayer;
  numLayers: number;
  /** Applied at the end. */
  norm?: Module | null;
  /** Accepted for PyTorch's sake: there are no nested tensors here. */
  enableNestedTensor?: boolean;
  /** Accepted for PyTorch's sake, as enableNestedTensor. */
  maskCheck?: boolean;
}
const ENCODER = signature('TransformerEncoder', [
  argument('encoderLayer', MODULE),
  argument('numLayers', COUNT),
  optional('norm', nullable(MODULE)),
  optional('enableNestedTensor', FLAG),
  optional('maskCheck', FLAG),
]);

/** Masks of a call of TransformerEncoder. */
export interface EncoderMasks {
  /** [L, L] or [N · heads, L, L] */
  mask?: Tensor | null;
  /** [N, L] or [L] */
  srcKeyPaddingMask?: Tensor | null;
  /** Whether mask, which must be given then, is the causal one. */
  isCausal?: boolean | null;
}
const ENCODER_CALL = signature('TransformerEncoder', [
  argument('src', TENSOR),
  optional('mask', nullable(TENSOR)),
  optional('srcKeyPaddingMask', nullable(TENSOR)),
  optional('isCausal', nullable(FLAG)),
]);

/**
 * Encoder layers on top of each other, all starting with the same values.
 *
 * Shape: that of the layer.
 * @example new TransformerEncoder(new TransformerEncoderLayer(512, 8), 6)(randn(10, 32, 512));
 * @see torch.nn.TransformerEncoder
 */
export class TransformerEncoder extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'TransformerEncoder';

  layers: ModuleList<TransformerEncoderLayer>;
  readonly numLayers: number;
  norm: Module | null;

  constructor(
    ...args: Arguments<
      [encoderLayer: TransformerEncoderLayer, numLayers: number],
      [norm?: Module | null, enableNestedTensor?: boolean, maskCheck?: boolean],
      TransformerEncoderOptions,
      [encoderLayer: TransformerEncoderLayer, options: Omit<TransformerEncoderOptions, 'encoderLayer'>]
    >
  ) {
    super();
    const { encoderLayer, numLayers, norm = null } = ENCODER.take<TransformerEncoderOptions>(args, new.target.name);
    this.layers = copiesOf(new.target.name, encoderLayer, numLayers);
    this.numLayers = numLayers;
    this.norm = norm;
  }

  override forward(
    src: Tensor,
    ...args: Arguments<
      [],
      [mask?: Tensor | null, srcKeyPaddingMask?: Tensor | null, isCausal?: boolean | null],
      EncoderMasks
    >
  ): Tensor {
    const { mask: srcMask = null, srcKeyPaddingMask = null, isCausal } = ENCODER_CALL.takeRest<EncoderMasks>([src], args, this.constructor.name); // prettier-ignore
    checkHints(this.constructor.name, [['isCausal', isCausal, srcMask]]);
    let x = src;
    for (const layer of this.layers) {
      const input = x;
      x = layer(input, { srcMask, srcKeyPaddingMask });
      consume(input, x);
    }
    return this.norm === null ? x : (this.norm(x) as Tensor);
  }
}

/** Arguments of TransformerDecoder. */
export interface TransformerDecoderOptions {
  /** The layer that is copied; it does not become part of the decoder itself. */
  decoderLayer: TransformerDecoderLayer;
  numLayers: number;
  /** Applied at the end. */
  norm?: Module | null;
}
const DECODER = signature('TransformerDecoder', [
  argument('decoderLayer', MODULE),
  argument('numLayers', COUNT),
  optional('norm', nullable(MODULE)),
]);

/**
 * Decoder layers on top of each other, all starting with the same values.
 *
 * Shape: that of the layer.
 * @example new TransformerDecoder(new TransformerDecoderLayer(512, 8), 6)(randn(20, 32, 512), randn(10, 32, 512));
 * @see torch.nn.TransformerDecoder
 */
export class TransformerDecoder extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'TransformerDecoder';

  layers: ModuleList<TransformerDecoderLayer>;
  readonly numLayers: number;
  norm: Module | null;

  constructor(
    ...args: Arguments<
      [decoderLayer: TransformerDecoderLayer, numLayers: number],
      [norm?: Module | null],
      TransformerDecoderOptions,
      [decoderLayer: TransformerDecoderLayer, options: Omit<TransformerDecoderOptions, 'decoderLayer'>]
    >
  ) {
    super();
    const { decoderLayer, numLayers, norm = null } = DECODER.take<TransformerDecoderOptions>(args, new.target.name);
    this.layers = copiesOf(new.target.name, decoderLayer, numLayers);
    this.numLayers = numLayers;
    this.norm = norm;
  }

  override forward(tgt: Tensor, memory: Tensor, ...args: DecoderArguments): Tensor {
    const masks = DECODER_CALL.takeRest<DecoderMasks>([tgt, memory], args, this.constructor.name);
    checkDecoderHints(this.constructor.name, masks);
    let x = tgt;
    for (const layer of this.layers) {
      const input = x;
      x = layer(input, memory, masks);
      consume(input, x);
    }
    return this.norm === null ? x : (this.norm(x) as Tensor);
  }
}

/** Arguments of Transformer. */
export interface TransformerOptions extends LayerArguments {
  /** 512 by default. */
  dModel?: number;
  /** 8 by default. */
  nhead?: number;
  /** 6 by default. */
  numEncoderLayers?: number;
  /** 6 by default. */
  numDecoderLayers?: number;
  /** Used instead of a TransformerEncoder; called with src and its masks. */
  customEncoder?: Module | null;
  /** Used instead of a TransformerDecoder; called with tgt, the encoder's output and their masks. */
  customDecoder?: Module | null;
}
const TRANSFORMER = signature('Transformer', [optional('dModel', COUNT), optional('nhead', COUNT), optional('numEncoderLayers', COUNT), optional('numDecoderLayers', COUNT), optional('dimFeedforward', COUNT), optional('dropout', REAL), optional('activation', either(oneOf('relu', 'gelu'), FUNCTION)), optional('customEncoder', nullable(MODULE)), optional('customDecoder', nullable(MODULE)), optional('layerNormEps', REAL), optional('batchFirst', FLAG), optional('normFirst', FLAG), optional('bias', FLAG), ...FACTORY]); // prettier-ignore

/** Masks of a call of Transformer. */
export interface TransformerMasks extends DecoderMasks {
  srcMask?: Tensor | null;
  srcKeyPaddingMask?: Tensor | null;
  /** Whether srcMask, which must be given then, is the causal one. */
  srcIsCausal?: boolean | null;
}
const TRANSFORMER_CALL = signature('Transformer', [argument('src', TENSOR), argument('tgt', TENSOR), optional('srcMask', nullable(TENSOR)), optional('tgtMask', nullable(TENSOR)), optional('memoryMask', nullable(TENSOR)), optional('srcKeyPaddingMask', nullable(TENSOR)), optional('tgtKeyPaddingMask', nullable(TENSOR)), optional('memoryKeyPaddingMask', nullable(TENSOR)), optional('srcIsCausal', nullable(FLAG)), optional('tgtIsCausal', nullable(FLAG)), optional('memoryIsCausal', nullable(FLAG))]); // prettier-ignore

const SQUARE_MASK = signature('generateSquareSubsequentMask', [argument('size', COUNT), optional('device', DEVICE)]);

/**
 * An encoder and a decoder, both with layer normalization at the end.
 *
 * Shape: src [S, N, dModel] and tgt [L, N, dModel], with N first if batchFirst, or without N; output that of tgt.
 * Initialisation: all matrices Glorot-uniform, the rest that of the parts.
 * @throws ShapeError if the batches or the last dimensions do not fit.
 * @example new Transformer({ nhead: 16, numEncoderLayers: 12 })(randn(10, 32, 512), randn(20, 32, 512));
 * @see torch.nn.Transformer
 */
export class Transformer extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Transformer';

  encoder: Module;
  decoder: Module;
  readonly dModel: number;
  readonly nhead: number;
  readonly batchFirst: boolean;

  constructor(
    ...args: Arguments<
      [],
      [
        dModel?: number,
        nhead?: number,
        numEncoderLayers?: number,
        numDecoderLayers?: number,
        dimFeedforward?: number,
        dropout?: number,
        activation?: Activation,
        customEncoder?: Module | null,
        customDecoder?: Module | null,
        layerNormEps?: number,
        batchFirst?: boolean,
        normFirst?: boolean,
        bias?: boolean,
        ...FactoryArguments,
      ],
      TransformerOptions
    >
  ) {
    super();
    const options = TRANSFORMER.take<TransformerOptions>(args, new.target.name);
    const { dModel = 512, nhead = 8, numEncoderLayers = 6, numDecoderLayers = 6, ...others } = options;
    const { customEncoder = null, customDecoder = null, ...rest } = others;
    const { layerNormEps: eps = 1e-5, batchFirst = false, bias = true } = rest;
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, ...factory(rest) });
    this.encoder =
      customEncoder ??
      new TransformerEncoder(new TransformerEncoderLayer(dModel, nhead, rest), numEncoderLayers, norm());
    this.decoder =
      customDecoder ??
      new TransformerDecoder(new TransformerDecoderLayer(dModel, nhead, rest), numDecoderLayers, norm());
    for (const parameter of this.parameters()) if (parameter.ndim > 1) xavierUniform_(parameter);
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = batchFirst;
  }

  override forward(
    src: Tensor,
    tgt: Tensor,
    ...args: Arguments<
      [],
      [
        srcMask?: Tensor | null,
        tgtMask?: Tensor | null,
        memoryMask?: Tensor | null,
        srcKeyPaddingMask?: Tensor | null,
        tgtKeyPaddingMask?: Tensor | null,
        memoryKeyPaddingMask?: Tensor | null,
        srcIsCausal?: boolean | null,
        tgtIsCausal?: boolean | null,
        memoryIsCausal?: boolean | null,
      ],
      TransformerMasks
    >
  ): Tensor {
    const { srcMask: mask = null, srcKeyPaddingMask = null, srcIsCausal, ...masks } = TRANSFORMER_CALL.takeRest<TransformerMasks>([src, tgt], args, this.constructor.name); // prettier-ignore
    checkHints(this.constructor.name, [['srcIsCausal', srcIsCausal, mask]]);
    checkDecoderHints(this.constructor.name, masks);
    const batchDim = this.batchFirst ? 0 : 1;
    const fits = src.ndim !== 3 || src.shape[batchDim] === tgt.shape[batchDim];
    if (!fits || src.size(-1) !== this.dModel || tgt.size(-1) !== this.dModel) {
      throw new ShapeError(
        'Transformer',
        `src and tgt must have one batch size and a last dimension of ${this.dModel}, got ` +
          `${formatShape(src.shape)} and ${formatShape(tgt.shape)}.`,
        { shapes: [src.shape, tgt.shape] },
      );
    }
    const memory = this.encoder(src, {
      mask,
      srcKeyPaddingMask,
      ...(srcIsCausal === undefined ? {} : { isCausal: srcIsCausal }),
    }) as Tensor;
    return this.decoder(tgt, memory, masks) as Tensor;
  }

  /** The mask [size, size] by which step i attends to steps 0 ... i: 0 there, -∞ elsewhere. */
  static generateSquareSubsequentMask(
    ...args: Arguments<[size: number], [device?: DeviceGiven], { size: number; device?: DeviceGiven }>
  ): Tensor {
    const { size, device } = SQUARE_MASK.take(args);
    return triu(full([size, size], -Infinity, { ...(device && { device }) }), 1);
  }
}
