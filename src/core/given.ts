// What hooks and functions of the user give back is looked at before the library uses it.
import type { DType } from '../base/dtype';
import type { DeviceName } from '../device/contract';
import { KindError, DTypeError, DeviceError, ShapeError } from '../base/errors';
import { describe } from '../base/errorText';
import { formatShape, sameShape, type Shape } from '../base/shape';
import { Tensor } from './tensor';

/** @throws TypeError for a promise: what asked would not wait for it. `who` names the user's function. */
export function checkReady(who: string, value: unknown): void {
  if (!(value instanceof Promise)) return;
  value.catch(() => undefined);
  throw new KindError(
    who,
    'must be synchronous, got a promise. To read values in it, do not wait for them: void grad.norm().item().then(console.log).',
  );
}

/** @throws TypeError, FreedError unless `value` is a tensor that can be read */
export function checkGiven(who: string, value: unknown): asserts value is Tensor {
  checkReady(who, value);
  if (!(value instanceof Tensor)) throw new KindError(who, `must give a tensor, got ${describe(value)}.`);
  if (value.isFreed) throw value.freedError(who);
}

/** What is told of a tensor that another is to stand in for. */
interface Like {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly device: DeviceName;
}

/** @throws TypeError, FreedError, ShapeError, DTypeError, DeviceError unless `value` can take the place of `like`, which is `what` */
export function checkStandIn(who: string, value: unknown, like: Like, what = 'a gradient'): asserts value is Tensor {
  checkGiven(who, value);
  if (!sameShape(value.shape, like.shape)) {
    throw new ShapeError(
      who,
      `must give ${what} of shape ${formatShape(like.shape)}, got ${formatShape(value.shape)}.`,
      { shapes: [like.shape, value.shape] },
    );
  }
  if (value.dtype !== like.dtype) {
    throw new DTypeError(who, `must give ${what} of dtype ${like.dtype}, got ${value.dtype}.`, {
      dtypes: [like.dtype, value.dtype],
    });
  }
  if (value.device !== like.device) {
    throw new DeviceError(who, `must give ${what} on ${like.device}, got one on ${value.device}.`, {
      devices: [like.device, value.device],
    });
  }
}
