// Runs single kernels by pointer: the engine's binary in a private memory, tensors between guard words.
import { readFileSync } from 'node:fs';
import {
  CONTROL_BASE,
  CONTROL_FAULTS,
  CONTROL_FAULT_TABLE,
  SCRATCH_BASE,
  SCRATCH_BYTES,
  type Command,
  type Opcode,
} from '../../assembly/engine/commands';
import { encode, type Arguments } from '../../src/device/wasm/transport/encode';
import type { TypedArray } from '../../src/base/dtype';
import { patchMemoryFlag } from '../../src/device/wasm/engine/binary';

export type Build = 'baseline' | 'relaxed';

const GUARD = 0xdeadbeef;
const GUARD_BYTES = 64;
const HEAP = SCRATCH_BASE + SCRATCH_BYTES;

type Constructor<A> = {
  new (buffer: ArrayBuffer, offset: number, length: number): A;
  readonly BYTES_PER_ELEMENT: number;
};

interface Exports {
  initialize(scratch: number, helpers: number, epoch: number): void;
  execute(command: number): void;
}

const modules = new Map<Build, WebAssembly.Module>();

/** The engine's compiled binary, once per build. */
function engineModule(build: Build): WebAssembly.Module {
  let module = modules.get(build);
  if (module === undefined) {
    module = new WebAssembly.Module(patchMemoryFlag(new Uint8Array(readFileSync(`build/${build}.wasm`)), false));
    modules.set(build, module);
  }
  return module;
}

/** One engine instance with an arena; make a new one for each test. */
export class KernelBench {
  private top = HEAP;
  private readonly guards: { name: string; at: number }[] = [];
  private readonly memory: WebAssembly.Memory;
  private readonly exports: Exports;

  constructor(build: Build = 'baseline', megabytes = 64) {
    this.memory = new WebAssembly.Memory({ initial: megabytes * 16, maximum: 65536 });
    const instance = new WebAssembly.Instance(engineModule(build), {
      env: { memory: this.memory },
      host: { report: () => undefined, now: () => performance.now(), alive: () => undefined },
    });
    this.exports = instance.exports as unknown as Exports;
    this.exports.initialize(SCRATCH_BASE, 0, 0);
  }

  /** A tensor with these elements between guard words; returns its address. */
  place(values: TypedArray | Uint16Array, name = 'tensor'): number {
    const at = this.reserve(values.byteLength, name);
    new Uint8Array(this.memory.buffer, at, values.byteLength).set(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
    return at;
  }

  /** Room for an output, filled with a pattern that no kernel leaves by accident. */
  room(bytes: number, name = 'out'): number {
    const at = this.reserve(bytes, name);
    new Uint8Array(this.memory.buffer, at, bytes).fill(0xa5);
    return at;
  }

  read<A extends TypedArray>(type: Constructor<A>, at: number, length: number): A {
    return new type(this.memory.buffer.slice(at, at + length * type.BYTES_PER_ELEMENT), 0, length);
  }

  /** Runs a command given by its struct. */
  run<C extends Command>(opcode: Opcode, struct: new () => C, args: Arguments<C>): void {
    const at = this.reserve(512, 'command');
    encode(new Uint32Array(this.memory.buffer), at / 4, opcode, 1, struct, args);
    this.exports.execute(at);
    this.checkGuards();
  }

  /** Runs a command given by its words, header included. */
  runWords(words: ArrayLike<number>): void {
    const at = this.reserve(words.length * 4, 'command');
    new Uint32Array(this.memory.buffer, at, words.length).set(words);
    this.exports.execute(at);
    this.checkGuards();
  }

  /** Faults recorded so far: kind and value of the first. */
  faults(): { count: number; kind: number; value: bigint } {
    const view = new DataView(this.memory.buffer, CONTROL_BASE);
    return {
      count: view.getUint32(CONTROL_FAULTS, true),
      kind: view.getUint32(CONTROL_FAULT_TABLE + 4, true),
      value: view.getBigInt64(CONTROL_FAULT_TABLE + 8, true),
    };
  }

  private reserve(bytes: number, name: string): number {
    const at = this.top + GUARD_BYTES;
    const end = at + bytes;
    this.guard(at - GUARD_BYTES, `before ${name}`);
    // The guard behind starts at the very next byte, so that writing one element too many shows.
    this.guard(end, `behind ${name}`);
    this.top = Math.ceil((end + GUARD_BYTES) / 64) * 64;
    return at;
  }

  private guard(at: number, name: string): void {
    const view = new DataView(this.memory.buffer);
    for (let i = 0; i < GUARD_BYTES; i += 4) view.setUint32(at + i, GUARD, true);
    this.guards.push({ name, at });
  }

  private checkGuards(): void {
    const view = new DataView(this.memory.buffer);
    for (const { name, at } of this.guards) {
      for (let i = 0; i < GUARD_BYTES; i += 4) {
        if (view.getUint32(at + i, true) !== GUARD) throw new Error(`guard ${name} was overwritten at byte ${i}`);
      }
    }
  }
}
