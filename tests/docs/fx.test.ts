// What docs/fx.md shows runs, and the page shows what runs here.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fx, nn, rand, randn, zeros, type Tensor } from '../../src';

it('the examples do what the page says', async () => {
  const lines: unknown[] = [];
  const console = { log: (line: unknown): void => void lines.push(line) };
  const gated = fx.symbolicTrace((y: Tensor) => y.mul(y.sigmoid()), { inputs: [zeros(3)] });
  const x = randn(3, 4);
  // prettier-ignore
  {
// <example>
class Net extends nn.Module {
  param = new nn.Parameter(rand(3, 4));
  linear = new nn.Linear(4, 5);
  override forward(x: Tensor) {
    return this.linear(x.add(this.param)).clamp({ min: 0, max: 1 });
  }
}
const traced = fx.symbolicTrace(new Net(), { inputs: [zeros(3, 4)] });
console.log(String(traced.graph));
console.log(traced.code);
// </example>
// <example>
for (const node of traced.graph.nodes) {
  if (node.target !== 'clamp') continue;
  const sigmoid = traced.graph.insertingAfter(node, () => traced.graph.callMethod('sigmoid', [node.args[0]]));
  node.replaceAllUsesWith(sigmoid);
  traced.graph.eraseNode(node);
}
traced.recompile();
// </example>
// <example>
fx.replacePattern(
  gated,
  (x: Tensor) => x.mul(x.sigmoid()),
  (x: Tensor) => nn.functional.silu(x),
  { inputs: [zeros(1)] },
);
// </example>
// <example>
class Timing extends fx.Interpreter {
  readonly times = new Map<string, number>();
  override runNode(node: fx.Node) {
    const start = performance.now();
    const value = super.runNode(node);
    this.times.set(node.name, performance.now() - start);
    return value;
  }
}
const timing = new Timing(traced);
timing.run(x);
// </example>
    expect([...timing.times.keys()]).toEqual(['x', 'param', 'add', 'linear', 'sigmoid', 'output']);
    const { linear, param } = traced as nn.Module as Net;
    const expected = linear(x.add(param)).sigmoid();
    expect(await (traced(x) as Tensor).tolist()).toEqual(await expected.tolist());
    expect(gated.code).toContain('nn.functional.silu(y)');
  }
  const page = readFileSync('docs/fx.md', 'utf8');
  for (const line of lines) expect(page).toContain(`\`\`\`\n${String(line)}\n\`\`\``);
  expect(lines).toHaveLength(2);
  expect(() => fx.symbolicTrace((y: Tensor) => y.nonzero(), { inputs: [zeros(3)] })).toThrow(
    'nonzero: reads values, which there are none of while tracing, in ',
  );
});

it('the page shows those examples', () => {
  const source = readFileSync(new URL(import.meta.url), 'utf8');
  const examples = [...source.matchAll(/\/\/ <example>\n([\s\S]*?)\/\/ <\/example>/g)].map(([, text]) => text);
  const page = readFileSync('docs/fx.md', 'utf8');
  expect(examples).toHaveLength(4);
  for (const example of examples) expect(page).toContain(`\`\`\`ts\n${example}\`\`\``);
});
