// Flow control at awaits: loops that never read a value still let the page breathe and the device catch up.
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
