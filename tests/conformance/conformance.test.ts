// Every recorded case whose module or function is public. A unit joins by being exported; what differs from PyTorch on
// purpose is listed here with the reason.
import { readdirSync } from 'node:fs';
import { describe, it } from 'vitest';
import { readCases } from '../harness/conformance';
import { findFunction, findModule } from './names';
import { runCase, type Case } from './runner';
import { NotThere } from './values';

/** Cases by the start of their id, with why they do not apply. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'nn.Embedding/extra/max_norm': 'maxNorm changes the weight by its data; not there yet',
  'nn.Embedding/extra/by_freq': 'scaleGradByFreq is not there yet',
  'nn.functional.embedding/op_db/float32_2': 'maxNorm and scaleGradByFreq are not there yet',
  'nn.Softshrink/extra/nonfinite': 'PyTorch 1.13 turned NaN into 0; NaN in gives NaN out',
  'nn.functional.batch_norm/op_db/float32_3': 'an input without channels',
  'nn.functional.batch_norm/op_db/float32_4': 'an input without channels',
  'nn.functional.one_hot/op_db/int64_0': 'the number of classes would have to be read from the data',
  'nn.functional.one_hot/op_db/int64_2': 'the number of classes would have to be read from the data',
  'nn.functional.one_hot/op_db/int64_4': 'the number of classes would have to be read from the data',
  'nn.functional.one_hot/extra/oh0': 'the number of classes would have to be read from the data',
  'nn.functional.avg_pool2d/op_db/float32_4': 'an empty stride, which only Python code could write',
  'nn.functional.avg_pool2d/op_db/float32_5': 'a padding of one number for two dimensions',
  'torch.arange/op_db/float32_6': 'booleans as numbers, which Python has',
  'torch.narrow/op_db': 'the start is a tensor, whose value would have to be waited for',
  'torch.norm/op_db/nuc': 'singular values are not there yet',
  'torch.mT/op_db/float32_1': 'newer versions of PyTorch refuse a scalar',
  'torch.mT/op_db/int64_1': 'newer versions of PyTorch refuse a scalar',
};

const FOLDERS = ['modules', 'functional', 'ops'];

const units = FOLDERS.flatMap((folder) => {
  const files = readdirSync(new URL(`cases/${folder}`, import.meta.url)).filter((file) => file.endsWith('.json'));
  return files.map((file) => `${folder}/${file.slice(0, -'.json'.length)}`);
});

const isPublic = (recorded: Case): boolean =>
  (recorded.kind === 'module' ? findModule(recorded.cls) : findFunction(recorded.fn)) !== null;

const isExcepted = ({ id }: Case): boolean => Object.keys(EXCEPTIONS).some((start) => id.startsWith(start));

describe('conformance with PyTorch', () => {
  for (const unit of units) {
    const cases = readCases<Case>(unit).filter((recorded) => isPublic(recorded) && !isExcepted(recorded));
    if (cases.length === 0) continue;
    it(`${unit} (${cases.length})`, async () => {
      const failures: string[] = [];
      for (const recorded of cases) {
        try {
          await runCase(recorded);
        } catch (error) {
          if (!(error instanceof NotThere)) failures.push(`${recorded.id}: ${String(error)}`);
        }
      }
      if (failures.length > 0) throw new Error(`${failures.length} cases differ:\n${failures.join('\n')}`);
    });
  }
});
