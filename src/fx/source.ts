// A graph as the TypeScript that a person would have written. Nothing evaluates it: it is to be read and copied.
import { isPlainObject } from '../base/arguments';
import { calleeOf, getattr, getitem } from './functions';
import type { Graph } from './graph';
import { objectOrPlain } from './print';
import { Node, type Argument, type Named } from './node';

const isIdentifier = (text: string): boolean => /^[A-Za-z_$][\w$]*$/.test(text);

function valueText(value: Argument): string {
  if (value instanceof Node) return value.name;
  if (typeof value === 'string') return `'${value.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n')}'`;
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (isPlainObject(value)) return objectText(value as Named);
  return typeof value === 'function' ? value.name : objectOrPlain(value);
}

function objectText(named: Named): string {
  const entries = Object.entries(named).map(([key, item]) => {
    const text = valueText(item);
    const name = isIdentifier(key) ? key : `'${key}'`;
    return name === text ? name : `${name}: ${text}`;
  });
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** `a.0.b` behind `this`: `this.a[0].b`. */
const pathText = (path: string): string =>
  path.split('.').reduce((text, name) => text + (isIdentifier(name) ? `.${name}` : /^\d+$/.test(name) ? `[${name}]` : `['${name}']`), 'this'); // prettier-ignore

function callText(callee: string, args: readonly Argument[], kwargs: Named): string {
  const all = args.map(valueText);
  if (Object.keys(kwargs).length > 0) all.push(objectText(kwargs));
  return `${callee}(${all.join(', ')})`;
}

function expressionText({ op, target, fn, args, kwargs }: Node): string {
  if (op === 'getAttr') return pathText(target);
  if (op === 'callModule') return callText(pathText(target), args, kwargs);
  if (fn !== null) {
    if (fn === getitem) return `${valueText(args[0])}[${valueText(args[1])}]`;
    return fn === getattr ? `${valueText(args[0])}.${args[1] as string}` : callText(calleeOf(fn), args, kwargs);
  }
  const [self, ...rest] = args;
  return callText(`${valueText(self)}.${target}`, rest, kwargs);
}

/** `forward` of the graph. */
export function sourceText(graph: Graph): string {
  const inputs: string[] = [];
  const lines: string[] = [];
  for (const node of graph.nodes) {
    if (node.op === 'placeholder') inputs.push(node.name);
    else if (node.op === 'output') lines.push(`return ${valueText(node.args[0])};`);
    else lines.push(`${node.users.size > 0 ? `const ${node.name} = ` : ''}${expressionText(node)};`);
  }
  return `forward(${inputs.join(', ')}) {\n${lines.map((line) => `  ${line}\n`).join('')}}`;
}
