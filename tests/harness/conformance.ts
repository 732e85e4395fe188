// Reads the cases recorded from PyTorch (tests/conformance/cases): files of JSON with tensors as base64.
import { readFileSync } from 'node:fs';
import { DTYPES, type DType, type TypedArray } from '../../src/dtype';

/** A tensor as the cases store it: the little-endian bytes of its elements, row by row. */
export interface RecordedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: string;
}

/** The cases of one file, for example 'optim/optim.SGD'. The caller names the fields that it uses. */
export function readCases<Case>(unit: string): Case[] {
  const path = new URL(`../conformance/cases/${unit}.json`, import.meta.url);
  const file = JSON.parse(readFileSync(path, 'utf8')) as { cases: Case[] };
  return file.cases;
}

/** The elements of a recorded tensor. */
export function decode({ dtype, data }: RecordedTensor): TypedArray {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  return DTYPES[dtype].array(bytes.buffer);
}
