// Operations that are also methods of Tensor: `a.add(b)` is `add(a, b)`. One flat list, from which both the types
// and the prototype derive. Importing this file installs them.
import { backward, registerHook, retainGrad } from './autograd';
import * as copies from './ops/copy';
import { emptyLike, fullLike, onesLike, zerosLike } from './ops/creation';
import * as movement from './ops/movement';
import { repeat } from './ops/join';
import { normal_, uniform_ } from './ops/random';
import { Tensor } from './tensor';

const { clone, contiguous, to, copy_, fill_, zero_, float, double, int, long, byte, bool } = copies;
const { view, reshape, permute, transpose, t, movedim, expand, expandAs, reshapeAs, narrow, slice, select } = movement;
const { squeeze, unsqueeze, flatten, unflatten, unbind, split, chunk, diagonal } = movement;

const methods = {
  ...{ backward, registerHook, retainGrad },
  ...{ clone, contiguous, to, copy_, fill_, zero_, float, double, int, long, byte, bool },
  ...{ onesLike, zerosLike, fullLike, emptyLike },
  ...{ view, reshape, permute, transpose, t, movedim, expand, expandAs, reshapeAs, narrow, slice, select },
  ...{ squeeze, unsqueeze, flatten, unflatten, unbind, split, chunk, diagonal, repeat },
  ...{ uniform_, normal_ },
};

/** Properties that are operations without arguments. */
const properties = { mT: movement.mT, T: (x: Tensor): Tensor => x.permute(x.shape.map((_, i) => x.ndim - 1 - i)) };

/** A function of a tensor, as a method of it. */
type Method<F> = F extends (x: Tensor, ...args: infer A) => infer R ? (...args: A) => R : never;
type Methods = { [K in keyof typeof methods]: Method<(typeof methods)[K]> };
type Properties = { readonly [K in keyof typeof properties]: Tensor };

declare module './tensor' {
  interface Tensor extends Methods, Properties {
    // Until ops/pointwise.ts and ops/reduce.ts land and put them in the list.
    add(other: Tensor): Tensor;
    add_(other: Tensor): Tensor;
    sum(dim?: readonly number[] | number | null, keepdim?: boolean): Tensor;
  }
}

for (const [name, fn] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    writable: true,
    value(this: Tensor, ...args: unknown[]): unknown {
      return (fn as (x: Tensor, ...rest: unknown[]) => unknown)(this, ...args);
    },
  });
}
for (const [name, fn] of Object.entries(properties)) {
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    get(this: Tensor): Tensor {
      return fn(this);
    },
  });
}
