// What JavaScript itself asks of an object: how it prints in Node and in a browser's DevTools, and what it is in JSON.
import { KindError } from './errors';
import { signature } from './signature';

/** Under this key Node's console looks for a function that gives the text of an object. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** The functions behind that key that were put there here. */
const printed = new WeakSet<WeakKey>();

/** Lets consoles print objects of a class as `text` says; `JSON.stringify` throws with `cure`, as it would give something else. */
export function printsAs<T extends object>(
  type: { readonly prototype: T },
  text: (value: T) => string,
  cure: string,
): void {
  const define = (key: string | symbol, value: (this: T) => string): void => {
    Object.defineProperty(type.prototype, key, { configurable: true, writable: true, value });
  };
  const print = function (this: T): string {
    return text(this);
  };
  printed.add(print);
  define(INSPECT, print);
  define('toJSON', () => {
    throw new KindError(null, cure);
  });
}

/** The text of an object whose class prints itself; null for any other value. */
function textOf(value: unknown): string | null {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return null;
  const print: unknown = Reflect.get(value, INSPECT);
  // Only what was made with `printsAs`: objects of others may have the key for Node alone.
  return typeof print === 'function' && printed.has(print)
    ? String(Reflect.apply(print as () => string, value, []))
    : null;
}

/** An element as DevTools take it: its name, attributes, and content. */
type Markup = readonly [name: string, attributes: Readonly<Record<string, string>>, content: string];
const markup = (text: string): Markup => ['div', { style: 'white-space: pre; font-family: monospace' }, text];

/** The first line, and the whole where there are more. @see https://www.mattzeunert.com/2016/02/19/custom-chrome-devtools-object-formatters.html */
const FORMATTER = {
  header(value: unknown): Markup | null {
    const text = textOf(value);
    return text === null ? null : markup(text.split('\n', 1)[0]);
  },
  hasBody: (value: unknown): boolean => textOf(value)?.includes('\n') ?? false,
  body: (value: unknown): Markup => markup(textOf(value) ?? ''),
};

const DEVTOOLS = signature('installDevtoolsFormatter', []);

/**
 * Lets the console of the browser's DevTools print tensors and modules as Node does, where its settings have custom formatters
 * switched on. Once is enough.
 */
export function installDevtoolsFormatter(...none: readonly []): void {
  DEVTOOLS.values(none);
  const page = globalThis as { devtoolsFormatters?: unknown[] };
  const formatters = (page.devtoolsFormatters ??= []);
  if (!formatters.includes(FORMATTER)) formatters.push(FORMATTER);
}
