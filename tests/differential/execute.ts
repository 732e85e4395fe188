// Runs programs on kindling, whatever the device, and compares with what PyTorch made of them.
import { autograd, noGrad } from '../../src';
import { isPlainObject } from '../../src/base/arguments';
import { DTypeError } from '../../src/base/errors';
import { describe } from '../../src/base/errorText';
import { Tensor } from '../../src/core/tensor';
import type { Named, RecordedTensor } from '../conformance/cases';
import { Inexpressible, NotThere } from '../conformance/cases';
import { findFunction, present, type Callee } from '../conformance/names';
import { checkDType, decode, reviveArguments, reviveTensor, tensorsOf } from '../conformance/values';
import { mismatch, type Tolerance } from '../harness/allclose';
import type { Difference, Expected, ExpectedValue, Outcome, Program, Step } from './program';

/** Steps that are not functions of `torch`. */
const STEPS: Readonly<Record<string, Callee>> = {
  backward: (t, ...rest) => (t as Tensor).backward(...(rest as [])),
  'autograd.grad': (...args) => autograd.grad(...(args as Parameters<typeof autograd.grad>)),
  get_grad: (t) => (t as Tensor).grad?.clone() ?? null,
  zero_grad: (t) => ((t as Tensor).grad = null),
};

/** Roundings that functions of few operations may have: relative to the element, and to the greatest one. */
const TOLERANCE: Readonly<Record<string, Tolerance>> = {
  float64: { rtol: 1e-12, atol: 1e-13 },
  float32: { rtol: 4e-6, atol: 1e-6 },
  float16: { rtol: 2 ** -9, atol: 2 ** -10 },
  bfloat16: { rtol: 2 ** -6, atol: 2 ** -7 },
};
/** How much further than PyTorch's own runs ours may be apart: other orders of sums, other polynomials. */
const DEVIATIONS = 8;
/** The least scale of values: they come of others of about 1, which may cancel. */
const LEAST_SCALE = 0.1;

