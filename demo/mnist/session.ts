// A session: the network, the digits and the course of training, with the buttons' actions. No page elements here;
// the page looks at the public fields a few times a second.
import { init, io, manualSeed, shutdown, type Tensor } from 'kindling';
import { loadDigits, SIDE, type Digits } from './data';
import { Confusion, History, Speedometer } from './metrics';
import { Net } from './model';
import type { PageOptions } from './options';
import { classify, countSteps, evaluate, measure, recognise, train, type Step, type TrainOptions } from './train';

/** What a session is doing. */
export type Status = 'loading' | 'ready' | 'training' | 'paused' | 'testing' | 'finished' | 'failed';

/** A test digit that was read wrongly. */
export interface Mistake {
  readonly picture: Uint8Array;
  readonly label: number;
  readonly prediction: number;
}

/** Steps between two looks at the loss. */
const MEASURE_EVERY = 5;
/** Steps between two looks at some test digits. A multiple of MEASURE_EVERY, so that the plots have an entry for it. */
const TEST_EVERY = 100;
/** Test digits looked at then. */
const TEST_SAMPLE = 500;
/** Mistakes shown. */
const MISTAKES = 32;

/** One network in training. */
export class Session {
  status: Status = 'loading';
  /** What went wrong, or the share that has been loaded, or ''. */
  message = '';
  /** Steps taken, and to be taken in all. */
  step = 0;
  steps = 0;
  epochs = 0;
  history = new History();
  /** The latest test: a sample during training, all test digits after an epoch. */
  confusion: Confusion | null = null;
  /** The step after which `confusion` was counted; null for loaded weights. */
  confusionStep: number | null = null;
  /** Accuracy on all test digits after the last epoch, or of loaded weights. */
  testAccuracy: number | null = null;
  mistakes: readonly Mistake[] = [];
  net!: Net;
  /** Counts changes worth drawing. */
  version = 0;

  private training!: Digits;
  private test!: Digits;
  private readonly speed = new Speedometer();
  /** Resolves when training may go on after a pause. */
  private resumed: Promise<void> | null = null;
  private resumeNow: () => void = () => undefined;
  private stopping = false;
  private run: Promise<void> = Promise.resolve();

  constructor(private readonly options: PageOptions) {}

  /** Starts the engine, makes the network and loads the digits. */
  async open(): Promise<void> {
    const { device, threads, limit } = this.options;
    // Which device 'auto' is to be is known when the browser has looked for an adapter.
    await init({ device, ...(threads !== null && { threads }) });
    this.renew(this.options.seed);
    this.status = 'loading';
    const total = { train: 0.85, t10k: 0.15 };
    const share = { train: 0, t10k: 0 };
    const load = (part: 'train' | 't10k', most?: number): Promise<Digits> =>
      loadDigits(part, most, (loaded) => {
        share[part] = loaded;
        this.message = `${Math.round(100 * (share.train * total.train + share.t10k * total.t10k))} %`;
        this.version++;
      });
    this.test = await load('t10k');
    this.training = await load('train', limit);
    this.enter('ready');
  }

  /**
   * Starts again on another device or with another number of threads, with the weights as they are.
   * @throws DeviceError if that cannot be; then everything is as before
   */
  async move(change: Partial<Pick<PageOptions, 'device' | 'threads'>>): Promise<void> {
    const weights = await io.save(this.net.stateDict());
    const before = { ...this.options };
    const reopen = async (options: Partial<PageOptions>): Promise<void> => {
      Object.assign(this.options, options);
      shutdown();
      await this.open();
      this.net.loadStateDict(await io.load(weights));
    };
    try {
      await reopen(change);
    } catch (error) {
      await reopen(before);
      throw error;
    }
  }

  /** Makes a fresh network from a seed and forgets the course so far. */
  renew(seed: number): void {
    manualSeed(seed);
    this.net = new Net();
    this.forget();
    this.enter('ready');
  }

  /** Trains from the present weights. Resolves when training has ended, for whatever reason. */
  start(options: TrainOptions): Promise<void> {
    this.forget();
    this.stopping = false;
    this.steps = countSteps(this.training, options);
    this.epochs = options.epochs;
    this.enter('training');
    this.run = this.trainAndTest(options);
    return this.run;
  }

  pause(): void {
    if (this.status !== 'training') return;
    this.resumed = new Promise((resolve) => (this.resumeNow = resolve));
    this.enter('paused');
  }

  resume(): void {
    if (this.status !== 'paused') return;
    this.resumed = null;
    this.speed.reset();
    this.enter('training');
    this.resumeNow();
  }

  /** Ends training after the step at hand; the weights stay. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.resume();
    await this.run;
  }

  /** The weights as a safetensors file. */
  save(): Promise<ArrayBuffer> {
    return io.save(this.net.stateDict(), { format: 'safetensors' });
  }

  /** Takes the weights of a safetensors file and tests them. @throws LoadError if they do not fit */
  async load(file: File): Promise<void> {
    this.net.loadStateDict(await io.load(file));
    this.forget();
    await this.testAll(null);
    this.enter('ready');
  }

