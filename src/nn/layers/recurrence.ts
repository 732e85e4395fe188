// Walking recurrent cells along packed sequences, in both directions and through layers. The input's products are one
// matrix product for all steps; each step then has one with the state, and one kernel (ops/pointwise/recurrent.ts).
import { cat, stack } from '../../ops/shape/cat';
import { linear } from '../../ops/linalg/matmul';
import { gruCell, lstmCell, rnnReluCell, rnnTanhCell, stateProducts } from '../../ops/pointwise/recurrent';
import { consume, libraryCode } from '../../core/temporaries';
import type { Tensor } from '../../core/tensor';

/** What is computed at each step. */
export type CellKind = 'LSTM' | 'GRU' | 'RNN_TANH' | 'RNN_RELU';

/** Rows of the weights per element of the state. */
export const GATES: { readonly [K in CellKind]: number } = { LSTM: 4, GRU: 3, RNN_TANH: 1, RNN_RELU: 1 };

/** Parameters of one direction of one layer. */
export interface CellWeights {
  readonly weightIh: Tensor;
  readonly weightHh: Tensor;
  readonly biasIh: Tensor | null;
  readonly biasHh: Tensor | null;
  /** Projects the state of an LSTM. */
  readonly weightHr: Tensor | null;
}

/** What a cell hands to its next step: [h], or [h, c] for an LSTM. */
export type State = readonly Tensor[];

/** One step of a cell, prepared for all of them. */
interface Steps {
  /** What the input contributes, for all steps: [*, gates n]. */
  readonly fromInput: Tensor;
  readonly step: (fromInput: Tensor, state: State, t: number) => State;
}

/**
 * `batchSizes` for many steps. The bias of the state's product may join that of the input's, except where the GRU's
 * reset gate comes between.
 */
function prepare(
  kind: CellKind,
  x: Tensor,
  { weightIh, weightHh, biasIh, biasHh, weightHr }: CellWeights,
  batchSizes: readonly number[] | null,
): Steps {
  const joined = kind === 'GRU' || biasIh === null || biasHh === null ? biasIh : biasIh.add(biasHh);
  const hiddenBias = kind === 'GRU' ? biasHh : null;
  const fromInput = linear(x, weightIh, joined);
  const fromState =
    batchSizes === null
      ? (h: Tensor) => linear(h, weightHh, hiddenBias)
      : stateProducts(weightHh, hiddenBias, batchSizes);
  switch (kind) {
    case 'GRU':
      return { fromInput, step: (part, [h], t) => [gruCell(part, fromState(h, t), h)] };
    case 'RNN_TANH':
      return { fromInput, step: (part, [h], t) => [rnnTanhCell(part, fromState(h, t))] };
    case 'RNN_RELU':
      return { fromInput, step: (part, [h], t) => [rnnReluCell(part, fromState(h, t))] };
    case 'LSTM':
      return {
        fromInput,
        step: (part, [h, c], t) => {
          const [hidden, cell] = lstmCell(part, fromState(h, t), c);
          return [weightHr === null ? hidden : linear(hidden, weightHr), cell];
        },
      };
  }
}

/** One step of a single cell. Shape: x [*, inputSize], states [*, n]. */
export function oneStep(kind: CellKind, x: Tensor, state: State, weights: CellWeights): State {
  const { fromInput, step } = prepare(kind, x, weights, null);
  return step(fromInput, state, 0);
}

const rows = (state: State, start: number, end: number): State => state.map((t) => t.narrow(0, start, end - start));

/** Joins states by rows, those of each kind with each other. */
const joinRows = (parts: readonly State[]): State =>
  parts.length === 1 ? parts[0] : parts[0].map((_, i) => cat(parts.map((part) => part[i])));

/** All steps in one direction: the outputs in the order of the input, and the last state of every sequence. */
function direction(
  kind: CellKind,
  x: Tensor,
  batchSizes: readonly number[],
  start: State,
  weights: CellWeights,
  reverse: boolean,
): { output: Tensor; state: State } {
  const { fromInput, step } = prepare(kind, x, weights, batchSizes);
  const parts = fromInput.split(batchSizes);
  const outputs = new Array<Tensor>(parts.length);
  const last = parts.length - 1;
  let count = batchSizes[reverse ? last : 0];
  let state = rows(start, 0, count);
  /** States of sequences that have ended, the shortest sequences first. */
  const ended: State[] = [];
  for (let i = 0; i <= last; i++) {
    const t = reverse ? last - i : i;
    const size = batchSizes[t];
    if (size < count) {
      ended.push(rows(state, size, count));
      state = rows(state, 0, size);
    } else if (size > count) {
      // Backwards, longer sequences are under way when shorter ones begin.
      state = joinRows([state, rows(start, count, size)]);
    }
    count = size;
    const before = state;
    state = libraryCode(() => step(parts[t], before, t));
    outputs[t] = state[0];
  }
  return { output: cat(outputs), state: joinRows([...ended, state].reverse()) };
}

/** What a stack of layers is run with. */
export interface Recurrence {
  readonly kind: CellKind;
  /** By layer, the weights of each direction. */
  readonly layers: readonly (readonly CellWeights[])[];
  /** Applied to the outputs of all layers but the last. */
  readonly between: (output: Tensor) => Tensor;
}

/**
 * Runs packed data [sum of batchSizes, inputSize] through all layers. `start` has states [layers · directions, B, n]; so
 * has the result, beside the outputs [sum of batchSizes, directions · n] of the last layer.
 */
export function recur(
  data: Tensor,
  batchSizes: readonly number[],
  start: State,
  { kind, layers, between }: Recurrence,
): { output: Tensor; state: State } {
  const starts = start.map((t) => t.unbind(0));
  const ends: State[] = [];
  let output = data;
  layers.forEach((directions, layer) => {
    const input = output;
    const made = libraryCode(() => {
      const x = layer === 0 ? input : between(input);
      const results = directions.map((weights, d) => {
        const own = starts.map((states) => states[layer * directions.length + d]);
        return libraryCode(() => direction(kind, x, batchSizes, own, weights, d === 1));
      });
      const outputs = results.map((result) => result.output);
      return { output: outputs.length === 1 ? outputs[0] : cat(outputs, 1), states: results.map(({ state }) => state) };
    });
    output = made.output;
    ends.push(...made.states);
    consume(input, made);
  });
  return { output, state: start.map((_, i) => stack(ends.map((state) => state[i]))) };
}
