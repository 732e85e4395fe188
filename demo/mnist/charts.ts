// The two plots, drawn by uPlot. Colours come from the style sheet and follow it.
import uPlot from 'uplot';
import { History } from './metrics';

const HEIGHT = 264;

/** uPlot's name for a logarithmic scale. */
const LOGARITHMIC = 3;
/** Where the axis of losses may begin and has its lines. */
const LOSSES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];
const GREATEST_LOSS = 3;

/** Up to this accuracy the plot shows the whole range, above it only the upper fifth: there the last percents matter. */
const GOOD_ACCURACY = 0.85;

/** A plot of the course of training. */
export interface Plot {
  /** Redraws with what is known now; the horizontal axis spans `steps` steps. */
  readonly draw: (history: History, steps: number) => void;
}

interface Line {
  readonly label: string;
  /** Custom property of the style sheet. */
  readonly colour: string;
  readonly width: number;
  /** Joins points across missing values and marks them. */
  readonly sparse?: boolean;
}

interface PlotOptions {
  readonly lines: readonly Line[];
  /** The numbers that the lines show. */
  readonly select: (history: History) => uPlot.AlignedData;
  readonly format: (value: number) => string;
  readonly scale: uPlot.Scale;
  /** Where horizontal lines may be; by default uPlot chooses. */
  readonly ticks?: readonly number[];
}

/** Loss by step: as it was, and smoothed. */
export function lossPlot(container: HTMLElement): Plot {
  return makePlot(container, {
    lines: [
      { label: 'each step', colour: '--faint-stroke', width: 1 },
      { label: 'smoothed', colour: '--ember', width: 2 },
    ],
    select: ({ steps, loss, smoothLoss }) => [steps, loss, smoothLoss],
    format: (value) => value.toPrecision(3),
    scale: {
      distr: LOGARITHMIC,
      range: (_, least) => [LOSSES.findLast((loss) => loss <= Math.min(least ?? 1, 0.1)) ?? LOSSES[0], GREATEST_LOSS],
    },
    ticks: LOSSES,
  });
}

/** Accuracy by step: smoothed over training batches, and on test digits. */
export function accuracyPlot(container: HTMLElement): Plot {
  return makePlot(container, {
    lines: [
      { label: 'training, smoothed', colour: '--ember', width: 2 },
      { label: 'test digits', colour: '--second', width: 2, sparse: true },
    ],
    select: ({ steps, accuracy, testAccuracy }) => [steps, accuracy, testAccuracy],
    format: (value) => `${(100 * value).toFixed(1)} %`,
    scale: { range: ({ data: [, accuracy] }) => [(accuracy.at(-1) ?? 0) > GOOD_ACCURACY ? 0.8 : 0, 1] },
  });
}

function makePlot(container: HTMLElement, { lines, select, format, scale, ticks }: PlotOptions): Plot {
  let lastStep = 0;
  const axis: uPlot.Axis = {
    stroke: () => colour('--muted'),
    font: '12px ui-sans-serif, -apple-system, "Segoe UI", Arial, sans-serif',
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { show: false },
  };
  const plot = new uPlot(
    {
      width: container.clientWidth,
      height: HEIGHT,
      padding: [10, 12, 0, 0],
      cursor: { drag: { setScale: false }, y: false, points: { size: 7 } },
      legend: { live: true },
      scales: { x: { time: false, range: () => [0, Math.max(lastStep, 1)] }, y: scale },
      axes: [
        { ...axis, size: 32 },
        {
          ...axis,
          ...(ticks !== undefined && { splits: (_, __, least) => ticks.filter((tick) => tick >= least) }),
          size: 46,
          values: (_, values) => values.map((value: number | null) => (value === null ? '' : shorten(format(value)))),
        },
      ],
      series: [
        { label: 'step', value: (_, step: number | null) => step ?? '–' },
        ...lines.map(({ label, colour: name, width, sparse = false }): uPlot.Series => ({
          label,
          stroke: () => colour(name),
          width,
          spanGaps: sparse,
          points: { show: sparse, size: 6, fill: () => colour(name) },
          value: (_, value: number | null) => (value === null ? '–' : format(value)),
        })),
      ],
    },
    select(new History()),
    container,
  );
  new ResizeObserver(() => {
    plot.setSize({ width: container.clientWidth, height: HEIGHT });
  }).observe(container);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    plot.redraw(false);
  });
  return {
    draw: (history, steps) => {
      lastStep = steps;
      plot.setData(select(history));
    },
  };
}

/** Without zeros at the end of its decimals: ticks are round numbers. */
function shorten(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+(?= |$)/, '') : text;
}

function colour(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property);
}
