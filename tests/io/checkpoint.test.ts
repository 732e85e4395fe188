import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromArray, io, LoadError, tensor, zeros, type nn } from '../../src';

const { download, load, loadMetadata, save } = io;

const values = { dtype: 'float32' } as const;

async function plain(stateDict: nn.StateDict): Promise<Record<string, unknown>> {
  const entries = Object.entries(stateDict).map(async ([name, t]) => [
    name,
    { dtype: t.dtype, values: await t.tolist() },
  ]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, unknown>;
}

const sample = (): nn.StateDict => ({
  'layer.weight': tensor([[1, 2, 3], [4, 5, 6]]), // prettier-ignore
  'layer.transposed': tensor([[1, 2, 3], [4, 5, 6]]).transpose(0, 1), // prettier-ignore
  num_batches_tracked: tensor(7, { dtype: 'int64' }),
  mask: tensor([true, false, true]),
  bytes: fromArray(Uint8Array.of(1, 255, 3), [3, 1]),
  double: tensor(new Float64Array([NaN, Infinity, -0])),
  index: tensor(new Int32Array([-1])),
  empty: zeros(0, 4),
});

describe('save and load', () => {
  it('give back names, dtypes, shapes and values', async () => {
    const original = sample();
    const file = await save(original, { format: 'safetensors', metadata: { format: 'pt' } });
    const loaded = await load(file);
    expect(await plain(loaded)).toEqual(await plain(original));
    expect(Object.getPrototypeOf(loaded)).toBeNull();
    expect(loaded.empty.shape).toEqual([0, 4]);
    expect({ ...(await loadMetadata(file)) }).toEqual({ format: 'pt' });
    expect(loaded['layer.weight'].requiresGrad).toBe(false);
  });

  it('save the values of the moment of the call', async () => {
    const w = zeros(3);
    const saving = save({ w });
    w.fill_(5);
    expect(await plain(await load(await saving))).toEqual({ w: { dtype: 'float32', values: [0, 0, 0] } });
  });

  it('load from a Blob, a File, a view of bytes and a Response', async () => {
    const file = await save({ w: tensor([1.5], values) });
    const padded = new Uint8Array(file.byteLength + 3);
    padded.set(new Uint8Array(file), 3);
    for (const source of [
      new Blob([file]),
      new File([file], 'w.safetensors'),
      padded.subarray(3),
      new Response(file),
    ]) {
      expect(await plain(await load(source))).toEqual({ w: { dtype: 'float32', values: [1.5] } });
    }
  });

  it('read any non-zero byte of a bool as true', async () => {
    const file = new Uint8Array(await save({ mask: tensor([true, false]) }, { format: 'safetensors' }));
    file[file.length - 2] = 7;
    expect(await (await load(file)).mask.data()).toEqual(Uint8Array.of(1, 0));
  });
});

describe('load from an address', () => {
  let server: Server;
  let address = '';
  let file: ArrayBuffer;

  beforeAll(async () => {
    file = await save({ w: zeros(50_000) });
    server = createServer((request, response) => {
      if (request.url === '/missing') return void response.writeHead(404).end();
      if (request.url === '/sized') response.setHeader('content-length', file.byteLength);
      else response.flushHeaders();
      response.end(new Uint8Array(file));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it('reports progress', async () => {
    const progress: [number, number | null][] = [];
    const loaded = await load(`${address}/sized`, { onProgress: (...step) => progress.push(step) });
    expect(loaded.w.shape).toEqual([50_000]);
    expect(progress.at(-1)).toEqual([file.byteLength, file.byteLength]);
    expect(progress.map(([bytes]) => bytes)).toEqual(progress.map(([bytes]) => bytes).sort((a, b) => a - b));
  });

  it('knows no total where the server gives none', async () => {
    const totals = new Set<number | null>();
    await load(new URL(`${address}/chunked`), { onProgress: (_, total) => totals.add(total) });
    expect([...totals]).toEqual([null]);
  });

  it('rejects what is not there, and when it is ended', async () => {
    await expect(load(`${address}/missing`)).rejects.toThrow(LoadError);
    await expect(load(`${address}/missing`)).rejects.toThrow('must be there to be read, got 404 Not Found.');
    await expect(load(`${address}/sized`, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});

describe('download', () => {
  it('needs a page', () => {
    expect(() => download('w.safetensors', new ArrayBuffer(1))).toThrow('download: needs a page.');
  });
});
