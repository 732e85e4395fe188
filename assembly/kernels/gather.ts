// Reading and adding by index; the formulas stand at IndexCommand. Reads work on any element size, sums on T.
//
// Sums are cut by output row: a task owns rows [low, high) of out, looks through all indices in order and adds
// what falls into its rows. So every element of out is added up in the order of the indices, however the
// rows are cut, and tasks never write the same memory.
import { DTypeCode, FAULT_INDEX, IndexCommand, ScatterKind } from '../engine/commands';
import { itemSize, taskCount, taskStart } from '../engine/partition';
import { pulse, pulseAt, recordFault } from '../engine/worker';

/** What `rowAt` gives for an index that is ignored or out of range. */
const NONE: u32 = 0xffffffff;
/** Nanoseconds to gather or add one element. */
const ELEMENT_WORK: u64 = 2;
/** More cuts than this would spend their time on looking through the indices. */
const MAX_CUTS: u32 = 8;
/** Elements of out and of the addends together that are worth a cut of their own. */
const CUT_ELEMENTS: u32 = 32768;

/** The row that position `at` of the index names, or NONE if it is ignored or, which is a fault, out of range. */
function rowAt(c: IndexCommand, at: u32): u32 {
  let index: i64;
  if (c.indexDtype == DTypeCode.Int64) index = load<i64>(c.index + (at << 3));
  else if (c.indexDtype == DTypeCode.Int32) index = load<i32>(c.index + (at << 2));
  else index = load<u8>(c.index + at);
  if (c.hasIgnore && index == c.ignore) return NONE;
  if (<u64>index < c.n) return <u32>index;
  recordFault(c, FAULT_INDEX, index);
  return NONE;
}

// ---- reading ------------------------------------------------------------------------------------

export function gatherTasks(c: IndexCommand, phase: i32): i32 {
  return phase == 0 ? taskCount(c.outer * c.m, 4 + c.inner * ELEMENT_WORK) : 0;
}

export function gather(c: IndexCommand, phase: i32, task: i32): void {
  const inner = c.inner;
  const size = itemSize(c.dtype);
  const tasks = gatherTasks(c, phase);
  const end = taskStart(c.outer * c.m, tasks, task + 1);
  let row = taskStart(c.outer * c.m, tasks, task);
  let at = row * inner;
  for (; row < end; row++) {
    const plane = c.a + (row / c.m) * c.n * inner * size;
    for (let i: u32 = 0; i < inner; i++, at++) {
      pulseAt(at, <u32>ELEMENT_WORK);
      const from = rowAt(c, at);
      const source = plane + (from * inner + i) * size;
      if (size == 4) store<u32>(c.out + (at << 2), from == NONE ? 0 : load<u32>(source));
      else if (size == 8) store<u64>(c.out + (at << 3), from == NONE ? 0 : load<u64>(source));
      else store<u8>(c.out + at, from == NONE ? 0 : load<u8>(source));
    }
  }
}

export function indexSelectTasks(c: IndexCommand, phase: i32): i32 {
  return phase == 0 ? taskCount(c.outer * c.m, 8 + (c.inner * itemSize(c.dtype)) / 8) : 0;
}

export function indexSelect(c: IndexCommand, phase: i32, task: i32): void {
  const tasks = indexSelectTasks(c, 0);
  const end = taskStart(c.outer * c.m, tasks, task + 1);
  let row = taskStart(c.outer * c.m, tasks, task);
  while (row < end) {
    const o = row / c.m;
    const first = row - o * c.m;
    const last = min<u32>(c.m, first + end - row);
    selectRows(c, o, first, last);
    row += last - first;
  }
}

/** The rows of plane `o` that positions [first, last) of the index name. */
function selectRows(c: IndexCommand, o: u32, first: u32, last: u32): void {
  const bytes = c.inner * itemSize(c.dtype);
  const plane = c.a + o * c.n * bytes;
  let to = c.out + (o * c.m + first) * bytes;
  if (bytes == 4 && c.indexDtype == DTypeCode.Int32 && !c.hasIgnore) {
    // Rows of one number, as resampling takes them: a fifth of the time of what follows.
    const n = c.n;
    for (let at: usize = c.index + (first << 2); first < last; first++, to += 4, at += 4) {
      const from = load<u32>(at);
      if (from < n) store<u32>(to, load<u32>(plane + (from << 2)));
      else store<u32>(to, rowAt(c, first) & 0);
    }
    return;
  }
  for (; first < last; first++, to += bytes) {
    const from = rowAt(c, first);
    if (from != NONE) copyBytes(to, plane + from * bytes, bytes);
    else memory.fill(to, 0, bytes);
  }
}

