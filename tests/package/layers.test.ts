// The one direction of imports holds in every folder of src: the linter refuses an arrow that points up.
import { readdirSync } from 'node:fs';
import { ESLint } from 'eslint';
import { expect, test } from 'vitest';

/** What the linter says of a file of src with one import. */
async function complaints(file: string, imported: string): Promise<string[]> {
  const eslint = new ESLint({ ruleFilter: ({ ruleId }) => ruleId === 'import-x/no-restricted-paths' });
  const [{ messages }] = await eslint.lintText(`import '${imported}';\n`, { filePath: `src/${file}` });
  return messages.filter(({ ruleId }) => ruleId !== null).map(({ message }) => message);
}

test.each([
  ['core/graph.ts', '../ops/reduce/reduce'],
  ['core/pointwiseFused.ts', '../device/wasm/device'],
  ['base/shape.ts', '../device/contract'],
  ['expression/expression.ts', '../core/tensor'],
  ['device/faults.ts', '../core/tensor'],
  ['device/wasm/stream.ts', '../webgpu/stream'],
  ['device/webgpu/kernels/gemm.ts', '../../wasm/device'],
  ['ops/linalg/matmul.ts', '../../nn/layers/linear'],
  ['ops/linalg/matmul.ts', '../../device/wasm/device'],
  ['autograd/function.ts', '../nn/module/module'],
  ['nn/layers/linear.ts', '../../optim/sgd'],
  ['nn/layers/linear.ts', '../../device/contract'],
  ['optim/sgd.ts', '../nn/layers/linear'],
  ['data/dataset.ts', '../io/load'],
  ['io/zip.ts', '../optim/sgd'],
  ['amp/gradScaler.ts', '../io/zip'],
  ['nn/layers/linear.ts', '../../index'],
])('%s may not import %s', async (file, imported) => {
  expect(await complaints(file, imported)).toHaveLength(1);
});

test.each([
  ['core/graph.ts', './tensor'],
  ['core/op.ts', '../device/contract'],
  ['nn/layers/linear.ts', '../module/module'],
])('%s may import %s', async (file, imported) => {
  expect(await complaints(file, imported)).toEqual([]);
});

const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());

test.each(folders.map(({ name }) => name))('src/%s has its row', async (folder) => {
  const file = readdirSync(`src/${folder}`, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.ts'));
  const up = '../'.repeat(file?.split('/').length ?? 1);
  expect(await complaints(`${folder}/${file}`, `${up}index`)).toHaveLength(1);
});
