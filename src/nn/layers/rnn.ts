// Recurrent layers. The walk along the steps is in recurrence.ts.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { COUNT, FLAG, REAL, oneOf } from '../../base/kinds';
import { KindError, ShapeError, ValueError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { empty, tensor, zeros } from '../../ops/shape/creation';
import { indexSelect } from '../../ops/indexing/gather';
import { formatShape, sameShape, type Shape } from '../../base/shape';
import { Parameter, type Tensor } from '../../core/tensor';
import { checkInteger, type Arguments } from '../../base/arguments';
import { dropout } from '../functional';
import { uniform_ } from '../init';
import {
  factory,
  FACTORY,
  type FactoryArguments,
  type FactoryOptions,
  Module,
  RESET_PARAMETERS,
} from '../module/module';
import { GATES, recur, type CellKind, type CellWeights, type State } from './recurrence';
import { float, literal } from '../module/representation';
import { PackedSequence } from '../utils/rnn';

/** Arguments of GRU. */
export interface GRUOptions extends FactoryOptions {
  /** Size of the last dimension of the input. */
  inputSize: number;
  /** Size of the state. */
  hiddenSize: number;
  /** Layers on top of each other; 1 by default. */
  numLayers?: number;
  /** Whether there are biases; true by default. */
  bias?: boolean;
  /** Whether the batch comes before the steps: [B, T, inputSize] instead of [T, B, inputSize]; false by default. */
  batchFirst?: boolean;
  /** Probability of dropout on the outputs of all layers but the last; 0 by default. */
  dropout?: number;
  /** Whether each layer also runs backwards; false by default. */
  bidirectional?: boolean;
}
const RECURRENT = [
  argument('inputSize', COUNT),
  argument('hiddenSize', COUNT),
  optional('numLayers', COUNT),
  optional('bias', FLAG),
  optional('batchFirst', FLAG),
  optional('dropout', REAL),
  optional('bidirectional', FLAG),
] as const;

/** Arguments of LSTM. */
export interface LSTMOptions extends GRUOptions {
  /** Size that the state h is projected to at every step; 0, the default, for none. */
  projSize?: number;
}
const LSTM_ORDER = signature('LSTM', [...RECURRENT, optional('projSize', COUNT), ...FACTORY]);
const GRU_ORDER = signature('GRU', [...RECURRENT, ...FACTORY]);

/** Arguments of RNN. */
export interface RNNOptions extends GRUOptions {
  /** 'tanh' by default. */
  nonlinearity?: 'tanh' | 'relu';
}
const RNN_ORDER = signature('RNN', [...RECURRENT, optional('nonlinearity', oneOf('tanh', 'relu')), ...FACTORY]);

/** Argument lists of the layers; `Own` is what one of them has more than the others. */
type RecurrentArguments<Own extends readonly unknown[], Options extends GRUOptions> = Arguments<
  [inputSize: number, hiddenSize: number],
  [
    numLayers?: number,
    bias?: boolean,
    batchFirst?: boolean,
    dropout?: number,
    bidirectional?: boolean,
    ...own: Own,
    ...made: FactoryArguments,
  ],
  Options,
  [inputSize: number, options: Omit<Options, 'inputSize'>]
>;

/** What the layers are called with, made uniform. */
interface Packed {
  /** [elements, inputSize] */
  readonly data: Tensor;
  readonly batchSizes: readonly number[];
}

/** What RNN, LSTM and GRU share. */
abstract class RecurrentLayer extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS, signature('flattenParameters', []));
  }

  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  dropout: number;
  readonly bidirectional: boolean;
  readonly projSize: number;
  protected abstract readonly kind: CellKind;

  constructor(name: string, gates: number, options: LSTMOptions) {
    super();
    const { inputSize, hiddenSize, numLayers = 1, bias = true, batchFirst = false } = options;
    const { dropout: p = 0, bidirectional = false, projSize = 0 } = options;
    checkInteger(name, 'inputSize', inputSize, 0);
    checkInteger(name, 'hiddenSize', hiddenSize, 1);
    checkInteger(name, 'numLayers', numLayers, 1);
    checkInteger(name, 'projSize', projSize, 0);
    if (!(p >= 0 && p <= 1)) throw new ValueError(name, `dropout must be a probability in [0, 1], got ${p}.`);
    if (projSize >= hiddenSize) {
      throw new ValueError(name, `projSize must be less than hiddenSize, ${hiddenSize}, got ${projSize}.`);
    }
    if (p > 0 && numLayers === 1) {
      // eslint-disable-next-line no-console -- PyTorch warns too: the argument has no effect
      console.warn(`${name}: dropout is applied between layers, so with numLayers 1 a dropout of ${p} does nothing.`);
    }
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.bias = bias;
    this.batchFirst = batchFirst;
    this.dropout = p;
    this.bidirectional = bidirectional;
    this.projSize = projSize;
    const made = factory(options);
    const rows = gates * hiddenSize;
    const { outputSize } = this;
    for (const [layer, suffix] of this.directions()) {
      const width = layer === 0 ? inputSize : outputSize * this.directionCount;
      const add = (name: string, ...shape: number[]): void => {
        this.registerParameter(`${name}_${suffix}`, new Parameter(empty(shape, made)));
      };
      add('weight_ih', rows, width);
      add('weight_hh', rows, outputSize);
      if (bias) {
        add('bias_ih', rows);
        add('bias_hh', rows);
      }
      if (projSize > 0) add('weight_hr', projSize, hiddenSize);
    }
    this.resetParameters();
  }

  private get directionCount(): number {
    return this.bidirectional ? 2 : 1;
  }

  /** Size of the state h. */
  private get outputSize(): number {
    return this.projSize > 0 ? this.projSize : this.hiddenSize;
  }

  /** Layer and end of the parameters' names, for every direction of every layer. */
  private directions(): [layer: number, suffix: string][] {
    const suffixes = this.bidirectional ? ['', '_reverse'] : [''];
    return Array.from({ length: this.numLayers }, (_, layer) =>
      suffixes.map((suffix): [number, string] => [layer, `l${layer}${suffix}`]),
    ).flat();
  }

  private weights(suffix: string): CellWeights {
    const find = (name: string): Tensor | null => (Reflect.get(this, `${name}_${suffix}`) ?? null) as Tensor | null;
    return {
      weightIh: find('weight_ih') as Tensor,
      weightHh: find('weight_hh') as Tensor,
      biasIh: find('bias_ih'),
      biasHh: find('bias_hh'),
      weightHr: find('weight_hr'),
    };
  }

  /** The parameters, by direction of each layer. */
  get allWeights(): Tensor[][] {
    return this.directions().map(([, suffix]) =>
      Object.values<Tensor | null>({ ...this.weights(suffix) }).filter((weight) => weight !== null),
    );
  }

  /** Draws all parameters anew. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize);
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound);
  }

  /** Nothing: PyTorch moves the weights together for cuDNN, which is not used here. */
  flattenParameters(): void {
    // Kept so that ported models run.
  }

  /** Runs the layers. `given` is the initial state, which `what` names the parts of. */
  protected run<X extends Tensor | PackedSequence>(
    input: X,
    given: State | null,
    what: readonly string[],
  ): { output: X; state: Tensor[] } {
    const { output, state } = libraryCode(() => {
      const { packed, batch, isBatched, restore } = this.layOut(input);
      const order = input instanceof PackedSequence ? input : null;
      const start = this.start(given, what, packed.data, batch, isBatched);
      const byLength = order?.sortedIndices ?? null;
      const sorted = byLength === null ? start : start.map((t) => permuteBatch(t, byLength));
      const result = recur(packed.data, packed.batchSizes, sorted, {
        kind: this.kind,
        layers: this.layers(),
        between: (x) => dropout(x, this.dropout, this.training),
      });
      const byBatch = order?.unsortedIndices ?? null;
      const ends = byBatch === null ? result.state : result.state.map((t) => permuteBatch(t, byBatch));
      return { output: restore(result.output), state: ends.map((t) => (isBatched ? t : t.squeeze(1))) };
    });
    return { output: output as X, state };
  }

  private layers(): CellWeights[][] {
    const layers = Array.from({ length: this.numLayers }, (): CellWeights[] => []);
    for (const [layer, suffix] of this.directions()) layers[layer].push(this.weights(suffix));
    return layers;
  }

  /** The input as packed data, and the way back from packed outputs to its layout. */
  private layOut(input: Tensor | PackedSequence): {
    packed: Packed;
    batch: number;
    isBatched: boolean;
    restore: (output: Tensor) => Tensor | PackedSequence;
  } {
    const name = this.constructor.name;
    const tensor = input instanceof PackedSequence ? input.data : input;
    const allowed = input instanceof PackedSequence ? [2] : [2, 3];
    const { shape } = tensor;
    if (!allowed.includes(shape.length) || shape[shape.length - 1] !== this.inputSize) {
      throw new ShapeError(
        name,
        `the input must have ${allowed.join(' or ')} dimensions, the last of size ${this.inputSize}, got ${formatShape(shape)}.`,
        { shape },
      );
    }
    if (input instanceof PackedSequence) {
      const restore = (output: Tensor): PackedSequence => input.withData(output);
      return { packed: input, batch: input.batchSizes[0], isBatched: true, restore };
    }
    const isBatched = input.ndim === 3;
    const inOrder = isBatched ? (this.batchFirst ? input.transpose(0, 1) : input) : input.unsqueeze(1);
    const [steps, batch] = inOrder.shape;
    if (steps === 0) throw new ShapeError(name, `the input must have a step, got ${formatShape(shape)}.`, { shape });
    const restore = (output: Tensor): Tensor => {
      const unpacked = output.view(steps, batch, output.shape[1]);
      return isBatched ? (this.batchFirst ? unpacked.transpose(0, 1) : unpacked) : unpacked.squeeze(1);
    };
    const data = inOrder.reshape(steps * batch, this.inputSize);
    return { packed: { data, batchSizes: Array<number>(steps).fill(batch) }, batch, isBatched, restore };
  }

  /** The initial state, checked, with a batch; zeros if none is given. */
  private start(
    given: State | null,
    what: readonly string[],
    { dtype, device }: Tensor,
    batch: number,
    isBatched: boolean,
  ): State {
    const name = this.constructor.name;
    const lead = this.numLayers * this.directionCount;
    const sizes = [this.outputSize, this.hiddenSize].slice(0, what.length);
    if (given === null) return sizes.map((size) => zeros([lead, batch, size], { dtype, device }));
    if (given.length !== what.length) {
      throw new KindError(name, `the state must be [${what.join(', ')}], got ${String(given)}.`);
    }
    return given.map((t, i) => {
      const expected: Shape = isBatched ? [lead, batch, sizes[i]] : [lead, sizes[i]];
      if (!sameShape(t.shape, expected)) {
        throw new ShapeError(
          name,
          `${what[i]} must have the shape ${formatShape(expected)}, got ${formatShape(t.shape)}.`,
          { expected, shape: t.shape },
        );
      }
      return isBatched ? t : t.unsqueeze(1);
    });
  }

  override extraRepr(): string {
    const { inputSize, hiddenSize, projSize, numLayers, bias, batchFirst, dropout: p, bidirectional } = this;
    return [
      `${inputSize}, ${hiddenSize}`,
      ...(projSize !== 0 ? [`proj_size=${projSize}`] : []),
      ...(numLayers !== 1 ? [`num_layers=${numLayers}`] : []),
      ...(bias ? [] : [`bias=${literal(bias)}`]),
      ...(batchFirst ? [`batch_first=${literal(batchFirst)}`] : []),
      ...(p !== 0 ? [`dropout=${float(p)}`] : []),
      ...(bidirectional ? [`bidirectional=${literal(bidirectional)}`] : []),
    ].join(', ');
  }
}