/** Copies a row; memory.copy pays only for long ones, as it leaves the compiled code. */
function copyBytes(to: usize, from: usize, bytes: u32): void {
  if (bytes >= 512) {
    memory.copy(to, from, bytes);
    return;
  }
  for (; bytes >= 16; to += 16, from += 16, bytes -= 16) v128.store(to, v128.load(from));
  for (; bytes >= 4; to += 4, from += 4, bytes -= 4) store<u32>(to, load<u32>(from));
  for (; bytes > 0; to++, from++, bytes--) store<u8>(to, load<u8>(from));
}

// ---- adding -------------------------------------------------------------------------------------

/** Into how many ranges of rows each of the `outer` planes of out is cut. */
function cuts(c: IndexCommand): u32 {
  if (c.outer >= MAX_CUTS) return 1;
  return max<u32>(1, min<u32>(min<u32>(c.n, MAX_CUTS), ((c.n + c.m) * c.inner) / CUT_ELEMENTS));
}

export function scatterAddTasks(c: IndexCommand, phase: i32): i32 {
  const planeWork = <u64>c.n * c.inner + <u64>c.m * c.inner * ELEMENT_WORK;
  return phase == 0 ? taskCount(c.outer * cuts(c), 8 + planeWork / cuts(c)) : 0;
}

export function scatterAdd(c: IndexCommand, phase: i32, task: i32): void {
  addByIndex(c, task, false);
}

export function indexAddTasks(c: IndexCommand, phase: i32): i32 {
  return scatterAddTasks(c, phase);
}

export function indexAdd(c: IndexCommand, phase: i32, task: i32): void {
  addByIndex(c, task, true);
}

function addByIndex(c: IndexCommand, task: i32, wholeRows: bool): void {
  const tasks = scatterAddTasks(c, 0);
  const perPlane = cuts(c);
  const rowBytes = c.inner * itemSize(c.dtype);
  const end = taskStart(c.outer * perPlane, tasks, task + 1);
  for (let unit = taskStart(c.outer * perPlane, tasks, task); unit < end; unit++) {
    const o = unit / perPlane;
    const cut = unit - o * perPlane;
    const low = taskStart(c.n, perPlane, cut);
    const high = taskStart(c.n, perPlane, cut + 1);
    memory.fill(c.out + (o * c.n + low) * rowBytes, 0, (high - low) * rowBytes);
    addRange(c, o, low, high, wholeRows);
  }
}

/** Adds plane `o` of a to the rows [low, high) of the same plane of out. */
function addRange(c: IndexCommand, o: u32, low: u32, high: u32, wholeRows: bool): void {
  switch (c.dtype) {
    case DTypeCode.Float32:
      addPlane<f32>(c, o, low, high, wholeRows);
      break;
    case DTypeCode.Float64:
      addPlane<f64>(c, o, low, high, wholeRows);
      break;
    case DTypeCode.Int32:
      addPlane<i32>(c, o, low, high, wholeRows);
      break;
    case DTypeCode.Int64:
      addPlane<i64>(c, o, low, high, wholeRows);
      break;
    default:
      addPlane<i8>(c, o, low, high, wholeRows);
  }
}

