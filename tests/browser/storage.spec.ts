// What a page keeps in the browser: state dicts in IndexedDB and in the private file system.
import type * as Kindling from '../../src';
import { expect, test } from './fixtures';

declare const kindling: typeof Kindling;

for (const address of ['indexeddb:net', 'opfs:models/first/net.pt']) {
  test(`a state dict comes back from ${address}`, async ({ open }) => {
    const page = await open('plain', 'kindling.global.js');
    const stored = await page.evaluate(async (to) => {
      const { io, nn, manualSeed } = kindling;
      manualSeed(1);
      const linear = new nn.Linear(3, 4);
      const net = new nn.Sequential(linear, new nn.BatchNorm1d(4));
      await io.store(to, await io.save({ ...net.stateDict(), old: kindling.tensor([7]) }));
      // What is stored again replaces what was there, even if it is shorter.
      await io.store(to, await io.save(net.stateDict()));
      return linear.weight.tolist();
    }, address);

    // Another visit.
    await page.reload();
    await page.waitForFunction(() => 'kindling' in globalThis);
    const { keys, weight, counts, missing } = await page.evaluate(async (from) => {
      const { io, nn } = kindling;
      const state = await io.load(from);
      const [linear, norm] = [new nn.Linear(3, 4), new nn.BatchNorm1d(4)];
      const net = new nn.Sequential(linear, norm);
      net.loadStateDict(state);
      const found = {
        keys: Object.keys(state),
        weight: await linear.weight.tolist(),
        counts: await norm.num_batches_tracked?.item(),
      };
      await io.remove(from);
      await io.remove(from);
      const missing = await io.load(from).then(
        () => 'nothing is missing',
        (error: unknown) => String(error),
      );
      return { ...found, missing };
    }, address);
    expect(keys).toEqual([
      ...['0.weight', '0.bias', '1.weight', '1.bias'],
      ...['1.running_mean', '1.running_var', '1.num_batches_tracked'],
    ]);
    expect(weight).toEqual(stored);
    expect(counts).toBe(0);
    expect(missing).toContain(`LoadError: load: ${address} must have been stored before, got nothing there.`);
  });
}
