// Makes a failing program small: leaves out steps, with what depends on them, and puts values in the place of others, as long
// as it fails in the same way.
import { refsOf, type Outcome, type Program, type Step } from './program';
import type { Reference } from './reference';

/** What two failures of one cause have in common. */
export function signatureOf(program: Program, { difference }: Outcome): string {
  if (difference === undefined) return '';
  const { kind, at, detail } = difference;
  const step = typeof at === 'number' ? program.steps[at] : program.steps.find(({ out }) => out?.includes(at));
  const words = detail
    .replace(/-?\d+(\.\d+)?(e[+-]\d+)?/g, '#')
    .replace(/\[[^\]]*\]/g, '[]')
    .slice(0, 70);
  return `${kind} ${step?.fn ?? 'input'}: ${kind === 'value' || kind === 'grad' ? '' : words}`;
}

/** The steps without the one at `at` and those that need it. */
function without(steps: readonly Step[], at: number): Step[] {
  const gone = new Set(steps[at].out ?? []);
  return steps.filter((step, i) => {
    if (i === at) return false;
    if (![step.args, Object.values(step.kwargs ?? {})].flatMap(refsOf).some((name) => gone.has(name))) return true;
    for (const name of step.out ?? []) gone.add(name);
    return false;
  });
}

/** The smallest program found that fails by the same kind of difference. */
export async function reduce(
  failing: Program,
  kind: string,
  run: (program: Program) => Promise<Outcome>,
  reference: Reference,
): Promise<Program> {
  let smallest = failing;
  const fails = async (program: Program | null): Promise<boolean> =>
    program !== null && (await run(program)).difference?.kind === kind;
  for (let shrunk = true; shrunk;) {
    shrunk = false;
    for (let at = smallest.steps.length - 1; at >= 0; at--) {
      const candidates = [
        (): Promise<Program | null> => reference.of({ ...smallest, steps: without(smallest.steps, at) }),
        (): Promise<Program | null> => reference.of(smallest, at),
      ];
      for (const candidate of candidates) {
        const program = await candidate();
        if (!(await fails(program))) continue;
        smallest = program ?? smallest;
        shrunk = true;
        break;
      }
      at = Math.min(at, smallest.steps.length);
    }
  }
  return smallest;
}
