// Names of a function's parameters, which placeholders are called by. JavaScript tells them in the text of the function only.

/** What is no code, and brackets with nothing but code between them. */
const OPAQUE = /\/\/.*|\/\*[^]*?\*\/|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g;
const INNERMOST = /\([^()[\]{}]*\)|\[[^()[\]{}]*\]|\{[^()[\]{}]*\}/g;

/** The names in order; a pattern is called `input`, and so is everything where there is no text. */
export function parameterNames(fn: (...args: never) => unknown): string[] {
  const source = fn.toString();
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return [];
  const code = source.replace(OPAQUE, '');
  const arrow = /^(?:async\s+)?([\w$]+)\s*=>/.exec(code);
  if (arrow !== null) return [arrow[1]];
  const start = code.indexOf('(') + 1;
  let end = start;
  for (let depth = 1; depth > 0 && end < code.length; end++) {
    if ('([{'.includes(code[end])) depth++;
    else if (')]}'.includes(code[end])) depth--;
  }
  let parameters = code.slice(start, end - 1);
  for (let outer = ''; outer !== parameters;) {
    outer = parameters;
    parameters = parameters.replace(INNERMOST, '');
  }
  return parameters
    .split(',')
    .filter((parameter) => parameter.trim() !== '')
    .map((parameter) => /^\s*([A-Za-z_$][\w$]*)/.exec(parameter)?.[1] ?? 'input');
}
