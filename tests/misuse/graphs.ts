// What fx has: a valid call of each function and of each method; calls.test.ts makes wrong ones of them.
import { fx, nn, ones, relu, type Tensor } from '../../src';
import type { Subject } from './classes';
import type { Call } from './functions';
import { ANY_TEXT } from './mutations';

const nothing: Call = () => [];
const linear = (): nn.Linear => new nn.Linear(4, 2);
const traced = (): fx.GraphModule => fx.symbolicTrace(linear(), { inputs: [ones(1, 4)] });

/** One graph for all methods, so that nodes are its own. */
const graph = new fx.Graph();
graph.callFunction(relu, [graph.placeholder('x')]);
const first = graph.nodes[0];
const node = graph.nodes[1];

export const FX: Readonly<Record<string, Call>> = {
  fuse: () => [linear().eval(), { inputs: [ones(1, 4)] }],
  replacePattern: () => [traced(), relu, relu, { inputs: [ones(1, 4)] }],
  symbolicTrace: () => [linear(), { inputs: [ones(1, 4)] }],
  wrap: () => [ANY_TEXT, (x: Tensor) => x],
};

export const GRAPHS: Readonly<Record<string, Subject>> = {
  Graph: {
    args: nothing,
    make: () => graph,
    methods: {
      placeholder: () => [ANY_TEXT],
      getAttr: () => [ANY_TEXT],
      insertingBefore: () => [node, () => 1],
      insertingAfter: () => [node, () => 1],
      eraseNode: () => [graph.placeholder('y')],
      eliminateDeadCode: nothing,
      nodeCopy: () => [node, (of: fx.Node) => of],
      graphCopy: () => [traced().graph, new Map()],
      lint: () => [linear()],
      tabular: nothing,
    },
  },
  Node: {
    args: null,
    make: () => node,
    methods: {
      isImpure: nothing,
      replaceInputWith: () => [first, node],
      replaceAllUsesWith: () => [first, () => true],
      prepend: () => [first],
      append: () => [first],
    },
  },
  GraphModule: {
    args: () => [linear(), traced().graph],
    make: traced,
    methods: { recompile: nothing, deleteAllUnusedSubmodules: nothing },
  },
  Interpreter: { args: () => [traced()] },
  Transformer: { args: () => [traced()], methods: { transform: nothing } },
  ShapeProp: { args: () => [traced()] },
  Tracer: { args: nothing, methods: { trace: () => [linear(), { inputs: [ones(1, 4)] }, new Map()] } },
};
