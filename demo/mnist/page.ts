// The page: connects its buttons and fields to a session.
import { diagnose, io } from 'kindling';
import { DrawingPad } from './drawingPad';
import { element, write } from './elements';
import { DEVICES, parseOptions } from './options';
import { paint } from './pictures';
import { answer, probabilityBars } from './probabilities';
import { Session } from './session';
import type { TrainOptions } from './train';
import { memoryText, showSession } from './view';

/** Milliseconds between two guesses at what is on the pad, while training may change the answer. */
const GUESS_AGAIN = 250;
/** Milliseconds between two looks at the memory. */
const MEMORY_REFRESH = 1000;

const options = parseOptions(location.search);
const session = new Session(options);

// ---- settings -----------------------------------------------------------------------------------

const settings = element('settings', HTMLFormElement);
const fields = {
  epochs: element('epochs', HTMLInputElement),
  batchSize: element('batch-size', HTMLSelectElement),
  lr: element('lr', HTMLInputElement),
  seed: element('seed', HTMLInputElement),
  device: element('device', HTMLSelectElement),
  threads: element('threads', HTMLSelectElement),
};

function fillSettings(): void {
  const { epochs, batchSize, lr, seed, threads } = options;
  Object.entries({ epochs, batchSize, lr, seed }).forEach(([name, value]) => {
    fields[name as 'epochs'].value = String(value);
  });
  fields.device.value = options.device;
  const counts = Array.from({ length: navigator.hardwareConcurrency }, (_, i) => String(i + 1));
  fields.threads.append(new Option('auto', ''), ...counts.map((count) => new Option(count)));
  fields.threads.value = threads === null ? '' : String(threads);
  if (!crossOriginIsolated) fields.threads.title = 'Several threads need a cross-origin isolated page.';
}

const trainOptions = (): TrainOptions => ({
  epochs: fields.epochs.valueAsNumber,
  batchSize: Number(fields.batchSize.value),
  lr: fields.lr.valueAsNumber,
});

function start(): void {
  if (session.status === 'training') session.pause();
  else if (session.status === 'paused') session.resume();
  else {
    if (session.status === 'finished') session.renew(fields.seed.valueAsNumber);
    void session.start(trainOptions());
  }
}

async function reset(): Promise<void> {
  await session.stop();
  session.renew(fields.seed.valueAsNumber);
}

settings.addEventListener('submit', (event) => {
  event.preventDefault();
  start();
});
fields.seed.addEventListener('change', () => {
  if (settings.reportValidity()) session.renew(fields.seed.valueAsNumber);
});
fields.device.addEventListener('change', () => {
  const device = DEVICES.find((name) => name === fields.device.value);
  if (device !== undefined) move({ device });
});
fields.threads.addEventListener('change', () => {
  const { value } = fields.threads;
  move({ threads: value === '' ? null : Number(value) });
});
element('stop', HTMLElement).addEventListener('click', () => {
  attempt(() => session.stop());
});
element('reset', HTMLElement).addEventListener('click', () => {
  attempt(reset);
});

function move(change: Parameters<Session['move']>[0]): void {
  attempt(async () => {
    await session.move(change).finally(() => {
      fields.device.value = options.device;
      describeEngine();
    });
  });
}

/** Runs an action; what it throws becomes the page's status line. */
function attempt(action: () => Promise<void>): void {
  action().catch((error: unknown) => {
    session.complain(error);
  });
}

// ---- drawing ------------------------------------------------------------------------------------

const pad = new DrawingPad(element('pad', HTMLCanvasElement), () => {
  picture = pad.picture();
  label = null;
  isChanged = true;
});
const showProbabilities = probabilityBars(element('probabilities', HTMLElement));
const seen = element('seen', HTMLCanvasElement);
let picture: Uint8Array | null = null;
/** What a test digit is known to be. */
let label: number | null = null;
let isChanged = true;

/** Guesses for ever: at once when the drawing has changed, and now and then while training goes on. One at a time. */
async function keepGuessing(): Promise<void> {
  let last = 0;
  for (;;) {
    const now = await nextFrame();
    const isLearning = session.status === 'training' && now - last > GUESS_AGAIN;
    if (!isChanged && !(isLearning && picture !== null)) continue;
    isChanged = false;
    last = now;
    element('pad-hint', HTMLElement).hidden = !pad.isEmpty;
    paint(seen, picture);
    if (picture === null || session.status === 'loading') {
      showProbabilities(null);
      write('answer', 'The network guesses as you draw');
      continue;
    }
    const probabilities = await session.recognise(picture);
    showProbabilities(probabilities);
    write('answer', answer(probabilities) + (label === null ? '' : `, labelled ${label}`));
  }
}

const nextFrame = (): Promise<number> => new Promise(requestAnimationFrame);

element('clear', HTMLElement).addEventListener('click', () => {
  pad.clear();
});
element('sample', HTMLElement).addEventListener('click', () => {
  attempt(async () => {
    const digit = await session.pickTestDigit();
    await pad.show(digit.picture);
    ({ picture, label } = digit);
    isChanged = true;
  });
});

// ---- model and machine --------------------------------------------------------------------------

element('save', HTMLElement).addEventListener('click', () => {
  attempt(async () => {
    io.download('mnist.safetensors', await session.save());
  });
});
element('load', HTMLInputElement).addEventListener('change', ({ target }) => {
  const input = target as HTMLInputElement;
  const file = input.files?.[0];
  // So that choosing the same file again is a change.
  input.value = '';
  if (file !== undefined) attempt(() => session.load(file));
});

function describeEngine(): void {
  const diagnosis = diagnose();
  write('diagnosis', diagnosis);
  write('environment', diagnosis.split('\n').find((line) => /^(threads|adapter)/.test(line)) ?? '');
}

async function open(): Promise<void> {
  fillSettings();
  await nextFrame();
  showSession(session);
  await nextFrame();
  await session.open();
  write('model', session.net.toString());
  const weights = [...session.net.parameters()].reduce((sum, parameter) => sum + parameter.numel(), 0);
  write('model-size', `${weights.toLocaleString('en')} weights`);
  describeEngine();
  setInterval(() => {
    write('memory', memoryText());
  }, MEMORY_REFRESH);
  void keepGuessing();
  if (options.autostart) start();
}

attempt(open);
