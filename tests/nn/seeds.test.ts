// The same seed gives the weights that PyTorch draws: its recorded modules and initialisers, in their order.
import { expect, it } from 'vitest';
import { manualSeed, zeros, type Tensor } from '../../src';
import { findFunction, findModule } from '../conformance/names';
import { reviveArguments } from '../conformance/values';
import { assertClose, TOLERANCE, type Tolerance } from '../harness/allclose';
import { decode, readCases, type RecordedTensor } from '../harness/conformance';

interface Step {
  fn: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  exact: boolean;
  expect: { state?: Record<string, RecordedTensor>; out?: RecordedTensor };
}

/** Box and Muller's transform differs in the last places; a product of reflections, as `orthogonal_` makes, adds up more. */
const toleranceOf = ({ fn, exact }: Step): Tolerance => {
  if (exact) return TOLERANCE.exact;
  return fn === 'nn.init.orthogonal_' ? { rtol: 0, atol: 2e-6 } : { rtol: 1e-6, atol: 0 };
};

/** The tensors that a step makes, or null if kindling has no such module. */
function draw({ fn, args, kwargs }: Step): Record<string, Tensor> | null {
  if (fn.startsWith('nn.init.')) {
    const fill = findFunction(fn);
    return fill && { out: fill(zeros(args[0] as number[]), ...reviveArguments(args.slice(1), kwargs)) as Tensor };
  }
  const Class = findModule(fn.slice('nn.'.length)) ?? findModule(fn);
  return Class && new Class(...reviveArguments(args, kwargs)).stateDict();
}

const cases = readCases<{ id: string; seed: number; steps: Step[] }>('rng/rng').filter(({ steps }) =>
  steps[0].fn.startsWith('nn.'),
);
const compared = new Set<string>();

it.each(cases)('$id', async ({ seed, steps }) => {
  manualSeed(seed);
  for (const step of steps) {
    const drawn = draw(step);
    // What comes after a module that is not there starts from another place of the sequence.
    if (drawn === null) return;
    const expected = step.expect.state ?? { out: step.expect.out as RecordedTensor };
    for (const [name, value] of Object.entries(expected)) {
      assertClose(await drawn[name].data(), decode(value), toleranceOf(step), `${step.fn} ${name}`);
    }
    compared.add(step.fn);
  }
});

it('compares all that is there', () => {
  const inits = [
    'kaiming_uniform_',
    'xavier_uniform_',
    'kaiming_normal_',
    'xavier_normal_',
    'trunc_normal_',
    'orthogonal_',
  ];
  const modules = ['nn.Linear', 'nn.Conv1d', 'nn.Conv2d', 'nn.Embedding'];
  for (const fn of [...inits.map((name) => `nn.init.${name}`), ...modules]) {
    // Conv1d comes after a Conv2d in its case, and so on: none may be cut off.
    expect([...compared]).toContain(fn);
  }
});
