// The programs that are kept with what PyTorch makes of them: a line of JSON each, packed.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { EXCEPTIONS } from './exceptions';
import { programsIn, type Program } from './program';

/** The recorded programs but the exceptions. */
export const recordedPrograms = (): Program[] =>
  programsIn(gunzipSync(readFileSync(`${import.meta.dirname}/recorded.jsonl.gz`)).toString()).filter(
    ({ id }) => !(id in EXCEPTIONS),
  );
