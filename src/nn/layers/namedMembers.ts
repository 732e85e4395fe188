// The containers as users see them: with their members in their types, `net[0].weight`, `net.fc`, `dict.encoder`. TypeScript
// allows no class such members, hence types beside the classes of containers.ts and parameterContainers.ts.
import type { Parameter, Tensor } from '../../core/tensor';
import type { Module } from '../module/module';
import * as containers from './containers';
import * as parameters from './parameterContainers';

/** Members by name, except where the class has a method or property of that name, which stays. */
type Named<Members, Base> = { [K in keyof Members as K extends keyof Base ? never : K]: Members[K] };
/** Members of a tuple by position. */
type Placed<M extends readonly unknown[]> = { [K in keyof M as K extends `${number}` ? K : never]: M[K] };
/** The last of a tuple. */
type Ended<M extends readonly unknown[]> = M extends readonly [...unknown[], infer Last] ? Record<-1, Last> : unknown;

type Modules = Record<string, Module>;

/** A chain of modules: each gets what the one before gives. */
type TypedSequential<M extends readonly Module[] = Module[], N extends object = object> = containers.Sequential<M> &
  Placed<M> &
  Ended<M> &
  Named<N, containers.Sequential<M>>;

/** How chains are made: of modules in a row, or of modules by name. */
interface SequentialConstructor {
  new <M extends readonly Module[] = Module[]>(...modules: M): TypedSequential<M>;
  new <M extends readonly Module[], N extends Modules>(modules: N): TypedSequential<M, N>;
  new (modules: Modules | Map<string, Module>): TypedSequential;
  readonly prototype: TypedSequential;
}

/**
 * A chain of modules: each gets what the one before gives. If a module is async, the chain goes on from its promise. Members
 * are reached by position, and those that were given by name by that too.
 *
 * Shape: input and output are those of the first and the last module.
 * @example const net = new Sequential(new Linear(4, 16), new ReLU(), new Linear(16, 2)); net[0].weight
 * @example const net = new Sequential({ conv: new Conv2d(1, 8, 3), relu: new ReLU() }); net.conv.weight
 * @see torch.nn.Sequential
 */
const TypedSequential = containers.Sequential as SequentialConstructor;

/** Modules by name, whose parameters its owner has. */
type TypedModuleDict<T extends Modules = Modules> = containers.ModuleDict<T> & Named<T, containers.ModuleDict<T>>;

interface ModuleDictConstructor {
  new <T extends Modules = Modules>(
    modules?: T | Iterable<readonly [keyof T & string, T[keyof T & string]]>,
    ...none: never[]
  ): TypedModuleDict<T>;
}

/**
 * Modules by name, whose parameters its owner has. Iterating gives the names. Members are properties too, unless the class
 * has something else of that name: `get` reaches all.
 * @example activations = new ModuleDict({ relu: new ReLU(), lrelu: new LeakyReLU() });
 *          this.activations.relu(x); this.activations['lrelu'](x); this.activations.get('relu')(x);
 * @see torch.nn.ModuleDict
 */
const TypedModuleDict = containers.ModuleDict as ModuleDictConstructor;

/** Parameters by name that belong to the module it is assigned to. */
type TypedParameterDict<K extends string = string> = parameters.ParameterDict<K> &
  Named<Record<K, Parameter>, parameters.ParameterDict<K>>;

interface ParameterDictConstructor {
  new <K extends string = string>(
    values?: Readonly<Record<K, Tensor>> | Iterable<readonly [K, Tensor]>,
    ...none: never[]
  ): TypedParameterDict<K>;
}

/**
 * Parameters by name that belong to the module it is assigned to. Tensors put in become Parameters. Iterating gives the
 * names. Members are properties too, unless the class has something else of that name: `get` reaches all.
 * @example gains = new ParameterDict({ left: new Parameter(ones(3)), right: new Parameter(ones(4)) }); gains.left
 * @see torch.nn.ParameterDict
 */
const TypedParameterDict = parameters.ParameterDict as new (...args: never) => object as ParameterDictConstructor;

// Under names of their own here, as a bundler would rename the classes otherwise, and with them what they print.
export { TypedModuleDict as ModuleDict, TypedParameterDict as ParameterDict, TypedSequential as Sequential };
