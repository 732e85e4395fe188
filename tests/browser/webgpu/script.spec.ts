// The classic script gets the kernels of the webgpu device from a second one beside it.
import { expect, test } from '../fixtures';
import type { Policy } from '../server';
import { hasLearnt, train } from '../training';
import type * as Kindling from '../../../src';

declare const kindling: typeof Kindling;

const ENTRY = 'kindling.global.js';
const KERNELS = '**/kindling.webgpu.js';
const STEPS = 8;

const WAYS: [page: Policy, options?: { from: Policy }][] = [
  ['plain'],
  ['strict'],
  ['nonce'],
  ['isolated', { from: 'cdn' }],
];

for (const [policy, options] of WAYS) {
  test(`it trains on webgpu on a ${policy} page${options === undefined ? '' : ', from another origin'}`, async ({
    open,
    page,
  }) => {
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await open(policy, ENTRY, options);
    const wasm = await page.evaluate(train, { steps: STEPS });
    expect(requests.filter((url) => url.endsWith('webgpu.js'))).toEqual([]);
    const webgpu = await page.evaluate(train, { steps: STEPS, init: { device: 'webgpu' as const } });
    expect(requests.filter((url) => url.endsWith('webgpu.js'))).toHaveLength(1);
    expect(webgpu.diagnosis).toContain('device: webgpu');
    expect(hasLearnt(webgpu)).toBe(true);
    webgpu.losses.forEach((loss, i) => expect(Math.abs(loss / wasm.losses[i] - 1)).toBeLessThan(1e-3));
  });
}

test('faults of webgpu are errors of the page', async ({ open }) => {
  const page = await open('plain', ENTRY);
  const caught = await page.evaluate(async () => {
    kindling.onerror(() => undefined);
    await kindling.init({ device: 'webgpu' });
    const row = kindling.ones(4, 2).indexSelect(0, kindling.tensor([4n]));
    const error: unknown = await row.data().catch((reason: unknown) => reason);
    return { isFault: error instanceof kindling.FaultError, text: String(error) };
  });
  expect(caught.isFault).toBe(true);
  expect(caught.text).toContain('index 4 is out of range');
});

test('without the second script, webgpu says what to do, and wasm goes on', async ({ open, page }) => {
  await page.route(KERNELS, (route) => route.fulfill({ status: 404 }));
  await open('plain', ENTRY);
  const { rejected, read, text } = await page.evaluate(async () => {
    const rejected = await kindling.init({ device: 'webgpu' }).then(String, String);
    kindling.shutdown();
    // Who does not wait for init hears of it at the first read.
    void kindling.init({ device: 'webgpu' });
    const read = await kindling.ones(2).add(1).tolist().then(String, String);
    kindling.shutdown();
    return { rejected, read, text: String(await kindling.ones(2).add(1).tolist()) };
  });
  expect(rejected).toMatch(
    /^DeviceError: init: the webgpu device needs kindling\.webgpu\.js, which could not be loaded from http.*\/dist\/\. Put it beside kindling\.global\.js/,
  );
  expect(read).toBe(rejected);
  expect(text).toBe('2,2');
});

test("without the second script, 'auto' takes wasm and diagnose() tells why", async ({ open, page }) => {
  await page.addInitScript(() => {
    // As if the adapter were a real one.
    Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false });
  });
  const choose = async () => {
    kindling.shutdown();
    await kindling.init({ device: 'auto' });
    const sum = await kindling.ones(3).sum().item();
    return { sum, diagnosis: kindling.diagnose() };
  };
  await open('plain', ENTRY);
  const found = await page.evaluate(choose);
  expect(found.diagnosis).toContain('auto: webgpu');
  await page.route(KERNELS, (route) => route.abort());
  await page.reload();
  const missing = await page.evaluate(choose);
  expect(missing.diagnosis).toContain(
    'auto: wasm, as for webgpu: DeviceError: init: the webgpu device needs kindling.webgpu.js',
  );
  expect([found.sum, missing.sum]).toEqual([3, 3]);
});

test('the page may load the second script itself', async ({ open, page, sites }) => {
  await page.route(KERNELS, (route) => route.abort());
  await open('plain', ENTRY);
  await page.route('**/mine.js', async (route) => {
    const response = await fetch(`${sites.plain.origin}/dist/kindling.webgpu.js`);
    await route.fulfill({ contentType: 'text/javascript', body: await response.text() });
  });
  await page.addScriptTag({ url: '/mine.js' });
  const sum = await page.evaluate(async () => {
    await kindling.init({ device: 'webgpu' });
    return kindling.ones(3).sum().item();
  });
  expect(sum).toBe(3);
});
