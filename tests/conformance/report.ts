// What a conformance run says: a table by unit, the cases that failed with their first mismatch, the sums.
import type { Outcome } from './runner';

/** The outcomes of one file of cases. */
export interface UnitResult {
  readonly unit: string;
  readonly group: string;
  readonly outcomes: readonly Outcome[];
}

const count = (outcomes: readonly Outcome[], state: Outcome['state']): number =>
  outcomes.filter((outcome) => outcome.state === state).length;

const COLUMNS = ['unit', 'group', 'passed', 'failed', 'not implemented', 'skipped'] as const;

function row({ unit, group, outcomes }: UnitResult): string[] {
  const counts = (['passed', 'failed', 'missing', 'skipped'] as const).map((state) => count(outcomes, state));
  return [unit, group, ...counts.map(String)];
}

/** Lines of a table with aligned columns. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((cells) => cells[i].length)));
  return rows.map((cells) =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
}

/** Reasons with the number of cases, most frequent first. */
function tally(reasons: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([reason, n]) => `${String(n).padStart(6)}  ${reason}`);
}

/** Cases that failed or need what is not there. */
export const failuresOf = (results: readonly UnitResult[]): Outcome[] =>
  results.flatMap(({ outcomes }) => outcomes.filter(({ state }) => state === 'failed' || state === 'missing'));

/** Passed and all cases of each group. */
function groups(results: readonly UnitResult[]): string[] {
  const names = [...new Set(results.map(({ group }) => group))].sort();
  return names.map((name) => {
    const outcomes = results.filter(({ group }) => group === name).flatMap((result) => result.outcomes);
    const [passed, skipped] = [count(outcomes, 'passed'), count(outcomes, 'skipped')];
    const share = (100 * passed) / Math.max(1, outcomes.length - skipped);
    return `${name.padEnd(10)} ${passed} of ${outcomes.length - skipped} (${share.toFixed(1)} %)`;
  });
}

/** The whole report; its last line is `N passed, N failed, N skipped`. */
export function report(results: readonly UnitResult[]): string {
  const all = results.flatMap(({ outcomes }) => outcomes);
  const failures = failuresOf(results);
  const missing = failures.filter(({ state }) => state === 'missing').map(({ detail }) => detail);
  const skipped = all.filter(({ state }) => state === 'skipped').map(({ detail }) => detail);
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', `${title}:`, ...lines];
  return [
    ...table([[...COLUMNS], ...results.map(row)]),
    ...section('By group', groups(results)),
    ...section('Skipped, since the device cannot', tally(skipped)),
    ...section('Not implemented', tally(missing)),
    ...section(
      'Failed',
      failures.map(({ id, state, detail }) => `${id}: ${state === 'missing' ? 'not implemented: ' : ''}${detail}`),
    ),
    '',
    `${count(all, 'passed')} passed, ${failures.length} failed, ${skipped.length} skipped`,
  ].join('\n');
}
