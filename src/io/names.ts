// What a pickle may name: what tensors and containers are made of, numbers and arrays of NumPy, and everything else by a
// stand-in. Nothing is called but what is listed; what only an attack needs takes the whole file with it.
import type { LoadError } from '../base/errors';
import { Foreign } from './foreign';
import { NUMPY } from './numpy';
import { Global, GLOBALS, refusal } from './pickled';

/** Modules whose functions run code, read or write files, or take the interpreter apart. */
const DANGEROUS =
  /^(os|nt|posix|posixpath|ntpath|sys|subprocess|commands|pty|shutil|tempfile|socket|ssl|http|urllib\d?|requests|httplib|ftplib|smtplib|webbrowser|ctypes|_ctypes|cffi|importlib|imp|pkgutil|runpy|zipimport|code|codeop|_?io|pickle|_pickle|cPickle|pickletools|dill|cloudpickle|joblib|marshal|shelve|dbm|timeit|trace|pdb|bdb|c?[pP]rofile|inspect|gc|signal|threading|multiprocessing|asyncio|concurrent|pip|setuptools|distutils|venv|operator|torch\.(load|hub|jit|serialization|package|multiprocessing|utils\.cpp_extension))(\.|$)/;
/** The types among Python's built-in names; the rest are functions. */
const BUILTIN_TYPES =
  /^(__builtin__|builtins)\.(object|complex|range|xrange|slice|bytearray|memoryview|type|[A-Z]\w*)$/;

const isDangerous = (path: string): boolean =>
  DANGEROUS.test(path) || (/^(__builtin__|builtins)\./.test(path) && !BUILTIN_TYPES.test(path));

/**
 * What a name stands for.
 * @throws LoadError, which names it, for what could run code; with `weightsOnly` for all that tensors and containers do not need
 */
export function globalOf(module: string, name: string, weightsOnly: boolean): Global {
  const path = `${module}.${name}`;
  const found = GLOBALS.get(path) ?? (weightsOnly ? undefined : NUMPY.get(path));
  if (found !== undefined) return found;
  if (weightsOnly || isDangerous(path)) throw refusal(path);
  return new Global(path, (args) => reconstructed(path, args));
}

/** A stand-in for what `path` makes of `args`. Some functions only make an object of the class that they are given. */
function reconstructed(path: string, args: readonly unknown[]): Foreign {
  const [first, ...rest] = args;
  if (/^copy_?reg\.(_reconstructor|__newobj__|__newobj_ex__)$/.test(path) && first instanceof Global) {
    return new Foreign(first.name, rest);
  }
  return new Foreign(path, args);
}

/** Whether a stand-in is a whole module, saved with its code's name instead of its state. */
export const isModule = ({ type, state }: Foreign, has: (state: unknown, name: string) => boolean): boolean =>
  type.startsWith('torch.nn.') || has(state, '_parameters') || has(state, '_modules');

/** What to say where a file is nothing but a value that JavaScript does not have. */
export const notTensors = (foreign: Foreign, module: boolean): LoadError => refusal(foreign.type, module);
