// What the shipped files and pages made of them weigh (npm run size): none may jump by more than a tenth over the committed
// table, sizes.json, which the README quotes. A change that means to writes the table anew: UPDATE_SIZES=1 npm run size.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { measureSizes, NAMES, tableRows, type Sizes } from '../../tools/sizes.ts';

const TABLE = new URL('sizes.json', import.meta.url);
const ALLOWED = 1.1;

const sizes = await measureSizes();
console.log(['| KB | raw | gzip | brotli |', ...tableRows(sizes)].join('\n'));
if (process.env.UPDATE_SIZES !== undefined) writeFileSync(TABLE, `${JSON.stringify(sizes, null, 2)}\n`);
const committed = JSON.parse(readFileSync(TABLE, 'utf8')) as Sizes;

test.each(NAMES)('%s weighs what the table says, or not much more', (name) => {
  for (const kind of ['raw', 'gzip', 'brotli'] as const) {
    expect(sizes[name][kind], kind).toBeLessThan(ALLOWED * committed[name][kind]);
  }
});

test('the README quotes the table', () => {
  const readme = readFileSync('README.md', 'utf8').replace(/ +/g, ' ').split('\n');
  expect(readme).toEqual(expect.arrayContaining(tableRows(committed)));
});
