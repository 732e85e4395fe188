// The end of reading: by a signal, or when its time is over.
import { LoadError } from '../base/errors';

export interface TimeOptions {
  /** Ends the reading, wherever it is. */
  signal?: AbortSignal | undefined;
  /** Milliseconds after which the reading is given up; as long as it takes by default. */
  timeout?: number | undefined;
}

/**
 * What `read` gives, unless the signal or the time ends it first; `read` is told by a signal of its own.
 * @throws LoadError when the time is over, the signal's reason when it ends it
 */
export async function withinTime<T>(
  what: string,
  { signal, timeout }: TimeOptions,
  read: (ending: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const ended = new Promise<never>((_, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason that was given
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
  });
  const abort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  const timer =
    timeout === undefined || timeout === Infinity
      ? undefined
      : setTimeout(() => {
          controller.abort(
            new LoadError(null, `${what} must be read within ${timeout} ms, which are over.`, { timeout }),
          );
        }, timeout);
  try {
    const reading = read(controller.signal);
    // What it comes to after the end is nobody's concern.
    reading.catch(() => undefined);
    ended.catch(() => undefined);
    return await Promise.race([reading, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
