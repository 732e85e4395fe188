// The interpreter of pointwise programs. A task takes its elements a block at a time: operands that are not dense
// go through scratch (operands.ts), then every instruction is one vector loop over the block (instructions.ts).
// A dense operand is read and written in place, so a program of one instruction costs no copy.
//
//   scratch:   | register addresses | loops of the instructions | shape, position | blocks: operands, temporaries |
import {
  OperandLayout,
  POINTWISE_BLOCK,
  POINTWISE_INSTRUCTIONS,
  POINTWISE_REGISTERS,
  Pointwise,
} from '../engine/commands';
import { beginDivisions } from './division';
import { loopOf } from './instructions';
import { Loop } from './loops';
import { Shape, elementShift, gather, isRegisterType, registerShift, scatter } from './operands';
import { scratch } from '../engine/worker';

const LOOPS: usize = POINTWISE_REGISTERS * 4;
const SHAPE: usize = LOOPS + POINTWISE_INSTRUCTIONS * 4;
const POSITION: usize = SHAPE + 64;
const BLOCKS: usize = POSITION + 512;
/** One register of 4-byte elements; the extra line keeps registers from falling on the same cache sets. */
const REGISTER_BYTES: usize = POINTWISE_BLOCK * 4 + 64;
/** A block whose length is not a whole number of vectors goes through scratch; from here on only the rest of it. */
const LONG_BLOCK: u32 = 64;
/** With more registers than this, blocks are halved, so that all of them stay in a first-level cache of 32 KB. */
const MANY_REGISTERS: u32 = 12;

export function pointwiseTasks(c: Pointwise, phase: i32): i32 {
  return phase == 0 ? max(1, <i32>(c.count / c.chunk)) : 0;
}

export function pointwise(c: Pointwise, phase: i32, task: i32): void {
  beginDivisions(changetype<usize>(c));
  placeRegisters(c);
  findLoops(c);
  const from = <u32>task * c.chunk;
  const to = task + 1 == pointwiseTasks(c, 0) ? c.count : from + c.chunk;
  for (let g = groupAt(c, from); g < c.groups; g++) {
    const group = groupAddress(c, g);
    const start = load<u32>(group);
    if (start >= to) return;
    const first = max(from, start) - start;
    const last = min(to - start, load<u32>(group, 4));
    if (first < last) runGroup(c, group + 8, first, last);
  }
}

// ---- the parts of the command ---------------------------------------------------------------------------

@inline
function operandCount(c: Pointwise): u32 {
  return c.inputs + c.outputs;
}

@inline
function operandWord(c: Pointwise, i: u32): u32 {
  return load<u32>(changetype<usize>(c) + offsetof<Pointwise>() + ((<usize>i) << 2));
}

@inline
function cellsAddress(c: Pointwise): usize {
  return changetype<usize>(c) + offsetof<Pointwise>() + ((<usize>operandCount(c)) << 2);
}

@inline
function codeAddress(c: Pointwise): usize {
  return cellsAddress(c) + ((<usize>c.cells) << 3);
}

@inline
function sizesAddress(c: Pointwise): usize {
  return codeAddress(c) + ((<usize>(c.hoisted + c.body)) << 3);
}

function groupAddress(c: Pointwise, g: u32): usize {
  const operands = operandCount(c);
  return sizesAddress(c) + ((<usize>(c.ndim * (1 + operands) + g * (2 + operands))) << 2);
}

/** The last group that starts at or before this element. */
function groupAt(c: Pointwise, element: u32): u32 {
  let low: u32 = 0;
  let high = c.groups - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (load<u32>(groupAddress(c, middle)) <= element) low = middle;
    else high = middle - 1;
  }
  return low;
}

// ---- registers --------------------------------------------------------------------------------------------

@inline
function register(i: u32): usize {
  return load<u32>(scratch + ((<usize>i) << 2));
}

@inline
function setRegister(i: u32, address: usize): void {
  store<u32>(scratch + ((<usize>i) << 2), <u32>address);
}

/** Register behind operands, temporaries and cells: where the position of the block's first element is. */
@inline
function positionRegister(c: Pointwise): u32 {
  return operandCount(c) + c.narrow + c.wide + c.cells;
}

