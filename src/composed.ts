// Operations composed of others speak for themselves.

/** `f()`, whose errors begin with `op` instead of the name of what it is composed of. */
export function composed<T>(op: string, f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (error instanceof Error && !error.message.startsWith('internal:')) {
      const { message, stack } = error;
      error.message = message.replace(/^[\w.]+(?=: )/, op);
      // It begins with the message in some engines.
      if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
    }
    throw error;
  }
}
