// npm run support: writes docs/support.md, op by op what the last `npm test` has shown to work. By hand nothing is added.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

/** Which tests of tests/ops/derived.test.ts stand for which column. */
const COLUMNS = [
  ['forward', 'gives the same for every layout'],
  ['backward', 'has the gradients that finite differences give'],
  ['double backward', 'has the second gradients that finite differences give'],
];

const read = (file) => {
  try {
    return JSON.parse(readFileSync(`test-results/${file}`, 'utf8'));
  } catch (cause) {
    throw new Error(`test-results/${file} is not there. Run npm test first.`, { cause });
  }
};

/** Titles of the derived tests that passed, by op. */
const passed = new Map();
for (const { name, assertionResults } of read('unit.json').testResults) {
  if (!name.endsWith('tests/ops/derived.test.ts')) continue;
  for (const { ancestorTitles, title, status } of assertionResults) {
    const [op] = ancestorTitles;
    if (!passed.has(op)) passed.set(op, new Set());
    if (status === 'passed') passed.get(op).add(title);
  }
}
const onWebGpu = new Map(read('webgpu-ops.json').map(({ name, hasGradient }) => [name, hasGradient]));

const mark = (holds) => (holds ? 'yes' : '');
const rows = [...passed]
  .sort(([a], [b]) => a.localeCompare(b))
  .map(([op, titles]) => {
    const wasm = COLUMNS.map(([, title]) => mark(titles.has(title)));
    const webgpu = [mark(onWebGpu.has(op)), mark(onWebGpu.get(op) === true)];
    return `| ${[`\`${op}\``, ...wasm, ...webgpu].join(' | ')} |`;
  });
const header = ['op', ...COLUMNS.map(([name]) => `wasm ${name}`), 'webgpu forward', 'webgpu backward'];
const text = `# What works where

Written by \`npm run support\` from the results of \`npm test\`. The wasm columns are checked in float64 against finite differences, the
webgpu columns against wasm. An empty field is an op that is not differentiable there, or not tried. On webgpu the second
derivative is made of the same ops, so it works where the forward columns of those do.

| ${header.join(' | ')} |
| ${header.map(() => '---').join(' | ')} |
${rows.join('\n')}
`;
writeFileSync(
  'docs/support.md',
  await format(text, { ...(await resolveConfig('docs/support.md')), parser: 'markdown' }),
);
console.log(`docs/support.md: ${rows.length} ops`);
