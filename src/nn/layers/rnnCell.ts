// Single steps of recurrent networks, for loops of one's own.
import { argument, optional, signature, methodsTake } from '../../base/signature';
import { COUNT, FLAG, oneOf } from '../../base/kinds';
import { KindError, ShapeError } from '../../base/errors';
import { libraryCode } from '../../core/temporaries';
import { empty, zeros } from '../../ops/shape/creation';
import { formatShape, sameShape } from '../../base/shape';
import { Parameter, type Tensor } from '../../core/tensor';
import { checkInteger, type Arguments } from '../../base/arguments';
import { uniform_ } from '../init';
import {
  factory,
  FACTORY,
  type FactoryArguments,
  type FactoryOptions,
  Module,
  RESET_PARAMETERS,
} from '../module/module';
import { GATES, oneStep, type CellKind, type State } from './recurrence';
import { literal } from '../module/representation';
import { checkNonlinearity, type LSTMState } from './rnn';

/** Arguments of LSTMCell and GRUCell. */
export interface RecurrentCellOptions extends FactoryOptions {
  /** Size of the last dimension of the input. */
  inputSize: number;
  /** Size of the state. */
  hiddenSize: number;
  /** Whether there are biases; true by default. */
  bias?: boolean;
}
const CELL = signature('GRUCell', [
  argument('inputSize', COUNT),
  argument('hiddenSize', COUNT),
  optional('bias', FLAG),
  ...FACTORY,
]);

/** Arguments of RNNCell. */
export interface RNNCellOptions extends RecurrentCellOptions {
  /** 'tanh' by default. */
  nonlinearity?: 'tanh' | 'relu';
}
const RNN_CELL = signature('RNNCell', [
  argument('inputSize', COUNT),
  argument('hiddenSize', COUNT),
  optional('bias', FLAG),
  optional('nonlinearity', oneOf('tanh', 'relu')),
  ...FACTORY,
]);

abstract class RecurrentCell extends Module {
  static {
    methodsTake(this, RESET_PARAMETERS);
  }

  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly bias: boolean;
  weight_ih: Parameter;
  weight_hh: Parameter;
  bias_ih: Parameter | null;
  bias_hh: Parameter | null;

  constructor(name: string, gates: number, options: RecurrentCellOptions) {
    super();
    const { inputSize, hiddenSize, bias = true } = options;
    checkInteger(name, 'inputSize', inputSize, 0);
    checkInteger(name, 'hiddenSize', hiddenSize, 1);
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.bias = bias;
    const made = (...shape: number[]): Parameter => new Parameter(empty(shape, factory(options)));
    const rows = gates * hiddenSize;
    this.weight_ih = made(rows, inputSize);
    this.weight_hh = made(rows, hiddenSize);
    this.bias_ih = bias ? made(rows) : null;
    this.bias_hh = bias ? made(rows) : null;
    this.resetParameters();
  }

  /** Draws all parameters anew. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize);
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound);
  }

  /** One step of a cell whose state has `count` parts, zeros if none is given. */
  protected step(kind: CellKind, input: Tensor, given: State | null, count: number): State {
    const name = this.constructor.name;
    const { shape, dtype, device } = input;
    if ((shape.length !== 1 && shape.length !== 2) || shape[shape.length - 1] !== this.inputSize) {
      throw new ShapeError(
        name,
        `the input must have 1 or 2 dimensions, the last of size ${this.inputSize}, got ${formatShape(shape)}.`,
        { shape },
      );
    }
    const expected = [...shape.slice(0, -1), this.hiddenSize];
    if (given !== null && given.length !== count) {
      throw new KindError(name, `the state must be an array of ${count} tensors, got ${String(given)}.`);
    }
    for (const t of given ?? []) {
      if (sameShape(t.shape, expected)) continue;
      throw new ShapeError(
        name,
        `the state must have the shape ${formatShape(expected)}, got ${formatShape(t.shape)}.`,
        { expected, shape: t.shape },
      );
    }
    const { weight_ih: weightIh, weight_hh: weightHh, bias_ih: biasIh, bias_hh: biasHh } = this;
    return libraryCode(() => {
      const state = given ?? Array.from({ length: count }, () => zeros(expected, { dtype, device }));
      return oneStep(kind, input, state, { weightIh, weightHh, biasIh, biasHh, weightHr: null });
    });
  }

