// A folder of cases, run file by file.
import type { CaseFolder } from './cases';
import type { UnitResult } from './report';
import { runCase, type Outcome } from './runner';

/** Runs all cases of a folder whose id matches. */
export async function runFolder(
  folder: CaseFolder,
  filter: RegExp,
  onUnit: (result: UnitResult) => void = () => undefined,
): Promise<UnitResult[]> {
  const results: UnitResult[] = [];
  for (const path of await folder.list()) {
    const { unit, group, cases } = await folder.read(path);
    const chosen = cases.filter(({ id }) => filter.test(id));
    if (chosen.length === 0) continue;
    const at = path.slice(0, path.lastIndexOf('/'));
    const outcomes: Outcome[] = [];
    for (const recorded of chosen) outcomes.push(await runCase(recorded, { folder, at }));
    const result = { unit, group, outcomes };
    onUnit(result);
    results.push(result);
  }
  return results;
}
