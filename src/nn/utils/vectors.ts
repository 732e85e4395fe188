// All parameters as one vector, and back.
import { noGrad } from '../../core/backward';
import { ShapeError } from '../../base/errors';
import { copy_ } from '../../ops/shape/copy';
import { cat } from '../../ops/shape/cat';
import { narrow, reshape } from '../../ops/shape/view';
import type { Tensor } from '../../core/tensor';

/** The elements of all parameters in one vector, differentiably. @see torch.nn.utils.parameters_to_vector */
export const parametersToVector = (parameters: Iterable<Tensor>): Tensor =>
  cat([...parameters].map((parameter) => reshape(parameter, [-1])));

/**
 * Overwrites the parameters by the elements of a vector, in order.
 * @throws ShapeError if the vector has fewer elements
 * @see torch.nn.utils.vector_to_parameters
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  const list = [...parameters];
  const count = list.reduce((sum, parameter) => sum + parameter.numel(), 0);
  if (vector.ndim !== 1 || vector.numel() < count) {
    throw new ShapeError(
      `vectorToParameters: needs a vector of ${count} elements, got shape [${vector.shape.join(', ')}].`,
      {
        shape: vector.shape,
      },
    );
  }
  noGrad(() => {
    let offset = 0;
    for (const parameter of list) {
      copy_(parameter, reshape(narrow(vector, 0, offset, parameter.numel()), parameter.shape));
      offset += parameter.numel();
    }
  });
}
