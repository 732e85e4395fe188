// Guard words around the blocks of the heap, for the checking mode: written and verified in the order of commands, so that
// a block may be handed on while commands that still use it are queued. The page keeps the table of them in a block of its
// own, entries of (pointer, bytes, end, unused); an entry with end 0 is free.
import { FAULT_GUARD, GUARD_BYTES, GUARD_ENTRY_BYTES, Guard, Verify } from './commands';
import { recordFaultOf } from './worker';

const PATTERN: u8 = 0xd5;

export function guard(c: Guard): void {
  if (c.moved != 0) {
    memory.copy(c.table, c.moved, c.slot * GUARD_ENTRY_BYTES);
    return;
  }
  const entry: usize = c.table + c.slot * GUARD_ENTRY_BYTES;
  store<u32>(entry, c.pointer);
  store<u32>(entry, c.bytes, 4);
  store<u32>(entry, c.end, 8);
  if (c.end == 0) return;
  memory.fill(c.pointer - GUARD_BYTES, PATTERN, GUARD_BYTES);
  memory.fill(c.pointer + c.bytes, PATTERN, c.end - c.pointer - c.bytes);
}

export function verify(c: Verify): void {
  for (let slot = c.first; slot < c.last; slot++) {
    const entry: usize = c.table + slot * GUARD_ENTRY_BYTES;
    const end = load<u32>(entry, 8);
    if (end == 0) continue;
    const pointer = load<u32>(entry);
    verifyRange(c, pointer - GUARD_BYTES, pointer);
    verifyRange(c, pointer + load<u32>(entry, 4), end);
  }
}

function verifyRange(c: Verify, start: usize, end: usize): void {
  let at = start;
  for (; at + 16 <= end; at += 16) if (v128.any_true(v128.xor(v128.load(at), i8x16.splat(PATTERN)))) break;
  for (; at < end; at++) {
    if (load<u8>(at) == PATTERN) continue;
    recordFaultOf(c.subject, FAULT_GUARD, (<i64>c.opcode) | ((<i64>at) << 32));
    memory.fill(start, PATTERN, end - start);
    return;
  }
}
