// torch.fx: computations as graphs, to look at, change and run.
export { Graph } from './graph';
export { GraphModule, type Attributes } from './graphModule';
export { Interpreter, type WithGraph } from './interpreter';
export { Node, type Argument, type Callee, type Meta, type Named, type Opcode } from './node';
export { Tracer, type TraceOptions } from './tracer';
export { Transformer } from './transformer';
export { ShapeProp } from './shapeProp';
export { fuse } from './fuse';
export { replacePattern, type Match, type Patterns } from './replacePattern';
export { symbolicTrace, type SymbolicTraceOptions } from './symbolicTrace';
export { getattr, getitem, wrap } from './functions';
