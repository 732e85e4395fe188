// What a plan takes for granted of modules and optimizers, and whether it still holds.
import { hasHooks, membersOf, Module } from '../nn/module/module';
import { hasStepHooks } from '../optim/hooks';
import type { Optimizer } from '../optim';
import { Tensor } from '../core/tensor';
import { describe } from '../base/errorText';

/** Whether what was recorded of something still holds: what has changed, in words, or null. */
export interface Guard {
  readonly about: string;
  change(): string | null;
}

/** Items of longer lists are not looked at one by one. */
const LIST = 64;

/** A property and its value when it was recorded, lists as their items. */
interface Property {
  readonly name: string;
  readonly value: unknown;
  readonly items: readonly unknown[] | null;
}

/** All that a module has, by name. */
export function* propertiesOf(module: Module): Generator<[name: string, value: unknown]> {
  for (const name of Object.keys(module)) yield [name, Reflect.get(module, name)];
  yield* membersOf(module);
}

/** Everything that a module has is what it was: its flags and numbers, its parameters and modules. It runs no hooks. */
export class ModuleGuard implements Guard {
  readonly about: string;
  private readonly names: readonly string[];
  private readonly properties: readonly Property[];
  private readonly members: ReadonlyMap<string, unknown>;

  constructor(private readonly module: Module) {
    this.about = module.constructor.name;
    this.names = Object.keys(module);
    this.properties = this.names.map((name) => {
      const value: unknown = Reflect.get(module, name);
      return { name, value, items: Array.isArray(value) && value.length <= LIST ? [...(value as unknown[])] : null };
    });
    this.members = new Map(membersOf(module));
  }

  change(): string | null {
    const { module, about } = this;
    for (const { name, value, items } of this.properties) {
      const now: unknown = Reflect.get(module, name);
      if (now !== value && !Object.is(now, value)) {
        return `${name} of ${about} was ${describe(value)}, now ${describe(now)}`;
      }
      if (items === null) continue;
      const list = now as readonly unknown[];
      if (list.length !== items.length || items.some((item, i) => !Object.is(item, list[i]))) {
        return `the list ${name} of ${about} has other items`;
      }
    }
    if (Object.keys(module).length !== this.names.length) return `${about} has other properties`;
    const members = membersOf(module);
    if (members.size !== this.members.size) return `${about} has ${members.size} members, had ${this.members.size}`;
    for (const [name, member] of this.members) {
      if (members.get(name) !== member) return `member ${name} of ${about} is another`;
    }
    return hasHooks(module) ? `${about} has hooks` : null;
  }
}

/** What an optimizer did in a call. */
export interface Participation {
  isStep: boolean;
  /** The numbers of its step are computed anew from its options. */
  hasRule: boolean;
}

/** An optimizer has the same parameters; its options too, unless its rule gives their numbers anew. It runs no hooks. */
export class OptimizerGuard implements Guard {
  readonly about: string;
  private readonly groups: readonly { readonly params: readonly Tensor[]; readonly options: readonly unknown[] }[];

  constructor(
    private readonly optimizer: Optimizer,
    private readonly part: Participation,
  ) {
    this.about = optimizer.constructor.name;
    this.groups = optimizer.paramGroups.map((group) => ({ params: [...group.params], options: optionsOf(group) }));
  }

  change(): string | null {
    const { optimizer, about, groups } = this;
    const now = optimizer.paramGroups;
    if (now.length !== groups.length) return `${about} has ${now.length} groups, had ${groups.length}`;
    for (let g = 0; g < groups.length; g++) {
      const { params, options } = groups[g];
      const given = now[g].params;
      if (given.length !== params.length) {
        return `group ${g} of ${about} has ${given.length} parameters, had ${params.length}`;
      }
      for (let i = 0; i < params.length; i++) if (given[i] !== params[i]) return `a parameter of ${about} is another`;
      const { hasRule, isStep } = this.part;
      const values = optionsOf(now[g]);
      // Numbers of a rule are computed anew, a tensor is read where it lies.
      const isFree = (value: unknown): boolean => (hasRule || !isStep) && !(value instanceof Tensor);
      if (
        values.length !== options.length ||
        values.some((value, i) => !Object.is(value, options[i]) && !(isFree(value) && isFree(options[i])))
      ) {
        return `an option of group ${g} of ${about} has changed`;
      }
    }
    return hasStepHooks(optimizer) ? `${about} has hooks around its steps` : null;
  }
}

function optionsOf(group: object): unknown[] {
  return Object.entries(group).flatMap(([name, value]): unknown[] =>
    name === 'params' || name === 'paramNames' ? [] : Array.isArray(value) ? (value as unknown[]) : [value],
  );
}

/** The modules in `module`, itself first. */
export function modulesIn(module: Module): Set<Module> {
  const found = new Set<Module>();
  const visit = (value: unknown): void => {
    if (!(value instanceof Module) || found.has(value)) return;
    found.add(value);
    for (const [, property] of propertiesOf(value)) visit(property);
  };
  visit(module);
  return found;
}

/** The tensors that a module itself has. */
export function tensorsOf(module: Module): Tensor[] {
  const tensors: Tensor[] = [];
  for (const [, value] of propertiesOf(module)) if (value instanceof Tensor) tensors.push(value);
  return tensors;
}
