// Whole epochs of the MNIST demo, by the page's own code: how well it reads after one pass over the 60,000 training
// digits, and that its main thread stays free meanwhile. Timings need a machine with nothing else to do.
import { expect, KINDS, openDemo, smoothness, test, waitForStatus } from '../demoPage';

const EPOCH = 30 * 60_000;

for (const kind of KINDS) {
  for (const seed of [0, 1, 2]) {
    test(`one epoch on an ${kind} page, seed ${seed}`, async ({ page, sites }) => {
      test.setTimeout(2 * EPOCH);
      const started = Date.now();
      await openDemo(page, sites[kind].origin, { seed, autostart: 1 });
      const { testAccuracy, step } = await waitForStatus(page, 'finished', EPOCH);
      const { longTasks, frameP95, frameMax } = await smoothness(page);
      const seconds = (Date.now() - started) / 1000;
      console.log(
        `${kind}, seed ${seed}: ${(100 * testAccuracy).toFixed(2)} % in ${seconds.toFixed(0)} s; ` +
          `long tasks [${longTasks.join(', ')}] ms; frames p95 ${frameP95.toFixed(1)} ms, max ${frameMax.toFixed(1)} ms`,
      );
      expect(step).toBe(938);
      expect(testAccuracy).toBeGreaterThanOrEqual(0.98);
      expect(longTasks).toEqual([]);
      expect(frameP95).toBeLessThan(25);
    });
  }
}
