// Containers: modules whose members are other modules, kept by name in order.
import { argument, methodsTake, signature } from '../../base/signature';
import { ANYTHING, INTEGER, ITERABLE, NAMED, TEXT } from '../../base/kinds';
import { consume } from '../../core/temporaries';
import type { Tensor } from '../../core/tensor';
import { isPlainObject } from '../../base/arguments';
import { describe } from '../../base/errorText';
import { KindError } from '../../base/errors';
import { checkName, makeReachable, noMember, position } from '../module/members';
import { dropMembers, membersOf, Module, putMember } from '../module/module';

/** Arguments of the first of a chain of modules. */
type InputOf<M extends readonly Module[]> = M extends readonly [infer First extends Module, ...Module[]]
  ? Parameters<First['forward']>
  : [input: Tensor];

/** What a module gives, awaited; a tensor where the type of its `forward` does not say. */
type ResultOf<M extends Module> = unknown extends ReturnType<M['forward']> ? Tensor : Awaited<ReturnType<M['forward']>>;

/** Whether the forward of a module is async. */
type IsAsync<M extends Module> =
  unknown extends ReturnType<M['forward']> ? false : ReturnType<M['forward']> extends Promise<unknown> ? true : false;
type AnyAsync<M extends readonly Module[]> = true extends { [I in keyof M]: IsAsync<M[I]> }[number] ? true : false;

/** What the last of a chain of modules gives; a promise if one of them does. */
type OutputOf<M extends readonly Module[]> = M extends readonly [...Module[], infer Last extends Module]
  ? AnyAsync<M> extends true
    ? Promise<ResultOf<Last>>
    : ResultOf<Last>
  : Tensor;

/** What methods take: positions, names, and members, which `addModule` looks at. */
const INDEX = argument('index', INTEGER);
const NAME = argument('name', TEXT);
const MEMBER = argument('module', { ...ANYTHING, takesObject: true });
const ADD_MODULE = signature('addModule', [argument('name', ANYTHING), MEMBER]);
const SLICE = signature('slice', [argument('start', INTEGER, undefined), argument('end', INTEGER, undefined)]);

/** Modules by position. Names are the positions, unless they were given as an object. */
abstract class ModuleSequence<M extends Module> extends Module {
  static {
    methodsTake(
      this, signature('at', [INDEX]), signature('set', [INDEX, MEMBER]), signature('append', [MEMBER]),
      signature('extend', [argument('modules', ITERABLE)]), signature('insert', [INDEX, MEMBER]),
      signature('pop', [argument('index', INTEGER, undefined)]), ADD_MODULE,
    ); // prettier-ignore
  }

  /** The same as `at` and `set`, but undefined where there is none: `net[0]`, `net[-1] = new Linear(8, 3)`. */
  [index: number]: M;

  private get entriesByName(): Map<string, M> {
    return membersOf(this) as Map<string, M>;
  }

  /** Number of modules. */
  override get length(): number {
    return this.entriesByName.size;
  }

  [Symbol.iterator](): Iterator<M> {
    return this.entriesByName.values();
  }

  /** The module at a position; negative ones count from the end. @throws RangeError if there is none. */
  at(index: number): M {
    return [...this][this.position(index)];
  }

  /** Replaces the module at a position. @throws RangeError if there is none. */
  set(index: number, module: M): this {
    this.addModule([...this.entriesByName.keys()][this.position(index)], module);
    return this;
  }

  /** Adds a module at the end. */
  append(module: M): this {
    this.addModule(String(this.length), module);
    return this;
  }

  /** Adds modules at the end. */
  extend(modules: Iterable<M>): this {
    for (const module of [...modules]) this.append(module);
    return this;
  }

  /** Puts a module before the one at `index`. */
  insert(index: number, module: M): this {
    const modules = [...this];
    modules.splice(index, 0, module);
    return this.replaceAll(modules);
  }

  /** Removes the module at `index` and returns it; later ones move up. */
  pop(index = -1): M {
    const modules = [...this];
    const [removed] = modules.splice(this.position(index), 1);
    this.replaceAll(modules);
    return removed;
  }

  override addModule(name: string, module: Module): void {
    checkName(this.constructor.name, name);
    if (!(module instanceof Module)) {
      throw new KindError(this.constructor.name, `every member must be a Module, got ${describe(module)}.`);
    }
    // Positions come before names that look like one.
    if (/^-?\d+$/.test(name)) membersOf(this).set(name, module);
    else putMember(this, name, module);
    makeReachable(ModuleSequence.prototype, this.length);
  }

  private replaceAll(modules: readonly M[]): this {
    dropMembers(this);
    return this.extend(modules);
  }

  private position(index: number): number {
    return position(this.constructor.name, index, this.length);
  }
}

const MODULES = signature('ModuleList', [argument('modules', ITERABLE)]);
const NAMED_MODULES = signature('ModuleDict', [argument('modules', NAMED)]);

/**
 * A chain of modules: each gets what the one before gives. If a module is async, the chain goes on from its promise.
 *
 * Shape: input and output are those of the first and the last module.
 * @example const net = new Sequential(new Linear(4, 16), new ReLU(), new Linear(16, 2));
 * @example const net = new Sequential({ conv: new Conv2d(1, 8, 3), relu: new ReLU() });
 * @see torch.nn.Sequential
 */
export class Sequential<M extends readonly Module[] = Module[]> extends ModuleSequence<M[number]> {
  static override readonly isBuiltIn = true;
  static override readonly name: string = 'Sequential';

