// From opcode to kernel. Every kernel is a pair of functions:
//   <kernel>Tasks(command, phase)   how many independent tasks the phase has; 0 ends the command.
//                                   Depends on shape, dtype and build only, never on workers or timing.
//   <kernel>(command, phase, task)  runs one of them, on any worker; phases are separated by a barrier.
// One task means that the leader runs the phase alone, without a barrier.
import { batchNorm, batchNormBackward, batchNormBackwardTasks, batchNormTasks } from '../kernels/batchNorm';
import {
  ArgReduce,
  BatchNorm,
  BatchNormBackward,
  ConvCommand,
  Gemm,
  IndexCommand,
  Linalg,
  NormalizeRows,
  NormalizeRowsBackward,
  Opcode,
  Pointwise,
  PoolCommand,
  Reduce,
  Scan,
  ScanIndices,
  SearchSorted,
  Softmax,
  SoftmaxBackward,
  Sort,
} from './commands';
import { conv2d, conv2dGradInput, conv2dGradInputTasks, conv2dTasks } from '../kernels/conv';
import { conv2dGradWeight, conv2dGradWeightTasks } from '../kernels/convGradWeight';
import {
  gather,
  gatherTasks,
  indexAdd,
  indexAddTasks,
  indexSelect,
  indexSelectTasks,
  scatter,
  scatterAdd,
  scatterAddTasks,
  scatterTasks,
} from '../kernels/gather';
import { gemm, gemmTasks } from '../kernels/gemm';
import { linalg, linalgTasks } from '../kernels/linalg/linalg';
import { normalizeRows, normalizeRowsBackward, normalizeRowsBackwardTasks, normalizeRowsTasks } from '../kernels/norm';
import { pointwise, pointwiseTasks } from '../pointwise/pointwise';
import {
  adaptiveAvgPool2d,
  adaptiveAvgPool2dBackward,
  avgPool2d,
  avgPool2dBackward,
  maxPool2d,
  maxPool2dBackward,
  poolTasks,
} from '../kernels/pool';
import { argReduce, argReduceTasks, reduce, reduceTasks } from '../kernels/reduce';
import { scan, scanIndices, scanIndicesTasks, scanTasks } from '../kernels/scan';
import { searchSorted, searchSortedTasks } from '../kernels/search';
import { softmax, softmaxBackward, softmaxBackwardTasks, softmaxTasks } from '../kernels/softmax';
import { sort, sortTasks } from '../kernels/sort';

/** Number of tasks of a phase. */
export function tasks(opcode: i32, command: usize, phase: i32): i32 {
  switch (opcode) {
    case Opcode.Pointwise:
      return pointwiseTasks(changetype<Pointwise>(command), phase);
    case Opcode.Reduce:
      return reduceTasks(changetype<Reduce>(command), phase);
    case Opcode.ArgReduce:
      return argReduceTasks(changetype<ArgReduce>(command), phase);
    case Opcode.Scan:
      return scanTasks(changetype<Scan>(command), phase);
    case Opcode.Gemm:
      return gemmTasks(changetype<Gemm>(command), phase);
    case Opcode.Conv2d:
      return conv2dTasks(changetype<ConvCommand>(command), phase);
    case Opcode.Conv2dGradInput:
      return conv2dGradInputTasks(changetype<ConvCommand>(command), phase);
    case Opcode.Conv2dGradWeight:
      return conv2dGradWeightTasks(changetype<ConvCommand>(command), phase);
    case Opcode.MaxPool2d:
    case Opcode.MaxPool2dBackward:
    case Opcode.AvgPool2d:
    case Opcode.AvgPool2dBackward:
    case Opcode.AdaptiveAvgPool2d:
    case Opcode.AdaptiveAvgPool2dBackward:
      return poolTasks(changetype<PoolCommand>(command), phase);
    case Opcode.Softmax:
      return softmaxTasks(changetype<Softmax>(command), phase);
    case Opcode.SoftmaxBackward:
      return softmaxBackwardTasks(changetype<SoftmaxBackward>(command), phase);
    case Opcode.NormalizeRows:
      return normalizeRowsTasks(changetype<NormalizeRows>(command), phase);
    case Opcode.NormalizeRowsBackward:
      return normalizeRowsBackwardTasks(changetype<NormalizeRowsBackward>(command), phase);
    case Opcode.BatchNorm:
      return batchNormTasks(changetype<BatchNorm>(command), phase);
    case Opcode.BatchNormBackward:
      return batchNormBackwardTasks(changetype<BatchNormBackward>(command), phase);
    case Opcode.Gather:
      return gatherTasks(changetype<IndexCommand>(command), phase);
    case Opcode.ScatterAdd:
      return scatterAddTasks(changetype<IndexCommand>(command), phase);
    case Opcode.IndexSelect:
      return indexSelectTasks(changetype<IndexCommand>(command), phase);
    case Opcode.IndexAdd:
      return indexAddTasks(changetype<IndexCommand>(command), phase);
    case Opcode.Sort:
      return sortTasks(changetype<Sort>(command), phase);
    case Opcode.ScanIndices:
      return scanIndicesTasks(changetype<ScanIndices>(command), phase);
    case Opcode.Scatter:
      return scatterTasks(changetype<IndexCommand>(command), phase);
    case Opcode.Linalg:
      return linalgTasks(changetype<Linalg>(command), phase);
    case Opcode.SearchSorted:
      return searchSortedTasks(changetype<SearchSorted>(command), phase);
    default:
      return 0;
  }
}

