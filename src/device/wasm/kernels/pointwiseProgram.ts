// Lowers pointwise expressions to the bytecode of assembly/pointwise/pointwise.ts: instructions in order, scalars and constants
// as cells, registers reused as soon as their value is dead so that a block of all of them stays in the L1 cache.
import {
  DTypeCode,
  HEADER_WORDS,
  OperandLayout,
  POINTWISE_BLOCK,
  POINTWISE_INSTRUCTIONS,
  POINTWISE_REGISTERS,
  Pointwise,
  PointwiseOp,
} from '../../../../assembly/engine/commands';
import { DTYPES, isFloat, wideDType, type DType } from '../../../base/dtype';
import {
  cast,
  operands,
  topological,
  type ApplyNode,
  type Expression,
  type Primitive,
} from '../../../expression/expression';
import type { PointwiseProgram } from '../../contract';
import { argumentNames, type Arguments } from '../transport/encode';

/** Words of a command up to its operands. */
export const FIXED_WORDS = HEADER_WORDS + argumentNames(Pointwise).length;

/** A program for one choice of uniform inputs. */
export interface LoweredPointwise {
  /** The command up to its sizes, with dense operands; header, count, groups, ndim and scalars are still to be written. */
  readonly words: Uint32Array;
  /** Word of the first scalar; each takes two. */
  readonly scalarsAt: number;
  readonly scalars: number;
  /** Whether it divides integers, which faults on zero. */
  readonly fallible: boolean;
}

const capitalized = <Name extends string>(name: Name): Capitalize<Name> =>
  (name.charAt(0).toUpperCase() + name.slice(1)) as Capitalize<Name>;

/** The instruction of a primitive, which has its name. */
const opcodeOf = (primitive: Primitive): PointwiseOp => PointwiseOp[capitalized(primitive)];

/** The parts of the register file, in the order of their numbers. */
type Place = 'input' | 'output' | 'narrow' | 'wide' | 'cell' | 'position';

/** What an instruction computes, or a leaf. Several expressions may be one value: bool is int32 in a register. */
interface Value {
  readonly type: DTypeCode;
  /** The same for every element, so computed before the blocks. */
  readonly uniform: boolean;
  place: Place;
  /** Number within the place; temporaries get theirs when all instructions are known. */
  index: number;
}

interface Instruction {
  readonly op: PointwiseOp;
  /** Of the arguments. */
  readonly type: DTypeCode;
  readonly args: readonly Value[];
  readonly out: Value;
}

/** The type in registers: bool and the narrow integers are held as int32, 16-bit floats as float32. */
const registerType = (dtype: DType): DTypeCode =>
  dtype === 'bool' || dtype === 'uint8' ? DTypeCode.Int32 : DTYPES[wideDType(dtype)].code;
/** Whether a register may hold what the dtype does not. */
const isNarrow = (dtype: DType): boolean => registerType(dtype) !== DTYPES[dtype].code;
const isWide = (type: DTypeCode): boolean => type === DTypeCode.Float64 || type === DTypeCode.Int64;

/** Primitives whose result may leave the range of a narrow integer or bool though their arguments are in it. */
const OVERFLOWING: ReadonlySet<Primitive> = new Set<Primitive>(['neg', 'add', 'sub', 'mul', 'pow', 'bitwiseNot']);
/** Primitives that divide; on integers they fault on zero. */
const DIVIDING: ReadonlySet<Primitive> = new Set<Primitive>(['floorDivide', 'truncDivide', 'remainder', 'fmod']);

/** Conversions to the register types, by their codes. */
const CONVERSIONS: readonly PointwiseOp[] = [
  PointwiseOp.ToFloat32,
  PointwiseOp.ToFloat64,
  PointwiseOp.ToInt32,
  PointwiseOp.ToInt64,
];

/** Elementary functions that have a vector version in float32. */
const VECTORISED: ReadonlySet<PointwiseOp> = new Set([
  PointwiseOp.Exp,
  PointwiseOp.Expm1,
  PointwiseOp.Log,
  PointwiseOp.Log1p,
  PointwiseOp.Sigmoid,
  PointwiseOp.Tanh,
  PointwiseOp.Erf,
]);

/** Index of a temporary that has no register yet. */
const UNPLACED = -1;

/** Chooses instructions for expressions, operands first. */
class Selection {
  readonly instructions: Instruction[] = [];
  readonly constants: number[] = [];
  readonly scalars: number;
  fallible = false;
  private readonly values = new Map<Expression, Value>();
  private readonly uses = new Map<Expression, number>();

  constructor(
    private readonly roots: readonly Expression[],
    private readonly uniformInputs: number,
  ) {
    const nodes = topological(roots);
    this.scalars = Math.max(0, ...nodes.map((x) => (x.kind === 'scalar' ? x.index + 1 : 0)));
    for (const x of [...roots, ...nodes.flatMap(operands)]) this.uses.set(x, (this.uses.get(x) ?? 0) + 1);
  }

