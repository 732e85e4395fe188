// Flow control: loops that never read a value still let the page breathe and the device catch up; long work on the page's own
// thread is done in parts.
import { awaitCollection } from './garbage';
import { runningDevices } from '../device/registry';
import { yieldTask } from '../device/task';

/** Lets a task of the page pass, then waits while a device is more than `steps` calls of this function behind. */
export async function pace(steps: number): Promise<void> {
  const devices = [...runningDevices()];
  if (devices.length === 0) await yieldTask();
  else await Promise.all(devices.map((device) => device.throttle(steps)));
  await awaitCollection();
}

/** Milliseconds for which the page may be held up. */
const MOST_HELD = 12;

/** For work on the page's thread that goes through many bytes: call `pause` between its parts, of a few ms each. */
export class Pauses {
  private since = performance.now();

  /** Lets a task of the page pass if none has had a turn for long. */
  async pause(): Promise<void> {
    if (performance.now() - this.since < MOST_HELD) return;
    await yieldTask();
    this.since = performance.now();
  }
}