/** Runs one task. */
export function runTask(opcode: i32, command: usize, phase: i32, task: i32): void {
  switch (opcode) {
    case Opcode.Pointwise:
      return pointwise(changetype<Pointwise>(command), phase, task);
    case Opcode.Reduce:
      return reduce(changetype<Reduce>(command), phase, task);
    case Opcode.ArgReduce:
      return argReduce(changetype<ArgReduce>(command), phase, task);
    case Opcode.Scan:
      return scan(changetype<Scan>(command), phase, task);
    case Opcode.Gemm:
      return gemm(changetype<Gemm>(command), phase, task);
    case Opcode.Conv2d:
      return conv2d(changetype<ConvCommand>(command), phase, task);
    case Opcode.Conv2dGradInput:
      return conv2dGradInput(changetype<ConvCommand>(command), phase, task);
    case Opcode.Conv2dGradWeight:
      return conv2dGradWeight(changetype<ConvCommand>(command), phase, task);
    case Opcode.MaxPool2d:
      return maxPool2d(changetype<PoolCommand>(command), phase, task);
    case Opcode.MaxPool2dBackward:
      return maxPool2dBackward(changetype<PoolCommand>(command), phase, task);
    case Opcode.AvgPool2d:
      return avgPool2d(changetype<PoolCommand>(command), phase, task);
    case Opcode.AvgPool2dBackward:
      return avgPool2dBackward(changetype<PoolCommand>(command), phase, task);
    case Opcode.AdaptiveAvgPool2d:
      return adaptiveAvgPool2d(changetype<PoolCommand>(command), phase, task);
    case Opcode.AdaptiveAvgPool2dBackward:
      return adaptiveAvgPool2dBackward(changetype<PoolCommand>(command), phase, task);
    case Opcode.Softmax:
      return softmax(changetype<Softmax>(command), phase, task);
    case Opcode.SoftmaxBackward:
      return softmaxBackward(changetype<SoftmaxBackward>(command), phase, task);
    case Opcode.NormalizeRows:
      return normalizeRows(changetype<NormalizeRows>(command), phase, task);
    case Opcode.NormalizeRowsBackward:
      return normalizeRowsBackward(changetype<NormalizeRowsBackward>(command), phase, task);
    case Opcode.BatchNorm:
      return batchNorm(changetype<BatchNorm>(command), phase, task);
    case Opcode.BatchNormBackward:
      return batchNormBackward(changetype<BatchNormBackward>(command), phase, task);
    case Opcode.Gather:
      return gather(changetype<IndexCommand>(command), phase, task);
    case Opcode.ScatterAdd:
      return scatterAdd(changetype<IndexCommand>(command), phase, task);
    case Opcode.IndexSelect:
      return indexSelect(changetype<IndexCommand>(command), phase, task);
    case Opcode.IndexAdd:
      return indexAdd(changetype<IndexCommand>(command), phase, task);
    case Opcode.Sort:
      return sort(changetype<Sort>(command), phase, task);
    case Opcode.ScanIndices:
      return scanIndices(changetype<ScanIndices>(command), phase, task);
    case Opcode.Scatter:
      return scatter(changetype<IndexCommand>(command), phase, task);
    case Opcode.Linalg:
      return linalg(changetype<Linalg>(command), phase, task);
    case Opcode.SearchSorted:
      return searchSorted(changetype<SearchSorted>(command), phase, task);
    default:
      return;
  }
}
