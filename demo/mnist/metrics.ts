// What is counted while a network learns: no tensors here.

/** Number of classes. */
export const CLASSES = 10;

/** How often each digit was read as which. */
export class Confusion {
  /** Row: what was written; column: what was read. */
  readonly counts = new Uint32Array(CLASSES * CLASSES);
  total = 0;
  right = 0;

  add(labels: ArrayLike<number>, predictions: ArrayLike<number>): void {
    for (let i = 0; i < labels.length; i++) {
      this.counts[labels[i] * CLASSES + predictions[i]]++;
      if (labels[i] === predictions[i]) this.right++;
    }
    this.total += labels.length;
  }

  /** Share of digits read correctly; NaN when there are none. */
  get accuracy(): number {
    return this.right / this.total;
  }

  /** Share of the digits `label` that were read as `prediction`. */
  share(label: number, prediction: number): number {
    const row = this.counts.subarray(label * CLASSES, (label + 1) * CLASSES);
    const count = row[prediction];
    return count === 0 ? 0 : count / row.reduce((a, b) => a + b, 0);
  }
}

/** Exponential moving average without the pull of its start: the mean of what came, newer values weighing more. */
export class MovingAverage {
  private sum = 0;
  private weight = 0;

  constructor(private readonly decay: number) {}

  add(value: number): number {
    this.sum = this.decay * this.sum + (1 - this.decay) * value;
    this.weight = this.decay * this.weight + (1 - this.decay);
    return this.sum / this.weight;
  }
}

/** Steps per second over the last few seconds. */
export class Speedometer {
  private times: number[] = [];

  /** `window` in milliseconds. */
  constructor(private readonly window = 3000) {}

  /** Notes a step at `now`, in milliseconds. */
  tick(now: number): void {
    this.times.push(now);
    // Cut seldom, so that a step costs next to nothing.
    if (this.times.length > 2048) this.times = this.recent(now);
  }

  /** Steps per second, or null while there is too little to tell. */
  rate(now: number): number | null {
    const times = this.recent(now);
    const span = times.length < 2 ? 0 : times[times.length - 1] - times[0];
    return span === 0 ? null : ((times.length - 1) / span) * 1000;
  }

  /** Forgets what was before a pause. */
  reset(): void {
    this.times = [];
  }

  private recent(now: number): number[] {
    return this.times.filter((time) => time > now - this.window);
  }
}

/** The course of a run: one entry per measured step. */
export class History {
  readonly steps: number[] = [];
  readonly loss: number[] = [];
  readonly smoothLoss: number[] = [];
  readonly accuracy: number[] = [];
  /** Only where a test was made. */
  readonly testAccuracy: (number | null)[] = [];
  private readonly averageLoss = new MovingAverage(0.85);
  private readonly averageAccuracy = new MovingAverage(0.85);

  add(step: number, loss: number, accuracy: number): void {
    this.steps.push(step);
    this.loss.push(loss);
    this.smoothLoss.push(this.averageLoss.add(loss));
    this.accuracy.push(this.averageAccuracy.add(accuracy));
    this.testAccuracy.push(null);
  }

  /** Adds the outcome of a test to the entry of its step. */
  addTest(step: number, accuracy: number): void {
    const index = this.steps.lastIndexOf(step);
    if (index >= 0) this.testAccuracy[index] = accuracy;
  }
}
