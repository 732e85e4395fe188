// What the code between a user's function and the devices tells of itself while `compile` records a call: which tensors,
// modules and optimizers took part, which numbers are made anew at each call, and what cannot be done again. src/compile
// listens; nothing here knows it.
import type { Node } from './graph';
import type { Tensor } from './tensor';

/** Numbers that are made anew at each call; null if what they belong to is no longer the same. */
export type AgainNumbers = () => readonly number[] | null;

/** Is told what happens during a call. */
export interface Capture {
  /** An operation takes these. */
  operands(inputs: readonly (Tensor | null)[]): void;
  /** The gradient of `t` is about to change. */
  gradient(t: Tensor): void;
  /** A walk back has come by a node; `isKept` says whether the graph can be walked again. */
  walked(node: Node, isKept: boolean): void;
  /** A module is called. */
  module(module: object): void;
  /** An optimizer takes part. `isStep` says whether it makes a step. */
  optimizer(optimizer: object, isStep: boolean): void;
  /** Numbers were drawn from a generator; `again` draws the next. */
  drawn(numbers: readonly number[], again: () => readonly number[]): void;
  /** This very list is a command's scalars, and `again` computes it from what it depends on. */
  scalars(list: readonly number[], again: AgainNumbers): void;
  /** The next upload's data were made by `again`. */
  source(again: () => ArrayBufferView): void;
  /** Something that is done on the page beside, and that can be done without the function. */
  effect(again: () => void): void;
  /** Something happens that only the function itself can do. */
  outside(what: string): void;
}

/** Who listens; null for nobody. */
export const capture: { current: Capture | null } = { current: null };
