// Lowers pointwise expressions to WGSL: one `let` for each value, inputs loaded where they are first used.
import { isFloat, wideDType, type DType } from '../../base/dtype';
import {
  operands,
  topological,
  type ApplyNode,
  type Expression,
  type Primitive,
  type ScalarNode,
} from '../../expression/expression';
import type { PointwiseProgram } from '../contract';
import { scalarType } from './layout';
import { literal } from './math';

type Register = 'f32' | 'i32' | 'u32' | 'bool';

/** The type of a value on the way: bool is bool, uint8 is u32 within 0 .. 255, the other narrow ones what they are stored as. */
const registerType = (dtype: DType): Register => (dtype === 'bool' ? 'bool' : scalarType(dtype));

/** Formulas by primitive: of floats, and of whole numbers where they differ. Arguments are a, b, c. */
type Rows = { readonly [P in Primitive]: string | readonly [float: string, whole: string] };

const ROWS: Rows = {
  neg: '-a',
  abs: 'abs(a)',
  sqrt: 'sqrtOf(a)',
  floor: ['floor(a)', 'a'],
  ceil: ['ceil(a)', 'a'],
  round: ['round(a)', 'a'],
  trunc: ['trunc(a)', 'a'],
  exp: 'expOf(a)',
  exp2: 'exp2Of(a)',
  expm1: 'expm1Of(a)',
  log: 'logOf(a)',
  log2: 'log2Of(a)',
  log10: '(logOf(a) * 0.4342945f)',
  log1p: 'log1pOf(a)',
  sigmoid: 'sigmoidOf(a)',
  sin: 'sinOf(a)',
  cos: 'cosOf(a)',
  tan: 'tanOf(a)',
  asin: 'asinOf(a)',
  acos: 'acosOf(a)',
  atan: 'atanOf(a)',
  sinh: 'sinhOf(a)',
  cosh: 'coshOf(a)',
  tanh: 'tanhOf(a)',
  asinh: 'asinhOf(a)',
  acosh: 'acoshOf(a)',
  atanh: 'atanhOf(a)',
  erf: 'erfOf(a)',
  erfc: 'erfcOf(a)',
  erfinv: 'erfinvOf(a)',
  lgamma: 'lgammaOf(a)',
  digamma: 'digammaOf(a)',
  bitwiseNot: '~a',
  add: '(a + b)',
  sub: '(a - b)',
  mul: '(a * b)',
  div: '(a / b)',
  floorDivide: ['floorDivideOf(a, b)', 'floorDivideInt(a, b)'],
  truncDivide: ['trunc(a / b)', 'truncDivideInt(a, b)'],
  remainder: ['remainderOf(a, b)', 'remainderInt(a, b)'],
  fmod: ['fmodOf(a, b)', 'fmodInt(a, b)'],
  pow: ['powOf(a, b)', 'powInt(a, b)'],
  maximum: ['maxNan(a, b)', 'max(a, b)'],
  minimum: ['minNan(a, b)', 'min(a, b)'],
  atan2: 'atan2Of(a, b)',
  hypot: 'hypotOf(a, b)',
  copysign: 'withSign(a, b)',
  polygamma: 'polygammaOf(a, b)',
  bitwiseAnd: '(a & b)',
  bitwiseOr: '(a | b)',
  bitwiseXor: '(a ^ b)',
  // Nothing may rest on how NaN compares.
  eq: ['(a == b && !isNan(a) && !isNan(b))', '(a == b)'],
  ne: ['(a != b || isNan(a) || isNan(b))', '(a != b)'],
  lt: ['(a < b && !isNan(a) && !isNan(b))', '(a < b)'],
  le: ['(a <= b && !isNan(a) && !isNan(b))', '(a <= b)'],
  where: 'select(c, b, a)',
  uniform: 'uniformOf(a, b, c)',
};

/** Formulas of int64 that note a result beyond the 32 bits of it that are stored. */
const LONG_ROWS: { readonly [P in Primitive]?: string } = {
  neg: 'negLong(a)',
  abs: 'absLong(a)',
  add: 'addLong(a, b)',
  sub: 'subLong(a, b)',
  mul: 'mulLong(a, b)',
  pow: 'powLong(a, b)',
  truncDivide: 'truncDivideLong(a, b)',
  floorDivide: 'floorDivideLong(a, b)',
};

