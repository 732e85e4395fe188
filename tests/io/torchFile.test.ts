// PyTorch's formats: what is read, what is written, what is refused and how it is said.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { io, LoadError, nn, optim, Tensor, tensor, zeros } from '../../src';
import { ByteReader } from '../../src/io/bytes';
import { unpickle } from '../../src/io/unpickle';
import { writeZip, ZipReader } from '../../src/io/zip';
import { assertClose } from '../harness/allclose';
import { sampleCheckpoint, sampleNarrow, sampleStateDict } from './sample';

const { load, save } = io;

const fixture = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`fixtures/${name}`, import.meta.url)));
const recorded = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../conformance/cases/serialization/${name}`, import.meta.url)));

/** A value whose tensors are written out. */
async function plain(value: unknown): Promise<unknown> {
  if (value instanceof Tensor) return { dtype: value.dtype, shape: value.shape, values: [...(await value.data())] };
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (value instanceof Map) return new Map((await plain([...value])) as [unknown, unknown][]);
  if (typeof value !== 'object' || value === null || value instanceof Set || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).map(async ([key, item]) => [key, await plain(item)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** A pickle of these opcodes, with bytes as numbers. */
const pickleOf = (...parts: (string | number)[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'number' ? [part] : Array.from(part, (c) => c.charCodeAt(0)))),
  );
const read = (bytes: Uint8Array<ArrayBuffer>): unknown =>
  unpickle(new ByteReader(bytes, 'the pickle'), () => {
    throw new Error('no storage is expected');
  });

describe('written files', () => {
  it.each(['torch', 'legacy'] as const)('give back every value in the format %s', async (format) => {
    const checkpoint = sampleCheckpoint();
    const loaded = await load<typeof checkpoint>(await save(checkpoint, { format }));
    expect(await plain(loaded)).toEqual(await plain(checkpoint));
  });

  it.each(['kindling.pt', 'kindling-legacy.pt'])('are those that PyTorch has opened: %s', async (name) => {
    const loaded = (await plain(await load(fixture(name)))) as Record<string, unknown>;
    const sample = (await plain(sampleCheckpoint())) as Record<string, unknown>;
    // Results of training differ in their last bits between processors.
    const { model, optimizer, parameter, ...exact } = sample;
    const { model: m, optimizer: o, parameter: p, ...loadedExact } = loaded;
    expect(loadedExact).toEqual(exact);
    const numbers = (value: unknown): number[] =>
      (
        JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? Number(item) : item)).match(
          /-?\d[\d.e+-]*/g,
        ) ?? []
      ).map(Number);
    assertClose(numbers([m, o, p]), numbers([model, optimizer, parameter]), { rtol: 1e-5, atol: 1e-6 }, name);
  });

  it('have the bytes that were recorded', async () => {
    const { model, optimizer, parameter, ...exact } = sampleCheckpoint();
    expect([model, optimizer, parameter]).not.toContain(undefined);
    const again = { ...(await load<object>(fixture('kindling.pt'))), ...exact };
    expect(new Uint8Array(await save(again))).toEqual(fixture('kindling.pt'));
    const stateDict = await save(sampleStateDict(), { format: 'safetensors', metadata: { format: 'pt' } });
    expect(new Uint8Array(stateDict)).toEqual(fixture('kindling.safetensors'));
  });

  it.each([
    ['torch', 'narrow.pt'],
    ['legacy', 'narrow-legacy.pt'],
    ['safetensors', 'narrow.safetensors'],
  ] as const)('hold 16-bit floats and narrow integers bit for bit, in the format %s', async (format, name) => {
    const saved = await save(sampleNarrow(), { format });
    expect(new Uint8Array(saved)).toEqual(fixture(name));
    const loaded = await load(saved);
    for (const [key, original] of Object.entries(sampleNarrow())) {
      expect([key, loaded[key].dtype, loaded[key].shape]).toEqual([key, key, original.shape]);
      expect(await loaded[key].bytes()).toEqual(await original.bytes());
    }
  });

  it('keep shared memory shared, once', async () => {
    const matrix = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
    const file = await save([matrix, matrix.transpose(0, 1), matrix.select(0, 1), matrix]);
    expect(new ZipReader(new Uint8Array(file)).names).toEqual([
      'archive/data.pkl',
      'archive/data/0',
      'archive/version',
    ]);
    const [a, b, row, again] = await load<Tensor[]>(file);
    expect(again).toBe(a);
    a.fill_(7);
    expect([await b.tolist(), await row.tolist()]).toEqual([[[7, 7], [7, 7], [7, 7]], [7, 7, 7]]); // prettier-ignore
  });

  it('hold only the part of a storage that is seen', async () => {
    const file = await save(zeros(1000, 4).narrow(0, 500, 2));
    expect(file.byteLength).toBeLessThan(1500);
    expect((await load<Tensor>(file)).shape).toEqual([2, 4]);
  });

  it('keep circles, versions of modules and which tensors are parameters', async () => {
    const circle: unknown[] = [];
    circle.push(circle);
    const state = new nn.BatchNorm1d(2).stateDict();
    Object.defineProperty(state, '_metadata', { value: { '': { version: 2 } }, enumerable: false });
    const leaf = tensor([1]).requiresGrad_();
    const frozen = new nn.Parameter(tensor([1]), false);
    const loaded = await load<[unknown[], object, Tensor, Tensor]>(await save([circle, state, leaf, frozen]));
    expect(loaded[0][0]).toBe(loaded[0]);
    expect(Reflect.get(loaded[1], '_metadata')).toEqual({ '': { version: 2 } });
    expect(Object.keys(loaded[1])).not.toContain('_metadata');
    expect([loaded[2].requiresGrad, loaded[2] instanceof nn.Parameter]).toEqual([true, false]);
    expect([loaded[3].requiresGrad, loaded[3] instanceof nn.Parameter]).toEqual([false, true]);
  });

  it('refuse what they cannot hold, and say where it is', async () => {
    await expect(save({ a: [1, { net: new nn.Linear(1, 1) }] })).rejects.toThrow(
      /got a function at value\.a\.1\.net\. Save its stateDict\(\) instead\./,
    );
    await expect(save({ when: new Date(0) })).rejects.toThrow('got a Date at value.when.');
    await expect(save({ n: 1 }, { format: 'safetensors' })).rejects.toThrow("Use format 'torch'.");
  });
});

describe('an optimizer', () => {
  it('goes on from its own checkpoint', async () => {
    const start = (): [nn.Parameter, optim.Adam] => {
      const p = new nn.Parameter(tensor([1, 2]));
      return [p, new optim.Adam([p], 0.1)];
    };
    const step = ([p, optimizer]: [nn.Parameter, optim.Adam]): void => {
      p.grad = tensor([1, -1]);
      optimizer.step();
    };
    const first = start();
    step(first);
    const file = await save({ p: first[0], optimizer: first[1].stateDict() });
    const saved = await load<{ p: nn.Parameter; optimizer: optim.OptimizerStateDict }>(file);
    const second: [nn.Parameter, optim.Adam] = [saved.p, new optim.Adam([saved.p], 0.5)];
    second[1].loadStateDict(saved.optimizer);
    for (const run of [first, second]) step(run);
    expect(await second[0].data()).toEqual(await first[0].data());
  });
});

describe('files of PyTorch', () => {
  it('have containers of all kinds', async () => {
    const { p, nested, scheduler, ...rest } = await load<Record<string, unknown>>(fixture('containers.pt'));
    expect(rest).toEqual({
      dtype: 'float16',
      device: 'cuda:1',
      size: [1, 2],
      counter: { 30: 2, 80: 1 },
      default: { a: {} },
      set: new Set([1, 2]),
      frozen: new Set(['x']),
      bytes: Uint8Array.of(0, 255),
      tuple: [1, [2, 'x']],
      big: 2n ** 100n,
      neg: -(2n ** 70n),
      inf: -Infinity,
      none: null,
      untyped: null,
    });
    expect([p instanceof nn.Parameter, await (p as Tensor).tolist()]).toEqual([true, [1, 2]]);
    expect(await plain(nested)).toMatchObject({ a: [{ b: { values: [0n, 1n, 2n] } }] });
    // A scheduler goes on from it.
    const optimizer = new optim.SGD([new nn.Parameter(zeros(1))], 0.1);
    const multi = new optim.lrScheduler.MultiStepLR(optimizer, [1]);
    multi.loadStateDict(scheduler as optim.lrScheduler.SchedulerState);
    expect(multi.stateDict()).toMatchObject({ milestones: { 3: 1, 5: 1 }, last_epoch: 0 });
  });

  it.each(['deflated.pt', 'zip64.pt'])('may be packed otherwise: %s', async (name) => {
    expect(await plain(await load(fixture(name)))).toEqual(await plain(await load(recorded('convbn.pth'))));
  });

  it('have Maps where an object would lose the kind or the order of keys', async () => {
    const keyed = await load<unknown>(await save(new Map<unknown, unknown>([[1, 'a'], [0, 'b']]))); // prettier-ignore
    expect(keyed).toEqual(new Map([[1, 'a'], [0, 'b']])); // prettier-ignore
    const ascending = await load<unknown>(await save(new Map([[0, 'a'], [4, 'b']]))); // prettier-ignore
    expect(ascending).toEqual({ 0: 'a', 4: 'b' });
    expect(await load<unknown>(await save(new Map([['0', 'a']])))).toEqual(new Map([['0', 'a']]));
  });
});

describe('what is refused', () => {
  it.each([
    ['zip_posix_system.pth', 'posix.system'],
    ['zip_os_system.pth', 'os.system'],
    ['raw_os_system.pkl', 'os.system'],
    ['zip_eval.pth', 'builtins.eval'],
    ['raw_eval.pkl', 'builtins.eval'],
    ['zip_py2_exec.pth', '__builtin__.exec'],
    ['raw_py2_exec.pkl', '__builtin__.exec'],
    ['zip_subprocess.pth', 'subprocess.check_output'],
    ['zip_torch_load.pth', 'torch.load'],
    ['raw_torch_load.pkl', 'torch.load'],
    ['zip_getattr.pth', 'builtins.getattr'],
    ['zip_nested_evil_proto4.pth', 'posix.system'],
    ['inst_opcode.pkl', 'posix.system'],
  ])('names what %s wanted', async (file, name) => {
    await expect(load(recorded(file))).rejects.toThrow(LoadError);
    await expect(load(recorded(file))).rejects.toThrow(`got ${name}. Nothing was called.`);
  });

  it('says how to save a module', async () => {
    await expect(load(fixture('module.pt'))).rejects.toThrow(
      'got torch.nn.modules.linear.Linear. Nothing was called. Save the state_dict() of the module instead.',
    );
  });

  it.each([
    ['an unknown opcode', pickleOf(0x80, 2, 0xff), 'must be made of known opcodes, got 255 at 2.'],
    [
      'an end too early',
      pickleOf(0x80, 2, 'X', 255, 0, 0, 0, 'ab'),
      'ends too early, at 9 bytes: 255 are needed at 7.',
    ],
    ['a call of a value', pickleOf('K', 1, ')R.'), 'must only call what makes tensors and containers, got number.'],
    ['a call of a class', pickleOf('ctorch\nFloatStorage\n)R.'), 'got torch.FloatStorage.'],
    ['state of a list', pickleOf(']}b.'), 'sets the state of what has none.'],
    ['items of a list', pickleOf(']K', 1, 'K', 1, 's.'), 'sets items of what is no dict.'],
    ['appending to a tuple', pickleOf(')Na.'), 'appends to what is no list.'],
    ['an empty stack', pickleOf('.'), 'takes a value from an empty stack.'],
    ['a mark that is not there', pickleOf('t.'), 'up to a mark that is not there.'],
    ['a value never kept', pickleOf('h', 5, '.'), 'refers to value 5, which it has not kept.'],
    ['a long integer', pickleOf(0x8b, 0, 0, 1, 0), 'integers must have at most 64 bytes, got 65536.'],
  ])('is a pickle with %s', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(LoadError);
    expect(() => read(bytes)).toThrow(message);
  });

  it('is what grows: copies of copies, and depth', async () => {
    // A tuple of everything so far, again and again.
    const copies = pickleOf('c__builtin__\nlist\nq', 0, '](', 'N'.repeat(100), 'eq', 1, ...Array(300).fill(['h', 0, 'h', 1, 0x85, 'R0']).flat() as (string | number)[], '.'); // prettier-ignore
    expect(() => read(copies)).toThrow('load: the pickle copies more than it holds.');
    const zip = (pickle: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> => writeZip([['a/data.pkl', pickle]]);
    await expect(load(await zip(pickleOf(']'.repeat(10_000), 'a'.repeat(9_999), '.')))).rejects.toThrow(
      'load: containers must be at most 500 deep, got more.',
    );
    // 2^60 paths through 60 lists are no more than 60 lists.
    const shared = pickleOf(
      ']',
      ...(Array(60).fill(['q', 0, '](h', 0, 'h', 0, 'e']).flat() as (string | number)[]),
      '.',
    );
    await expect(load(await zip(shared))).resolves.toBeInstanceOf(Array);
  });

  it('is an archive whose directory lies', async () => {
    const record = new Uint8Array(100);
    const file = new Uint8Array(await writeZip([['a/data.pkl', record], ['a/version', record]])); // prettier-ignore
    const view = new DataView(file.buffer);
    const directory = view.getUint32(file.length - 6, true);
    const changed = (offset: number, value: number): Uint8Array<ArrayBuffer> => {
      const copy = file.slice();
      new DataView(copy.buffer).setUint32(offset, value, true);
      return copy;
    };
    await expect(load(changed(directory + 16, 1))).rejects.toThrow("'a/data.pkl' must have the checksum");
    await expect(load(changed(directory + 20, 0xfffffff))).rejects.toThrow("puts 'a/data.pkl' outside of the file");
    await expect(load(changed(directory + 42, 0xfffffff))).rejects.toThrow("puts 'a/data.pkl' outside of the file");
    await expect(load(changed(directory + 42, 7))).rejects.toThrow("points 'a/data.pkl' at what is no record");
    await expect(load(changed(file.length - 6, 0xfffffff))).rejects.toThrow('does not fit the file');
    await expect(load(file.slice(0, -30))).rejects.toThrow('has no directory at its end. The file is cut off.');
  });

  it('leaves prototypes alone', async () => {
    const dict = pickleOf('}X', 9, 0, 0, 0, '__proto__}X', 8, 0, 0, 0, 'pollutedNss.');
    const loaded = await load<Record<string, unknown>>(await writeZip([['a/data.pkl', dict]]));
    expect(Object.keys(loaded)).toEqual(['__proto__']);
    expect('polluted' in {}).toBe(false);
  });
});
