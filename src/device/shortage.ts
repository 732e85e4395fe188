// The error for memory that cannot be had, the same on every device.
import { OutOfMemoryError } from '../base/errors';

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;

/** What is to be done about it; reclaim.ts knows more than a device does. */
let advice: () => string = () => '';

/** Sets what knows how the memory was used up. */
export function adviseBy(source: () => string): void {
  advice = source;
}

/** The error for a request of `bytes` with `live` in use. `what` must stay under `limit`. */
export function outOfMemory(bytes: number, live: number, limit: number, what = 'memory'): OutOfMemoryError {
  return new OutOfMemoryError(
    'allocate',
    `${what} must stay under ${megabytes(limit)}, got a request for ${megabytes(bytes)} with ${megabytes(live)} in use. ` +
      `${advice()}Drop references to tensors (scope() frees temporaries at once), use a smaller batch, or give init a larger maxMemory.`,
    { requested: bytes, live, limit },
  );
}
