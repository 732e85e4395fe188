// `load` on broken files: it refuses or reads them, in little time and memory, and leaves the page as it was. How many is
// said by FUZZ_FILES: 5,000 here, 200,000 in `npm run accept`. A failure prints its seed, which makes the file again;
// FUZZ_FROM is the first seed.
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { getDevice } from '../../src/device/registry';
import { KindlingError, Tensor, io, synchronize, tensor } from '../../src';
import { mutate, random, type Bytes } from './mutate';

const FILES = Number(process.env.FUZZ_FILES ?? 5_000);
const FROM = Number(process.env.FUZZ_FROM ?? 0);
const MAX_MS = 1_000;
/** Times the size of the file, for what is allocated by a single request or on the device. */
const MAX_GROWTH = 10;
/** What even the smallest file may take: the least block of the allocator, a decoder's buffer. */
const ALWAYS = 16_384;

const folders = ['../conformance/cases/serialization/', 'fixtures/'].map((path) => new URL(path, import.meta.url));
const corpus: Bytes[] = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => !name.endsWith('.json'))
    .sort()
    .map((name) => new Uint8Array(readFileSync(new URL(name, folder)))),
);

/** Everything that a file could hang something on. */
const prototypes: readonly object[] = [Object, Array, Function, Map, Set, Uint8Array, String, Number].map(
  ({ prototype }) => prototype as object,
);
const properties = (): string => prototypes.map((prototype) => Reflect.ownKeys(prototype).length).join();

let greatest = 0;
let onDevice = 0;

// What the engine unpacks for itself when it starts is none of a file's.
beforeAll(async () => {
  tensor([0]);
  await synchronize();
});

beforeEach(() => {
  const device = getDevice();
  const allocate = device.allocate.bind(device);
  vi.spyOn(device, 'allocate').mockImplementation((bytes, ...rest) => {
    onDevice += bytes;
    return allocate(bytes, ...rest);
  });
  vi.stubGlobal(
    'Uint8Array',
    new Proxy(Uint8Array, {
      construct: (target, args: unknown[]) => {
        if (typeof args[0] === 'number') greatest = Math.max(greatest, args[0]);
        return Reflect.construct(target, args) as object;
      },
    }),
  );
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** The tensors in a value, each once. */
function* tensorsIn(value: unknown, seen = new Set()): Generator<Tensor> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  if (value instanceof Tensor) yield value;
  else for (const item of value instanceof Map ? [...value].flat() : Object.values(value)) yield* tensorsIn(item, seen);
}

async function check(seed: number): Promise<boolean> {
  const next = random(seed);
  const [file, other] = [corpus[next() % corpus.length], corpus[next() % corpus.length]];
  const broken = await mutate(file, other, next);
  const allowed = ALWAYS + MAX_GROWTH * broken.length;
  [greatest, onDevice] = [0, 0];
  const begin = performance.now();
  let isSound = true;
  try {
    for (const tensor of tensorsIn(await io.load<unknown>(broken))) {
      if (tensor.nbytes <= allowed) await tensor.data();
    }
  } catch (error) {
    isSound = false;
    if (!(error instanceof KindlingError)) throw error;
    expect(error.message).not.toMatch(/^internal/);
  }
  expect(performance.now() - begin).toBeLessThan(MAX_MS);
  expect(greatest).toBeLessThanOrEqual(allowed);
  expect(onDevice).toBeLessThanOrEqual(allowed);
  return isSound;
}

it(
  `survives ${FILES} broken files`,
  async () => {
    const before = properties();
    let sound = 0;
    for (let seed = FROM; seed < FROM + FILES; seed++) {
      try {
        if (await check(seed)) sound++;
        if (seed % 100 === 0) expect(properties()).toBe(before);
      } catch (error) {
        throw new Error(`the file of seed ${seed}: ${String(error)}`, { cause: error });
      }
    }
    expect(properties()).toBe(before);
    // A mutation that breaks nothing tests reading; one that always breaks the first byte would test nothing.
    expect(sound).toBeGreaterThan(FILES / 50);
    expect(sound).toBeLessThan(FILES / 2);
  },
  20 * 60_000,
);
