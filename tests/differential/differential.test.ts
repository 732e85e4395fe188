// Recorded random programs: PyTorch's values and refusals, and the same bits from any number of workers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { init, onerror, shutdown } from '../../src';
import { compareBits, execute } from './execute';
import { textOf, type Outcome } from './program';
import { recordedPrograms } from './recorded';

const programs = recordedPrograms();
const inline = new Map<string, Outcome>();

describe.each([
  ['inline', {}],
  ['with two workers', { threads: 2 }],
])('random programs, %s', (name, options) => {
  beforeAll(async () => {
    await init(options);
    // Faults that no read asked for belong to steps that must fail.
    onerror(() => undefined);
  });
  afterAll(() => {
    onerror(null);
    shutdown();
  });

  it(`${programs.length} programs agree with PyTorch`, { timeout: 300_000 }, async () => {
    const differing: string[] = [];
    for (const program of programs) {
      let outcome = await execute(program);
      if (name === 'inline') inline.set(program.id, outcome);
      else outcome = compareBits(inline.get(program.id), outcome);
      const { difference } = outcome;
      if (difference === undefined) continue;
      differing.push(`${textOf(program)}\n => ${difference.kind} at ${difference.at}: ${difference.detail}`);
    }
    expect(differing.slice(0, 5).join('\n\n'), `${differing.length} programs differ`).toBe('');
  });
});

describe('the comparison', () => {
  const [first] = programs;
  const name = Object.keys(first.expect).at(-1) as string;

  it('sees another value', async () => {
    const expected = first.expect[name];
    if (expected === null) throw new Error('the first program must end in a value');
    const other = expected.value.dtype === 'bool' ? 'int64' : 'bool';
    const changed = { ...expected, value: { ...expected.value, dtype: other } as const };
    const outcome = await execute({ ...first, expect: { ...first.expect, [name]: changed } });
    expect(outcome.difference).toMatchObject({ kind: 'value', at: name });
  });

  it('sees what is not refused, and what is', async () => {
    const at = first.steps.findIndex(({ throws }) => throws === undefined);
    const steps = first.steps.map((step, i) => (i === at ? { ...step, throws: 'because' } : step));
    expect((await execute({ ...first, steps })).difference).toMatchObject({ kind: 'accepts', at });
    const wrong = first.steps.map((step, i) => (i === at ? { ...step, args: [] } : step));
    expect((await execute({ ...first, steps: wrong })).difference).toMatchObject({ kind: 'throws', at });
  });

  it('sees other bits', async () => {
    const outcome = await execute(first);
    const bits = { ...outcome.bits, [name]: `${outcome.bits[name]}.` };
    expect(compareBits({ ...outcome, bits }, outcome).difference).toMatchObject({ kind: 'bits', at: name });
  });
});