/** Ends a program at its first difference. */
class Different extends Error {
  constructor(readonly difference: Difference) {
    super(difference.detail);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The results that a step names, in order. */
function resultsOf(result: unknown): readonly unknown[] {
  if (result instanceof Tensor || result === null || result === undefined) return [result];
  if (Array.isArray(result)) return result as unknown[];
  return isPlainObject(result) ? Object.values(result) : [result];
}

/** Whether the device cannot have what a step asks for. */
const isLacking = (error: unknown): boolean =>
  error instanceof Inexpressible || (error instanceof DTypeError && error.data.device === 'webgpu');

async function call({ fn, args, kwargs = {}, no_grad = false }: Step, values: Named<unknown>): Promise<unknown> {
  const callee = STEPS[fn] ?? present(findFunction(fn), fn);
  const given = reviveArguments(args, kwargs, values);
  return no_grad ? noGrad(() => callee(...given)) : await callee(...given);
}

/** Runs one step. @throws Different where PyTorch does otherwise */
async function take(step: Step, at: number, values: Record<string, unknown>): Promise<void> {
  let result: unknown;
  try {
    result = await call(step, values);
    // What only the data can tell rejects the read.
    if (step.throws !== undefined) for (const [, tensor] of tensorsOf(result, '')) await tensor.data();
  } catch (error) {
    if (error instanceof NotThere || isLacking(error)) throw error;
    const message = messageOf(error);
    if (step.throws !== undefined && !message.startsWith('internal:')) return;
    throw new Different({ kind: 'throws', at, detail: `${step.fn}: ${message}` });
  }
  if (step.throws !== undefined) {
    throw new Different({ kind: 'accepts', at, detail: `${step.fn}: PyTorch refuses it: ${step.throws}` });
  }
  const results = resultsOf(result);
  step.out?.forEach((name, i) => (values[name] = results[i]));
}

/** What is allowed between a value and the recorded one. */
function toleranceOf({ value, deviation = 0 }: Expected, expected: ArrayLike<number | bigint>): Tolerance {
  if (!(value.dtype in TOLERANCE)) return { rtol: 0, atol: 0 };
  let scale = LEAST_SCALE;
  for (let i = 0; i < expected.length; i++) {
    const size = Math.abs(Number(expected[i]));
    if (Number.isFinite(size) && size > scale) scale = size;
  }
  const { rtol, atol } = TOLERANCE[value.dtype];
  return { rtol, atol: atol * scale + DEVIATIONS * deviation };
}

const isZero = (data: ArrayLike<number | bigint>): boolean => Array.from(data).every((x) => Number(x) === 0);

type Data = Awaited<ReturnType<Tensor['data']>>;

/** Reads of all that is looked at, begun together: one after the other each waits for the device. */
function readAll(values: Iterable<unknown>): ReadonlyMap<unknown, Promise<Data>> {
  const reads = new Map<unknown, Promise<Data>>();
  for (const value of values) {
    if (!(value instanceof Tensor) || reads.has(value)) continue;
    const read = value.data();
    // It rejects where it is awaited.
    read.catch(() => undefined);
    reads.set(value, read);
  }
  return reads;
}

/** Compares one value; its bytes. */
async function look(
  kind: 'value' | 'grad',
  name: string,
  actual: unknown,
  expected: Expected | null,
  reads: ReadonlyMap<unknown, Promise<Data>>,
  mayLack = false,
): Promise<string> {
  const differs = (detail: string): Different => new Different({ kind, at: name, detail });
  if (expected === null || !(actual instanceof Tensor)) {
    if (expected === null && (actual === null || actual === undefined)) return '';
    // Whether a second derivative that is zero is there at all depends on which ops the first is made of.
    if (mayLack && expected !== null && !(actual instanceof Tensor) && isZero(decode(expected.value))) return '';
    // Zeros may stand for a gradient that there is none of.
    if (expected === null && actual instanceof Tensor && isZero(await actual.data())) return '';
    throw differs(
      `expected ${expected === null ? 'none' : described(expected.value)}, got ${actual === null ? 'none' : describe(actual)}`,
    );
  }
  const { dtype, shape } = expected.value;
  checkDType(dtype);
  if (actual.dtype !== dtype || String(actual.shape) !== String(shape)) {
    throw differs(`expected ${described(expected.value)}, got ${String(actual)}`);
  }
  let data: Data;
  try {
    data = await (reads.get(actual) ?? actual.data());
  } catch (error) {
    throw new Different({ kind: 'rejects', at: name, detail: messageOf(error) });
  }
  const wanted = decode(expected.value);
  const found = mismatch(data, wanted, toleranceOf(expected, wanted));
  if (found !== null) throw differs(`${dtype}[${shape.join(', ')}]: ${found}`);
  return bytesOf(data);
}

const described = ({ dtype, shape }: RecordedTensor): string => `${dtype}[${shape.join(', ')}]`;

/** Bytes as text. */
function bytesOf(data: { readonly buffer: ArrayBufferLike }): string {
  const bytes = new Uint8Array(data.buffer);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function checkGraph(name: string, value: Tensor, { requires_grad, is_leaf }: ExpectedValue): void {
  const got = { requires_grad: value.requiresGrad, is_leaf: value.isLeaf };
  if (got.requires_grad === requires_grad && got.is_leaf === is_leaf) return;
  const expected = JSON.stringify({ requires_grad, is_leaf });
  throw new Different({ kind: 'graph', at: name, detail: `expected ${expected}, got ${JSON.stringify(got)}` });
}

/** Runs all steps; false if the last one is none that must be refused, as what PyTorch has saved for it is not needed here. */
async function takeAll({ steps, otherwise }: Program, values: Record<string, unknown>): Promise<boolean> {
  for (const [at, step] of steps.entries()) {
    try {
      await take(step, at, values);
    } catch (error) {
      const isLast = at === steps.length - 1;
      if (isLast && otherwise !== undefined && error instanceof Different && error.difference.kind === 'accepts')
        return false;
      throw error;
    }
  }
  return true;
}

/** Runs a program and compares what every name means in the end. */
export async function execute(program: Program): Promise<Outcome> {
  const { id } = program;
  const bits: Record<string, string> = {};
  try {
    const values: Record<string, unknown> = Object.fromEntries(
      Object.entries(program.inputs).map(([name, value]) => [name, reviveTensor(value)]),
    );
    const isRefused = await takeAll(program, values);
    // Whether a gradient has a graph of its own depends on the ops that it is made of.
    const gradients = program.steps.flatMap(({ fn, out = [] }) => (fn === 'autograd.grad' ? out : []));
    const grads = isRefused ? program.grads : (program.otherwise ?? {});
    const gradOf = (name: string): Tensor | null => (values[name] instanceof Tensor ? values[name].grad : null);
    const named = Object.keys(program.expect).map((name) => values[name]);
    const reads = readAll([...named, ...Object.keys(grads).map(gradOf)]);
    for (const [name, expected] of Object.entries(program.expect)) {
      bits[name] = await look('value', name, values[name], expected, reads);
      if (expected !== null && !gradients.includes(name)) checkGraph(name, values[name] as Tensor, expected);
    }
    const isSecond = program.steps.some(({ kwargs }) => kwargs?.create_graph === true);
    for (const [name, expected] of Object.entries(grads)) {
      // PyTorch may give the very tensor that it was given to go back with, which keeps a gradient if it is a leaf.
      if (gradients.includes(name)) continue;
      bits[`grad of ${name}`] = await look('grad', name, gradOf(name), expected, reads, isSecond);
    }
    return { id, state: 'agrees', bits };
  } catch (error) {
    if (isLacking(error)) return { id, state: 'skipped', bits };
    if (error instanceof Different) return { id, state: 'differs', difference: error.difference, bits };
    if (error instanceof NotThere) {
      return {
        id,
        state: 'differs',
        difference: { kind: 'throws', at: '', detail: `missing: ${error.message}` },
        bits,
      };
    }
    throw error;
  }
}

/** Where bits differ from those of the run before. */
export function compareBits(before: Outcome | undefined, now: Outcome): Outcome {
  if (before?.state !== 'agrees' || now.state !== 'agrees') return now;
  for (const [name, bits] of Object.entries(now.bits)) {
    if (bits === before.bits[name]) continue;
    return { ...now, state: 'differs', difference: { kind: 'bits', at: name, detail: 'other bits than inline' } };
  }
  return now;
}