  results(): readonly Value[] {
    // What is only stored needs no rounding: storing rounds.
    return this.roots.map((root) =>
      root.kind === 'cast' && this.uses.get(root) === 1
        ? this.convert(this.value(root.x), root.x.dtype, root.dtype, false)
        : this.value(root),
    );
  }

  private value(x: Expression): Value {
    let value = this.values.get(x);
    if (value === undefined) {
      value = this.select(x);
      this.values.set(x, value);
    }
    return value;
  }

  private select(x: Expression): Value {
    const type = registerType(x.dtype);
    switch (x.kind) {
      case 'input':
        return { type, uniform: ((this.uniformInputs >>> x.index) & 1) === 1, place: 'input', index: x.index };
      case 'scalar':
        return this.splat(type, x.index);
      case 'constant':
        return this.splat(type, this.scalars + this.constantCell(x.value));
      case 'index':
        return this.emit(PointwiseOp.Index, type, type, [{ type, uniform: false, place: 'position', index: 0 }]);
      case 'cast':
        return this.convert(this.value(x.x), x.x.dtype, x.dtype);
      case 'apply':
        return this.apply(x);
    }
  }

  private apply(x: ApplyNode): Value {
    const [a, b] = x.args;
    if (x.primitive === 'add' && isFloat(x.dtype)) {
      if (this.isSingleProduct(a)) return this.multiplyAdd(a, b);
      if (this.isSingleProduct(b)) return this.multiplyAdd(b, a);
    }
    const args = x.args.map((arg) => this.value(arg));
    if (x.primitive === 'uniform' && !(args[1].uniform && args[2].uniform)) {
      throw new Error('internal: the seeds of uniform must be scalars');
    }
    // A choice is made by int32; its type is that of what it chooses from.
    const type = args[args.length - 1].type;
    this.fallible ||= DIVIDING.has(x.primitive) && !isFloat(x.dtype);
    const result = this.emit(opcodeOf(x.primitive), type, registerType(x.dtype), args);
    // 16-bit floats are rounded when they are stored, or where the formula says so.
    return OVERFLOWING.has(x.primitive) && !isFloat(x.dtype) ? this.narrowed(result, x.dtype) : result;
  }

  /** The value rounded or wrapped to what `dtype` holds. */
  private narrowed(value: Value, dtype: DType): Value {
    if (!isNarrow(dtype)) return value;
    if (dtype === 'bool') return this.emit(PointwiseOp.ToBool, value.type, value.type, [value]);
    return this.emit(PointwiseOp.Narrow, DTYPES[dtype].code, value.type, [value]);
  }

  /** A product that is used only here, so that it can become part of a multiply-add. */
  private isSingleProduct(x: Expression): x is ApplyNode {
    return x.kind === 'apply' && x.primitive === 'mul' && this.uses.get(x) === 1;
  }

  private multiplyAdd(product: ApplyNode, summand: Expression): Value {
    const args = [...product.args, summand].map((arg) => this.value(arg));
    return this.emit(PointwiseOp.MulAdd, args[0].type, args[0].type, args);
  }

  private convert(value: Value, from: DType, to: DType, narrows = true): Value {
    if (to === 'bool') return this.emit(PointwiseOp.ToBool, value.type, DTypeCode.Int32, [value]);
    const type = registerType(to);
    const converted = value.type === type ? value : this.emit(CONVERSIONS[type], value.type, type, [value]);
    return narrows && from !== 'bool' ? this.narrowed(converted, to) : converted;
  }

  private splat(type: DTypeCode, cell: number): Value {
    return this.emit(PointwiseOp.Splat, type, type, [{ type, uniform: true, place: 'cell', index: cell }]);
  }

  private constantCell(value: number): number {
    const known = this.constants.findIndex((constant) => Object.is(constant, value));
    return known >= 0 ? known : this.constants.push(value) - 1;
  }

  private emit(op: PointwiseOp, type: DTypeCode, result: DTypeCode, args: readonly Value[]): Value {
    const out: Value = {
      type: result,
      uniform: args.every((arg) => arg.uniform),
      place: isWide(result) ? 'wide' : 'narrow',
      index: UNPLACED,
    };
    this.instructions.push({ op, type, args, out });
    return out;
  }
}

/**
 * Sends each result to its output. Its last instruction may write to the output's memory directly unless inputs,
 * which may be the same memory, are read later; otherwise it is copied there at the end of the block.
 */
function placeOutputs(body: Instruction[], results: readonly Value[]): void {
  const lastRead = body.findLastIndex(({ args }) => args.some(({ place, uniform }) => place === 'input' && !uniform));
  const copies: Instruction[] = [];
  results.forEach((value, index) => {
    const made = body.findIndex(({ out }) => out === value);
    if (made >= 0 && made >= lastRead && value.index === UNPLACED) Object.assign(value, { place: 'output', index });
    else {
      const out: Value = { type: value.type, uniform: false, place: 'output', index };
      copies.push({ op: PointwiseOp.Copy, type: value.type, args: [value], out });
    }
  });
  body.push(...copies);
}

