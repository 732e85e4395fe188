// The usual way from a module to a graph module.
import { KindError } from '../base/errors';
import { describe } from '../base/errorText';
import { isPlainObject } from '../base/arguments';
import { ANYTHING, FUNCTION, NAMED, kind } from '../base/kinds';
import { argument, signature } from '../base/signature';
import type { Tensor } from '../core/tensor';
import { Module } from '../nn/module/module';
import { attributeOf, type Graph } from './graph';
import { GraphModule, type Attributes } from './graphModule';
import type { Callee } from './node';
import { Tracer, type TraceOptions } from './tracer';

/** How to trace. */
export interface SymbolicTraceOptions extends TraceOptions {
  /** Which modules are called as a whole, by themselves and their paths; default: those of `nn` but Sequential. */
  isLeafModule?: (module: Module, path: string) => boolean;
}

/** Tensors to trace with. */
export const INPUTS = kind<readonly unknown[]>('a list', Array.isArray);
const OPTIONS = signature('symbolicTrace', [
  argument('root', { ...ANYTHING, takesObject: false }),
  argument('inputs', INPUTS),
  argument('concreteArgs', NAMED, {}),
  argument('isLeafModule', FUNCTION, null),
]);

/**
 * The graph module of a module or function: `forward` runs once, without computing anything, and each call of a function, of a method
 * or of a leaf module with what came of its inputs becomes a node. Branches and loops are those that were taken.
 *
 * Shapes are those of `inputs`, tensors (also on meta) or trees of them; numbers that `forward` takes from them are constants.
 * @throws TraceError where values are read; TypeError for a wrong option
 * @example const traced = fx.symbolicTrace(net, { inputs: [zeros(1, 3, 32, 32)] }); print(traced.graph)
 * @see torch.fx.symbolic_trace
 */
export function symbolicTrace(
  root: Module | Callee,
  options: SymbolicTraceOptions,
  ...none: readonly never[]
): GraphModule {
  if (!(root instanceof Module) && typeof root !== 'function') {
    throw new KindError('symbolicTrace', `root must be a module or a function, got ${describe(root)}.`);
  }
  if (!isPlainObject(options) || none.length > 0) {
    throw new KindError('symbolicTrace', `inputs must be given by name, as in symbolicTrace(net, { inputs: [x] }), got ${describe(options)}.`); // prettier-ignore
  }
  const { inputs, concreteArgs, isLeafModule } = OPTIONS.take([root, options]);
  const tracer = new Tracer();
  if (isLeafModule !== null) tracer.isLeafModule = isLeafModule as NonNullable<SymbolicTraceOptions['isLeafModule']>;
  const constants = new Map<string, Tensor>();
  const graph = tracer.trace(
    root,
    { inputs, concreteArgs: concreteArgs as Readonly<Record<string, unknown>> },
    constants,
  );
  return withConstants(root, graph, constants);
}

/** A graph module of what was traced, with the constants that were met. */
function withConstants(root: Module | Callee, graph: Graph, constants: ReadonlyMap<string, Tensor>): GraphModule {
  const attributes: Record<string, Module | Tensor> = Object.fromEntries(constants);
  if (!(root instanceof Module)) return new GraphModule(attributes, graph);
  if (constants.size === 0) return new GraphModule(root, graph);
  for (const { op, target } of graph.nodes) {
    if (op !== 'callModule' && op !== 'getAttr') continue;
    attributes[target] ??= attributeOf(root, target) as Module | Tensor;
  }
  return Object.assign(new GraphModule(attributes satisfies Attributes, graph), { training: root.training });
}
