// In-place forms of operations that have no kernel of their own for it: the result is written over the tensor; and views
// of a tensor that take its place (`x.t_()`).
import { signature, taking } from '../../base/signature';
import { isGradEnabled } from '../../core/backward';
import { leaveGraph } from '../../core/graph';
import { INPUT } from '../../core/kinds';
import { AutogradError, ShapeError } from '../../base/errors';
import { formatShape, sameShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { clone, copy_ } from './copy';

/**
 * `f` written over its first argument.
 * @throws ShapeError if the result has another shape, unless `resizes`: then the tensor becomes the result
 */
export const overwriting =
  <A extends readonly unknown[]>(
    f: (x: Tensor, ...args: A) => Tensor,
    resizes = false,
  ): ((self: Tensor, ...args: A) => Tensor) =>
  (self, ...args) => {
    // What the gradient of f saves must not be what is written over.
    const result = f(isGradEnabled() && self.requiresGrad ? clone(self) : self, ...args);
    if (!sameShape(result.shape, self.shape)) {
      if (resizes && !result.requiresGrad) {
        self.adopt(result);
        return self;
      }
      throw new ShapeError(
        null,
        `in place: the result must have the shape of the tensor that is changed, got ${formatShape(result.shape)} and ${formatShape(self.shape)}.`,
        { shapes: [result.shape, self.shape] },
      );
    }
    return copy_(self, result);
  };

/** The view `f` gives takes the place of its first argument. @throws AutogradError while its operations are recorded */
export const reshaping =
  <A extends readonly unknown[]>(f: (x: Tensor, ...args: A) => Tensor): ((self: Tensor, ...args: A) => Tensor) =>
  (self, ...args) => {
    if (self.requiresGrad) {
      throw new AutogradError(
        null,
        'in place: the shape of a tensor that requires gradients cannot change. Use the view.',
      );
    }
    return self.lieAs(f(self, ...args));
  };

/**
 * Takes the tensor itself out of the graph and gives it back: a leaf that needs no gradient.
 * @throws AutogradError for a view, whose history is that of its base @see torch.Tensor.detach_
 */
export const detach_: (self: Tensor) => Tensor = taking(signature('detach_', [INPUT]), (self) => {
  if (self.viewLink !== null) {
    throw new AutogradError('detach_', 'a view cannot leave the graph of its base, got one. Use detach().');
  }
  leaveGraph(self);
  return self;
});
