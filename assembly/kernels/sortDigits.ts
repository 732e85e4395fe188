// Sorting of long columns by digits of 8 bits, the least significant first: elements become unsigned keys of the same order,
// and pairs of key and position go to and fro between the workspace and out, which has 8 bytes an element as well.
//
//   pair:   | key, 4 bytes | position, 4 bytes |      in out `inner` pairs apart
//
// Each pass counts how often a digit comes in each chunk, makes of the counts the places where each chunk's elements of that
// digit go, and moves them. The last pass stores positions alone. Of 8-byte elements the lower halves of the keys go first;
// with its fourth move a pair gets its upper half.
import { DTypeCode, SORT_CHUNKS, SORT_COUNT_BYTES, SORT_SPLIT, Sort } from '../engine/commands';
import { itemSize, taskStart } from '../engine/partition';
import { pulseAt, scratch } from '../engine/worker';

/** Nanoseconds to count and move an element by one digit. */
export const DIGIT_WORK: u64 = 4;
/** Values of a digit. */
const DIGITS: u32 = 256;
/** Digits of a half. */
const HALF: u32 = 4;
/** Phases of a digit: count, places, move. */
const PHASES: u32 = 3;

/** Digits of an element. */
export function digitsOf(c: Sort): u32 {
  return itemSize(c.dtype);
}

/** Where column u of x and out starts. */
@inline
function firstOf(c: Sort, u: u32): u32 {
  const o = u / c.inner;
  return o * c.n * c.inner + (u - o * c.inner);
}

/** Sorts column u with the workspace's part for it, on this worker. */
export function sortColumn(c: Sort, u: u32, workspace: usize): void {
  for (let digit: u32 = 0; digit < digitsOf(c); digit++) {
    count(c, u, digit, workspace, scratch, 0, c.n);
    makePlaces(scratch, 1);
    move(c, u, digit, workspace, scratch, 0, c.n);
  }
}

// ---- split among workers ------------------------------------------------------------------------------

function chunksOf(c: Sort): i32 {
  return min<i32>(SORT_CHUNKS, c.n / SORT_SPLIT);
}

/** One column after the other. */
export function sortSplitTasks(c: Sort, phase: i32): i32 {
  const phases = digitsOf(c) * PHASES;
  if (<u32>phase >= phases * c.outer * c.inner) return 0;
  return (<u32>phase % phases) % PHASES == 1 ? 1 : chunksOf(c);
}

export function sortSplit(c: Sort, phase: i32, task: i32): void {
  const phases = digitsOf(c) * PHASES;
  const u = <u32>phase / phases;
  const digit = (<u32>phase % phases) / PHASES;
  const chunks = chunksOf(c);
  const all: usize = c.workspace + c.n * 8;
  const counts = all + task * SORT_COUNT_BYTES;
  const from = taskStart(c.n, chunks, task);
  const end = taskStart(c.n, chunks, task + 1);
  switch ((<u32>phase % phases) % PHASES) {
    case 0:
      return count(c, u, digit, c.workspace, counts, from, end);
    case 1:
      return makePlaces(all, chunks);
    default:
      move(c, u, digit, c.workspace, counts, from, end);
  }
}

// ---- keys ---------------------------------------------------------------------------------------------

/** An unsigned number in the order of the elements: -0 is 0, NaN the greatest. */
@inline
function keyOf<T>(value: T): u64 {
  if (isFloat<T>()) {
    if (value != value) return 0xffffffffffffffff;
    if (value == 0) value = 0;
    if (sizeof<T>() == 4) {
      const bits = reinterpret<u32>(<f32>value);
      return bits >> 31 ? ~bits : bits | 0x80000000;
    }
    const bits = reinterpret<u64>(<f64>value);
    return bits >> 63 ? ~bits : bits | 0x8000000000000000;
  }
  if (sizeof<T>() == 8) return (<u64>value) ^ 0x8000000000000000;
  if (sizeof<T>() == 4) return (<u32>value) ^ 0x80000000;
  return <u64>value;
}

/** A half of the key of the element at p, for the order that is asked for. */
@inline
function halfKey<T>(p: usize, upper: bool, flips: u32): u32 {
  const key = keyOf<T>(load<T>(p));
  return (<u32>(upper ? key >> 32 : key)) ^ flips;
}

/** Where the pairs of column u are before pass `digit`, and their distance in bytes. */
@inline
function pairsAt(c: Sort, u: u32, digit: u32, workspace: usize): usize {
  return digit & 1 ? workspace : c.out + (firstOf(c, u) << 3);
}

@inline
function strideAt(c: Sort, digit: u32): usize {
  return digit & 1 ? 8 : c.inner << 3;
}