function placeRegisters(c: Pointwise): void {
  const operands = operandCount(c);
  let at = scratch + BLOCKS;
  let r: u32 = 0;
  for (; r < operands; r++) {
    setRegister(r, at);
    at += REGISTER_BYTES << (registerShift(operandWord(c, r) & 0xff) - 2);
  }
  for (let end = r + c.narrow; r < end; r++, at += REGISTER_BYTES) setRegister(r, at);
  for (let end = r + c.wide; r < end; r++, at += REGISTER_BYTES << 1) setRegister(r, at);
  let cell = cellsAddress(c);
  for (let end = r + c.cells; r < end; r++, cell += 8) setRegister(r, cell);
  setRegister(r, scratch + POSITION - 8);
}

function findLoops(c: Pointwise): void {
  let instruction = codeAddress(c);
  let slot = scratch + LOOPS;
  for (let i = c.hoisted + c.body; i != 0; i--, instruction += 8, slot += 4) {
    store<Loop>(slot, loopOf(load<u8>(instruction), load<u8>(instruction, 1)));
  }
}

/** Runs instructions [first, last) on the n elements in the registers. */
function execute(c: Pointwise, first: u32, last: u32, n: u32): void {
  let instruction = codeAddress(c) + ((<usize>first) << 3);
  let slot = scratch + LOOPS + ((<usize>first) << 2);
  for (let i = first; i < last; i++, instruction += 8, slot += 4) {
    const loop = load<Loop>(slot);
    loop(
      register(load<u16>(instruction, 2)),
      register(load<u8>(instruction, 4)),
      register(load<u8>(instruction, 5)),
      register(load<u8>(instruction, 6)),
      n,
    );
  }
}

// ---- blocks -----------------------------------------------------------------------------------------------

/** Elements [first, last) of one group, whose operand pointers are at `pointers`. */
function runGroup(c: Pointwise, pointers: usize, first: u32, last: u32): void {
  const hoisted = c.hoisted;
  const end = hoisted + c.body;
  const registers = operandCount(c) + c.narrow + 2 * c.wide;
  const blockLength: u32 = registers > MANY_REGISTERS ? POINTWISE_BLOCK / 2 : POINTWISE_BLOCK;
  const length = min(blockLength, last - first);
  const operands = operandCount(c);
  // The addresses of the operands' own blocks: `execute` finds others in the registers when operands are in place.
  const blocks = scratch + BLOCKS;

  let block = blocks;
  for (let i: u32 = 0; i < operands; i++) {
    const word = operandWord(c, i);
    setRegister(i, block);
    if (word >> 8 == OperandLayout.Uniform)
      gather(word & 0xff, load<u32>(pointers + ((<usize>i) << 2)), block, 0, length, shapeOf(c, i));
    block += REGISTER_BYTES << (registerShift(word & 0xff) - 2);
  }
  execute(c, 0, hoisted, length);

  for (let at = first; at < last;) {
    let n = min(blockLength, last - at);
    if (n > LONG_BLOCK) n &= ~7;
    const whole = (n & 7) == 0;
    block = blocks;
    for (let i: u32 = 0; i < operands; i++) {
      const word = operandWord(c, i);
      const dtype = word & 0xff;
      const layout = word >> 8;
      const pointer: usize = load<u32>(pointers + ((<usize>i) << 2));
      if (layout == OperandLayout.Dense && whole && isRegisterType(dtype)) {
        setRegister(i, pointer + ((<usize>at) << elementShift(dtype)));
      } else {
        setRegister(i, block);
        if (i < c.inputs && layout != OperandLayout.Uniform) gather(dtype, pointer, block, at, n, shapeOf(c, i));
      }
      block += REGISTER_BYTES << (registerShift(dtype) - 2);
    }
    store<u32>(scratch + POSITION - 8, at);
    execute(c, hoisted, end, n);
    block = blocks;
    for (let i: u32 = 0; i < operands; i++) {
      const word = operandWord(c, i);
      if (i >= c.inputs && register(i) == block) {
        scatter(word & 0xff, load<u32>(pointers + ((<usize>i) << 2)), block, at, n, shapeOf(c, i));
      }
      block += REGISTER_BYTES << (registerShift(word & 0xff) - 2);
    }
    at += n;
  }
}

/** How operand i lies in memory; valid until the next call. */
function shapeOf(c: Pointwise, i: u32): Shape {
  const shape = changetype<Shape>(scratch + SHAPE);
  const layout = operandWord(c, i) >> 8;
  shape.ndim = layout == OperandLayout.Strided ? c.ndim : 0;
  shape.sizes = sizesAddress(c);
  shape.strides = sizesAddress(c) + ((<usize>((1 + i) * c.ndim)) << 2);
  shape.step = layout == OperandLayout.Uniform ? 0 : 1;
  shape.position = scratch + POSITION;
  return shape;
}
