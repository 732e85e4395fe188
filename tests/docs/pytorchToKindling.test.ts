// Every row of docs/pytorch-to-kindling.md: the code in the middle is run and gives what stands on the right. What
// the left column gives in PyTorch 1.13 was compared by hand, in those rows that need no names of others.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as kindling from '../../src';

const page = readFileSync(new URL('../../docs/pytorch-to-kindling.md', import.meta.url), 'utf8');

interface Row {
  readonly code: string;
  readonly expected: string;
}

/** Rows of the tables of a section: three cells in backticks. */
const rowsOf = (section: string): Row[] =>
  [...section.matchAll(/^\|.*`\s*\|\s*`(.*?)`\s*\|\s*`(.*?)`\s*\|$/gm)].map(([, code, expected]) => ({
    code,
    expected,
  }));

/** Runs code with the names of kindling, `x`, and what rows before have assigned. */
function run(code: string, names: Record<string, unknown>): Promise<unknown> {
  const scope = new Proxy(names, { has: (_, name) => typeof name === 'string' });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- rows are code
  const fn = new Function('scope', `with (scope) { return (async () => (${code}))(); }`) as (
    s: object,
  ) => Promise<unknown>;
  return fn(scope);
}

const plain = (value: unknown): unknown => (value instanceof kindling.Tensor ? value.tolist() : value);

describe.each(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
)('%s', (_, section) => {
  // prettier-ignore
  const names: Record<string, unknown> = {
    ...kindling,
    ...{ Object, String, Promise, ArrayBuffer, JSON },
    x: kindling.tensor([[1, 2, 3], [4, 5, 6]]), // prettier-ignore
  };
  const rows = rowsOf(section);

  it('has rows', () => {
    expect(rows.length).toBeGreaterThan(2);
    expect(rows).toHaveLength(section.split('\n').filter((line) => /^\|.*`/.test(line)).length);
  });

  it.each(rows.map(({ code, expected }) => [code, expected]))('%s', async (code, expected) => {
    expect(await plain(await run(code, names))).toEqual(JSON.parse(expected));
  });
});
