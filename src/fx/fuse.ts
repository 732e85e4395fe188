// Convolution and linear layers with the batch normalization behind them made one layer, for evaluation.
import { KindError } from '../base/errors';
import { BatchNorm1d, BatchNorm2d, BatchNorm3d } from '../nn/layers/channelNorm';
import { Conv1d, Conv2d, Conv3d } from '../nn/layers/conv';
import { Linear } from '../nn/layers/linear';
import { deepcopy } from '../nn/module/deepcopy';
import { Module } from '../nn/module/module';
import { fuseConvBnEval, fuseLinearBnEval } from '../nn/utils/fusion';
import type { GraphModule } from './graphModule';
import { Node } from './node';
import { symbolicTrace, type SymbolicTraceOptions } from './symbolicTrace';

/** A layer and the normalization of its outputs as one layer; null where these are no such pair. */
function fused(layer: Module, norm: Module): Module | null {
  const isPair =
    (layer instanceof Conv1d && norm instanceof BatchNorm1d) ||
    (layer instanceof Conv2d && norm instanceof BatchNorm2d) ||
    (layer instanceof Conv3d && norm instanceof BatchNorm3d);
  if (isPair && norm.running_mean !== null) return fuseConvBnEval(layer, norm);
  if (layer instanceof Linear && norm instanceof BatchNorm1d && norm.running_mean !== null) {
    return fuseLinearBnEval(layer, norm);
  }
  return null;
}

/**
 * A copy of a module in which each convolution and linear layer whose result goes to a batch normalization alone has taken that into
 * its weight and bias. It computes the same in evaluation mode up to rounding, with less work.
 * @throws TypeError unless the module is in evaluation mode; TraceError if it cannot be traced
 * @example const fast = fx.fuse(net.eval(), { inputs: [zeros(1, 3, 224, 224)] });
 * @see torch.fx.experimental.optimization.fuse
 */
export function fuse(model: Module, options: SymbolicTraceOptions, ...none: readonly never[]): GraphModule {
  if (!(model instanceof Module)) throw new KindError('fuse', 'expected a module.');
  if (model.modules().some((module) => module.training)) {
    throw new KindError('fuse', 'the module must be in evaluation mode. Call eval().');
  }
  const traced = symbolicTrace(deepcopy(model), options, ...none);
  const { graph } = traced;
  for (const node of graph.nodes) {
    const [input] = node.args;
    if (node.op !== 'callModule' || !(input instanceof Node) || input.op !== 'callModule') continue;
    // What others use must stay what it is, and so must a layer that is called twice.
    if (input.users.size > 1 || callsOf(traced, input.target) > 1 || callsOf(traced, node.target) > 1) continue;
    const layer = fused(traced.getSubmodule(input.target), traced.getSubmodule(node.target));
    if (layer === null) continue;
    traced.setSubmodule(input.target, layer);
    node.replaceAllUsesWith(input);
    graph.eraseNode(node);
  }
  return traced.recompile().deleteAllUnusedSubmodules();
}

const callsOf = ({ graph }: GraphModule, path: string): number =>
  graph.nodes.filter(({ op, target }) => op === 'callModule' && target === path).length;
