// Shows a session: its state on the page's elements, a few times a second and a piece at a time, so that no single
// piece of work is long. Values for scripts and tests are in data attributes of #app.
import { memory } from 'kindling';
import { accuracyPlot, lossPlot } from './charts';
import { confusionTable } from './confusionTable';
import { element, write } from './elements';
import { mistakeItems } from './pictures';
import type { Session, Status } from './session';

/** Milliseconds between two drawings of the same piece: often enough to look alive, seldom enough to cost little. */
const REFRESH = 100;

/** Pictures added to the gallery in one piece of work. */
const PICTURES_AT_ONCE = 8;

/** A part of the page that follows the session. */
interface Piece {
  /** Builds the part, in a frame of its own, and returns how to draw it. */
  build: () => () => void;
  draw: (() => void) | null;
  /** When it may be drawn again, and the version it shows. */
  due: number;
  version: number;
}

/** Keeps the page up to date with the session from now on. */
export function showSession(session: Session): void {
  const builds = [
    () => () => showControls(session),
    () => () => showFigures(session),
    () => {
      const { draw } = lossPlot(element('loss-plot', HTMLElement));
      return () => draw(session.history, session.steps);
    },
    () => {
      const { draw } = accuracyPlot(element('accuracy-plot', HTMLElement));
      return () => draw(session.history, session.steps);
    },
    () => {
      const fill = confusionTable(element('confusion', HTMLTableElement));
      return () => {
        fill(session.confusion);
        write('confusion-source', confusionSource(session));
      };
    },
    () => () => showMistakes(session),
  ];
  const pieces: Piece[] = builds.map((build) => ({ build, draw: null, due: 0, version: -1 }));

  const frame = (now: number): void => {
    const piece = pieces.find(({ due, version }) => now >= due && version !== session.version);
    if (piece !== undefined) {
      piece.version = session.version;
      piece.due = now + REFRESH;
      piece.draw ??= piece.build();
      piece.draw();
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

/** Bytes of device memory, for people. */
export function memoryText(): string {
  const { live, peak } = memory();
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
  return `${megabytes(live)} MB in tensors, ${megabytes(peak)} MB at most`;
}

function showControls(session: Session): void {
  const { status } = session;
  const isRunning = status === 'training' || status === 'paused';
  const isIdle = status === 'ready' || status === 'finished';
  const enable = (enabled: boolean, ...ids: string[]): void => {
    for (const id of ids) (element(id, HTMLElement) as HTMLButtonElement | HTMLInputElement).disabled = !enabled;
  };
  enable(isRunning || isIdle, 'start', 'reset', 'save');
  enable(isRunning, 'stop');
  enable(isIdle, 'load', 'epochs', 'batch-size', 'lr', 'seed', 'device');
  enable(isIdle && crossOriginIsolated, 'threads');
  enable(status !== 'loading' && status !== 'failed', 'sample');
  write('start', START_LABEL[status]);
  write('status', statusText(session));
  element('app', HTMLElement).dataset.status = status;
}

const START_LABEL: Readonly<Record<Status, string>> = {
  loading: 'Start training',
  ready: 'Start training',
  training: 'Pause',
  paused: 'Resume',
  testing: 'Pause',
  finished: 'Train again',
  failed: 'Start training',
};

function statusText({ status, message, testAccuracy, step }: Session): string {
  const outcome = testAccuracy === null ? '' : `: ${percent(testAccuracy, 2)} of the test digits read correctly`;
  const texts: Readonly<Record<Status, string>> = {
    loading: 'Loading the digits',
    ready: `Ready${outcome}`,
    training: 'Training',
    paused: `Paused after step ${step}`,
    testing: 'Reading the 10,000 test digits',
    finished: `Finished${outcome}`,
    failed: 'Failed',
  };
  return message === '' ? texts[status] : `${texts[status]}: ${message}`;
}

function showFigures(session: Session): void {
  const { history, rate, step, steps, epoch, epochs, secondsLeft } = session;
  const loss = history.smoothLoss.at(-1);
  const accuracy = history.accuracy.at(-1);
  const testAccuracy = session.testAccuracy ?? session.confusion?.accuracy;
  write('loss', loss === undefined ? '–' : loss.toFixed(3));
  write('train-accuracy', percent(accuracy, 1));
  write('test-accuracy', percent(testAccuracy, session.testAccuracy === null ? 1 : 2));
  write('rate', rate === null ? '–' : rate.toFixed(rate < 10 ? 1 : 0));

  element('progress', HTMLProgressElement).value = steps === 0 ? 0 : step / steps;
  write('position', steps === 0 ? 'Not started' : `Epoch ${epoch} of ${epochs} · step ${step} of ${steps}`);
  write('remaining', secondsLeft === null ? '' : `${duration(secondsLeft)} left`);

  const { dataset } = element('app', HTMLElement);
  const values = { epoch, step, steps, loss, accuracy, testAccuracy: session.testAccuracy, stepsPerSecond: rate };
  for (const [name, value] of Object.entries(values)) dataset[name] = value?.toString() ?? '';
}

function confusionSource({ confusion, confusionStep }: Session): string {
  if (confusion === null) return 'rows: what was written, columns: what was read';
  const total = confusion.total.toLocaleString('en');
  return confusionStep === null ? `${total} test digits` : `${total} test digits after step ${confusionStep}`;
}

/** Fills the gallery, some pictures at a time. */
function showMistakes(session: Session): void {
  const { mistakes, confusion, testAccuracy } = session;
  const gallery = element('mistakes', HTMLElement);
  if (mistakes !== shownMistakes) gallery.replaceChildren();
  shownMistakes = mistakes;
  const shown = gallery.childElementCount;
  gallery.append(...mistakeItems(mistakes.slice(shown, shown + PICTURES_AT_ONCE)));
  if (gallery.childElementCount < mistakes.length) session.version++;

  const wrong = testAccuracy === null || confusion === null ? 0 : confusion.total - confusion.right;
  write('mistakes-count', wrong === 0 ? '' : `${wrong} of ${confusion?.total.toLocaleString('en') ?? ''}`);
}

let shownMistakes: Session['mistakes'] = [];

function percent(share: number | undefined, digits: number): string {
  return share === undefined ? '–' : `${(100 * share).toFixed(digits)} %`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
