// Loops that await nothing, shortly: a page's memory stays bounded.
import { expect, test } from './fixtures';
import { loopCode, type LoopName, type LoopResult } from './loops/run';

const SHORT: readonly LoopName[] = ['mlp', 'fgsm', 'wgan-gp', 'unused'];
const MOST = 2 ** 30;

for (const policy of ['isolated', 'plain'] as const) {
  for (const name of SHORT) {
    test(`${name} in a page that is ${policy}`, async ({ open }) => {
      const page = await open(policy, 'kindling.js');
      const result = await page.evaluate<LoopResult>(loopCode(name, { steps: 60 }));
      console.log(`${name} ${policy}: ${JSON.stringify(result)}`);
      expect(result.value).not.toBeNaN();
      expect(result.reserved).toBeLessThanOrEqual(MOST);
    });
  }
}
