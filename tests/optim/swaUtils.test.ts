// Averages of models, their schedule and their statistics; the expected values are PyTorch 1.13's, except that buffers which
// are not averaged are copied, as since PyTorch 2.0.
import { describe, expect, it } from 'vitest';
import { arange, data, nn, noGrad, ones, optim, tensor, type Tensor } from '../../src';

const { AveragedModel, getEmaAvgFn, getEmaMultiAvgFn, getSwaAvgFn, getSwaMultiAvgFn, SWALR, updateBn } = optim.swaUtils;

class Net extends nn.Module {
  fc = new nn.Linear(2, 1, false);
  norm = new nn.BatchNorm1d(1);

  override forward(x: Tensor): Tensor {
    return this.norm(this.fc(x));
  }
}

function made(): Net {
  const net = new Net();
  noGrad(() => net.fc.weight.copy_(tensor([[1, 2]])));
  return net;
}

type Options = optim.swaUtils.AveragedModelOptions;

async function averaged(options: Options): Promise<optim.swaUtils.AveragedModel<Net>> {
  const net = made();
  const average = new AveragedModel(net, options);
  for (let i = 0; i < 3; i++) {
    noGrad(() => {
      net.fc.weight.add_(i + 0.5);
      net.norm.running_mean?.add_(1);
      net.norm.num_batches_tracked?.add_(3);
    });
    average.updateParameters(net);
  }
  expect(await average.n_averaged.item()).toBe(3);
  return average;
}

describe('AveragedModel', () => {
  const mean = [3.3333334922790527, 4.333333492279053];
  it.each<[string, Options, weight: number[], mean: number, count: number]>([
    ['the mean of all by default', {}, mean, 3, 9],
    ['with buffers', { useBuffers: true }, mean, 2, 5],
    ['by a function', { avgFn: (a, c) => a.mul(0.5).add(c.mul(0.5)) }, [3.875, 4.875], 3, 9],
    ['by a moving average', { avgFn: getEmaAvgFn(0.5) }, [3.875, 4.875], 3, 9],
    ['by one of lists', { multiAvgFn: getEmaMultiAvgFn({ decay: 0.5 }) }, [3.875, 4.875], 3, 9],
    ['by the mean, named', { avgFn: getSwaAvgFn() }, mean, 3, 9],
    ['by the mean of lists', { multiAvgFn: getSwaMultiAvgFn(), useBuffers: true }, mean, 2, 5],
  ])('averages %s', async (_, options, weight, runningMean, count) => {
    const { module } = await averaged(options);
    expect(await module.fc.weight.tolist()).toEqual([weight]);
    expect(await module.norm.running_mean?.tolist()).toEqual([runningMean]);
    expect(await module.norm.num_batches_tracked?.item()).toBe(count);
  });

  it('computes as the average, and saves and goes on', async () => {
    const average = await averaged({});
    expect(Object.keys(average.stateDict()).slice(0, 2)).toEqual(['n_averaged', 'module.fc.weight']);
    average.eval();
    const y = average(ones(1, 2));
    expect(await y.item()).toBeCloseTo((mean[0] + mean[1] - 3) / Math.sqrt(1 + 1e-5), 4);
    const again = new AveragedModel(made());
    again.loadStateDict(average.stateDict());
    const next = made();
    noGrad(() => next.fc.weight.fill_(0));
    again.updateParameters(next);
    expect(await again.module.fc.weight.tolist()).toEqual([[2.5, 3.25]]);
  });

  it('refuses other models, and what averages wrongly', () => {
    const average = new AveragedModel(made());
    expect(() => {
      average.updateParameters(new nn.Linear(2, 1));
    }).toThrow('AveragedModel.updateParameters: the model must have the 3 parameters');
    expect(() => {
      new AveragedModel(made(), { avgFn: () => 1 as never }).updateParameters(made());
    }).toThrow('AveragedModel: avgFn: must give a tensor');
    expect(() => getEmaAvgFn(1.5)).toThrow('getEmaAvgFn: decay must be in [0, 1], got 1.5');
  });
});

