// The command line of the benchmark.
import { parseArgs } from 'node:util';
import { LINES, type Line } from './lines';

/** A library on one of its backends. */
export interface Contender {
  readonly name: string;
  /** Module of peers/. */
  readonly module: string;
  readonly backend: string;
  /** Runs only when it is asked for by name. */
  readonly isExtra?: true;
}

export const CONTENDERS: readonly Contender[] = [
  { name: 'kindling-wasm', module: 'kindling', backend: 'wasm' },
  { name: 'kindling-wasm-single', module: 'kindling', backend: 'wasm single', isExtra: true },
  { name: 'tfjs-wasm', module: 'tfjs', backend: 'wasm' },
  { name: 'tfjs-cpu', module: 'tfjs', backend: 'cpu' },
  { name: 'jax-wasm', module: 'jax', backend: 'wasm' },
  { name: 'jax-wasm-eager', module: 'jax', backend: 'wasm eager' },
  { name: 'ort-wasm', module: 'onnx', backend: 'wasm' },
  { name: 'kindling-webgpu', module: 'kindling', backend: 'webgpu' },
  { name: 'tfjs-webgpu', module: 'tfjs', backend: 'webgpu' },
  { name: 'jax-webgpu', module: 'jax', backend: 'webgpu' },
  { name: 'ort-webgpu', module: 'onnx', backend: 'webgpu' },
];

/** The library whose results the others' must agree with. */
export const REFERENCE = CONTENDERS[0];

/** Modules of this folder come from another checkout (`--before`). */
const BEFORE = 'before/';
export const isBefore = ({ module }: Contender): boolean => module.startsWith(BEFORE);

export const isWebGpu = ({ backend }: Contender): boolean => backend.startsWith('webgpu');

export interface Settings {
  readonly lines: readonly Line[];
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly isQuick: boolean;
  /** The machine's own graphics adapter rather than one that computes on the processor. */
  readonly hasRealAdapter: boolean;
  /** Where the figures go as JSON. */
  readonly json: string | null;
  /** Name of the line to profile instead of comparing. */
  readonly profile: string | null;
  /** Another checkout of kindling, as its own benchmark has built it, to be compared with this one. */
  readonly before: string | null;
  /** Whether the time to the first result is measured instead. */
  readonly isStart: boolean;
}

const HELP = `npm run bench -- [options]
  --filter RE       only lines whose name matches
  --peers LIST      only these, separated by commas: ${CONTENDERS.map(({ name }) => name).join(', ')},
                    or wasm, webgpu for all of a kind (default: wasm)
  --rounds N        fresh browsers that each line is measured in (default 5)
  --quick           one round, short timings: to see that all works
  --adapter real    webgpu on the machine's graphics adapter (default: swiftshader)
  --json FILE       writes the figures of all rounds
  --before FOLDER   beside kindling another checkout of it, whose own npm run bench has run (--quick --filter LINE will do);
                    with --peers kindling-wasm the last column is its time over that of this one
  --profile LINE    kernels of kindling on the line whose name that is, or begins so, instead of comparing
  --start           from the start of the script to the first result, beside jax-js, instead of comparing
  --list            names of the lines`;

/** Settings from the command line; null if only help was asked for, which is then printed. */
export function parseSettings(args: readonly string[]): Settings | null {
  const { values: given } = parseArgs({
    args: [...args],
    options: {
      filter: { type: 'string', default: '' },
      peers: { type: 'string', default: 'wasm' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      adapter: { type: 'string', default: 'swiftshader' },
      json: { type: 'string' },
      before: { type: 'string' },
      profile: { type: 'string' },
      start: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (given.help || given.list) {
    console.log(given.help ? HELP : LINES.map(({ name }) => name).join('\n'));
    return null;
  }
  const rounds = Number(given.rounds ?? (given.quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds must be a positive integer, got ${rounds}.`);
  if (given.adapter !== 'real' && given.adapter !== 'swiftshader') {
    throw new RangeError(`--adapter must be real or swiftshader, got ${given.adapter}.`);
  }
  const pattern = new RegExp(given.filter, 'i');
  const lines = LINES.filter(({ name }) => pattern.test(name));
  if (lines.length === 0) throw new RangeError(`--filter ${given.filter} matches no line. --list names them.`);
  return {
    lines,
    contenders: withBefore(chooseContenders(given.peers.split(',')), given.before !== undefined),
    before: given.before ?? null,
    rounds,
    isQuick: given.quick,
    hasRealAdapter: given.adapter === 'real',
    json: given.json ?? null,
    profile: given.profile ?? null,
    isStart: given.start,
  };
}

function chooseContenders(wanted: readonly string[]): Contender[] {
  for (const name of wanted) {
    if (name === 'wasm' || name === 'webgpu' || CONTENDERS.some((contender) => contender.name === name)) continue;
    throw new RangeError(`--peers: there is no ${name}.\n${HELP}`);
  }
  return CONTENDERS.filter(
    (contender) =>
      wanted.includes(contender.name) ||
      (contender.isExtra !== true && wanted.includes(isWebGpu(contender) ? 'webgpu' : 'wasm')),
  );
}

/** With each contender that is kindling the one of the other checkout. */
const withBefore = (contenders: Contender[], hasBefore: boolean): Contender[] =>
  contenders.flatMap((each) =>
    hasBefore && each.module === REFERENCE.module
      ? [each, { ...each, name: `${each.name}-before`, module: BEFORE + each.module }]
      : [each],
  );
