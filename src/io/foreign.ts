// Values of files that JavaScript, or kindling, does not have.

/**
 * Stands for a value of a file that has no counterpart here, such as an `argparse.Namespace` or a complex tensor beside a
 * state dict. Nothing was called to make it; it says what the file says of it.
 * @example (await load(file)).args.state   // { lr: 0.1 } of Namespace(lr=0.1)
 */
export class Foreign {
  /** Attributes, as a rule an object; null if it has none. */
  state: unknown = null;
  /** Items, if it is a kind of list. */
  items: unknown[] = [];
  /** Entries, if it is a kind of dict. */
  entries: [key: unknown, value: unknown][] = [];

  constructor(
    /** Python's name of its class, or of the function that makes it. */
    readonly type: string,
    /** What it is made from. */
    public args: readonly unknown[] = [],
  ) {}

  /** The name of the class in Python and what was saved of it. */
  toString(): string {
    return `a value of ${this.type}, which JavaScript does not have`;
  }
}
