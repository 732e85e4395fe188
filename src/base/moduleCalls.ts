// What the module that is being called is called: its place in the outermost one.

/** A call of a module. */
export interface ModuleCall {
  /** From the outermost module on: `Net.features.0`. */
  readonly path: string;
  /** Its class. */
  readonly type: string;
}

/** A module, as far as its name is found. */
interface Named {
  namedModules(): readonly (readonly [path: string, module: object])[];
}
const isNamed = (value: unknown): value is Named => typeof value === 'function' && 'namedModules' in value;

/** Follows calls as an observer is told of them. */
export class ModuleCalls {
  private readonly calls: ModuleCall[] = [];
  /** The modules of the outermost call, by what they are called. */
  private paths: ReadonlyMap<unknown, string> = new Map();

  /** The innermost call. */
  get current(): ModuleCall | null {
    return this.calls.at(-1) ?? null;
  }

  /** A module of class `type` is called. */
  enter(type: string, module: unknown): ModuleCall {
    const [outermost] = this.calls;
    if (outermost === undefined) {
      this.paths = new Map(isNamed(module) ? module.namedModules().map(([path, inner]) => [inner, path]) : []);
    }
    const path = this.paths.get(module) ?? '';
    // One that the outermost does not list has its class for a name.
    const call = { type, path: path === '' ? type : `${outermost?.type ?? type}.${path}` };
    this.calls.push(call);
    return call;
  }

  /** The innermost call has returned. */
  leave(): void {
    this.calls.pop();
  }
}
