// What the README shows runs, and the README shows what runs here.
import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { nn, optim, shutdown, tensor } from '../../src';

afterAll(() => {
  shutdown();
});

it('the example learns', async () => {
  const lines: unknown[][] = [];
  const console = { log: (...values: unknown[]): void => void lines.push(values) };
  // prettier-ignore
  {
// <example>
const net = new nn.Sequential(new nn.Linear(2, 16), new nn.Tanh(), new nn.Linear(16, 2));
const optimizer = new optim.Adam(net.parameters(), { lr: 0.05 });
const lossFn = new nn.CrossEntropyLoss();

const x = tensor([0, 0, 0, 1, 1, 0, 1, 1]).view(4, 2);
const y = tensor([0, 1, 1, 0], { dtype: 'int64' });

for (let step = 0; step < 200; step++) {
  const loss = lossFn(net(x), y);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  if (step % 50 === 0) console.log(step, await loss.item());
}
console.log(await net(x).argmax(1).tolist()); // [0, 1, 1, 0]
// </example>
  }
  expect(lines.at(-1)).toEqual([[0, 1, 1, 0]]);
  expect(lines).toHaveLength(5);
});

it('the README shows that example', () => {
  const source = readFileSync(new URL(import.meta.url), 'utf8');
  const example = /\/\/ <example>\n([\s\S]*?)\/\/ <\/example>/.exec(source)?.[1] ?? 'no example';
  expect(readFileSync('README.md', 'utf8')).toContain(example);
});