/** States [layers, B, n] with the batch in another order. */
const permuteBatch = (t: Tensor, order: readonly number[]): Tensor =>
  indexSelect(t, 1, tensor([...order], { dtype: 'int32', device: t.device }));

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- a sequence comes back as it was given
export interface RNN {
  (input: Tensor, hx?: Tensor | null): [output: Tensor, hn: Tensor];
  (input: PackedSequence, hx?: Tensor | null): [output: PackedSequence, hn: Tensor];
}

/**
 * Elman network: h' = tanh(W_ih x + b_ih + W_hh h + b_hh) at every step, or max(·, 0) instead of tanh.
 *
 * Shape: input [T, B, inputSize], [B, T, inputSize] with batchFirst, [T, inputSize] or a PackedSequence; hx [layers ·
 * directions, B, hiddenSize], zeros by default; output [T, B, directions · hiddenSize] laid out like the input, and the last
 * state, laid out like hx. Parameters: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, then _l0_reverse, _l1, ...
 * Initialisation: all U(-k, k) with k = 1/sqrt(hiddenSize).
 * @throws RangeError for sizes or a dropout that cannot be; ShapeError if input or hx do not fit.
 * @example const [output, hn] = new RNN(10, 20, { numLayers: 2 })(randn(5, 3, 10));
 * @see torch.nn.RNN
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class RNN extends RecurrentLayer {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'RNN';

  readonly nonlinearity: 'tanh' | 'relu';

  constructor(...args: RecurrentArguments<[nonlinearity?: 'tanh' | 'relu'], RNNOptions>) {
    const { nonlinearity = 'tanh', ...options } = RNN_ORDER.take<RNNOptions>(args, new.target.name);
    checkNonlinearity(new.target.name, nonlinearity);
    super(new.target.name, GATES.RNN_TANH, options);
    this.nonlinearity = nonlinearity;
  }

  protected override get kind(): CellKind {
    return this.nonlinearity === 'tanh' ? 'RNN_TANH' : 'RNN_RELU';
  }

  override forward(input: Tensor | PackedSequence, hx: Tensor | null = null): [Tensor | PackedSequence, Tensor] {
    const { output, state } = this.run(input, hx === null ? null : [hx], ['hx']);
    return [output, state[0]];
  }
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- a sequence comes back as it was given
export interface GRU {
  (input: Tensor, hx?: Tensor | null): [output: Tensor, hn: Tensor];
  (input: PackedSequence, hx?: Tensor | null): [output: PackedSequence, hn: Tensor];
}

/**
 * Gated recurrent units: at every step r = σ(W_ir x + b_ir + W_hr h + b_hr), z = σ(W_iz x + b_iz + W_hz h + b_hz),
 * n = tanh(W_in x + b_in + r (W_hn h + b_hn)), h' = (1 - z) n + z h. The weights have the rows of r, z and n in that order.
 *
 * Shape, parameters, initialisation and errors: as RNN.
 * @example const [output, hn] = new GRU(10, 20, { bidirectional: true })(randn(5, 3, 10));   // [5, 3, 40], [2, 3, 20]
 * @see torch.nn.GRU
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class GRU extends RecurrentLayer {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'GRU';

  constructor(...args: RecurrentArguments<[], GRUOptions>) {
    super(new.target.name, GATES.GRU, GRU_ORDER.take<GRUOptions>(args, new.target.name));
  }

  protected override get kind(): CellKind {
    return 'GRU';
  }

  override forward(input: Tensor | PackedSequence, hx: Tensor | null = null): [Tensor | PackedSequence, Tensor] {
    const { output, state } = this.run(input, hx === null ? null : [hx], ['hx']);
    return [output, state[0]];
  }
}

/** The state of an LSTM. */
export type LSTMState = [h: Tensor, c: Tensor];

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- a sequence comes back as it was given
export interface LSTM {
  (input: Tensor, hx?: Readonly<LSTMState> | null): [output: Tensor, state: LSTMState];
  (input: PackedSequence, hx?: Readonly<LSTMState> | null): [output: PackedSequence, state: LSTMState];
}

