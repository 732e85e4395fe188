// The greatest memory that a process has had so far, as Linux counts it.
import { readdirSync, readFileSync } from 'node:fs';

/** Bytes that were in memory at most (VmHWM); 0 for a process that is gone, or where there is no /proc. */
export function greatestMemory(pid: number | 'self'): number {
  return 1024 * Number(/VmHWM:\s*(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** The processes that `pid` has started, and those that they have. */
export function descendants(pid: number): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map(all.map((name) => [Number(name), Number(/PPid:\s*(\d+)/.exec(read(`/proc/${name}/status`))?.[1] ?? 0)])); // prettier-ignore
  const found = [pid];
  // What is found is looked at in its turn.
  for (const parent of found) for (const [child, of] of parents) if (of === parent) found.push(child);
  return found.slice(1);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
