// How many arguments a function takes, which JavaScript does not tell: `length` stops at the first one with a default.

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

function countParameters(source: string): number {
  // Built-in and bound functions have no text.
  if (/\{\s*\[native code\]\s*\}$/.test(source) || /\barguments\b/.test(source)) return Infinity;
  const code = source.replace(OPAQUE, '');
  // An arrow function may have one parameter without parentheses.
  if (/^(?:async\s+)?[\w$]+\s*=>/.test(code)) return 1;
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
  if (parameters.includes('...')) return Infinity;
  return parameters.split(',').filter((parameter) => parameter.trim() !== '').length;
}
