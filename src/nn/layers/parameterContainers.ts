// Containers of parameters, kept by name in order.
import { argument, methodsTake, signature } from '../../base/signature';
import { ANYTHING, INTEGER, ITERABLE, NAMED, TEXT } from '../../base/kinds';
import type { DType } from '../../base/dtype';
import { describe } from '../../base/errorText';
import { KindError } from '../../base/errors';
import { Parameter, Tensor } from '../../core/tensor';
import { checkName, makeReachable, noMember, position } from '../module/members';
import { dropMembers, membersOf, Module, putMember } from '../module/module';

/** PyTorch's older names of tensor types, which it prints in a ParameterDict. */
const TYPE_NAMES: { readonly [D in DType]: string } = {
  float32: 'FloatTensor',
  float64: 'DoubleTensor',
  int32: 'IntTensor',
  int64: 'LongTensor',
  uint8: 'ByteTensor',
  bool: 'BoolTensor',
  int8: 'CharTensor',
  int16: 'ShortTensor',
  float16: 'HalfTensor',
  bfloat16: 'BFloat16Tensor',
};

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

/** Parameters by name: what ParameterList and ParameterDict share. */
abstract class ParameterContainer extends Module {
  /** Keeps a parameter; another tensor becomes one. */
  protected keep(name: string, value: Tensor): void {
    if (!(value instanceof Tensor)) {
      throw new KindError(this.constructor.name, `every member must be a Parameter or Tensor, got ${describe(value)}.`);
    }
    this.put(name, value instanceof Parameter ? value : new Parameter(value));
  }

  protected put(name: string, parameter: Parameter): void {
    putMember(this, name, parameter);
  }

  /** Number of parameters. */
  override get length(): number {
    return membersOf(this).size;
  }

  /** Lines as PyTorch prints them; `type` is its name for the kind of tensor. */
  protected lines(type: (dtype: DType) => string): string {
    return this.namedParameters({ recurse: false, removeDuplicate: false })
      .map(
        ([name, { dtype, shape }]) => `  (${name}): Parameter containing: [${type(dtype)} of size ${shape.join('x')}]`,
      )
      .join('\n');
  }
}

/** What methods take: positions, names, and values, which `keep` looks at. */
const INDEX = argument('index', INTEGER);
const NAME = argument('name', TEXT);
const VALUE = argument('value', { ...ANYTHING, takesObject: true });

const VALUES = signature('ParameterList', [argument('values', ITERABLE)]);
const NAMED_VALUES = signature('ParameterDict', [argument('values', NAMED)]);

/**
 * A list of parameters that belong to the module it is assigned to. Tensors put in become Parameters.
 * @example scales = new ParameterList(sizes.map((n) => new Parameter(ones(n))));
 * @see torch.nn.ParameterList
 */
export class ParameterList extends ParameterContainer {
  static override readonly name: string = 'ParameterList';

  static {
    methodsTake(
      this, signature('at', [INDEX]), signature('set', [INDEX, VALUE]), signature('append', [VALUE]),
      signature('extend', [argument('values', ITERABLE)]), signature('pop', [argument('index', INTEGER, undefined)]),
    ); // prettier-ignore
  }

  /** The same as `at` and `set`, but undefined where there is none: `list[0]`, `list[-1] = new Parameter(ones(2))`. */
  [index: number]: Parameter;

  protected override put(name: string, parameter: Parameter): void {
    membersOf(this).set(name, parameter);
    makeReachable(ParameterList.prototype, this.length);
  }

  constructor(values: Iterable<Tensor> = [], ...none: never[]) {
    super();
    VALUES.take([values, ...none], new.target.name);
    this.extend(values);
  }

  /** The parameters in order. */
  [Symbol.iterator](): Iterator<Parameter> {
    return this.all().values();
  }

  /** The parameter at a position; negative ones count from the end. @throws RangeError if there is none. */
  at(index: number): Parameter {
    return this.all()[position('ParameterList', index, this.length)];
  }

  /** Replaces the parameter at a position. @throws RangeError if there is none. */
  set(index: number, value: Tensor): this {
    this.keep(String(position('ParameterList', index, this.length)), value);
    return this;
  }

  /** Adds a parameter at the end. */
  append(value: Tensor): this {
    this.keep(String(this.length), value);
    return this;
  }

  /** Adds parameters at the end. */
  extend(values: Iterable<Tensor>): this {
    for (const value of [...values]) this.append(value);
    return this;
  }

  /** Removes the parameter at `index` and returns it; later ones move up. */
  pop(index = -1): Parameter {
    const values = this.all();
    const [removed] = values.splice(position('ParameterList', index, this.length), 1);
    dropMembers(this);
    this.extend(values);
    return removed;
  }

  override extraRepr(): string {
    return this.lines((dtype) => `torch.${dtype}`);
  }

  private all(): Parameter[] {
    return [...membersOf(this).values()] as Parameter[];
  }
}

/**
 * Parameters by name that belong to the module it is assigned to. Tensors put in become Parameters. Iterating gives the names.
 * @example gains = new ParameterDict({ left: new Parameter(ones(3)), right: new Parameter(ones(4)) });
 * @see torch.nn.ParameterDict
 */
export class ParameterDict<K extends string = string> extends ParameterContainer {
  static override readonly name: string = 'ParameterDict';

  static {
    methodsTake(
      this, signature('get', [NAME]), signature('has', [NAME]), signature('set', [argument('name', ANYTHING), VALUE]),
      signature('update', [argument('values', NAMED)]), signature('pop', [NAME]), signature('clear', []), signature('keys', []),
      signature('values', []), signature('items', []),
    ); // prettier-ignore
  }

  constructor(values: Readonly<Record<K, Tensor>> | Iterable<readonly [K, Tensor]> = [], ...none: never[]) {
    super();
    NAMED_VALUES.take([values, ...none], new.target.name);
    this.update(values);
  }

  [Symbol.iterator](): Iterator<K> {
    return this.keys().values();
  }

  /** The parameter of this name. @throws TypeError if there is none. */
  get(name: K): Parameter {
    const value = this.entriesByName.get(name);
    if (value === undefined) throw noMember('ParameterDict', name, this.keys());
    return value;
  }

  has(name: string): name is K {
    return membersOf(this).has(name);
  }

  /** Adds a parameter or replaces the one of this name. */
  set(name: K, value: Tensor): this {
    checkName('ParameterDict', name);
    this.keep(name, value);
    return this;
  }

  /** Adds or replaces several; those of a plain object in order of their names, as in PyTorch. */
  update(values: Readonly<Record<K, Tensor>> | Iterable<readonly [K, Tensor]>): this {
    const entries = Symbol.iterator in values ? values : (Object.entries(values) as [K, Tensor][]).sort(byName);
    for (const [name, value] of entries) this.set(name, value);
    return this;
  }

  /** Removes a parameter and returns it. @throws TypeError if there is none. */
  pop(name: K): Parameter {
    const value = this.get(name);
    dropMembers(this, name);
    return value;
  }

  clear(): void {
    dropMembers(this);
  }

  keys(): K[] {
    return [...this.entriesByName.keys()];
  }

  values(): Parameter[] {
    return [...this.entriesByName.values()];
  }

  items(): [name: K, parameter: Parameter][] {
    return [...this.entriesByName];
  }

  override extraRepr(): string {
    return this.lines((dtype) => `torch.${TYPE_NAMES[dtype]}`);
  }

  protected override assignMember(name: string, value: unknown): void {
    this.set(name as K, value as Tensor);
  }

  private get entriesByName(): Map<K, Parameter> {
    return membersOf(this) as Map<K, Parameter>;
  }
}
