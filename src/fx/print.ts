// Graphs as torch.fx prints them.
import { isPlainObject } from '../base/arguments';
import type { Graph } from './graph';
import { Node, type Argument } from './node';

/** A value that is no list and no plain object. */
export function objectOrPlain(value: Argument): string {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'object' && value !== null ? `<${value.constructor.name}>` : String(value);
}

/** An argument: nodes as `%name`, lists in brackets. */
function argumentText(value: Argument): string {
  if (value instanceof Node) return `%${value.name}`;
  if (Array.isArray(value)) return `[${value.map(argumentText).join(', ')}]`;
  if (isPlainObject(value)) return `{${entriesText(value)}}`;
  if (typeof value === 'function') return `<function ${value.name}>`;
  return objectOrPlain(value);
}

const entriesText = (named: object): string =>
  Object.entries(named)
    .map(([key, item]) => `${key}: ${argumentText(item as Argument)}`)
    .join(', ');

/** As Python writes a tuple. */
const tupleText = (args: readonly Argument[]): string =>
  `(${args.map(argumentText).join(', ')}${args.length === 1 ? ',' : ''})`;

/** The line of a node. */
export function nodeText(node: Node): string {
  const { name, op, target, args, kwargs, users } = node;
  if (op === 'output') return `return ${argumentText(args[0]).replace(/%/g, '')}`;
  const head = `%${name} : [#users=${users.size}] = ${op}[target=${target}]`;
  return op === 'placeholder' || op === 'getAttr' ? head : `${head}(args = ${tupleText(args)}, kwargs = {${entriesText(kwargs)}})`; // prettier-ignore
}

/** All nodes, a line each. */
export const graphText = (graph: Graph): string =>
  ['graph():', ...graph.nodes.map((node) => `    ${nodeText(node)}`)].join('\n');

/** All nodes as a table. */
export function tableText(graph: Graph): string {
  const plain = (text: string): string => text.replace(/%/g, '');
  const rows = [
    ['opcode', 'name', 'target', 'args', 'kwargs'],
    ...graph.nodes.map(({ op, name, target, args, kwargs }) => [op, name, target, plain(tupleText(args)), `{${plain(entriesText(kwargs))}}`]), // prettier-ignore
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]): string => row.map((cell, i) => cell.padEnd(widths[i])).join('  ').trimEnd(); // prettier-ignore
  return [line(rows[0]), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)].join('\n');
}