/** addRange for a type; the index is per row or per element. */
function addPlane<T>(c: IndexCommand, o: u32, low: u32, high: u32, wholeRows: bool): void {
  const inner = c.inner;
  if (wholeRows && inner == 1 && c.indexDtype == DTypeCode.Int32 && !c.hasIgnore) return addNumbers<T>(c, o, low, high);
  const out = c.out + o * c.n * inner * sizeof<T>();
  let at = o * c.m * inner;
  let a = c.a + at * sizeof<T>();
  for (let j: u32 = 0; j < c.m; j++) {
    if (wholeRows) {
      const row = rowAt(c, j);
      pulse(inner);
      if (row >= low && row < high) addRow<T>(a, out + row * inner * sizeof<T>(), inner);
      a += inner * sizeof<T>();
    } else {
      for (let i: u32 = 0; i < inner; i++, at++, a += sizeof<T>()) {
        pulseAt(at, <u32>ELEMENT_WORK);
        const row = rowAt(c, at);
        if (row < low || row >= high) continue;
        const p = out + (row * inner + i) * sizeof<T>();
        store<T>(p, <T>(load<T>(p) + load<T>(a)));
      }
    }
  }
}

/** addPlane for rows of one number. */
function addNumbers<T>(c: IndexCommand, o: u32, low: u32, high: u32): void {
  const n = c.n;
  const out = c.out + o * n * sizeof<T>();
  let a = c.a + o * c.m * sizeof<T>();
  for (let j: u32 = 0; j < c.m; j++, a += sizeof<T>()) {
    pulseAt(j, <u32>ELEMENT_WORK);
    const row = load<u32>(c.index + (j << 2));
    if (row >= low && row < high) {
      const p = out + row * sizeof<T>();
      store<T>(p, <T>(load<T>(p) + load<T>(a)));
    } else if (row >= n) {
      rowAt(c, j);
    }
  }
}

/** out [n] += a [n]. */
function addRow<T>(a: usize, out: usize, n: u32): void {
  const end = out + n * sizeof<T>();
  for (; out + 16 <= end; out += 16, a += 16) v128.store(out, v128.add<T>(v128.load(out), v128.load(a)));
  for (; out < end; out += sizeof<T>(), a += sizeof<T>()) store<T>(out, <T>(load<T>(out) + load<T>(a)));
}

// ---- joining with what is there --------------------------------------------------------------------

export function scatterTasks(c: IndexCommand, phase: i32): i32 {
  return scatterAddTasks(c, phase);
}

export function scatter(c: IndexCommand, phase: i32, task: i32): void {
  const tasks = scatterTasks(c, phase);
  const perPlane = cuts(c);
  const end = taskStart(c.outer * perPlane, tasks, task + 1);
  for (let unit = taskStart(c.outer * perPlane, tasks, task); unit < end; unit++) {
    const o = unit / perPlane;
    const cut = unit - o * perPlane;
    const low = taskStart(c.n, perPlane, cut);
    const high = taskStart(c.n, perPlane, cut + 1);
    if (c.kind == ScatterKind.Add) addRange(c, o, low, high, <bool>c.wholeRows);
    else if (c.dtype == DTypeCode.Float32) joinPlane<f32>(c, o, low, high);
    else if (c.dtype == DTypeCode.Float64) joinPlane<f64>(c, o, low, high);
    else if (c.dtype == DTypeCode.Int32) joinPlane<i32>(c, o, low, high);
    else if (c.dtype == DTypeCode.Int64) joinPlane<i64>(c, o, low, high);
    else joinPlane<u8>(c, o, low, high);
  }
}

/** Joins plane `o` of a with rows [low, high) of the same plane of out. */
function joinPlane<T>(c: IndexCommand, o: u32, low: u32, high: u32): void {
  const inner = c.inner;
  const out = c.out + o * c.n * inner * sizeof<T>();
  let at = o * c.m * inner;
  for (let j: u32 = 0; j < c.m; j++) {
    for (let i: u32 = 0; i < inner; i++, at++) {
      pulseAt(at, <u32>ELEMENT_WORK);
      const row = rowAt(c, at);
      if (row < low || row >= high) continue;
      const p = out + (row * inner + i) * sizeof<T>();
      store<T>(p, joined<T>(c.kind, load<T>(p), load<T>(c.a + at * sizeof<T>())));
    }
  }
}

/** NaN wins over numbers. */
function joined<T>(kind: u32, old: T, value: T): T {
  switch (kind) {
    case ScatterKind.Set:
      return value;
    case ScatterKind.Mul:
      return <T>(old * value);
    case ScatterKind.Amax:
      return value > old || value != value ? value : old;
    default:
      return value < old || value != value ? value : old;
  }
}
