// Browser tests: what a page sees of the built library (npm run test:browser builds it first).
import { defineConfig } from '@playwright/test';
import { findChromium, SOFTWARE_ADAPTER } from './tests/browser/chromium';

const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  testDir: 'tests/browser',
  // chromium, webgpu: npm run test:browser, and in CI; others: npm run test:browsers; accept: npm run accept.
  projects: [
    { name: 'chromium', testMatch: '*.spec.ts', testIgnore: ['**/others/**', '**/accept/**', '**/webgpu/**'] },
    {
      name: 'webgpu',
      testMatch: '**/webgpu/*.spec.ts',
      use: { launchOptions: { executablePath: findChromium(), args: [...FLAGS, ...SOFTWARE_ADAPTER] } },
    },
    { name: 'others', testMatch: '**/others/*.spec.ts' },
    { name: 'accept', testMatch: '**/accept/*.spec.ts', timeout: 3_600_000 },
  ],
  outputDir: 'test-results/browser',
  // The pages under test use all cores.
  workers: 1,
  timeout: 120_000,
  forbidOnly: process.env.CI !== undefined,
  reporter: [['list'], ['json', { outputFile: 'test-results/browser.json' }]],
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: {
      executablePath: findChromium(),
      args: FLAGS,
    },
  },
});
