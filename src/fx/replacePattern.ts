// Parts of a graph that look like another graph, replaced by a third.
import { KindError } from '../base/errors';
import { isPlainObject } from '../base/arguments';
import { FUNCTION, instanceOf } from '../base/kinds';
import { argument, signature } from '../base/signature';
import type { Graph } from './graph';
import { GraphModule } from './graphModule';
import { Node, type Argument, type Callee } from './node';
import { INPUTS, symbolicTrace } from './symbolicTrace';

/** What was found. */
export interface Match {
  /** The last node of the part, which was replaced. */
  readonly anchor: Node;
  /** What stood for each node of the pattern. */
  readonly nodesMap: ReadonlyMap<Node, Argument>;
}

const REPLACE_PATTERN = signature('replacePattern', [
  argument('gm', instanceOf('a GraphModule', GraphModule)),
  argument('pattern', FUNCTION),
  argument('replacement', FUNCTION),
  argument('inputs', INPUTS),
]);

/** A pattern or replacement: a function to be traced, or a graph. */
export interface Patterns {
  /** For each input of pattern and replacement a tensor, of which the shape is used. */
  readonly inputs: readonly unknown[];
}

/**
 * Replaces in a graph module each part that computes what `pattern` does by what `replacement` does. Both are functions of the same
 * inputs. Parts do not overlap, and nothing outside uses their insides. Returns what was replaced, in order.
 * @example fx.replacePattern(traced, (x: Tensor) => x.mul(sigmoid(x)), (x: Tensor) => silu(x), { inputs: [zeros(1)] });
 * @see torch.fx.replace_pattern
 */
export function replacePattern(
  ...args: [gm: GraphModule, pattern: Callee, replacement: Callee, options: Patterns]
): Match[] {
  const { gm, pattern, replacement, inputs: given } = REPLACE_PATTERN.take(args);
  const options = { inputs: given };
  const wanted = symbolicTrace(pattern, options).graph;
  const put = symbolicTrace(replacement, options).graph;
  const inputs = (graph: Graph): Node[] => graph.nodes.filter(({ op }) => op === 'placeholder');
  if (inputs(wanted).length !== inputs(put).length) {
    throw new KindError('replacePattern', 'pattern and replacement must take the same inputs.');
  }
  const end = wanted.nodes[wanted.length - 1].args[0];
  if (!(end instanceof Node) || end.op === 'placeholder') {
    throw new KindError('replacePattern', 'the pattern must give one tensor that it computes.');
  }
  const matches: Match[] = [];
  const taken = new Set<Node>();
  for (const node of gm.graph.nodes) {
    const found = new Map<Node, Argument>();
    if (!matchesNode(end, node, found) || !isClosed(end, found, taken)) continue;
    const known = new Map(inputs(put).map((input, i) => [input, found.get(inputs(wanted)[i])]));
    const result = gm.graph.insertingBefore(node, () => gm.graph.graphCopy(put, known));
    if (!(result instanceof Node)) throw new KindError('replacePattern', 'the replacement must give one tensor.');
    node.replaceAllUsesWith(result);
    for (const inside of found.values()) if (inside instanceof Node) taken.add(inside);
    matches.push({ anchor: node, nodesMap: found });
  }
  const parts = new Set(matches.flatMap(({ nodesMap }) => [...nodesMap].flatMap(([of, part]) => (of.op === 'placeholder' ? [] : [part])))); // prettier-ignore
  for (const node of gm.graph.nodes.reverse()) if (parts.has(node) && node.users.size === 0) gm.graph.eraseNode(node);
  gm.recompile();
  return matches;
}

/** Whether an argument looks like that of the pattern; notes which node stands for which. */
function matchesArgument(wanted: Argument, given: Argument, found: Map<Node, Argument>): boolean {
  if (wanted instanceof Node) {
    if (wanted.op !== 'placeholder') return given instanceof Node && matchesNode(wanted, given, found);
    if (found.has(wanted)) return found.get(wanted) === given;
    found.set(wanted, given);
    return true;
  }
  if (given instanceof Node) return false;
  if (Array.isArray(wanted)) {
    const items: readonly Argument[] | null = Array.isArray(given) ? given : null;
    return (
      items?.length === wanted.length && wanted.every((item: Argument, i) => matchesArgument(item, items[i], found))
    );
  }
  if (isPlainObject(wanted)) {
    if (!isPlainObject(given)) return false;
    const keys = Object.keys(wanted);
    return keys.length === Object.keys(given).length && keys.every((key) => matchesArgument(wanted[key] as Argument, given[key] as Argument, found)); // prettier-ignore
  }
  return Object.is(wanted, given);
}

function matchesNode(wanted: Node, given: Node, found: Map<Node, Argument>): boolean {
  if (found.has(wanted)) return found.get(wanted) === given;
  if (wanted.op !== given.op || wanted.target !== given.target || wanted.fn !== given.fn) return false;
  if (wanted.args.length !== given.args.length) return false;
  found.set(wanted, given);
  return (
    wanted.args.every((arg, i) => matchesArgument(arg, given.args[i], found)) &&
    matchesArgument(wanted.kwargs, given.kwargs, found)
  );
}

/** Whether nothing outside of the part uses its insides, and nothing of it is part of another. */
function isClosed(end: Node, found: ReadonlyMap<Node, Argument>, taken: ReadonlySet<Node>): boolean {
  const inside = new Set([...found].flatMap(([of, part]) => (of.op === 'placeholder' ? [] : [part])));
  return [...found].every(([of, part]) => {
    if (of.op === 'placeholder' || !(part instanceof Node)) return true;
    return !taken.has(part) && (of === end || [...part.users].every((user) => inside.has(user)));
  });
}
