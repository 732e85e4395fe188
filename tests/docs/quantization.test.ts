// Every block of docs/quantization.md runs, and each line that ends with a value gives that value.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as kindling from '../../src';

const page = readFileSync(new URL('../../docs/quantization.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, block]) => block);

it('has examples', () => {
  expect(blocks).toHaveLength(4);
});

it.each(blocks)('%s', async (block) => {
  const imports = /^import \{ (.*) \} from 'kindling';$/m.exec(block)?.[1] ?? '';
  let values = 0;
  const code = block
    .replace(/^import .*$/m, '')
    .replace(/^(.*); \/\/ (.*)$/gm, (_, expression: string, value: string) => {
      values++;
      return `expect(${expression}).toEqual(${value});`;
    });
  expect(values).toBeGreaterThan(0);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the page is code
  const run = new Function('kindling', 'expect', `return (async () => { const { ${imports} } = kindling; ${code} })();`) as (
    library: object, check: typeof expect,
  ) => Promise<void>; // prettier-ignore
  await run(kindling, expect);
});
