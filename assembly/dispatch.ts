// From opcode to kernel. Every kernel is a pair of functions:
//   <kernel>Tasks(command, phase)   how many independent tasks the phase has; 0 ends the command.
//                                   Depends on shape, dtype and build only, never on workers or timing.
//   <kernel>(command, phase, task)  runs one of them, on any worker; phases are separated by a barrier.
// One task means that the leader runs the phase alone, without a barrier.
import { ArgReduce, ConvCommand, Gemm, IndexCommand, Opcode, Pointwise, Reduce, Scan } from './commands';
import {
  conv2d,
  conv2dGradInput,
  conv2dGradInputTasks,
  conv2dGradWeight,
  conv2dGradWeightTasks,
  conv2dTasks,
} from './conv';
import {
  gather,
  gatherTasks,
  indexAdd,
  indexAddTasks,
  indexSelect,
  indexSelectTasks,
  scatterAdd,
  scatterAddTasks,
} from './gather';
import { gemm, gemmTasks } from './gemm';
import { pointwise, pointwiseTasks } from './pointwise';
import { argReduce, argReduceTasks, reduce, reduceTasks } from './reduce';
import { scan, scanTasks } from './scan';

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
    case Opcode.Gather:
      return gatherTasks(changetype<IndexCommand>(command), phase);
    case Opcode.ScatterAdd:
      return scatterAddTasks(changetype<IndexCommand>(command), phase);
    case Opcode.IndexSelect:
      return indexSelectTasks(changetype<IndexCommand>(command), phase);
    case Opcode.IndexAdd:
      return indexAddTasks(changetype<IndexCommand>(command), phase);
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
    case Opcode.Gather:
      return gather(changetype<IndexCommand>(command), phase, task);
    case Opcode.ScatterAdd:
      return scatterAdd(changetype<IndexCommand>(command), phase, task);
    case Opcode.IndexSelect:
      return indexSelect(changetype<IndexCommand>(command), phase, task);
    case Opcode.IndexAdd:
      return indexAdd(changetype<IndexCommand>(command), phase, task);
    default:
      return;
  }
}
