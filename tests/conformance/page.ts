// Runs recorded cases in a page, on webgpu; browser.ts drives it. Files come by their paths from the page's own site.
import { diagnose, init, onerror } from '../../src';
import type { CaseFile, CaseFolder } from './cases';
import type { UnitResult } from './report';
import { runFolder } from './suite';
import { setLackingDTypes } from './values';

const bytes = async (path: string): Promise<Uint8Array<ArrayBuffer>> => {
  const answer = await fetch(`/cases/${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${answer.statusText}`);
  return new Uint8Array(await answer.arrayBuffer());
};

const conformance = {
  /** Starts the device; gives what was found. */
  async start(): Promise<string> {
    await init({ device: 'webgpu' });
    setLackingDTypes(['float64']);
    // Faults that no read asked for belong to cases that must fail.
    onerror(() => undefined);
    return diagnose();
  },
  /** The cases of one file whose ids match. */
  run(path: string, filter: string): Promise<UnitResult[]> {
    const folder: CaseFolder = {
      list: () => Promise.resolve([path]),
      read: async (file) => JSON.parse(new TextDecoder().decode(await bytes(file))) as CaseFile,
      bytes,
    };
    return runFolder(folder, new RegExp(filter));
  },
};

/** What the page offers. */
export type Conformance = typeof conformance;

Object.assign(globalThis, { conformance });
