// What the benchmark prints.
import type { Line } from './lines';
import type { Profile } from './page';
import type { Contender } from './settings';

/** What a contender did on a line. */
export interface Cell {
  /** Milliseconds of a call, one for each round. */
  readonly times: number[];
  /** Why there are none. */
  reason: string | null;
}

export type Figures = ReadonlyMap<Line, Map<Contender, Cell>>;

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Milliseconds of a cell; null if it has none. */
const timeOf = (cell: Cell | undefined): number | null =>
  cell === undefined || cell.reason !== null || cell.times.length === 0 ? null : median(cell.times);

const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** Rows of cells as text, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
    .join('\n');
}

/** Milliseconds of everyone; kindling's rate; and how many times longer the fastest of its rivals takes. */
export function printTable(figures: Figures, contenders: readonly Contender[]): void {
  const families = (['wasm', 'webgpu'] as const).flatMap((device) => {
    const ours = contenders.find(({ name }) => name === `kindling-${device}`);
    const rivals = contenders.filter(
      (each) => each.module !== ours?.module && (device === 'webgpu') === each.backend.startsWith('webgpu'),
    );
    return ours === undefined ? [] : [{ ours, rivals, device }];
  });
  const header = [
    'ms per call',
    ...contenders.map(({ name }) => name),
    ...families.flatMap(({ ours, device }) => [`${ours.name} rate`, `best ${device} peer / kindling`]),
  ];
  const rows = [...figures].map(([line, cells]) => {
    const comparisons = families.flatMap(({ ours, rivals }) => {
      const time = timeOf(cells.get(ours));
      const others = rivals.flatMap((rival) => timeOf(cells.get(rival)) ?? []);
      return [
        time === null ? '' : rate(line, time),
        time === null || others.length === 0 ? '' : (Math.min(...others) / time).toFixed(2),
      ];
    });
    const times = contenders.map((contender) => timeOf(cells.get(contender)));
    return [line.name, ...times.map((time) => (time === null ? '–' : digits(time))), ...comparisons];
  });
  console.log(`\n${table([header, ...rows])}`);
}

/** Work per second. */
function rate({ work }: Line, ms: number): string {
  if (work === null) return '';
  return `${digits(work.amount / ms / 1e6)} ${work.unit === 'flops' ? 'GFLOP/s' : 'GB/s'}`;
}

/** Why cells are empty, each reason once. */
export function printNotes(figures: Figures): void {
  const linesByReason = new Map<string, string[]>();
  for (const [line, cells] of figures) {
    for (const [contender, { reason }] of cells) {
      if (reason === null) continue;
      const key = `${contender.name}: ${reason}`;
      linesByReason.set(key, [...(linesByReason.get(key) ?? []), line.name]);
    }
  }
  if (linesByReason.size > 0) console.log('\nNot done:');
  for (const [reason, lines] of linesByReason) console.log(`  ${reason} (${lines.join(', ')})`);
}

/** A profile's kernels, the most expensive first, each with its part of the time that passed. */
export function printProfile(line: Line, { calls, ms, kernels }: Profile): void {
  const each = ms / calls;
  const speed = rate(line, each);
  console.log(`\n${line.name}: ${calls} calls, ${digits(each)} ms each${speed === '' ? '' : `, ${speed}`}\n`);
  const row = (name: string, commands: number | null, spent: number): string[] => [
    name,
    commands === null ? '' : digits(commands / calls),
    digits(spent / calls),
    commands === null ? '' : digits((1000 * spent) / commands),
    `${((100 * spent) / ms).toFixed(1)} %`,
  ];
  const measured = kernels.reduce((sum, kernel) => sum + kernel.ms, 0);
  console.log(
    table([
      ['kernel', 'commands per call', 'ms per call', 'µs per command', 'share'],
      ...kernels.map(({ kernel, commands, ms: spent }) => row(kernel, commands, spent)),
      row('(between commands)', null, ms - measured),
    ]),
  );
}
