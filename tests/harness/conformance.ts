// Reads the cases recorded from PyTorch (tests/conformance/cases): files of JSON with tensors as base64.
import { readFileSync } from 'node:fs';
import type { CaseFile } from '../conformance/cases';

export { decode } from '../conformance/values';
export type { RecordedTensor } from '../conformance/cases';

/** A file of cases, for example 'optim/optim.SGD'. */
export function readCaseFile(unit: string): CaseFile {
  const path = new URL(`../conformance/cases/${unit}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as CaseFile;
}

/** The cases of one file. The caller names the fields that it uses. */
export const readCases = <Case>(unit: string): Case[] => readCaseFile(unit).cases as unknown as Case[];