describe('updateBn', () => {
  it('sets the statistics to the means over the batches', async () => {
    const average = await averaged({ avgFn: getEmaAvgFn(0.5) });
    const x = arange(12).reshape(6, 2).to('float32');
    await updateBn(new data.DataLoader(new data.TensorDataset(x, ones(6)), 3), average);
    const { norm } = average.module;
    expect(await norm.running_mean?.tolist()).toEqual([48.625]);
    expect(await norm.running_var?.tolist()).toEqual([306.25]);
    expect([await norm.num_batches_tracked?.item(), norm.momentum, average.training]).toEqual([2, 0.1, true]);
  });

  it('leaves the mode as it was, also after an error, and models without such layers alone', async () => {
    const net = made().eval();
    await updateBn([ones(3, 2)], net, 'cpu');
    expect(net.training).toBe(false);
    await expect(updateBn([1], net)).rejects.toThrow('updateBn: a batch must be a tensor');
    expect([net.training, net.norm.momentum]).toEqual([false, 0.1]);
    await expect(updateBn([1], new nn.Linear(2, 1))).resolves.toBeUndefined();
  });
});

describe('SWALR', () => {
  const rates = (options: object): number[] => {
    const sgd = new optim.SGD([new nn.Parameter(ones(1))], { lr: 0.5 });
    const schedule = new SWALR(sgd, { swaLr: 0.05, ...options });
    const seen = [sgd.paramGroups[0].lr];
    for (let i = 0; i < 6; i++) {
      void sgd.step();
      schedule.step();
      seen.push(sgd.paramGroups[0].lr);
    }
    return seen;
  };

  it.each([
    [{}, [0.5, 0.48898771616640957, 0.45702882373436315, 0.40725168176580645, 0.34452882373436317, 0.275, 0.20547117626563682]],
    [{ annealEpochs: 4 }, [0.5, 0.4340990257669732, 0.275, 0.11590097423302682, 0.05, 0.05, 0.05]],
    [{ annealEpochs: 4, annealStrategy: 'linear' }, [0.5, 0.3875, 0.275, 0.1625, 0.05, 0.05, 0.05]],
    [{ annealEpochs: 0 }, [0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05]],
  ])('%j', (options, expected) => {
    rates(options).forEach((rate, i) => {
      expect(rate).toBeCloseTo(expected[i], 14);
    });
  }); // prettier-ignore

  it('follows another schedule, with a rate for each group, and goes on from its state', () => {
    const parameter = (): nn.Parameter => new nn.Parameter(ones(1));
    const sgd = new optim.SGD([{ params: [parameter()], lr: 1 }, { params: [parameter()], lr: 0.1 }]); // prettier-ignore
    const schedule = new SWALR(sgd, [0.2, 0.05], 3);
    const falling = new optim.lrScheduler.ExponentialLR(sgd, 0.5);
    const seen: number[][] = [];
    for (let i = 0; i < 5; i++) {
      void sgd.step();
      if (i < 2) falling.step();
      else schedule.step();
      seen.push(sgd.paramGroups.map(({ lr }) => lr));
    }
    const expected = [[0.5, 0.05], [0.25, 0.025], [0.2375, 0.03125], [0.2125, 0.04375], [0.2, 0.05]]; // prettier-ignore
    expect(seen.flat().map((rate, i) => Math.abs(rate - expected.flat()[i]) < 1e-14)).toEqual(Array(10).fill(true));
    expect(sgd.stateDict().param_groups[0].swa_lr).toBe(0.2);
    const again = new SWALR(sgd, [0.2, 0.05], 3);
    again.loadStateDict(schedule.stateDict());
    expect(again.stateDict()).toEqual(schedule.stateDict());
  });
});