// ---- passes -------------------------------------------------------------------------------------------

/** counts [256] of a digit in the elements [from, end). */
function count(c: Sort, u: u32, digit: u32, workspace: usize, counts: usize, from: u32, end: u32): void {
  memory.fill(counts, 0, DIGITS << 2);
  if (digit == 0) {
    const x: usize = c.x + firstOf(c, u) * itemSize(c.dtype);
    if (c.dtype == DTypeCode.Float32) countElements<f32>(c, x, counts, from, end);
    else if (c.dtype == DTypeCode.Float64) countElements<f64>(c, x, counts, from, end);
    else if (c.dtype == DTypeCode.Int32) countElements<i32>(c, x, counts, from, end);
    else if (c.dtype == DTypeCode.Int64) countElements<i64>(c, x, counts, from, end);
    else countElements<u8>(c, x, counts, from, end);
    return;
  }
  const stride = strideAt(c, digit);
  const shift = (digit % HALF) << 3;
  let p = pairsAt(c, u, digit, workspace) + from * stride;
  for (let j = from; j < end; j++, p += stride) {
    const place = counts + (((load<u32>(p) >> shift) & (DIGITS - 1)) << 2);
    store<u32>(place, load<u32>(place) + 1);
    pulseAt(j, 2);
  }
}

function countElements<T>(c: Sort, x: usize, counts: usize, from: u32, end: u32): void {
  const stride = c.inner * sizeof<T>();
  const flips: u32 = c.descending ? -1 : 0;
  for (let j = from; j < end; j++) {
    const place = counts + ((halfKey<T>(x + j * stride, false, flips) & (DIGITS - 1)) << 2);
    store<u32>(place, load<u32>(place) + 1);
    pulseAt(j, 2);
  }
}

/** Counts [chunks, 256] become places: all elements of a lower digit come first, then those of the chunks before. */
function makePlaces(counts: usize, chunks: i32): void {
  let place: u32 = 0;
  for (let digit: u32 = 0; digit < DIGITS; digit++) {
    for (let chunk = 0; chunk < chunks; chunk++) {
      const at = counts + chunk * SORT_COUNT_BYTES + (digit << 2);
      const number = load<u32>(at);
      store<u32>(at, place);
      place += number;
    }
  }
}

/** Moves the elements [from, end) to their places by a digit. */
function move(c: Sort, u: u32, digit: u32, workspace: usize, places: usize, from: u32, end: u32): void {
  const x: usize = c.x + firstOf(c, u) * itemSize(c.dtype);
  if (c.dtype == DTypeCode.Float32) moveBy<f32>(c, u, digit, workspace, places, x, from, end);
  else if (c.dtype == DTypeCode.Float64) moveBy<f64>(c, u, digit, workspace, places, x, from, end);
  else if (c.dtype == DTypeCode.Int32) moveBy<i32>(c, u, digit, workspace, places, x, from, end);
  else if (c.dtype == DTypeCode.Int64) moveBy<i64>(c, u, digit, workspace, places, x, from, end);
  else moveBy<u8>(c, u, digit, workspace, places, x, from, end);
}

function moveBy<T>(c: Sort, u: u32, digit: u32, workspace: usize, places: usize, x: usize, from: u32, end: u32): void {
  const flips: u32 = c.descending ? -1 : 0;
  const elementStride = c.inner * sizeof<T>();
  const shift = (digit % HALF) << 3;
  const isLast = digit + 1 == <u32>sizeof<T>();
  const toStride: usize = isLast ? c.inner << 3 : strideAt(c, digit + 1);
  const to: usize = isLast ? c.out + (firstOf(c, u) << 3) : pairsAt(c, u, digit + 1, workspace);
  const fromStride: usize = digit == 0 ? elementStride : strideAt(c, digit);
  let p: usize = (digit == 0 ? x : pairsAt(c, u, digit, workspace)) + from * fromStride;
  for (let j = from; j < end; j++, p += fromStride) {
    let key: u32;
    let position: u32;
    if (digit == 0) {
      key = halfKey<T>(p, false, flips);
      position = j;
    } else {
      key = load<u32>(p);
      position = load<u32>(p, 4);
    }
    const place = places + (((key >> shift) & (DIGITS - 1)) << 2);
    const at = load<u32>(place);
    store<u32>(place, at + 1);
    const target = to + at * toStride;
    if (isLast) store<i64>(target, position);
    else {
      if (sizeof<T>() == 8 && digit + 1 == HALF) key = halfKey<T>(x + position * elementStride, true, flips);
      store<u64>(target, (<u64>key) | ((<u64>position) << 32));
    }
    pulseAt(j, 4);
  }
}
