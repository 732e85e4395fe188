// The parameters of a function, which JavaScript does not tell but by its text: `length` stops at the first one with a default.

const known = new WeakMap<object, number>();

/** The number of parameters of `fn`, Infinity if it takes any number of them. */
export function mostArguments(fn: (...args: never) => unknown): number {
  let count = known.get(fn);
  if (count === undefined) {
    count = countParameters(fn.toString());
    known.set(fn, count);
  }
  return count;
}

/** What is no code, and brackets with nothing but code between them. */
const OPAQUE = /\/\/.*|\/\*[^]*?\*\/|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g;
const INNERMOST = /\([^()[\]{}]*\)|\[[^()[\]{}]*\]|\{[^()[\]{}]*\}/g;

/** The parameters of the function with that text, without what brackets in them hold; null where it has none. */
export function parametersOf(source: string): string[] | null {
  // Built-in and bound functions.
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return null;
  const code = source.replace(OPAQUE, '');
  // An arrow function may have one parameter without parentheses.
  const arrow = /^(?:async\s+)?([\w$]+)\s*=>/.exec(code);
  if (arrow !== null) return [arrow[1]];
  const start = code.indexOf('(') + 1;
  let end = start;
  for (let depth = 1; depth > 0 && end < code.length; end++) {
    if ('([{'.includes(code[end])) depth++;
    else if (')]}'.includes(code[end])) depth--;
  }
  let parameters = code.slice(start, end - 1);
  // Defaults and patterns hold commas of their own.
  for (let outer = ''; outer !== parameters;) {
    outer = parameters;
    parameters = parameters.replace(INNERMOST, '');
  }
  return parameters.split(',').filter((parameter) => parameter.trim() !== '');
}

function countParameters(source: string): number {
  const parameters = /\barguments\b/.test(source) ? null : parametersOf(source);
  if (parameters === null || parameters.some((parameter) => parameter.includes('...'))) return Infinity;
  return parameters.length;
}
