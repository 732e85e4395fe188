// Notices an engine that hangs or was killed without a word: work is outstanding and nothing moves.

/**
 * Milliseconds without progress after which a worker counts as dead. However long a kernel runs, it shows that it does
 * every few milliseconds (`pulse` in assembly/engine/worker.ts); the margin is for machines that swap.
 */
export const PATIENCE = 10_000;
/** Looks within the patience: workers get as many chances to move, whatever the clock says. */
const LOOKS = 10;
/** A look that comes after this many intervals is late. */
const LATE = 2;

/**
 * Ticks only while work is outstanding. A look that comes late says that this thread stood still (a page that was
 * suspended, a machine that slept, a debugger), and the workers perhaps with it: it is not held against them, unless the
 * look before was late as well, as they all are in a hidden tab, whose timers are throttled.
 */
export class Watchdog {
  private timer: ReturnType<typeof setInterval> | null = null;
  private seen = 0;
  private stillFor = 0;
  private lookedAt = 0;
  private wasLate = false;

  /** `progress` gives a number that moves while the engine lives, or null if nothing is outstanding. */
  constructor(
    private readonly patience: number,
    private readonly progress: () => number | null,
    private readonly onHang: () => void,
  ) {}

  /** Call when work was queued. */
  wake(): void {
    if (this.timer !== null) return;
    this.stillFor = 0;
    this.lookedAt = performance.now();
    this.wasLate = false;
    this.timer = setInterval(() => this.look(), this.patience / LOOKS);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private look(): void {
    const progress = this.progress();
    if (progress === null) {
      this.stop();
      return;
    }
    const now = performance.now();
    const isLate = now - this.lookedAt > (LATE * this.patience) / LOOKS;
    const isExcused = isLate && !this.wasLate;
    this.lookedAt = now;
    this.wasLate = isLate;
    if (progress !== this.seen) this.stillFor = 0;
    else if (!isExcused) this.stillFor++;
    this.seen = progress;
    if (this.stillFor < LOOKS) return;
    this.stop();
    this.onHang();
  }
}
