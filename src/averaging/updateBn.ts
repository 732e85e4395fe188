// Running statistics of batch normalization for weights that no batch has gone through.
import { KindError } from '../base/errors';
import { describe } from '../base/errorText';
import { instanceOf, ITERABLE, kind } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { noGrad } from '../core/backward';
import { DEVICE } from '../core/kinds';
import { Tensor } from '../core/tensor';
import type { Arguments } from '../base/arguments';
import { BatchNorm1d, BatchNorm2d, BatchNorm3d } from '../nn/layers/channelNorm';
import { Module, type DeviceGiven } from '../nn/module/module';
import { to } from '../ops/shape/copy';

/** Batches, or lists that begin with one. */
type Loader = Iterable<unknown> | AsyncIterable<unknown>;

interface UpdateBnOptions {
  loader: Loader;
  model: Module;
  /** Where batches go first; default where they are. */
  device?: DeviceGiven | null;
}
const LOADER = kind<Loader>('a DataLoader, or a list of batches', (value) => ITERABLE.accepts(value) || Symbol.asyncIterator in Object(value)); // prettier-ignore
const TAKES = signature('updateBn', [
  argument('loader', LOADER), argument('model', instanceOf('a Module', Module)), argument('device', DEVICE, null),
]); // prettier-ignore

/**
 * Goes through the batches once and sets the running statistics of all batch normalization in `model` to the means over them. A
 * batch that is a list counts by its first item. Does nothing for a model without such layers.
 * @example await updateBn(loader, average)
 * @see torch.optim.swa_utils.update_bn
 */
export async function updateBn(
  ...args: Arguments<
    [loader: Loader, model: Module],
    [device?: DeviceGiven | null],
    UpdateBnOptions,
    [loader: Loader, named: Omit<UpdateBnOptions, 'loader'>]
  >
): Promise<void> {
  const { loader, model, device } = TAKES.take<Required<UpdateBnOptions>>(args);
  const layers = model.modules().filter(isBatchNorm);
  if (layers.length === 0) return;
  const momenta = layers.map(({ momentum }) => momentum);
  const { training } = model;
  model.train();
  for (const layer of layers) {
    layer.resetRunningStats();
    layer.momentum = null;
  }
  try {
    for await (const batch of loader) {
      const input: unknown = Array.isArray(batch) ? batch[0] : batch;
      if (!(input instanceof Tensor)) {
        throw new KindError(
          'updateBn',
          `a batch must be a tensor, or a list that begins with one, got ${describe(batch)}.`,
        );
      }
      noGrad((): unknown => model(device === null ? input : to(input, { device })));
    }
  } finally {
    layers.forEach((layer, i) => (layer.momentum = momenta[i]));
    model.train(training);
  }
}

const isBatchNorm = (module: Module): module is BatchNorm1d | BatchNorm2d | BatchNorm3d =>
  module instanceof BatchNorm1d || module instanceof BatchNorm2d || module instanceof BatchNorm3d;
