// A checkpoint in the middle of an epoch: model, optimizer, scheduler, scaler, position and random state. The resumed run
// must end where the uninterrupted one ends, bit for bit.
import { data, Generator, getRngState, io, manualSeed, nn, optim, setRngState } from 'kindling';
import { mnist } from './mnist_data.mjs';

const train = new data.TensorDataset(...mnist(true, 640));
const build = () => {
  const model = new nn.Sequential(
    new nn.Flatten(),
    new nn.Linear(784, 32),
    new nn.ReLU(),
    new nn.Dropout(0.2),
    new nn.Linear(32, 10),
  );
  const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-2 });
  const scheduler = new optim.lrScheduler.OneCycleLR(optimizer, { maxLr: 1e-2, totalSteps: 40 });
  return { model, optimizer, scheduler };
};
type Run = ReturnType<typeof build>;

async function run(r: Run, from: { epoch: number; step: number }, epochSeed: number, stopAt: number | null) {
  let global = from.epoch * 20 + from.step;
  for (let epoch = from.epoch; epoch < 2; epoch++) {
    const loader = new data.DataLoader(train, {
      batchSize: 32,
      shuffle: true,
      generator: new Generator().manualSeed(epochSeed + epoch),
    });
    let step = 0;
    for await (const [x, y] of loader) {
      if (epoch === from.epoch && step++ < from.step) continue;
      r.model.train();
      const loss = nn.functional.crossEntropy(r.model(x), y);
      r.optimizer.zeroGrad();
      loss.backward();
      r.optimizer.step();
      r.scheduler.step();
      if (++global === stopAt) return { epoch, step: global - epoch * 20 };
    }
  }
  return null;
}
const fingerprint = async (m: nn.Module) =>
  (await Promise.all(m.parameters().map((p) => p.double().sum().item()))).join(' ');

manualSeed(0);
const whole = build();
await run(whole, { epoch: 0, step: 0 }, 100, null);
manualSeed(0);
const first = build();
const at = (await run(first, { epoch: 0, step: 0 }, 100, 27))!;
const file = await io.save({
  ...at,
  model: first.model.stateDict(),
  optimizer: first.optimizer.stateDict(),
  scheduler: first.scheduler.stateDict(),
  rng: getRngState(),
});
console.log('stopped at', at.epoch, at.step);

manualSeed(999);
const second = build();
const ck = await io.load<{
  epoch: number;
  step: number;
  model: nn.StateDict;
  optimizer: optim.OptimizerStateDict;
  scheduler: optim.lrScheduler.SchedulerState;
  rng: Uint8Array;
}>(file);
second.model.loadStateDict(ck.model);
second.optimizer.loadStateDict(ck.optimizer);
second.scheduler.loadStateDict(ck.scheduler);
setRngState(ck.rng);
await run(second, { epoch: ck.epoch, step: ck.step }, 100, null);
console.log(
  'the same:',
  (await fingerprint(whole.model)) === (await fingerprint(second.model)),
  'lr',
  whole.scheduler.getLastLr()[0] === second.scheduler.getLastLr()[0],
);
