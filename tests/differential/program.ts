// A program and what PyTorch makes of it: the form of the conformance kind `program` (../conformance/FORMAT.md), where each
// step may be one that must be refused.
import { DTYPES } from '../../src/base/dtype';
import type { Named, RecordedTensor } from '../conformance/cases';

/** One call. */
export interface Step {
  /** A path below `torch`, `Tensor.name`, or one of execute.ts' own. */
  readonly fn: string;
  readonly args: readonly unknown[];
  readonly kwargs?: Named<unknown>;
  /** Names of the results that are looked at. */
  readonly out?: readonly string[];
  readonly no_grad?: boolean;
  /** PyTorch's message, where it refuses the step. */
  readonly throws?: string;
}

/** A value in the end. */
export interface Expected {
  readonly value: RecordedTensor;
  /** How far rounding alone moved it in PyTorch; absent: not at all. */
  readonly deviation?: number;
}

export interface ExpectedValue extends Expected {
  readonly requires_grad: boolean;
  readonly is_leaf: boolean;
}

/** A program with what must come out of it; null is a gradient that there is none of. */
export interface Program {
  readonly id: string;
  readonly seed: number;
  readonly inputs: Named<RecordedTensor>;
  readonly steps: readonly Step[];
  readonly expect: Named<ExpectedValue | null>;
  readonly grads: Named<Expected | null>;
  /**
   * Where PyTorch refuses the last step as something that it had saved was changed in place: the gradients that there are all
   * the same, for who saves less, or null where they are not known.
   */
  readonly otherwise?: Named<Expected | null> | null;
}

/** Where a program parts from PyTorch. */
export interface Difference {
  /**
   * `throws`: a step that PyTorch takes; `accepts`: one that it refuses; `rejects`: a value cannot be read;
   * `value`, `grad`: another one than PyTorch's; `graph`: another place in the graph; `bits`: other bits from more workers.
   */
  readonly kind: 'throws' | 'accepts' | 'rejects' | 'value' | 'grad' | 'graph' | 'bits';
  /** The step, or the name of the value. */
  readonly at: number | string;
  readonly detail: string;
}

/** What became of a program on one device. */
export interface Outcome {
  readonly id: string;
  readonly state: 'agrees' | 'differs' | 'skipped';
  readonly difference?: Difference;
  /** The bytes of all values as one text, to compare runs. */
  readonly bits: Named<string>;
}

/** The programs of a text, a line of JSON each. */
export const programsIn = (text: string): Program[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Program);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The names that an argument refers to. */
export function refsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsOf);
  if (!isObject(value)) return [];
  return typeof value.$ref === 'string' ? [value.$ref] : Object.values(value).flatMap(refsOf);
}

const shapeOf = ({ dtype, shape, grad }: RecordedTensor): string =>
  `${dtype}[${shape.join(', ')}]${grad === true ? ' grad' : ''}`;

/** The elements as numbers. Here, as pages' tests in Node can load nothing that loads the engine. */
const numbersOf = ({ dtype, data }: RecordedTensor): number[] =>
  Array.from<number | bigint, number>(
    DTYPES[dtype].array(Uint8Array.from(atob(data), (c) => c.charCodeAt(0)).buffer),
    Number,
  );

/** The program for people: a line for each input and step. */
export function textOf({ id, inputs, steps }: Program): string {
  const lines = Object.entries(inputs).map(([name, tensor]) => {
    const values = numbersOf(tensor);
    const shown = values.slice(0, 12).join(', ');
    return `${name} = ${shapeOf(tensor)} ${shown}${values.length > 12 ? ', …' : ''}`;
  });
  const argument = (value: unknown): string =>
    JSON.stringify(value)
      .replace(/\{"\$ref":"(\w+)"\}/g, '$1')
      .replace(/\{"\$\w+":("\w+"|\[[^\]]*\]|true)\}/g, '$1');
  for (const { fn, args, kwargs = {}, out = [], no_grad, throws } of steps) {
    const named = Object.entries(kwargs).map(([name, value]) => `${name}=${argument(value)}`);
    const call = `${fn}(${[...args.map(argument), ...named].join(', ')})`;
    const notes = [no_grad === true ? 'no_grad' : '', throws === undefined ? '' : `refused: ${throws}`].filter(Boolean);
    lines.push(`${out.length > 0 ? `${out.join(', ')} = ` : ''}${call}${notes.map((note) => `  # ${note}`).join('')}`);
  }
  return [id, ...lines].join('\n    ');
}