  static {
    methodsTake(this, signature('get', [NAME]), SLICE);
  }

  constructor(...modules: M);
  constructor(modules: Record<string, Module> | Map<string, Module>);
  constructor(...modules: unknown[]) {
    super();
    const named = modules.length === 1 ? entriesOf(modules[0]) : null;
    if (named === null)
      modules.forEach((module, i) => {
        this.addModule(String(i), module as Module);
      });
    else for (const [name, module] of named) this.addModule(name, module as Module);
  }

  /** The module of a name given in the constructor. @throws TypeError if there is none. */
  get(name: string): M[number] {
    return this.getSubmodule(name);
  }

  /** A new chain of some of the modules, which are shared with this one. */
  slice(start?: number, end?: number): Sequential {
    const chain = new Sequential();
    for (const [name, module] of [...membersOf(this)].slice(start, end)) chain.addModule(name, module as Module);
    return chain;
  }

  override forward(...inputs: InputOf<M>): OutputOf<M> {
    const [first, ...rest] = this as Iterable<(...inputs: unknown[]) => unknown>;
    let output: unknown = first === undefined ? inputs[0] : first(...inputs);
    for (const module of rest) {
      const input = output;
      output = input instanceof Promise ? input.then((value) => module(value)) : module(input);
      consume(input, output);
    }
    return output as OutputOf<M>;
  }
}

/**
 * A list of modules whose parameters its owner has, for loops in `forward`.
 * @example layers = new ModuleList(sizes.map((n) => new Linear(n, n)));
 * @see torch.nn.ModuleList
 */
export class ModuleList<M extends Module = Module> extends ModuleSequence<M> {
  static override readonly name: string = 'ModuleList';

  static {
    methodsTake(this, SLICE);
  }

  constructor(modules: Iterable<M> = [], ...none: never[]) {
    super();
    MODULES.take([modules, ...none], new.target.name);
    this.extend(modules);
  }

  /** A new list of some of the modules, which are shared with this one. */
  slice(start?: number, end?: number): ModuleList<M> {
    return new ModuleList([...this].slice(start, end));
  }
}

/**
 * Modules by name, whose parameters its owner has. Iterating gives the names.
 * @example activations = new ModuleDict({ relu: new ReLU(), lrelu: new LeakyReLU() });
 *          this.activations.get('relu')(x);
 * @see torch.nn.ModuleDict
 */
export class ModuleDict<T extends Record<string, Module> = Record<string, Module>> extends Module {
  static override readonly name: string = 'ModuleDict';

  static {
    methodsTake(
      this, signature('get', [NAME]), signature('has', [NAME]), signature('set', [argument('name', ANYTHING), MEMBER]),
      signature('update', [argument('modules', NAMED)]), signature('pop', [NAME]), signature('clear', []), signature('keys', []),
      signature('values', []), signature('items', []), ADD_MODULE,
    ); // prettier-ignore
  }

  constructor(modules: T | Iterable<readonly [keyof T & string, T[keyof T & string]]> = {} as T, ...none: never[]) {
    super();
    NAMED_MODULES.take([modules, ...none], new.target.name);
    this.update(modules);
  }

  private get entriesByName(): Map<keyof T & string, T[keyof T & string]> {
    return membersOf(this) as Map<keyof T & string, T[keyof T & string]>;
  }

  /** Number of modules. */
  override get length(): number {
    return this.entriesByName.size;
  }

  [Symbol.iterator](): Iterator<keyof T & string> {
    return this.entriesByName.keys();
  }

  /** The module of this name. @throws TypeError if there is none. */
  get<K extends keyof T & string>(name: K): T[K] {
    const module = this.entriesByName.get(name);
    if (module === undefined) throw noMember(this.constructor.name, name, this.entriesByName.keys());
    return module as T[K];
  }

  has(name: string): name is keyof T & string {
    return membersOf(this).has(name);
  }

  /** Adds a module or replaces the one of this name. */
  set<K extends keyof T & string>(name: K, module: T[K]): this {
    this.addModule(name, module);
    return this;
  }

  /** Adds or replaces several. */
  update(modules: T | Iterable<readonly [keyof T & string, T[keyof T & string]]>): this {
    const entries = Symbol.iterator in modules ? modules : Object.entries(modules);
    for (const [name, module] of entries as Iterable<readonly [string, Module]>) this.addModule(name, module);
    return this;
  }

  /** Removes a module and returns it. @throws TypeError if there is none. */
  pop<K extends keyof T & string>(name: K): T[K] {
    const module = this.get(name);
    dropMembers(this, name);
    return module;
  }

  clear(): void {
    dropMembers(this);
  }

  keys(): (keyof T & string)[] {
    return [...this.entriesByName.keys()];
  }

  values(): T[keyof T & string][] {
    return [...this.entriesByName.values()];
  }

  items(): [name: keyof T & string, module: T[keyof T & string]][] {
    return [...this.entriesByName];
  }

  override addModule(name: string, module: Module): void {
    checkName(this.constructor.name, name);
    if (!(module instanceof Module)) {
      throw new KindError(this.constructor.name, `'${name}' must be a Module, got ${describe(module)}.`);
    }
    putMember(this, name, module);
  }
}

/** The pairs of an object or Map of modules; null for anything else. */
function entriesOf(value: unknown): Iterable<[string, unknown]> | null {
  if (value instanceof Map) return value as Map<string, unknown>;
  return isPlainObject(value) ? Object.entries(value) : null;
}
