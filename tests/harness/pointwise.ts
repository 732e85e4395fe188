// Runs pointwise programs on a KernelBench through the real lowering, and evaluates expressions in plain JavaScript.
import { MAX_COMMAND_WORDS, type Opcode } from '../../assembly/engine/commands';
import type { DeviceBuffer, Kernels, PointwiseProgram, View } from '../../src/device/contract';
import type { CommandStream } from '../../src/device/wasm/transport/commandStream';
import { wasmKernels } from '../../src/device/wasm/kernels';
import { DTYPES, isHalf, newArray, stored, type DType, type TypedArray } from '../../src/base/dtype';
import { topological, type Expression, type Primitive } from '../../src/expression/expression';
import { roundHalf } from '../../src/base/half';
import { denseStrides, numelOf } from '../../src/base/shape';
import { KernelBench, type Build } from './kernel';

interface PlacedBuffer extends DeviceBuffer {
  readonly address: number;
}

/** A view of memory of the bench. */
export interface PlacedView extends View {
  readonly buffer: PlacedBuffer;
}

/** A stream that runs each command at once. */
export class PointwiseBench implements Pick<CommandStream, 'emitWords' | 'pointer'> {
  readonly bench: KernelBench;
  readonly kernels: Kernels;
  commands = 0;

  constructor(build: Build = 'baseline') {
    this.bench = new KernelBench(build);
    this.kernels = wasmKernels({
      emit: () => undefined,
      workspace: () => 0,
      emitWords: (opcode, words, length) => {
        this.emitWords(opcode, words, length);
      },
      pointer: (view) => this.pointer(view),
    });
  }

  emitWords(opcode: Opcode, words: Uint32Array, length: number): void {
    if (length > MAX_COMMAND_WORDS) throw new Error('command too long');
    const command = words.slice(0, length);
    command.set([opcode | (length << 8), 1, 0, 0]);
    this.bench.runWords(command);
    this.commands++;
  }

  pointer(view: View | null | undefined): number {
    return view === null || view === undefined
      ? 0
      : (view as PlacedView).buffer.address + view.offset * DTYPES[view.dtype].bytes;
  }

  /** A tensor with these elements; strides default to dense. */
  place(
    dtype: DType,
    values: TypedArray,
    shape: readonly number[] = [values.length],
    strides: readonly number[] = denseStrides(shape),
    offset = 0,
  ): PlacedView {
    const memory = stored(dtype, values);
    const buffer = { bytes: memory.byteLength, address: this.bench.place(memory) };
    return { buffer, dtype, shape, strides, offset };
  }

  /** A dense output. */
  room(dtype: DType, shape: readonly number[]): PlacedView {
    const bytes = numelOf(shape) * DTYPES[dtype].bytes;
    return {
      buffer: { bytes, address: this.bench.room(bytes) },
      dtype,
      shape,
      strides: denseStrides(shape),
      offset: 0,
    };
  }

  /** The elements of a view in row-major order. */
  read(view: PlacedView): number[] {
    const { bytes } = DTYPES[view.dtype];
    const memory = this.bench.read(Uint8Array, view.buffer.address, view.buffer.bytes);
    const values = DTYPES[view.dtype].array(memory.buffer.slice(0, Math.floor(memory.length / bytes) * bytes));
    return offsets(view).map((at) => Number(values[at]));
  }

  /** Runs a program of one output on dense inputs; returns what it gives. */
  evaluate(output: Expression, inputs: readonly PlacedView[], scalars: readonly number[] = []): number[] {
    const out = this.room(output.dtype, inputs[0]?.shape ?? [0]);
    this.kernels.pointwise(inputs, [out], { program: programOf(inputs, output), scalars });
    return this.read(out);
  }
}

/** A program over inputs of the dtypes of these views. */
export const programOf = (inputs: readonly View[], ...outputs: Expression[]): PointwiseProgram => ({
  name: 'test',
  inputs: inputs.map(({ dtype }) => dtype),
  outputs,
  outputDTypes: outputs.map(({ dtype }) => dtype),
});

/** Positions of a view's elements in its buffer, in row-major order. */
export function offsets({ shape, strides, offset }: View): number[] {
  let positions = [offset];
  shape.forEach((size, d) => {
    positions = positions.flatMap((at) => Array.from({ length: size }, (_, i) => at + i * strides[d]));
  });
  return positions;
}

const roundHalfEven = (x: number): number => {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
};
const floorMod = (a: number, b: number): number => {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
};

/** Those primitives that JavaScript computes. */
const FUNCTIONS: { readonly [P in Primitive]?: (...args: number[]) => number } = {
  neg: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  trunc: Math.trunc,
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sigmoid: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  bitwiseNot: (x) => ~x,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  floorDivide: (a, b) => Math.floor(a / b),
  truncDivide: (a, b) => Math.trunc(a / b),
  remainder: floorMod,
  fmod: (a, b) => a % b,
  pow: (a, b) => (a === 1 ? 1 : a ** b),
  maximum: Math.max,
  minimum: Math.min,
  atan2: Math.atan2,
  hypot: Math.hypot,
  copysign: (a, b) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a)),
  bitwiseAnd: (a, b) => a & b,
  bitwiseOr: (a, b) => a | b,
  bitwiseXor: (a, b) => a ^ b,
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  where: (c, a, b) => (c !== 0 ? a : b),
};

/** Value of an expression in double precision for one element of each input. */
export function evaluate(root: Expression, inputs: readonly number[], scalars: readonly number[] = []): number {
  const values = new Map<Expression, number>();
  const of = (x: Expression): number => values.get(x) as number;
  for (const x of topological([root])) {
    let value: number;
    if (x.kind === 'input') value = inputs[x.index];
    else if (x.kind === 'scalar') value = scalars[x.index];
    else if (x.kind === 'constant') value = x.value;
    else if (x.kind === 'cast') value = castTo(x.dtype, of(x.x));
    else if (x.kind === 'index') value = 0;
    else {
      const f = FUNCTIONS[x.primitive];
      if (f === undefined) throw new Error(`${x.primitive} is not known here`);
      value = f(...x.args.map(of));
    }
    values.set(x, value);
  }
  return of(root);
}

/** `x` as the dtype holds it. */
export function castTo(dtype: DType, x: number): number {
  if (dtype === 'bool') return Number(x !== 0);
  if (dtype === 'float32') return Math.fround(x);
  if (dtype === 'float64') return x;
  if (isHalf(dtype)) return roundHalf(dtype, x);
  const array = dtype === 'int64' ? null : newArray(dtype, 1);
  if (array === null) return Math.trunc(x);
  array[0] = Math.trunc(x);
  return Number(array[0]);
}
