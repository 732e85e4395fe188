// Pointwise programs and foreach: the program's text around loads and stores that fit the layout of each operand. An
// invocation computes one element, or of many elements several, and what is the same for all of them once. A buffer that is read and written is bound once, so writing in place needs no copy.
import { numelOf } from '../../../base/shape';
import { faultsOf, type PointwiseParams, type PointwiseProgram, type View } from '../../contract';
import { collapse, groupsOf, layoutOf, type Layout } from '../../lowering';
import { scalarType } from '../layout';
import { lower, type Lowered, type Statement } from '../lower';
import { RECORD_BEYOND, WORKGROUP, kernel, type Kernel } from '../shader';
import type { GpuStream } from '../stream';
import type { Lowerings } from './lowering';

/** Which buffers a call binds and which of them each operand is in. */
interface Binding {
  readonly reads: readonly View[];
  readonly writes: readonly View[];
  /** Names of the buffers of inputs and outputs. */
  readonly names: readonly string[];
  /** Declarations of the bound buffers. */
  readonly declared: readonly [reads: string[], writes: string[]];
}

/** Every buffer once; written ones as such. */
function bind(inputs: readonly View[], outputs: readonly View[]): Binding {
  const written = new Map<unknown, string>();
  const read = new Map<unknown, string>();
  const reads: View[] = [];
  const writes: View[] = [];
  const declared: [string[], string[]] = [[], []];
  const outputNames = outputs.map((view) => {
    let name = written.get(view.buffer);
    if (name === undefined) {
      name = `w${writes.push(view) - 1}`;
      written.set(view.buffer, name);
      declared[1].push(`${name}: ${scalarType(view.dtype)}`);
    }
    return name;
  });
  const inputNames = inputs.map((view) => {
    let name = written.get(view.buffer) ?? read.get(view.buffer);
    if (name === undefined) {
      name = `b${reads.push(view) - 1}`;
      read.set(view.buffer, name);
      declared[0].push(`${name}: ${scalarType(view.dtype)}`);
    }
    return name;
  });
  return { reads, writes, names: [...inputNames, ...outputNames], declared };
}

/** Numbers of programs, for keys: equal programs are one object. */
const numbers = new WeakMap<PointwiseProgram, number>();
let programs = 0;

function numberOf(program: PointwiseProgram): number {
  let number = numbers.get(program);
  if (number === undefined) numbers.set(program, (number = programs++));
  return number;
}

/**
 * Elements of one invocation where there are many, unless the program is long. A product of 1e6 takes 7 ms instead of 12 on
 * SwiftShader, where an invocation's beginning weighs.
 */
const SEVERAL = 4;
const MANY = 1 << 14;
const LONG = 24;

/** Whether a value is the same for all elements. */
const isCommon = ({ inputs, isPlaced }: Statement, layouts: readonly Layout[]): boolean =>
  !isPlaced && [...inputs].every((i) => layouts[i] === 'uniform');

