// Error classes. Messages read `<op>: <what must hold>, got <what was given>. <How to mend it.>`; the text behind the op is
// written at the check, the op is who was called from outside, and the classes carry the data of the message as fields.

import { speaking } from './speaker';

const inWords = (op: string | null, text: string): string => (op === null ? text : `${op}: ${text}`);

/** A value that an argument may not have. */
export class ValueError extends RangeError {
  static override readonly name: string = 'ValueError';

  /** The function that refused it. */
  readonly op: string | null;
  constructor(op: string | null, text: string) {
    const speaks = speaking(op);
    super(inWords(speaks, text));
    this.op = speaks;
  }
}

/** An argument of a wrong kind, unknown, missing, or too much. */
export class KindError extends TypeError {
  static override readonly name: string = 'KindError';

  /** The function that refused it. */
  readonly op: string | null;
  constructor(op: string | null, text: string, options?: ErrorOptions) {
    const speaks = speaking(op);
    super(inWords(speaks, text), options);
    this.op = speaks;
  }
}

/** Base of the errors below; `data` holds the shapes, dtypes or devices that the message names. */
export class KindlingError extends Error {
  static override readonly name: string = 'KindlingError';

  // Written out in every class: minifiers rename classes.
  override name = 'KindlingError';
  /** The function that threw; null where none is to blame, as for a lost device. */
  readonly op: string | null;
  /** What the message says behind `op`. */
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  constructor(op: string | null, text: string, data: Record<string, unknown> = {}, speaks = speaking(op)) {
    super(inWords(speaks, text));
    this.op = speaks;
    this.text = text;
    this.data = data;
  }
}

/** Shapes that do not fit together or do not fit the operation. */
export class ShapeError extends KindlingError {
  static override readonly name: string = 'ShapeError';

  override name = 'ShapeError';
}
/** An element type that the operation or the device does not take. */
export class DTypeError extends KindlingError {
  static override readonly name: string = 'DTypeError';

  override name = 'DTypeError';
}
/** Tensors on different devices, a missing or lost device, a worker that died. */
export class DeviceError extends KindlingError {
  static override readonly name: string = 'DeviceError';

  override name = 'DeviceError';
}
/** Memory that cannot be had: over the limit, or refused by the browser. */
export class OutOfMemoryError extends KindlingError {
  static override readonly name: string = 'OutOfMemoryError';

  override name = 'OutOfMemoryError';
}
/** What only the data could tell: an index out of range, a class label too large, integer division by zero. */
export class FaultError extends KindlingError {
  static override readonly name: string = 'FaultError';

  override name = 'FaultError';
  constructor(op: string | null, text: string, data: Record<string, unknown> = {}) {
    // It is found long after the call, while another function may be running.
    super(op, text, data, op);
  }
}
/** Use of a tensor that was freed, or of a graph whose buffers were released. */
export class FreedError extends KindlingError {
  static override readonly name: string = 'FreedError';

  override name = 'FreedError';
}
/** Misuse of autograd: no graph, a saved tensor changed in place, a leaf changed in place. */
export class AutogradError extends KindlingError {
  static override readonly name: string = 'AutogradError';

  override name = 'AutogradError';
}
/** Code that cannot become a graph: values are read, a module is no member, gradients are asked for. */
export class TraceError extends KindlingError {
  static override readonly name: string = 'TraceError';

  override name = 'TraceError';
}
/** A state dict or a file that does not fit. */
export class LoadError extends KindlingError {
  static override readonly name: string = 'LoadError';

  override name = 'LoadError';
}
