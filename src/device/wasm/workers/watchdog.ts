// Notices an engine that hangs or was killed without a word: work is outstanding and nothing moves.

/**
 * Milliseconds without progress after which a worker counts as dead. A task of a kernel takes well under a second even
 * on a phone; the margin is for machines that swap. A page that sleeps does not count: only its own timers do.
 */
export const PATIENCE = 10_000;
/** Looks within the patience; a timer that fires late once is no sign of death. */
const LOOKS = 10;

/** Ticks only while work is outstanding. */
export class Watchdog {
  private timer: ReturnType<typeof setInterval> | null = null;
  private seen = 0;
  private stillFor = 0;

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
    this.stillFor = progress === this.seen ? this.stillFor + 1 : 0;
    this.seen = progress;
    if (this.stillFor < LOOKS) return;
    this.stop();
    this.onHang();
  }
}
