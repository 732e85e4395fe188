// What makes a module an object that can be called.

/** Key of the method that a call runs. */
export const invoke = Symbol('invoke');

/**
 * Makes instances callable: the constructor returns an arrow function that has the class's prototype. Fields of
 * subclasses, private ones too, are then defined on that function, so the rest is ordinary class code.
 */
export abstract class Callable {
  constructor() {
    const instance = Object.setPrototypeOf(
      (...inputs: unknown[]) => instance[invoke](inputs),
      new.target.prototype,
    ) as Callable;
    // Every function's own properties; without them modules may have members of these names.
    Reflect.deleteProperty(instance, 'name');
    Reflect.deleteProperty(instance, 'length');
    return instance;
  }

  abstract [invoke](inputs: readonly unknown[]): unknown;
}
