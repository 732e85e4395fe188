// The printed form of modules, equal to PyTorch's `print(model)`, and Python's spelling of values in it.
import type { Module } from './module';

/** Python's spelling of a float: 1 -> 1.0, 0.00001 -> 1e-05. */
export function float(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf';
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const [digits, exponent] = x.toExponential().split('e');
    return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
  }
  return Number.isInteger(x) ? `${x}.0` : String(x);
}

/** Python's spelling of what a constructor was given: True, None, (3, 3), 'same', 2. Floats go through `float`. */
export function literal(value: boolean | number | string | null | readonly (number | null)[]): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number') return String(value);
  return `(${value.map(literal).join(', ')}${value.length === 1 ? ',' : ''})`;
}

/** A module with its children, one to a line; `name` in front is the caller's. */
export function represent(name: string, extra: string, children: readonly string[]): string {
  const extraLines = extra === '' ? [] : extra.split('\n');
  if (extraLines.length + children.length === 0) return `${name}()`;
  if (extraLines.length === 1 && children.length === 0) return `${name}(${extra})`;
  return `${name}(\n  ${[...extraLines, ...children].join('\n  ')}\n)`;
}

/** A child as its parent shows it: `(name): Linear(...)`, its own lines indented. */
export function representChild(name: string, child: Module | null): string {
  return `(${name}): ${indent(child === null ? 'None' : child.toString())}`;
}

function indent(text: string): string {
  return text.replaceAll('\n', '\n  ');
}
