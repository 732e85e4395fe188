// Modules without their initialisation, which takes time and random numbers that a checkpoint makes needless.
import { checkKind } from '../../base/signature';
import { FUNCTION } from '../../base/kinds';
import { withoutInit } from '../init';
import type { Module } from '../module/module';

/**
 * Makes a module whose parameters are not initialised: their values are undefined, and no random numbers are drawn.
 * @example const layer = skipInit(nn.Linear, 20, 40); layer.loadStateDict(await io.load('layer.pt'))
 * @see torch.nn.utils.skip_init
 */
export const skipInit = <Args extends unknown[], M extends Module>(
  Class: new (...args: Args) => M,
  ...args: Args
): M => {
  checkKind('skipInit', 'the class', FUNCTION, Class);
  return withoutInit(() => new Class(...args));
};
