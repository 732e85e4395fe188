// The page of what is not there is up to date. `UPDATE=1 npx vitest run tests/docs/notThere.test.ts` writes it anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { missing, page } from './notThere';

const FILE = 'docs/not-there.md';

test('docs/not-there.md lists what is not there', async () => {
  const text = await format(page(), { ...(await resolveConfig(FILE)), parser: 'markdown' });
  if (process.env.UPDATE !== undefined) writeFileSync(FILE, text);
  expect(readFileSync(FILE, 'utf8'), 'write it anew: UPDATE=1 npx vitest run tests/docs/notThere.test.ts').toBe(text);
});

test('what is there is not listed, what is not there is', () => {
  const lists = missing();
  expect(lists.get('torch')).not.toContain('matmul');
  expect(lists.get('torch.Tensor')).not.toContain('masked_fill_');
  expect(lists.get('torch.nn')).not.toContain('Linear');
  expect(lists.get('torch.fft')).toContain('rfft');
});
