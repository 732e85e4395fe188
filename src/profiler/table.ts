// Averages as text: PyTorch's columns and units.
import type { FunctionEventAvg } from './averages';
import type { MemoryPeak } from './memory';

/** How the table looks. */
export interface TableLook {
  readonly rowLimit: number;
  readonly maxNameColumnWidth: number;
  readonly maxSrcColumnWidth: number;
  readonly header: string | null;
  readonly device: string | null;
}

/** A column: its heading and its cells; numbers stand on the right. */
interface Column {
  readonly title: string;
  readonly cell: (row: FunctionEventAvg) => string;
  readonly isText?: boolean;
}

const SPACE = '  ';

/** Microseconds as PyTorch prints them. */
export function formatTime(us: number): string {
  if (us >= 1e6) return `${(us / 1e6).toFixed(3)}s`;
  return us >= 1e3 ? `${(us / 1e3).toFixed(3)}ms` : `${us.toFixed(3)}us`;
}

/** Bytes as PyTorch prints them. */
export function formatMemory(bytes: number): string {
  const size = Math.abs(bytes);
  if (size >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(2)} Gb`;
  if (size >= 2 ** 20) return `${(bytes / 2 ** 20).toFixed(2)} Mb`;
  return size >= 2 ** 10 ? `${(bytes / 2 ** 10).toFixed(2)} Kb` : `${bytes} b`;
}

const share = (part: number, whole: number): string => (whole === 0 ? '--' : `${((100 * part) / whole).toFixed(2)}%`);
const shortened = (text: string, width: number): string =>
  text.length > width && width > 3 ? `${text.slice(0, width - 3)}...` : text;

/** The rows, the first `rowLimit` of them, under their headings, and the sums over all. */
export function formatTable(rows: readonly FunctionEventAvg[], look: TableLook): string {
  const { rowLimit, maxNameColumnWidth, maxSrcColumnWidth, header, device } = look;
  const sum = (of: (row: FunctionEventAvg) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const cpu = sum((row) => row.selfCpuTimeTotal);
  const onDevice = sum((row) => row.selfDeviceTimeTotal);
  const has = (of: (row: FunctionEventAvg) => number | string | readonly string[]): boolean =>
    rows.some((row) => ![0, ''].includes(of(row) as never) && (of(row) as { length?: number }).length !== 0);
  const columns: Column[] = [
    { title: 'Name', cell: (row) => shortened(row.key, maxNameColumnWidth), isText: true },
    { title: 'Self CPU %', cell: (row) => share(row.selfCpuTimeTotal, cpu) },
    { title: 'Self CPU', cell: (row) => formatTime(row.selfCpuTimeTotal) },
    { title: 'CPU total %', cell: (row) => share(row.cpuTimeTotal, cpu) },
    { title: 'CPU total', cell: (row) => formatTime(row.cpuTimeTotal) },
    { title: 'CPU time avg', cell: (row) => formatTime(row.cpuTime) },
  ];
  if (device !== null) {
    columns.push(
      { title: `Self ${device}`, cell: (row) => formatTime(row.selfDeviceTimeTotal) },
      { title: `Self ${device} %`, cell: (row) => share(row.selfDeviceTimeTotal, onDevice) },
      { title: `${device} total`, cell: (row) => formatTime(row.deviceTimeTotal) },
      { title: `${device} time avg`, cell: (row) => formatTime(row.deviceTime) },
    );
  }
  if (has((row) => row.backwardCpuTimeTotal)) {
    columns.push({ title: 'Backward CPU', cell: (row) => formatTime(row.backwardCpuTimeTotal) });
    if (device !== null) {
      columns.push({ title: `Backward ${device}`, cell: (row) => formatTime(row.backwardDeviceTimeTotal) });
    }
  }
  if (has((row) => row.deviceMemoryUsage) || has((row) => row.selfDeviceMemoryUsage)) {
    columns.push(
      { title: `${device ?? 'Device'} Mem`, cell: (row) => formatMemory(row.deviceMemoryUsage) },
      { title: `Self ${device ?? 'Device'} Mem`, cell: (row) => formatMemory(row.selfDeviceMemoryUsage) },
    );
  }
  columns.push({ title: '# of Calls', cell: (row) => String(row.count) });
  const source = (title: string, of: (row: FunctionEventAvg) => string): void => {
    if (has(of)) columns.push({ title, cell: (row) => shortened(of(row), maxSrcColumnWidth), isText: true });
  };
  source('Input Shapes', (row) => row.inputShapes);
  source('Module', (row) => row.module);
  source('Source Location', (row) => row.stack.join(', '));
  if (has((row) => row.flops)) columns.push({ title: 'Total MFLOPs', cell: (row) => (row.flops === 0 ? '--' : (row.flops / 1e6).toFixed(3)) }); // prettier-ignore

  const shown = rowLimit < 0 ? rows : rows.slice(0, rowLimit);
  const cells = shown.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...cells.map((row) => row[i].length)));
  const line = (texts: readonly string[]): string =>
    texts.map((text, i) => (columns[i].isText ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join(SPACE).trimEnd(); // prettier-ignore
  const rule = widths.map((width) => '-'.repeat(width)).join(SPACE);
  const totals = [`Self CPU time total: ${formatTime(cpu)}`];
  if (device !== null) totals.push(`Self ${device} time total: ${formatTime(onDevice)}`);
  return [
    ...(header === null ? [] : [rule, header]),
    rule,
    line(columns.map(({ title }) => title)),
    rule,
    ...cells.map(line),
    rule,
    ...totals,
    '',
  ].join('\n');
}

/** The greatest peak of each device, with the first `most` of its holders. */
export function formatPeaks(peaks: readonly MemoryPeak[], most: number): string {
  const greatest = new Map<string, MemoryPeak>();
  for (const peak of peaks) if (peak.bytes > (greatest.get(peak.device)?.bytes ?? -1)) greatest.set(peak.device, peak);
  const lines = [...greatest.values()].flatMap(({ device, step, bytes, holders }) => {
    const shown = holders.slice(0, most);
    const rest = holders.slice(most).reduce((sum, holder) => sum + holder.bytes, 0);
    return [
      `Peak memory on ${device}: ${formatMemory(bytes)}, in step ${step}, held by`,
      ...shown.map(({ category, op, module, isBackward, bytes: held, count }) => {
        const made = [op === '' ? '' : `by ${op}`, isBackward ? 'backward' : '', module === '' ? '' : `in ${module}`];
        const tensors = count === 0 ? '' : `, ${count} tensor${count === 1 ? '' : 's'}`;
        return `  ${formatMemory(held).padStart(11)}  ${category}${tensors} ${made.filter((part) => part !== '').join(' ')}`.trimEnd();
      }),
      ...(rest > 0 ? [`  ${formatMemory(rest).padStart(11)}  others`] : []),
    ];
  });
  return [...lines, ''].join('\n');
}
