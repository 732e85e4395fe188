// Error classes. Messages read `<op>: <what must hold>, got <what was given>. <How to mend it.>`
// and are written at the check; the classes carry the data of the message as fields.

/** Base of the errors below; `data` holds the shapes, dtypes or devices that the message names. */
export class KindlingError extends Error {
  // Written out in every class: minifiers rename classes.
  override name = 'KindlingError';
  readonly data: Readonly<Record<string, unknown>>;
  constructor(message: string, data: Record<string, unknown> = {}) {
    super(message);
    this.data = data;
  }
}

/** Shapes that do not fit together or do not fit the operation. */
export class ShapeError extends KindlingError {
  override name = 'ShapeError';
}
/** An element type that the operation or the device does not take. */
export class DTypeError extends KindlingError {
  override name = 'DTypeError';
}
/** Tensors on different devices, a missing or lost device, a worker that died. */
export class DeviceError extends KindlingError {
  override name = 'DeviceError';
}
/** Memory that cannot be had: over the limit, or refused by the browser. */
export class OutOfMemoryError extends KindlingError {
  override name = 'OutOfMemoryError';
}
/** What only the data could tell: an index out of range, a class label too large, integer division by zero. */
export class FaultError extends KindlingError {
  override name = 'FaultError';
}
/** Use of a tensor that was freed, or of a graph whose buffers were released. */
export class FreedError extends KindlingError {
  override name = 'FreedError';
}
/** Misuse of autograd: no graph, a saved tensor changed in place, a leaf changed in place. */
export class AutogradError extends KindlingError {
  override name = 'AutogradError';
}
/** A state dict or a file that does not fit. */
export class LoadError extends KindlingError {
  override name = 'LoadError';
}