const DIVIDING: ReadonlySet<Primitive> = new Set<Primitive>(['floorDivide', 'truncDivide', 'remainder', 'fmod']);

/** A value of a program. */
export interface Statement {
  readonly text: string;
  /** The inputs that it depends on. */
  readonly inputs: ReadonlySet<number>;
  /** Whether it depends on the element's place. */
  readonly isPlaced: boolean;
  /** Whether it takes more than a load or a cast. */
  readonly isComputed: boolean;
}

/** A program as statements. */
export interface Lowered {
  readonly statements: readonly Statement[];
  /** Results `r0`, `r1`, ... in the type of the outputs' memory. */
  readonly results: string;
  /** The scalars that a call gives, once for each type that they are taken as. */
  readonly scalars: readonly ScalarUse[];
  /** Whether it divides integers, which faults on zero. */
  readonly divides: boolean;
  /** Whether an int64 may leave the range of what is stored. */
  readonly overflows: boolean;
}

/** A number of the call as a parameter. */
export interface ScalarUse {
  readonly name: string;
  readonly index: number;
  readonly type: 'f32' | 'i32';
  /** Whether it stands for an int64. */
  readonly isLong: boolean;
}

/** Floats and whole numbers travel apart: a float has not the digits of an int32. */
function useOf({ index, dtype }: ScalarNode): ScalarUse {
  const type = isFloat(dtype) ? 'f32' : 'i32';
  return { name: `${type === 'f32' ? 's' : 'n'}${index}`, index, type, isLong: dtype === 'int64' };
}

const lowered = new WeakMap<PointwiseProgram, Lowered>();

/** `x0`, `x1`, ... are the inputs in the type of their memory, `s0`, `s1`, ... the scalars, `position` the element's place. */
export function lower(program: PointwiseProgram): Lowered {
  let known = lowered.get(program);
  if (known === undefined) lowered.set(program, (known = lowerAnew(program)));
  return known;
}

function lowerAnew(program: PointwiseProgram): Lowered {
  const names = new Map<Expression, string>();
  const statements = new Map<Expression, Statement>();
  const scalars = new Map<string, ScalarUse>();
  let divides = false;
  let overflows = false;
  const values = topological(program.outputs);
  for (const x of values) {
    if (x.kind === 'scalar') {
      const use = useOf(x);
      scalars.set(use.name, { ...use, isLong: use.isLong || (scalars.get(use.name)?.isLong ?? false) });
    }
    if (x.kind === 'apply') {
      divides ||= DIVIDING.has(x.primitive) && !isFloat(x.dtype);
      overflows ||= x.dtype === 'int64' && LONG_ROWS[x.primitive] !== undefined;
    }
    if (x.kind === 'cast') overflows ||= x.dtype === 'int64' && isFloat(x.x.dtype);
  }
  program.outputs.forEach((x, i) => (overflows ||= program.outputDTypes[i] === 'int64' && isFloat(x.dtype)));
  for (const x of values) {
    const name = `t${names.size}`;
    const from = operands(x).map((operand) => statements.get(operand) as Statement);
    statements.set(x, {
      text: `let ${name} = ${value(x, names)};`,
      inputs: new Set([...(x.kind === 'input' ? [x.index] : []), ...from.flatMap(({ inputs }) => [...inputs])]),
      isPlaced: x.kind === 'index' || from.some(({ isPlaced }) => isPlaced),
      isComputed: x.kind === 'apply',
    });
    names.set(x, name);
  }
  const results = program.outputs.map((output, i) => {
    const dtype = program.outputDTypes[i];
    const result = convert(names.get(output) as string, output.dtype, dtype);
    return `let r${i} = ${dtype === 'bool' ? `u32(${result})` : result};`;
  });
  return {
    statements: [...statements.values()],
    results: results.join('\n'),
    scalars: [...scalars.values()],
    divides,
    overflows,
  };
}

