// PyTorch's side: a process of record.py that draws programs, or says what must come out of a given one.
import { spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Program } from './program';

const SCRIPT = `${import.meta.dirname}/record.py`;
const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';

/** The programs of `count` seeds from `seed` on. */
export async function programsOf(seed: number, count: number): Promise<Program[]> {
  const child = spawn(PYTHON, [SCRIPT, '--seed', String(seed), '--count', String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const programs: Program[] = [];
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  for await (const line of createInterface(child.stdout)) programs.push(JSON.parse(line) as Program);
  const status = await ended;
  if (status !== 0) throw new Error(`record.py ended with ${status}.`);
  return programs;
}

/** What must come out of programs that are made here, one after the other. */
export class Reference {
  private readonly child = spawn(PYTHON, [SCRIPT, '--serve'], { stdio: ['pipe', 'pipe', 'inherit'] });
  private readonly lines: AsyncIterator<string>;
  private readonly reader: Interface;

  constructor() {
    this.reader = createInterface(this.child.stdout);
    this.lines = this.reader[Symbol.asyncIterator]();
  }

  /** The program with what must come out; with `freeze`, that step's results are inputs. Null where rounding decides it. */
  async of(program: Omit<Program, 'expect' | 'grads'>, freeze?: number): Promise<Program | null> {
    this.child.stdin.write(`${JSON.stringify({ program, ...(freeze === undefined ? {} : { freeze }) })}\n`);
    const line = await this.lines.next();
    if (line.done === true) throw new Error('record.py --serve has ended.');
    return (JSON.parse(line.value) as { program?: Program }).program ?? null;
  }

  close(): void {
    this.child.stdin.end();
    this.reader.close();
  }
}
