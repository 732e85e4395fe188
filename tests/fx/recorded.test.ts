// Graphs of models beside those that torch.fx 1.13 makes of the same models (record.py), and their bits beside the model's.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fx, manualSeed, Tensor } from '../../src';
import { MODELS } from './models';

type Row = [op: string, name: string, target: string, inputs: string[]];
const RECORDED = JSON.parse(readFileSync('tests/fx/recorded.json', 'utf8')) as Record<string, Row[]>;

/** Names in one spelling: without capitals, and without namespaces and the underscore by which Python's own words are avoided. */
const snake = (text: string): string => text.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();

/** Rows in one spelling; nodes by their places, as a number in a name may be there to avoid a word of Python's. */
function spelled(rows: readonly Row[]): unknown[] {
  const place = new Map(rows.map(([, name], i) => [name, i]));
  return rows.map(([op, name, target, inputs]) => {
    const isPath = op === 'call_module' || op === 'get_attr' || op === 'getAttr' || op === 'callModule';
    const plain = isPath ? target : snake(target.slice(target.lastIndexOf('.') + 1)).replace(/_/g, '');
    return [
      snake(op),
      snake(name).replace(/_\d+$/, '').replace(/_/g, ''),
      plain,
      inputs.map((input) => place.get(input)),
    ];
  });
}

async function valuesOf(result: unknown): Promise<unknown> {
  return result instanceof Tensor ? result.tolist() : Promise.all((result as Tensor[]).map((t) => t.tolist()));
}

describe.each(Object.entries(MODELS))('%s', (name, [make, inputs]) => {
  it('has the nodes of torch.fx', () => {
    const { graph } = fx.symbolicTrace(make(), { inputs: inputs() });
    const rows = graph.nodes.map((node): Row => [node.op, node.name, node.target, node.allInputNodes.map(String)]);
    expect(spelled(rows)).toEqual(spelled(RECORDED[name]));
    expect(() => graph.lint()).not.toThrow();
  });

  it('computes the bits of the model, trains as it does', async () => {
    manualSeed(1);
    const net = make();
    const given = inputs();
    const traced = fx.symbolicTrace(net, { inputs: given });
    for (const mode of [true, false]) {
      net.train(mode);
      traced.train(mode);
      manualSeed(2);
      const expected = await valuesOf(net(...given));
      manualSeed(2);
      expect(await valuesOf(traced(...given))).toEqual(expected);
    }
    const first = (result: unknown): Tensor => (result instanceof Tensor ? result : (result as Tensor[])[0]);
    const gradients = async (result: unknown): Promise<unknown> => {
      net.zeroGrad();
      first(result).sum().backward();
      return Promise.all(net.parameters().map(async ({ grad }) => grad?.tolist()));
    };
    expect(await gradients(traced(...given))).toEqual(await gradients(net(...given)));
  });
});
