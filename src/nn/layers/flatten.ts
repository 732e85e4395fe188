// Layers that change the shape only.
import { argument, optional, signature } from '../../base/signature';
import { INTEGER, listOf } from '../../base/kinds';
import type { Shape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import type { Arguments } from '../../base/arguments';
import { Module } from '../module/module';
import { literal } from '../module/representation';

/** Arguments of Flatten. */
export interface FlattenOptions {
  /** First dimension to merge; 1 by default. */
  startDim?: number;
  /** Last dimension to merge; -1 by default. */
  endDim?: number;
}
const FLATTEN = signature('Flatten', [optional('startDim', INTEGER), optional('endDim', INTEGER)]);

/**
 * Merges a range of dimensions into one.
 *
 * Shape: input [N, C, H, W] -> output [N, C * H * W] with the defaults.
 * @see torch.nn.Flatten
 */
export class Flatten extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Flatten';

  readonly startDim: number;
  readonly endDim: number;

  constructor(...args: Arguments<[], [startDim?: number, endDim?: number], FlattenOptions>) {
    super();
    ({ startDim: this.startDim = 1, endDim: this.endDim = -1 } = FLATTEN.take<FlattenOptions>(args, new.target.name));
  }

  override forward(input: Tensor): Tensor {
    return input.flatten(this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/** Arguments of Unflatten. */
export interface UnflattenOptions {
  dim: number;
  /** Sizes that take the dimension's place; one may be -1. */
  unflattenedSize: Shape;
}
const UNFLATTEN = signature('Unflatten', [argument('dim', INTEGER), argument('unflattenedSize', listOf(INTEGER))]);

/**
 * Splits one dimension into several.
 *
 * Shape: input [*, S, *] -> output [*, ...unflattenedSize, *], where S is the product of the sizes.
 * @see torch.nn.Unflatten
 */
export class Unflatten extends Module {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Unflatten';

  readonly dim: number;
  readonly unflattenedSize: Shape;

  constructor(
    ...args: Arguments<
      [dim: number, unflattenedSize: Shape],
      [],
      UnflattenOptions,
      [dim: number, options: Omit<UnflattenOptions, 'dim'>]
    >
  ) {
    super();
    ({ dim: this.dim, unflattenedSize: this.unflattenedSize } = UNFLATTEN.take<UnflattenOptions>(
      args,
      new.target.name,
    ));
  }

  override forward(input: Tensor): Tensor {
    return input.unflatten(this.dim, this.unflattenedSize);
  }

  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${literal(this.unflattenedSize)}`;
  }
}
