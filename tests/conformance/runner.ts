// Runs recorded cases of every kind. Nothing here or in kinds/ knows any single op or layer.
import { DTypeError } from '../../src/base/errors';
import { Inexpressible, NotThere, type AnyCase, type Context } from './cases';
import { runModule, runOp, type ModuleCase, type OpCase } from './kinds/call';
import { runBig, type BigCase } from './kinds/big';
import { runError, type ErrorCase } from './kinds/error';
import { runFile, type FileCase } from './kinds/file';
import { runInit, type InitCase } from './kinds/init';
import { runModel, runTrajectory, type ModelCase, type TrajectoryCase } from './kinds/model';
import { runOptim, runSched, type OptimCase, type SchedCase } from './kinds/optim';
import { runProgram, type ProgramCase } from './kinds/program';
import { runRng, type RngCase } from './kinds/rng';
import { runUtil, type UtilCase } from './kinds/util';

/** Throws where a case differs from PyTorch. */
type KindRunner = (recorded: AnyCase, context: Context) => Promise<void>;

/** A runner of one kind; the kind of a case tells its fields. */
const kind =
  <C extends AnyCase>(run: (recorded: C, context: Context) => Promise<void>): KindRunner =>
  (recorded, context) =>
    run(recorded as C, context);

const KINDS: Readonly<Record<string, KindRunner>> = {
  op: kind<OpCase>(runOp),
  module: kind<ModuleCase>(runModule),
  optim: kind<OptimCase>(runOptim),
  sched: kind<SchedCase>(runSched),
  init: kind<InitCase>(runInit),
  util: kind<UtilCase>(runUtil),
  model: kind<ModelCase>(runModel),
  trajectory: kind<TrajectoryCase>(runTrajectory),
  program: kind<ProgramCase>(runProgram),
  big: kind<BigCase>(runBig),
  error: kind<ErrorCase>(runError),
  file: kind<FileCase>(runFile),
  rng: kind<RngCase>(runRng),
};

/** What became of a case; `missing`: kindling does not have what it needs, `skipped`: the device cannot. */
export interface Outcome {
  readonly id: string;
  readonly state: 'passed' | 'failed' | 'missing' | 'skipped';
  /** The first mismatch, what is missing, or why it was skipped. */
  readonly detail: string;
}

/** Runs one case. */
export async function runCase(recorded: AnyCase, context: Context): Promise<Outcome> {
  const { id } = recorded;
  const run = KINDS[recorded.kind];
  if (run === undefined) return { id, state: 'missing', detail: `kind ${recorded.kind}` };
  try {
    await run(recorded, context);
    return { id, state: 'passed', detail: '' };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    if (error instanceof NotThere) return { id, state: 'missing', detail };
    if (error instanceof DTypeError && error.data.device === 'webgpu') return { id, state: 'skipped', detail };
    return { id, state: error instanceof Inexpressible ? 'skipped' : 'failed', detail };
  }
}