/**
 * Long short-term memory: at every step i, f, o = σ(W x + b + V h + d) and g = tanh(·), each with its own weights,
 * c' = f c + i g, h' = o tanh(c'). The weights have the rows of i, f, g and o in that order. With projSize, h' is
 * multiplied by weight_hr [projSize, hiddenSize].
 *
 * Shape, parameters, initialisation and errors: as RNN; the state is [h, c], h of size projSize if there is one.
 * @example const [output, [hn, cn]] = new LSTM(10, 20, 2)(randn(5, 3, 10));
 * @see torch.nn.LSTM
 */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class LSTM extends RecurrentLayer {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'LSTM';

  constructor(...args: RecurrentArguments<[projSize?: number], LSTMOptions>) {
    super(new.target.name, GATES.LSTM, LSTM_ORDER.take<LSTMOptions>(args, new.target.name));
  }

  protected override get kind(): CellKind {
    return 'LSTM';
  }

  override forward(
    input: Tensor | PackedSequence,
    hx: Readonly<LSTMState> | null = null,
  ): [Tensor | PackedSequence, LSTMState] {
    const { output, state } = this.run(input, hx, ['h0', 'c0']);
    return [output, [state[0], state[1]]];
  }
}

/** @throws TypeError unless it is one that RNN has. */
export function checkNonlinearity(name: string, nonlinearity: string): void {
  if (nonlinearity === 'tanh' || nonlinearity === 'relu') return;
  throw new KindError(name, `nonlinearity must be 'tanh' or 'relu', got '${nonlinearity}'.`);
}