  /** The pass over the digits that is going on, from 1; 0 before training. */
  get epoch(): number {
    return this.steps === 0 ? 0 : Math.min(Math.floor((this.step * this.epochs) / this.steps) + 1, this.epochs);
  }

  /** Steps per second lately, or null. */
  get rate(): number | null {
    return this.status === 'training' ? this.speed.rate(performance.now()) : null;
  }

  /** Seconds until training is over at the present speed, or null. */
  get secondsLeft(): number | null {
    const { rate } = this;
    return rate === null ? null : (this.steps - this.step) / rate;
  }

  /** Probabilities of the ten digits for a picture, with the weights as they are now. */
  recognise(picture: Uint8Array): Promise<ArrayLike<number>> {
    return recognise(this.net, picture);
  }

  /** A test digit at random. */
  async pickTestDigit(): Promise<{ picture: Uint8Array; label: number }> {
    const index = Math.floor(Math.random() * this.test.labels.numel());
    const [picture, label] = await Promise.all([this.picture(index), bytes(this.test.labels.narrow(0, index, 1))]);
    return { picture, label: label[0] };
  }

  private async trainAndTest(options: TrainOptions): Promise<void> {
    try {
      const completed = await train(this.net, this.training, options, {
        afterStep: (step) => this.afterStep(step),
        afterEpoch: () => this.testAll(this.step),
      });
      this.enter(completed ? 'finished' : 'ready');
    } catch (error) {
      this.fail(error);
    }
  }

  private async afterStep(step: Step): Promise<boolean> {
    this.step++;
    this.version++;
    this.speed.tick(performance.now());
    const isLast = this.step % (this.steps / this.epochs) === 0;
    if (this.step % MEASURE_EVERY === 0 || isLast) this.look(this.measure(this.step, step));
    if (this.step % TEST_EVERY === 0 && !isLast) this.look(this.testSample(this.step));
    if (this.resumed !== null) await this.resumed;
    return !this.stopping;
  }

  /** Lets a measurement take its time while training goes on. */
  private look(measurement: Promise<void>): void {
    measurement.catch((error: unknown) => {
      this.stopping = true;
      this.fail(error);
    });
  }

  private async measure(stepNumber: number, step: Step): Promise<void> {
    const { history } = this;
    const { loss, accuracy } = await measure(step);
    history.add(stepNumber, loss, accuracy);
    this.version++;
  }

  /** Reads the next few of the test digits, for a first idea of how well it goes. */
  private async testSample(stepNumber: number): Promise<void> {
    const { history, test } = this;
    const start = ((stepNumber / TEST_EVERY - 1) * TEST_SAMPLE) % test.labels.numel();
    const predictions = classify(this.net, test.images.narrow(0, start, TEST_SAMPLE));
    const labels = bytes(test.labels.narrow(0, start, TEST_SAMPLE));
    const confusion = new Confusion();
    confusion.add(await labels, await bytes(predictions));
    if (history !== this.history) return;
    history.addTest(stepNumber, confusion.accuracy);
    this.show(confusion, stepNumber);
  }

  /** Reads all test digits. */
  private async testAll(stepNumber: number | null): Promise<void> {
    this.enter('testing');
    const confusion = new Confusion();
    const wrong: { index: number; label: number; prediction: number }[] = [];
    await evaluate(this.net, this.test, (labels, predictions) => {
      for (let i = 0; i < labels.length && wrong.length < MISTAKES; i++) {
        if (labels[i] === predictions[i]) continue;
        wrong.push({ index: confusion.total + i, label: labels[i], prediction: predictions[i] });
      }
      confusion.add(labels, predictions);
      this.show(confusion, stepNumber);
    });
    if (stepNumber !== null) this.history.addTest(stepNumber, confusion.accuracy);
    this.testAccuracy = confusion.accuracy;
    this.mistakes = await Promise.all(
      wrong.map(async ({ index, ...rest }) => ({ ...rest, picture: await this.picture(index) })),
    );
    this.speed.reset();
    this.enter('training');
  }

  private show(confusion: Confusion, stepNumber: number | null): void {
    this.confusion = confusion;
    this.confusionStep = stepNumber;
    this.version++;
  }

  private picture(index: number): Promise<Uint8Array> {
    return bytes(this.test.images.narrow(0, index, 1).view(SIDE * SIDE));
  }

  private forget(): void {
    this.step = 0;
    this.steps = 0;
    this.history = new History();
    this.confusion = null;
    this.testAccuracy = null;
    this.mistakes = [];
    this.speed.reset();
    this.version++;
  }

  /** Tells that an action failed; the session goes on as before. */
  complain(error: unknown): void {
    this.message = error instanceof Error ? error.message : String(error);
    this.version++;
  }

  private enter(status: Status): void {
    this.status = status;
    this.message = '';
    this.version++;
  }

  private fail(error: unknown): void {
    this.enter('failed');
    this.complain(error);
  }
}

async function bytes(t: Tensor): Promise<Uint8Array> {
  return (await t.data()) as Uint8Array;
}
