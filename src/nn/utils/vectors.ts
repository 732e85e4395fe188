// All parameters as one vector, and back.
import { argument, signature, checkKind } from '../../base/signature';
import { kind } from '../../base/kinds';
import { TENSOR, TENSORS } from '../../core/kinds';
import { noGrad } from '../../core/backward';
import { ShapeError } from '../../base/errors';
import { copy_ } from '../../ops/shape/copy';
import { cat } from '../../ops/shape/cat';
import { narrow, reshape } from '../../ops/shape/view';
import { Tensor } from '../../core/tensor';

/** Parameters as `net.parameters()` gives them. */
export const PARAMETERS = kind<Iterable<Tensor>>(
  'parameters, as net.parameters() gives them',
  (value) => typeof value === 'object' && value !== null && !(value instanceof Tensor) && Symbol.iterator in value,
);
const TO_VECTOR = signature('parametersToVector', [argument('parameters', PARAMETERS)]);
const TO_PARAMETERS = signature('vectorToParameters', [argument('vector', TENSOR), argument('parameters', PARAMETERS)]);

/** The tensors that `parameters` gives. @throws TypeError for anything else among them */
export function tensorsOf(op: string, parameters: Iterable<Tensor>): Tensor[] {
  const list = [...parameters];
  checkKind(op, 'parameters', TENSORS, list);
  return list;
}

/** The elements of all parameters in one vector, differentiably. @see torch.nn.utils.parameters_to_vector */
export function parametersToVector(parameters: Iterable<Tensor>, ...none: never[]): Tensor {
  TO_VECTOR.take([parameters, ...none]);
  return cat(tensorsOf('parametersToVector', parameters).map((parameter) => reshape(parameter, [-1])));
}

/**
 * Overwrites the parameters by the elements of a vector, in order.
 * @throws ShapeError if the vector has fewer elements
 * @see torch.nn.utils.vector_to_parameters
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>, ...none: never[]): void {
  TO_PARAMETERS.take([vector, parameters, ...none]);
  const list = tensorsOf('vectorToParameters', parameters);
  const count = list.reduce((sum, parameter) => sum + parameter.numel(), 0);
  if (vector.ndim !== 1 || vector.numel() < count) {
    throw new ShapeError(
      'vectorToParameters',
      `needs a vector of ${count} elements, got shape [${vector.shape.join(', ')}].`,
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
