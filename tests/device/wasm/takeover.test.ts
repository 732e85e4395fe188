// Workers that live on after they were replaced: a browser gives a terminated one seconds, and a slow one looks dead. All
// engines here are on one thread; the callbacks of one are where the others get their turn.
import { expect, test } from 'vitest';
import {
  CONTROL_BASE,
  CONTROL_BEGUN,
  CONTROL_COMPLETED,
  CONTROL_DONE,
  CONTROL_JOB_COMMAND,
  CONTROL_SLEEPERS,
  CONTROL_TAIL,
  CONTROL_TICKET,
  FAULT_INTERRUPTED,
  Gemm,
  HEADER_WORDS,
  Opcode,
  RING_BASE,
  Report,
  type Command,
} from '../../../assembly/engine/commands';
import { DTYPES } from '../../../src/base/dtype';
import { compileBuild } from '../../../src/device/wasm/engine/binary';
import {
  DEPOSED,
  describeMemory,
  DRY,
  Engine,
  HALTED,
  resume,
  type EngineReport,
} from '../../../src/device/wasm/engine/engine';
import { createMemory, heapStart } from '../../../src/device/wasm/engine/memory';
import { argumentNames, encode, type Arguments } from '../../../src/device/wasm/transport/encode';
import { Ring } from '../../../src/device/wasm/transport/ring';
import { clearAfterDeath, depose, isTorn, stillness } from '../../../src/device/wasm/workers/takeover';

const module = await compileBuild('baseline', true);

/** A shared memory, its ring, and engines over it. */
function scene() {
  const { memory } = createMemory(true, 2, 64 * 2 ** 20);
  const words = new Uint32Array(memory.buffer);
  const ring = new Ring(memory);
  let seq = 0;
  return {
    memory,
    words,
    control: (offset: number): number => words[(CONTROL_BASE + offset) / 4],
    append: <C extends Command>(opcode: Opcode, struct: new () => C, args: Arguments<C>): void => {
      const at = ring.reserve(HEADER_WORDS + argumentNames(struct).length);
      encode(words, at, opcode, ++seq, struct, args);
      ring.advance();
      ring.publish();
    },
    engine: (index: number, epoch: number, report: (report: EngineReport) => void, alive?: () => void): Engine => {
      const options = { index, helpers: 0, copies: true, faultCount: 0, epoch };
      return new Engine(module, memory, options, report, alive);
    },
  };
}

const report = (token: number) => ({ token, source: 0, pointer: 0, bytes: 0 });

test('a leader that was replaced in the middle of a command runs nothing more', () => {
  const { memory, words, control, append, engine } = scene();
  for (const token of [1, 2, 3]) append(Opcode.Report, Report, report(token));
  const [early, late]: number[][] = [[], []];
  const replaced = engine(0, 0, ({ token }) => {
    early.push(token);
    depose(words);
    expect(isTorn(words)).toBe(true);
    clearAfterDeath(words);
    const next = engine(0, 1, (answer) => late.push(answer.token));
    // Until the page has looked what depends on the command.
    expect(next.run(0)).toBe(HALTED);
    expect(resume(memory, 1)).toBe(true);
    expect(next.run(0)).toBe(DRY);
  });
  expect(replaced.run(0)).toBe(DEPOSED);
  expect([early, late]).toEqual([[1], [2, 3]]);
  expect(control(CONTROL_COMPLETED)).toBe(3);
  expect(control(CONTROL_BEGUN)).toBe(3);
  expect(describeMemory(memory, 0)).toMatchObject({
    ...{ faultCount: 1, faults: [1, FAULT_INTERRUPTED, Opcode.Report, 0], halted: 0 },
  });

  // Commands that come later are none of its business either.
  append(Opcode.Report, Report, report(4));
  expect(replaced.run(0)).toBe(DEPOSED);
  expect(early).toEqual([1]);
});

test('a leader that comes too late begins nothing', () => {
  const { words, control, append, engine } = scene();
  append(Opcode.Report, Report, report(1));
  const answers: number[] = [];
  const late = engine(0, 0, ({ token }) => answers.push(token));
  depose(words);
  expect(late.run(0)).toBe(DEPOSED);
  expect(answers).toEqual([]);
  expect([control(CONTROL_TAIL), control(CONTROL_BEGUN)]).toEqual([0, 0]);
  expect(isTorn(words)).toBe(false);
});

test('a task that a helper finishes late is not counted in a later job', () => {
  const { memory, words, control, append, engine } = scene();
  const pointer = heapStart(2);
  new Float64Array(memory.buffer, pointer, 1)[0] = 1;
  // Long enough to show signs of life.
  append(Opcode.Gemm, Gemm, {
    ...{ a: pointer, b: pointer, bias: 0, out: pointer + 64, workspace: 0 },
    ...{ batch: 1, m: 1, n: 1, k: 20_000_000, dtype: DTYPES.float64.code },
    ...{ aBatch: 0, aRow: 0, aColumn: 0, bBatch: 0, bRow: 0, bColumn: 0 },
  });
  const at = (offset: number): number => (CONTROL_BASE + offset) / 4;
  const open = (generation: number): void => {
    words[at(CONTROL_JOB_COMMAND)] = RING_BASE;
    words.set([0, generation], at(CONTROL_DONE));
    words.set([1 << 20, generation << 8], at(CONTROL_TICKET));
  };
  open(1);
  let signs = 0;
  const helper = engine(
    1,
    0,
    () => undefined,
    () => {
      if (signs++ > 0) return;
      depose(words);
      clearAfterDeath(words);
      open(2);
    },
  );
  helper.help();
  expect(signs).toBeGreaterThan(0);
  // Neither done nor claimed: the job of the new epoch is for its own workers.
  expect([control(CONTROL_DONE), control(CONTROL_DONE + 4)]).toEqual([0, 2]);
  expect(control(CONTROL_TICKET)).toBe(1 << 20);
  expect(control(CONTROL_SLEEPERS)).toBe(0);
});

test('who shows signs of life is waited for', async () => {
  let looks = 0;
  // Moves between some of the first looks.
  await stillness(() => Math.min(8, ++looks >> 1));
  const last = 16;
  expect(looks).toBe(last + 10);
});
