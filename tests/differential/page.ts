// Runs programs in a page, on webgpu; browser.ts drives it.
import { diagnose, init, onerror } from '../../src';
import { setLackingDTypes } from '../conformance/values';
import { execute } from './execute';
import type { Outcome, Program } from './program';

const differential = {
  /** Starts the device; gives what was found. */
  async start(): Promise<string> {
    await init({ device: 'webgpu' });
    setLackingDTypes(['float64']);
    // Faults that no read asked for belong to steps that must fail.
    onerror(() => undefined);
    return diagnose();
  },
  /** Runs programs, one after the other. Bits stay here. */
  async run(programs: readonly Program[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const program of programs) outcomes.push({ ...(await execute(program)), bits: {} });
    return outcomes;
  },
};

/** What the page offers. */
export type Differential = typeof differential;

Object.assign(globalThis, { differential });
