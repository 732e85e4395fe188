// A model whose parameters are averages of another's over its training.
import { KindError } from '../base/errors';
import type { Arguments } from '../base/arguments';
import { FLAG, FUNCTION, instanceOf } from '../base/kinds';
import { argument, methodsTake, signature } from '../base/signature';
import { noGrad } from '../core/backward';
import { checkGiven } from '../core/given';
import { DEVICE } from '../core/kinds';
import { libraryCode, userCode } from '../core/temporaries';
import type { Tensor } from '../core/tensor';
import { deepcopy } from '../nn/module/deepcopy';
import { Module, type DeviceGiven } from '../nn/module/module';
import { add } from '../ops/pointwise/arithmetic';
import { eq, where } from '../ops/pointwise/compare';
import { copy_, to } from '../ops/shape/copy';
import { zeros } from '../ops/shape/creation';
import { getSwaMultiAvgFn, type AvgFn, type MultiAvgFn } from './averages';

/** How an averaged model averages; see `AveragedModel`. */
export interface AveragedModelOptions {
  /** Where the averages are; default the model's. */
  device?: DeviceGiven | null;
  /** How one parameter is averaged; default the mean of all values. */
  avgFn?: AvgFn | null;
  /** How lists of parameters are averaged; goes before `avgFn`. */
  multiAvgFn?: MultiAvgFn | null;
  /** Whether buffers are averaged too, and not only copied; false by default. */
  useBuffers?: boolean;
}
const MODEL = argument('model', instanceOf('a Module', Module));
const TAKES = signature('AveragedModel', [
  MODEL, argument('device', DEVICE, null), argument('avgFn', FUNCTION, null), argument('multiAvgFn', FUNCTION, null),
  argument('useBuffers', FLAG, false),
]); // prettier-ignore
type Taken<M> = Required<AveragedModelOptions> & { model: M };

/**
 * A copy of a model whose parameters `updateParameters` averages with those of the model: the mean of all its values, or a moving
 * average. The first update copies. Its calls are those of the copy.
 * @example
 * const average = new AveragedModel(net, { multiAvgFn: getEmaMultiAvgFn(0.999) });
 * ...; optimizer.step(); average.updateParameters(net);
 * @see torch.optim.swa_utils.AveragedModel
 */
export class AveragedModel<M extends Module = Module> extends Module {
  static override readonly name: string = 'AveragedModel';

  readonly module: M;
  /** Updates so far: int64, without dimensions. */
  n_averaged: Tensor;
  readonly useBuffers: boolean;
  private readonly avgFn: AvgFn | null;
  private readonly multiAvgFn: MultiAvgFn | null;

  static {
    methodsTake(this, signature('updateParameters', [MODEL]));
  }

  constructor(
    ...args: Arguments<
      [model: M],
      [device?: DeviceGiven | null, avgFn?: AvgFn | null, multiAvgFn?: MultiAvgFn | null, useBuffers?: boolean],
      AveragedModelOptions & { model: M }
    >
  ) {
    super();
    const { model, device, avgFn, multiAvgFn, useBuffers } = TAKES.take<Taken<M>>(args);
    this.module = deepcopy(model);
    if (device !== null) this.module.to(device);
    const place = device ?? model.parameters()[0]?.device;
    this.n_averaged = this.registerBuffer('n_averaged', zeros([], { dtype: 'int64', ...(place && { device: place }) }));
    this.avgFn = avgFn;
    this.multiAvgFn = multiAvgFn;
    this.useBuffers = useBuffers;
  }

  override forward(...inputs: Parameters<M['forward']>): ReturnType<M['forward']> {
    return this.module(...inputs);
  }

  /**
   * Takes in the present parameters of `model`. Buffers are copied, or averaged too with `useBuffers`. All on the device: nothing
   * is waited for.
   * @throws TypeError for a model with other parameters
   */
  updateParameters(model: Module): void {
    const [own, others] = [this.module, model].map((m) => ({ parameters: m.parameters(), buffers: m.buffers() }));
    for (const name of ['parameters', 'buffers'] as const) {
      if (own[name].length === others[name].length) continue;
      throw new KindError(
        'AveragedModel.updateParameters',
        `the model must have the ${own[name].length} ${name} of the one that was given first, got ${others[name].length}.`,
      );
    }
    noGrad(() => {
      libraryCode(() => {
        if (this.useBuffers) {
          this.average([...own.parameters, ...own.buffers], [...others.parameters, ...others.buffers]);
        } else {
          this.average(own.parameters, others.parameters);
          own.buffers.forEach((buffer, i) => copy_(buffer, others.buffers[i]));
        }
        copy_(this.n_averaged, add(this.n_averaged, 1));
      });
    });
  }

  private average(averaged: readonly Tensor[], model: readonly Tensor[]): void {
    const current = model.map((t, i) => to(t.detach(), { device: averaged[i].device }));
    // How many there were is known to the device alone, so that the first are averaged as well and then not taken.
    const write = (i: number, value: Tensor): void => {
      const count = to(this.n_averaged, { device: averaged[i].device });
      copy_(averaged[i], where(eq(count, 0), to(current[i], { dtype: value.dtype }), value));
    };
    const { avgFn } = this;
    if (avgFn !== null && this.multiAvgFn === null) {
      averaged.forEach((t, i) => {
        write(i, this.averageOne(avgFn, t.detach(), current[i]));
      });
      return;
    }
    const groups = new Map<string, number[]>();
    averaged.forEach(({ device, dtype }, i) => {
      const key = `${device} ${dtype}`;
      groups.set(key, [...(groups.get(key) ?? []), i]);
    });
    for (const group of groups.values()) {
      const [lists, models] = [averaged.map((t) => t.detach()), current].map((list) => group.map((i) => list[i]));
      const count = to(this.n_averaged, { device: lists[0].device });
      const multiAvgFn = this.multiAvgFn ?? getSwaMultiAvgFn();
      userCode([lists, models, count], () => {
        multiAvgFn(lists, models, count);
      });
      group.forEach((i) => {
        write(i, averaged[i].detach());
      });
    }
  }

  private averageOne(avgFn: AvgFn, averaged: Tensor, current: Tensor): Tensor {
    const count = to(this.n_averaged, { device: averaged.device });
    const given: unknown = userCode([averaged, current, count], () => avgFn(averaged, current, count));
    checkGiven('AveragedModel: avgFn', given);
    return given;
  }
}