/** Gives temporaries their registers; what is hoisted keeps its own to the end, as every block reads it again. */
function allocate(hoisted: readonly Instruction[], body: readonly Instruction[]): { narrow: number; wide: number } {
  const lastUse = new Map<Value, number>();
  const instructions = [...hoisted, ...body];
  instructions.forEach(({ args }, at) => {
    for (const arg of args) lastUse.set(arg, at >= hoisted.length && arg.uniform ? Infinity : at);
  });
  const free = { narrow: [] as number[], wide: [] as number[] };
  const used = { narrow: 0, wide: 0 };
  instructions.forEach(({ args, out }, at) => {
    // An argument that dies here may give its register to the result: every loop reads an element before it writes it.
    for (const arg of new Set(args)) {
      if ((arg.place === 'narrow' || arg.place === 'wide') && lastUse.get(arg) === at) free[arg.place].push(arg.index);
    }
    if (out.place === 'narrow' || out.place === 'wide') out.index = free[out.place].pop() ?? used[out.place]++;
  });
  return used;
}

/** Nanoseconds an element of one instruction and of one operand that comes from memory (2 GHz x86-64, both rough). */
const LIGHT = 0.2;
const OPERAND = 0.3;
/** Vector polynomials and loops over single whole numbers. */
const MEDIUM = 1.5;
/** Functions computed one at a time in double precision. */
const HEAVY = 30;
/** What a task should take: the barrier costs about 9 µs. */
const TASK_NANOSECONDS = 20000;

function cost({ op, type }: Instruction): number {
  if (op === PointwiseOp.Pow || (op > PointwiseOp.Trunc && op < PointwiseOp.BitwiseNot)) {
    return type === DTypeCode.Float32 && VECTORISED.has(op) ? MEDIUM : HEAVY;
  }
  return op === PointwiseOp.Uniform ? MEDIUM : LIGHT;
}

/** Lowers `program` for calls in which exactly the inputs in `uniform` (bit i for input i) have one element for all. */
export function lowerPointwise(program: PointwiseProgram, uniform: number): LoweredPointwise {
  const roots = program.outputs.map((output, i) => cast(program.outputDTypes[i], output));
  const selection = new Selection(roots, uniform);
  const results = selection.results();
  const hoisted = selection.instructions.filter(({ out }) => out.uniform);
  const body = selection.instructions.filter(({ out }) => !out.uniform);
  placeOutputs(body, results);
  const { narrow, wide } = allocate(hoisted, body);

  const instructions = [...hoisted, ...body];
  const cells = [...Array<number>(selection.scalars).fill(0), ...selection.constants];
  const dtypes = [...program.inputs, ...program.outputDTypes];
  const firstTemporary = dtypes.length;
  const base: { readonly [P in Place]: number } = {
    input: 0,
    output: program.inputs.length,
    narrow: firstTemporary,
    wide: firstTemporary + narrow,
    cell: firstTemporary + narrow + wide,
    position: firstTemporary + narrow + wide + cells.length,
  };
  if (
    base.position >= POINTWISE_REGISTERS ||
    instructions.length > POINTWISE_INSTRUCTIONS ||
    program.inputs.length > 32
  ) {
    throw new Error(`internal: ${program.name} is too large for one pointwise program`);
  }
  const fixed: Arguments<Pointwise> = {
    count: 0,
    chunk: chunkOf(instructions, dtypes.length),
    groups: 0,
    ndim: 0,
    inputs: program.inputs.length,
    outputs: roots.length,
    cells: cells.length,
    hoisted: hoisted.length,
    body: body.length,
    narrow,
    wide,
  };
  const layoutOf = (i: number): OperandLayout =>
    ((i < program.inputs.length ? uniform : 0) >>> i) & 1 ? OperandLayout.Uniform : OperandLayout.Dense;
  const number = (value: Value | undefined): number => (value === undefined ? 0 : base[value.place] + value.index);
  const words = Uint32Array.from([
    ...Array<number>(HEADER_WORDS).fill(0),
    ...argumentNames(Pointwise).map((name) => fixed[name]),
    ...dtypes.map((dtype, i) => DTYPES[dtype].code | (layoutOf(i) << 8)),
    ...new Uint32Array(new Float64Array(cells).buffer),
    ...instructions.flatMap(({ op, type, args, out }) => [
      op | (type << 8) | (number(out) << 16),
      number(args[0]) | (number(args[1]) << 8) | (number(args[2]) << 16),
    ]),
  ]);
  return { words, scalarsAt: FIXED_WORDS + dtypes.length, scalars: selection.scalars, fallible: selection.fallible };
}

/** Elements a task. */
function chunkOf(instructions: readonly Instruction[], operandCount: number): number {
  const nanoseconds = instructions.reduce((sum, instruction) => sum + cost(instruction), OPERAND * operandCount);
  return POINTWISE_BLOCK * Math.max(1, Math.round(TASK_NANOSECONDS / nanoseconds / POINTWISE_BLOCK));
}