  /** Its arguments as `toString` shows them. */
  override extraRepr(): string {
    const { inputSize, hiddenSize, bias } = this;
    return `${inputSize}, ${hiddenSize}${bias ? '' : `, bias=${literal(bias)}`}`;
  }
}

/**
 * One step of an Elman network: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or max(·, 0) instead of tanh.
 *
 * Shape: input [B, inputSize] or [inputSize], hx [B, hiddenSize] or [hiddenSize], zeros by default; output as hx.
 * Initialisation: all U(-k, k) with k = 1/sqrt(hiddenSize).
 * @throws ShapeError if input or hx do not fit.
 * @see torch.nn.RNNCell
 */
export class RNNCell extends RecurrentCell {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'RNNCell';

  readonly nonlinearity: 'tanh' | 'relu';

  constructor(
    ...args: Arguments<
      [inputSize: number, hiddenSize: number],
      [bias?: boolean, nonlinearity?: 'tanh' | 'relu', ...FactoryArguments],
      RNNCellOptions,
      [inputSize: number, options: Omit<RNNCellOptions, 'inputSize'>]
    >
  ) {
    const { nonlinearity = 'tanh', ...options } = RNN_CELL.take<RNNCellOptions>(args, new.target.name);
    checkNonlinearity(new.target.name, nonlinearity);
    super(new.target.name, GATES.RNN_TANH, options);
    this.nonlinearity = nonlinearity;
  }

  override forward(input: Tensor, hx: Tensor | null = null): Tensor {
    const kind = this.nonlinearity === 'tanh' ? 'RNN_TANH' : 'RNN_RELU';
    return this.step(kind, input, hx === null ? null : [hx], 1)[0];
  }

  /** Its arguments as `toString` shows them. */
  override extraRepr(): string {
    return super.extraRepr() + (this.nonlinearity === 'tanh' ? '' : `, nonlinearity=${this.nonlinearity}`);
  }
}

type RecurrentCellArgs = Arguments<
  [inputSize: number, hiddenSize: number],
  [bias?: boolean, ...FactoryArguments],
  RecurrentCellOptions,
  [inputSize: number, options: Omit<RecurrentCellOptions, 'inputSize'>]
>;

/**
 * One step of gated recurrent units, as GRU.
 *
 * Shape, initialisation and errors: as RNNCell.
 * @see torch.nn.GRUCell
 */
export class GRUCell extends RecurrentCell {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'GRUCell';

  constructor(...args: RecurrentCellArgs) {
    super(new.target.name, GATES.GRU, CELL.take<RecurrentCellOptions>(args, new.target.name));
  }

  override forward(input: Tensor, hx: Tensor | null = null): Tensor {
    return this.step('GRU', input, hx === null ? null : [hx], 1)[0];
  }
}

/**
 * One step of long short-term memory, as LSTM.
 *
 * Shape, initialisation and errors: as RNNCell; the state and the output are [h, c].
 * @see torch.nn.LSTMCell
 */
export class LSTMCell extends RecurrentCell {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'LSTMCell';

  constructor(...args: RecurrentCellArgs) {
    super(new.target.name, GATES.LSTM, CELL.take<RecurrentCellOptions>(args, new.target.name));
  }

  override forward(input: Tensor, hx: Readonly<LSTMState> | null = null): LSTMState {
    const [h, c] = this.step('LSTM', input, hx, 2);
    return [h, c];
  }
}