function makeKernel(
  program: PointwiseProgram,
  { statements, results, scalars, divides, overflows }: Lowered,
  { declared, names }: Binding,
  layouts: readonly Layout[],
  ndim: number,
  each: number,
  isBeyond: boolean,
): Kernel {
  const key = `pointwise ${program.name} ${numberOf(program)} ${layouts.join('')} ${ndim} ${names.join(' ')} ${each} ${isBeyond}`;
  return kernel(key, () => {
    const inputs = program.inputs.length;
    const strided = layouts.flatMap((layout, i) => (layout === 'strided' ? [i] : []));
    const dims = Array.from({ length: ndim }, (_, d) => d);
    const place = (i: number): string => {
      if (layouts[i] === 'dense') return `p.at${i} + i`;
      if (layouts[i] === 'uniform') return `p.at${i}`;
      return [`p.at${i}`, ...dims.map((d) => `c${d} * p.stride${i}_${d}`)].join(' + ');
    };
    const coordinates =
      strided.length === 0
        ? []
        : [
            'var left = i;',
            ...dims
              .toReversed()
              .flatMap((d) =>
                d === 0 ? ['let c0 = left;'] : [`let c${d} = left % p.size${d};`, `left = left / p.size${d};`],
              ),
          ];
    const load = (i: number): string => `let x${i} = ${names[i]}[${place(i)}];`;
    const operands = program.inputs.map((_, i) => i);
    const isOnce = (i: number): boolean => each > 1 && layouts[i] === 'uniform';
    const common = each > 1 ? statements.filter((statement) => isCommon(statement, layouts)) : [];
    const element = [
      'let position = i;',
      ...coordinates,
      ...operands.filter((i) => !isOnce(i)).map(load),
      ...statements.filter((statement) => !common.includes(statement)).map(({ text }) => text),
      results,
      ...program.outputs.map((_, k) => `${names[inputs + k]}[${place(inputs + k)}] = r${k};`),
    ];
    return {
      reads: declared[0],
      writes: declared[1],
      params: [
        'count: u32',
        ...layouts.map((_, i) => `at${i}: u32`),
        ...scalars.map(({ name, type }) => `${name}: ${type}`),
        ...(strided.length === 0 ? [] : dims.map((d) => `size${d}: u32`)),
        ...strided.flatMap((i) => dims.map((d) => `stride${i}_${d}: u32`)),
      ],
      records: divides || overflows || isBeyond,
      body: [
        ...operands.filter(isOnce).map(load),
        ...common.map(({ text }) => text),
        ...Array.from({ length: each }, (_, e) =>
          [
            '{',
            `let i = (group * ${each}u + ${e}u) * ${WORKGROUP}u + lane;`,
            // Those that follow are further on.
            'if (i >= p.count) { return; }',
            ...element,
            '}',
          ].join('\n'),
        ),
        divides ? 'if (dividedByZero) { record(DIVISION_FAULT, dividend); }' : '',
        isBeyond ? 'let beyond = beyondLong(0);' : '',
        overflows || isBeyond ? RECORD_BEYOND : '',
      ].join('\n'),
    };
  });
}

const LIMIT = 2 ** 31;

/** Whether a number given for an int64 fits into what is stored of it. */
const isStored = (x: number): boolean => !(Math.trunc(x) >= LIMIT || Math.trunc(x) < -LIMIT);

function run(
  stream: GpuStream,
  inputs: readonly View[],
  outputs: readonly View[],
  params: PointwiseParams,
  shape: readonly number[],
  layouts: readonly Layout[],
): void {
  const count = numelOf(shape);
  if (count === 0) return;
  const { program, scalars } = params;
  const lowered = lower(program);
  const views = [...inputs, ...outputs];
  const strided = views.filter((_, i) => layouts[i] === 'strided');
  const { sizes, dims } = strided.length === 0 ? { sizes: [], dims: [] } : collapse(shape, strided);
  const binding = bind(inputs, outputs);
  const { statements, divides, overflows } = lowered;
  const isBeyond = lowered.scalars.some(({ index, isLong }) => isLong && !isStored(scalars[index]));
  const fallible = divides || overflows || isBeyond;
  const isSaving = statements.some((statement) => statement.isComputed && isCommon(statement, layouts));
  const isLong = statements.length > LONG && !isSaving;
  const each = count >= MANY && !fallible && !isLong ? SEVERAL : 1;
  const code = makeKernel(program, lowered, binding, layouts, sizes.length, each, isBeyond);
  const numbers = lowered.scalars.map(({ index, type }) =>
    type === 'f32' ? scalars[index] : Math.min(Math.max(Math.trunc(scalars[index]), -LIMIT), LIMIT - 1),
  );
  const strides = strided.flatMap((view) => dims.map((d) => view.strides[d]));
  const words = [count, ...views.map(({ offset }) => offset), ...numbers, ...sizes, ...strides];
  stream.run(code, binding.reads, binding.writes, words, Math.ceil(count / (WORKGROUP * each)), {
    // A buffer is bound once, as written if it is read too; in-place commands depend on it all the same.
    from: inputs,
    to: outputs,
    faults: fallible ? faultsOf('pointwise', inputs, params) : undefined,
  });
}

export const POINTWISE: Lowerings<'pointwise' | 'foreach'> = {
  pointwise(stream, inputs, outputs, params) {
    const { shape } = outputs[0];
    const layouts = [...inputs, ...outputs].map(({ strides }) => layoutOf(shape, strides));
    run(stream, inputs, outputs, params, shape, layouts);
  },
  foreach(stream, inputs, outputs, params) {
    for (const group of groupsOf(params.program, inputs, outputs)) {
      const { count } = group;
      const layouts = [...group.inputs, ...group.outputs].map((view): Layout =>
        count > 1 && numelOf(view.shape) === 1 ? 'uniform' : 'dense',
      );
      run(stream, group.inputs, group.outputs, params, [count], layouts);
    }
  },
};
