// Modules without their initialisation, which takes time and random numbers that a checkpoint makes needless.
import { isPlainObject } from '../../base/arguments';
import { FUNCTION } from '../../base/kinds';
import { checkKind } from '../../base/signature';
import { madeOn } from '../../ops/shape/creation';
import type { DeviceGiven, Module } from '../module/module';

/**
 * Makes a module whose parameters and buffers are not initialised: it is made on the meta device, so that no random numbers are drawn
 * and nothing is computed, and then gets memory, whose contents are undefined, on the device that its options name or the default one.
 * @example const layer = skipInit(nn.Linear, 20, 40); layer.loadStateDict(await io.load('layer.pt'))
 * @see torch.nn.utils.skip_init
 */
export const skipInit = <Args extends unknown[], M extends Module>(
  Class: new (...args: Args) => M,
  ...args: Args
): M => {
  checkKind('skipInit', 'the class', FUNCTION, Class);
  const options: unknown = args[args.length - 1];
  let device: DeviceGiven | undefined;
  const given = [...args] as Args;
  if (isPlainObject(options) && options.device !== undefined) {
    device = options.device as DeviceGiven;
    given[args.length - 1] = { ...options, device: 'meta' };
  }
  return madeOn('meta', () => new Class(...given)).toEmpty({ ...(device && { device }) });
};
