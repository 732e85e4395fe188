// Names of a function's parameters, which placeholders are called by.
import { parametersOf } from '../nn/module/arity';

/** The names in order; a pattern is called `input`. None where the function has no text. */
export const parameterNames = (fn: (...args: never) => unknown): string[] =>
  (parametersOf(fn.toString()) ?? []).map((parameter) => /^\s*([A-Za-z_$][\w$]*)/.exec(parameter)?.[1] ?? 'input');
