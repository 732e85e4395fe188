// Cases of the kind `error`: calls that must throw, at the call or when their result is read.
import { type optim, tensor } from '../../../src';
import { NotThere, type AnyCase, type Call, type ModuleSpec, type Named } from '../cases';
import { camelCaseOptions, findClass, findFunction, present } from '../names';
import { revive, reviveArguments, tensorsOf } from '../values';
import { build } from './call';
import { runSteps, type Program } from './program';

export type ErrorCase = AnyCase &
  (
    | ({ readonly what: 'op'; readonly fn: string } & Call)
    | ({ readonly what: 'module' } & ModuleSpec & Call)
    | { readonly what: 'optim'; readonly cls: string; readonly options: Named<unknown> }
    | ({ readonly what: 'program' } & Program)
  );

/** What only the data can tell rejects the read. */
async function read(output: unknown): Promise<void> {
  for (const [, tensor] of tensorsOf(output, 'out')) await tensor.data();
}

/** Makes the attempt; what is needed for it is looked up, and must be there, first. */
function attempt(recorded: ErrorCase): () => Promise<unknown> {
  switch (recorded.what) {
    case 'op': {
      const fn = present(findFunction(recorded.fn), recorded.fn);
      const args = reviveArguments(recorded.args, recorded.kwargs);
      return async () => read(await fn(...args));
    }
    case 'module': {
      present(findClass(`nn.${recorded.cls}`), `nn.${recorded.cls}`);
      const args = reviveArguments(recorded.args, recorded.kwargs);
      return async () => read(await build(recorded)(...args));
    }
    case 'optim': {
      const Optimizer = present(findClass<optim.Optimizer>(`optim.${recorded.cls}`), `optim.${recorded.cls}`);
      const options = camelCaseOptions(recorded.options);
      for (const [name, value] of Object.entries(options)) options[name] = revive(value);
      return () => Promise.resolve(new Optimizer([tensor([1, 2], { requiresGrad: true })], options));
    }
    case 'program':
      return async () => {
        for (const value of Object.values(await runSteps(recorded))) await read(value);
      };
  }
}

export async function runError(recorded: ErrorCase): Promise<void> {
  const tried = attempt(recorded);
  try {
    await tried();
  } catch (error) {
    if (error instanceof NotThere) throw error;
    if (error instanceof Error && error.message.startsWith('internal:')) throw error;
    return;
  }
  throw new Error('must throw, but did not');
}
