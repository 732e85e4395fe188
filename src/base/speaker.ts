// Who speaks in an error: a function made of others answers for all of them, so each error is made in the name of the one that was
// called from outside. Nothing is renamed afterwards.

/** The function that was called from outside, in whose name errors speak whatever it is composed of. */
let speaker: string | null = null;

/** `f()`, whose errors begin with `op` instead of the name of what it is composed of, unless `op` itself is part of another. */
export function speakingAs<T>(op: string, f: () => T): T {
  if (speaker !== null) return f();
  speaker = op;
  try {
    return f();
  } finally {
    speaker = null;
  }
}

/** `f()`, code of a user's that runs within a function of the library: its errors are its own. */
export function speakingForItself<T>(f: () => T): T {
  const before = speaker;
  speaker = null;
  try {
    return f();
  } finally {
    speaker = before;
  }
}

/** Who speaks where `op` finds something wrong; null, of what no function is to blame for, stays. */
export const speaking = (op: string | null): string | null => (op === null ? null : (speaker ?? op));
