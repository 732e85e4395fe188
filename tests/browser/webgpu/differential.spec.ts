// Random programs on webgpu (tests/differential): a part of those that are recorded.
import { openPage } from '../../differential/browser';
import { textOf } from '../../differential/program';
import { recordedPrograms } from '../../differential/recorded';
import { expect, test } from '@playwright/test';

/** Every so many of them. */
const SHARE = 4;

test('recorded programs agree with PyTorch', async () => {
  test.setTimeout(600_000);
  const programs = recordedPrograms().filter((_, i) => i % SHARE === 0);
  const page = await openPage();
  try {
    const outcomes = await page.run(programs);
    const count = (state: string): number => outcomes.filter((outcome) => outcome.state === state).length;
    console.log(`${count('agrees')} programs agree, ${count('skipped')} need float64`);
    const differing = outcomes.flatMap(({ difference }, i) =>
      difference === undefined
        ? []
        : [`${textOf(programs[i])}\n => ${difference.kind} at ${difference.at}: ${difference.detail}`],
    );
    expect(differing.slice(0, 5).join('\n\n'), `${differing.length} programs differ`).toBe('');
    expect(count('agrees')).toBeGreaterThan(programs.length / 2);
  } finally {
    await page.close();
  }
});
