// Appends pointwise commands: lowered programs are kept per program, and a call fills in addresses, sizes and scalars.
import {
  HEADER_WORDS,
  MAX_COMMAND_WORDS,
  Opcode,
  OperandLayout,
  Pointwise,
  POINTWISE_BLOCK,
} from '../../../../assembly/engine/commands';
import { faultsOf, type FaultReport, type PointwiseParams, type PointwiseProgram, type View } from '../../contract';
import { numelOf } from '../../../base/shape';
import { collapse, groupsOf, layoutOf, type Group } from '../../lowering';
import type { CommandStream } from '../transport/commandStream';
import { argumentNames } from '../transport/encode';
import type { Appender, Lowerings } from './lowering';
import { FIXED_WORDS, lowerPointwise, type LoweredPointwise } from './pointwiseProgram';

/** Where the fields that a call fills in stand in the command. */
const word = (field: 'count' | 'groups' | 'ndim'): number => HEADER_WORDS + argumentNames(Pointwise).indexOf(field);
const COUNT = word('count');
const GROUPS = word('groups');
const NDIM = word('ndim');

const lowered = new WeakMap<PointwiseProgram, LoweredPointwise[]>();

/** The program for calls in which exactly the inputs in `uniform` have one element for all. */
function lower(program: PointwiseProgram, uniform: number): LoweredPointwise {
  let variants = lowered.get(program);
  if (variants === undefined) lowered.set(program, (variants = []));
  return (variants[uniform] ??= lowerPointwise(program, uniform));
}

/** The command in the making; calls do not nest. */
const words = new Uint32Array(MAX_COMMAND_WORDS);
const wordBytes = new DataView(words.buffer);

/** Copies the program into the command and writes its scalars; returns its length in words. */
function begin(program: LoweredPointwise, scalars: readonly number[]): number {
  words.set(program.words);
  for (let i = 0; i < program.scalars; i++) wordBytes.setFloat64((program.scalarsAt + 2 * i) * 4, scalars[i], true);
  words[NDIM] = 0;
  return program.words.length;
}

/** Writes sizes and strides at words[at], collapsed; returns the number of dimensions. Broadcast dimensions have stride 0. */
function writeShape(at: number, shape: readonly number[], views: readonly View[]): number {
  const { sizes, dims } = collapse(shape, views);
  words.set(sizes, at);
  views.forEach(({ strides }, i) => {
    dims.forEach((d, j) => {
      words[at + sizes.length * (1 + i) + j] = strides[d];
    });
  });
  return sizes.length;
}

/** Only division of integers can fault. */
const faults = (
  { fallible }: LoweredPointwise,
  inputs: readonly View[],
  params: PointwiseParams,
): FaultReport | undefined => (fallible ? faultsOf('pointwise', inputs, params) : undefined);

const pointwise: Appender<'pointwise'> = (stream, inputs, outputs, params) => {
  const { shape } = outputs[0];
  const count = numelOf(shape);
  if (count === 0) return;
  let uniform = 0;
  let strided = 0;
  for (let i = 0; i < inputs.length; i++) {
    const layout = layoutOf(shape, inputs[i].strides);
    if (layout === 'uniform') uniform |= 1 << i;
    else if (layout === 'strided') strided |= 1 << i;
  }
  for (let i = 0; i < outputs.length; i++) {
    if (layoutOf(shape, outputs[i].strides) !== 'dense') strided |= 1 << (inputs.length + i);
  }
  const code = lower(params.program, uniform >>> 0);
  let at = begin(code, params.scalars);
  words[COUNT] = count;
  words[GROUPS] = 1;
  if (strided !== 0) {
    const views = [...inputs, ...outputs];
    const ndim = writeShape(at, shape, views);
    words[NDIM] = ndim;
    at += ndim * (1 + views.length);
    for (let i = 0; i < views.length; i++) {
      if ((strided >>> i) & 1) words[FIXED_WORDS + i] |= OperandLayout.Strided << 8;
    }
  }
  words[at++] = 0;
  words[at++] = count;
  for (const view of inputs) words[at++] = stream.pointer(view);
  for (const view of outputs) words[at++] = stream.pointer(view);
  stream.emitWords(Opcode.Pointwise, words, at, inputs, outputs, faults(code, inputs, params));
};

/** One command for groups that agree in which inputs are uniform; more if they do not fit into one. */
function appendGroups(stream: CommandStream, groups: readonly Group[], uniform: number, params: PointwiseParams): void {
  const { program, scalars } = params;
  const code = lower(program, uniform);
  const groupWords = 2 + program.inputs.length + program.outputs.length;
  const capacity = Math.floor((MAX_COMMAND_WORDS - code.words.length) / groupWords);
  for (let first = 0; first < groups.length; first += capacity) {
    const part = groups.slice(first, first + capacity);
    let at = begin(code, scalars);
    let start = 0;
    let end = 0;
    for (const { count, inputs, outputs } of part) {
      words[at++] = start;
      words[at++] = count;
      for (const view of inputs) words[at++] = stream.pointer(view);
      for (const view of outputs) words[at++] = stream.pointer(view);
      end = start + count;
      start = Math.ceil(end / POINTWISE_BLOCK) * POINTWISE_BLOCK;
    }
    words[COUNT] = end;
    words[GROUPS] = part.length;
    const reads = part.flatMap(({ inputs }) => inputs);
    const writes = part.flatMap(({ outputs }) => outputs);
    stream.emitWords(Opcode.Pointwise, words, at, reads, writes, faults(code, reads, params));
  }
}

const foreach: Appender<'foreach'> = (stream, inputs, outputs, params) => {
  const byUniform = new Map<number, Group[]>();
  const single: Group[] = [];
  for (const group of groupsOf(params.program, inputs, outputs)) {
    if (group.count === 0) continue;
    let uniform = 0;
    group.inputs.forEach((view, i) => {
      if (group.count > 1 && numelOf(view.shape) === 1) uniform |= 1 << i;
    });
    const same = byUniform.get(uniform);
    if (group.count === 1) single.push(group);
    else if (same === undefined) byUniform.set(uniform, [group]);
    else same.push(group);
  }
  // A group of one element goes with any others: whether its inputs are dense or uniform is the same.
  const [[, company]] = byUniform.size > 0 ? byUniform : byUniform.set(0, []);
  company.push(...single);
  for (const [uniform, list] of byUniform) appendGroups(stream, list, uniform >>> 0, params);
};

export const POINTWISE: Lowerings<'pointwise' | 'foreach'> = { pointwise, foreach };