function value(x: Expression, names: ReadonlyMap<Expression, string>): string {
  switch (x.kind) {
    case 'input':
      return x.dtype === 'bool' ? `(x${x.index} != 0u)` : `x${x.index}`;
    case 'scalar': {
      const { name, type } = useOf(x);
      return convert(`p.${name}`, type === 'i32' ? 'int32' : 'float32', wideDType(x.dtype));
    }
    case 'constant':
      return constant(x.value, x.dtype);
    case 'index':
      return 'i32(position)';
    case 'cast':
      return convert(names.get(x.x) as string, x.x.dtype, x.dtype);
    case 'apply':
      return applied(
        x,
        x.args.map((arg) => names.get(arg) as string),
      );
  }
}

function constant(value: number, dtype: DType): string {
  if (!isFloat(dtype)) {
    if (dtype === 'bool') return String(value !== 0);
    if (dtype === 'uint8') return `${value & 255}u`;
    return `i32(${Math.min(Math.max(Math.trunc(value), -(2 ** 31)), 2 ** 31 - 1)})`;
  }
  const single = Math.fround(value);
  if (Number.isNaN(single)) return 'nan()';
  if (!Number.isFinite(single)) return single > 0 ? 'infinity()' : '-infinity()';
  return Object.is(single, -0) ? 'withSign(0f, -1f)' : literal(single);
}

/** Rounds or wraps to what a dtype holds that is stored wide. */
function narrowed(a: string, dtype: DType): string {
  if (dtype === 'int8' || dtype === 'int16')
    return `((${a} << ${dtype === 'int8' ? 24 : 16}u) >> ${dtype === 'int8' ? 24 : 16}u)`;
  if (dtype === 'float16') return `roundFloat16(${a})`;
  return dtype === 'bfloat16' ? `roundBfloat16(${a})` : a;
}

const convert = (a: string, from: DType, to: DType): string => narrowed(convertWide(a, from, to), to);

function convertWide(a: string, from: DType, to: DType): string {
  const [source, target] = [registerType(from), registerType(to)];
  if (source === target) return a;
  if (target === 'bool') return source === 'f32' ? `((bitcast<u32>(${a}) << 1u) != 0u)` : `(${a} != ${source}(0))`;
  if (source === 'f32') {
    if (to === 'int64') return `toLong(${a})`;
    const whole = `select(i32(${a}), 0, isNan(${a}))`;
    return target === 'u32' ? `(bitcast<u32>(${whole}) & 255u)` : whole;
  }
  return target === 'u32' && source === 'i32' ? `(bitcast<u32>(${a}) & 255u)` : `${target}(${a})`;
}

function applied(x: ApplyNode, args: readonly string[]): string {
  const { primitive } = x;
  const last = x.args[x.args.length - 1].dtype;
  const row = ROWS[primitive];
  const fill = (text: string, given: readonly string[]): string =>
    text.replaceAll(/\b[abc]\b/g, (letter) => given['abc'.indexOf(letter)]);
  if (primitive === 'where') return fill('select(c, b, a)', args);
  if (primitive === 'uniform') return fill('uniformOf(a, b, c)', args);
  if (primitive === 'eq' && args[0] === args[1] && isFloat(last)) return `!isNan(${args[0]})`;
  if (primitive === 'ne' && args[0] === args[1] && isFloat(last)) return `isNan(${args[0]})`;
  const long = last === 'int64' ? LONG_ROWS[primitive] : undefined;
  const text = long ?? (typeof row === 'string' ? row : row[isFloat(last) ? 0 : 1]);
  if (isFloat(last)) return fill(text, args);
  if (last !== 'uint8' && last !== 'bool')
    return x.dtype === last ? narrowed(fill(text, args), last) : fill(text, args);
  // Narrow types are computed in i32, as on the wasm device, and wrapped afterwards.
  const result = fill(
    text,
    args.map((arg) => `i32(${arg})`),
  );
  if (x.dtype === 'uint8') return `(bitcast<u32>(${result}) & 255u)`;
  return last === 'bool' && !COMPARING.has(primitive) ? `(${result} != 0)` : result;
}

const COMPARING: ReadonlySet<Primitive> = new Set<Primitive>(['eq', 'ne', 'lt', 'le']);
