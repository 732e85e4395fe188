// npm run differential -- [--count N] [--seed S] [--devices inline,workers,webgpu] [--file FILE] [--show N] [--json FILE]
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { diagnose, init, onerror, shutdown } from '../../src';
import { openPage } from './browser';
import { compareBits, execute } from './execute';
import { programsIn, textOf, type Outcome, type Program } from './program';
import { reduce, signatureOf } from './reduce';
import { programsOf, Reference } from './reference';

const OPTIONS = {
  count: { type: 'string', default: '500' },
  seed: { type: 'string', default: '0' },
  devices: { type: 'string', default: 'inline,workers,webgpu' },
  /** Programs already drawn, a line each, in the place of new ones. */
  file: { type: 'string' },
  json: { type: 'string' },
  /** How many failures of one signature are reduced and shown. */
  show: { type: 'string', default: '2' },
} as const;

const CHUNK = 250;
/** How many chunks are at work at once: one runs, others are drawn. */
const AHEAD = 3;

type Run = (programs: readonly Program[]) => Promise<Outcome[]>;

/** A device that runs programs. */
interface Runner {
  readonly name: string;
  readonly device: string;
  readonly run: Run;
  readonly close: () => Promise<void>;
}

async function runHere(programs: readonly Program[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const program of programs) outcomes.push(await execute(program));
  return outcomes;
}

/** How each device is started; those of one process come one after the other, a page stays open. */
const STARTS: Readonly<Record<string, () => Promise<Runner>>> = {
  inline: () => startHere('inline', {}),
  workers: () => startHere('workers', { threads: 2 }),
  webgpu: openPageOnce,
};

let opened: ReturnType<typeof openPage> | null = null;

/** Pipelines are compiled once a page: each program needs some that others have needed. */
async function openPageOnce(): Promise<Runner> {
  opened ??= openPage();
  return { name: 'webgpu', ...(await opened), close: () => Promise.resolve() };
}

async function startHere(name: string, options: { threads?: number }): Promise<Runner> {
  await init(options);
  // Faults that no read asked for belong to steps that must fail.
  onerror(() => undefined);
  return { name, device: diagnose(), run: runHere, close: () => Promise.resolve(shutdown()) };
}

interface Failure {
  readonly device: string;
  readonly signature: string;
  readonly program: Program;
  readonly outcome: Outcome;
}

/** Counts of one device. */
interface Tally {
  agrees: number;
  differs: number;
  skipped: number;
}

/** A part of the programs, and the seed that comes behind them. */
interface Chunk {
  readonly programs: readonly Program[];
  readonly below: number;
}

/** The programs of `count` seeds, or those already drawn. Some chunks are drawn ahead, while one runs. */
async function* chunksOf(drawn: readonly Program[] | null, seed: number, count: number): AsyncGenerator<Chunk> {
  const draw = (at: number): Promise<readonly Program[]> => {
    const size = Math.min(CHUNK, count - at);
    const programs = drawn === null ? programsOf(seed + at, size) : Promise.resolve(drawn.slice(at, at + size));
    // What fails is told of when its turn comes.
    programs.catch(() => undefined);
    return programs;
  };
  const ahead: Promise<readonly Program[]>[] = [];
  for (let at = 0, next = 0; at < count; at += CHUNK) {
    for (; next < count && next < at + AHEAD * CHUNK; next += CHUNK) ahead.push(draw(next));
    yield { programs: (await ahead.shift()) ?? [], below: seed + Math.min(at + CHUNK, count) };
  }
}

/** Draws and runs programs as the command line says; the exit status. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  const drawn = values.file === undefined ? null : programsIn(await readFile(values.file, 'utf8'));
  const count = drawn?.length ?? Number(values.count);
  const names = values.devices.split(',');
  const unknown = names.filter((name) => !(name in STARTS));
  if (unknown.length > 0)
    throw new Error(`--devices must name ${Object.keys(STARTS).join(', ')}, got ${unknown.join()}.`);
  const tallies: Record<string, Tally> = Object.fromEntries(
    names.map((name) => [name, { agrees: 0, differs: 0, skipped: 0 }]),
  );
  const failures: Failure[] = [];
  let done = 0;
  let steps = 0;
  let refused = 0;
  for await (const { programs, below } of chunksOf(drawn, Number(values.seed), count)) {
    done += programs.length;
    steps += programs.reduce((sum, program) => sum + program.steps.length, 0);
    refused += programs.reduce(
      (sum, program) => sum + program.steps.filter(({ throws }) => throws !== undefined).length,
      0,
    );
    let inline: Outcome[] | null = null;
    for (const name of names) {
      const runner = await STARTS[name]();
      const raw = await runner.run(programs);
      const before: Outcome[] | null = name === 'workers' ? inline : null;
      const outcomes: Outcome[] = before === null ? raw : raw.map((now, i) => compareBits(before[i], now));
      if (name === 'inline') inline = outcomes;
      await runner.close();
      outcomes.forEach((outcome, i) => {
        tallies[name][outcome.state]++;
        if (outcome.state === 'differs')
          failures.push({ device: name, signature: signatureOf(programs[i], outcome), program: programs[i], outcome });
      });
    }
    if (values.json !== undefined) {
      await writeFile(values.json, JSON.stringify({ seed: below, tallies, failures }, null, 1));
    }
    console.log(`${done} programs, seeds below ${below}: ${JSON.stringify(tallies)}`);
  }
  console.log(`${steps} steps, of which PyTorch refuses ${refused}`);
  await report(failures, Number(values.show));
  await (await opened)?.close();
  return failures.length > 0 ? 1 : 0;
}

/** Prints the failures by signature, each with small programs that show it. */
async function report(failures: readonly Failure[], shown: number): Promise<void> {
  const reference = new Reference();
  for (const device of new Set(failures.map((failure) => failure.device))) {
    const runner = await STARTS[device]();
    const bySignature = new Map<string, Failure[]>();
    for (const failure of failures) {
      if (failure.device !== device) continue;
      bySignature.set(failure.signature, [...(bySignature.get(failure.signature) ?? []), failure]);
    }
    for (const [signature, group] of [...bySignature].sort(([, a], [, b]) => b.length - a.length)) {
      console.log(`\n${device}: ${group.length} × ${signature}`);
      for (const { program, outcome } of group.slice(0, shown)) {
        const { difference } = outcome;
        if (difference === undefined) continue;
        const run = async (candidate: Program): Promise<Outcome> => (await runner.run([candidate]))[0];
        const small = difference.kind === 'bits' ? program : await reduce(program, difference.kind, run, reference);
        const again = (await run(small)).difference ?? difference;
        console.log(`  ${textOf(small)}\n    => ${again.kind} at ${again.at}: ${again.detail}`);
      }
    }
    await runner.close();
  }
  reference.close();
}
