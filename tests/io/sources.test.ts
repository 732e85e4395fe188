// What `load` reads from and by which options, what it says of what is no checkpoint, and what `save` refuses to write.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { io, LoadError, tensor, zeros, type Tensor } from '../../src';

const { load, loadMetadata, save } = io;

type Loose = (...args: unknown[]) => Promise<unknown>;
const loose = {
  load: load as Loose,
  save: save as Loose,
  store: io.store as Loose,
  loadMetadata: loadMetadata as Loose,
};
const download = io.download as (...args: unknown[]) => void;

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

describe('what is no checkpoint is called what it is', () => {
  const zeroed = new Uint8Array(100);
  it.each<[string, Uint8Array<ArrayBuffer>, string | RegExp]>([
    ['an HTML page', bytes('\n<!DOCTYPE html>\n<html><body>404</body></html>'), 'got an HTML page, as a server sends for an error or a sign-in: "<!DOCTYPE html>'], // prettier-ignore
    ['HTML without a doctype', bytes('<html lang="en"><title>x</title></html>'), 'got an HTML page'],
    ['an XML document', bytes('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), 'got an XML document'],
    ['JSON', bytes('{"error": "not found", "status": 404}'), 'got JSON, as a server sends for an error: "{\\"error\\"'],
    ['a list in JSON', bytes('[{"error": 1}]'), 'got JSON'],
    ['JSON after a mark', bytes('\uFEFF {\n "a": 1 }'), 'got JSON'],
    ['a git-LFS pointer', bytes('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'), 'got a git-LFS pointer, which stands for a file kept elsewhere. Fetch it with git lfs pull'], // prettier-ignore
    ['text', bytes('Not Found'), 'got text: "Not Found".'],
    ['nothing', new Uint8Array(0), 'got an empty one.'],
    ['the beginning of a file', Uint8Array.of(1, 2, 3), 'got 3 bytes. The file is cut off.'],
    ['a gzip archive', new Uint8Array(gzipSync('x')), 'got a gzip archive. Unpack it first.'],
    ['an HDF5 file', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10, ...zeroed), 'got an HDF5 file, as Keras writes.'], // prettier-ignore
    ['a NumPy array', Uint8Array.of(0x93, ...bytes('NUMPY'), 1, 0, ...zeroed), 'got a NumPy array.'],
    ['a GGUF file', Uint8Array.of(...bytes('GGUF'), 3, 0, ...zeroed), 'got a GGUF file.'],
    ['another pickle', Uint8Array.of(0x80, 4, 0x95, 11, 0, 0, 0, 0, 0, 0, 0, 0x5d, 0x94, 0x2e, 0, 0, 0), "must begin with PyTorch's magic number. The file is another pickle: save with torch.save."], // prettier-ignore
    ['a cut archive', bytes('PK\x03\x04 and so on'), /zip archive/],
    ['zeros', zeroed, 'load: the header must begin with'],
  ])('%s', async (_, file, message) => {
    await expect(load(file)).rejects.toThrow(LoadError);
    await expect(load(file)).rejects.toThrow(message);
  });

  it('safetensors are, whatever the length of their header is', async () => {
    // 0x280 and 0x480 bytes: what a pickle of protocol 2 and 4 begins with.
    for (const length of [0x280, 0x480]) {
      const header = '{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.padEnd(length);
      const file = Uint8Array.of(length & 255, length >> 8, 0, 0, 0, 0, 0, 0, ...bytes(header), 7);
      expect(await (await load(file)).w.tolist()).toEqual([7]);
    }
  });

  it('with a message that has an end', async () => {
    const name = 'x'.repeat(100_000);
    const header = JSON.stringify({ [name]: { dtype: name, shape: [1], data_offsets: [0, 1] } });
    const file = new Uint8Array(9 + header.length);
    new DataView(file.buffer).setUint32(0, header.length, true);
    file.set(bytes(header), 8);
    const error = (await load(file).catch((e: unknown) => e)) as Error;
    expect(error.message).toMatch(/^load: tensor 'xxx.*xxx'\.$/);
    expect(error.message.length).toBeLessThan(601);
  });

  it('metadata are of safetensors', async () => {
    await expect(loadMetadata(await save({ w: zeros(1) }))).rejects.toThrow(
      'loadMetadata: only safetensors have metadata, got a file of torch.save.',
    );
  });
});

describe('sources', () => {
  const kinds =
    'load: the source must be an address, a URL, a Response, a Blob or File, an ArrayBuffer or a Uint8Array, got';
  it.each<[string, unknown, string]>([
    ['nothing', undefined, `${kinds} undefined.`],
    ['null', null, `${kinds} null.`],
    ['no address', '', `${kinds} ''.`],
    ['a number', 5, `${kinds} number 5.`],
    ['a promise', Promise.resolve(new ArrayBuffer(8)), `${kinds} a promise (await it).`],
    ['an array', [1, 2], `${kinds} an array`],
    ['floats', new Float32Array(2), `${kinds} a Float32Array.`],
    ['a state dict', { w: 1 }, `${kinds} an object.`],
    ['a store without a name', 'indexeddb:', "load: the address must have a name after 'indexeddb:', got none."],
    ['a path upwards', 'opfs:a/../b', "load: a path must be names with a slash between, got 'a/../b'."],
    ['a store that is not here', 'indexeddb:net', 'indexeddb:net: there is no IndexedDB here.'],
  ])('are not %s', async (_, source, message) => {
    await expect(loose.load(source)).rejects.toThrow(TypeError);
    await expect(loose.load(source)).rejects.toThrow(message);
  });

  it('are shared memory too', async () => {
    const file = new Uint8Array(await save({ w: tensor([7]) }));
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    expect(await (await load(shared)).w.tolist()).toEqual([7]);
  });

  it('are told of when read from memory', async () => {
    const file = await save({ w: zeros(3) });
    const seen: unknown[] = [];
    await load(new Blob([file]), { onProgress: (...step) => seen.push(step) });
    expect(seen).toEqual([[file.byteLength, file.byteLength]]);
  });
});

describe('options', () => {
  let file: ArrayBuffer;
  beforeAll(async () => {
    file = await save({ w: tensor([1, 2]) });
  });
  const asFunction = (storage: unknown): unknown => storage;
  it.each<[string, unknown]>([
    ['cpu', 'cpu'],
    ['wasm', 'wasm'],
    ['null', null],
    ['an object', { cpu: 'cpu', 'cuda:0': 'wasm' }],
    ['an object of other places', { 'cuda:0': 'cpu' }],
    ['a function of the storage', asFunction],
    ['a function of the place', (_: unknown, place: string) => place],
    ['a function that leaves it', () => undefined],
  ])('mapLocation: %s', async (_, mapLocation) => {
    const byName = (await loose.load(file, { mapLocation })) as Record<string, Tensor>;
    expect([byName.w.device, await byName.w.tolist()]).toEqual(['wasm', [1, 2]]);
    if (typeof mapLocation !== 'object') await loose.load(file, mapLocation);
  });

  it.each<[string, unknown, string]>([
    ['unknown', { strict: true }, "load: no option is called 'strict'."],
    ['of Python', { map_location: 'cpu' }, "load: no option is called 'map_location'."],
    ['a place that is none', { mapLocation: 'cuda' }, "load: mapLocation must be 'cpu', 'wasm', 'webgpu' or 'meta', got 'cuda'."], // prettier-ignore
    ['a place in an object', { mapLocation: { cpu: 'cuda:1' } }, "load: mapLocation['cpu'] must be 'cpu', 'wasm', 'webgpu' or 'meta', got 'cuda:1'."], // prettier-ignore
    ['a place that a function gives', { mapLocation: () => 'tpu' }, "load: what mapLocation gives must be 'cpu', 'wasm', 'webgpu' or 'meta', got 'tpu'."], // prettier-ignore
    ['a number', { mapLocation: 0 }, 'load: mapLocation must be a device, an object of devices by location or a function, got number 0.'], // prettier-ignore
    ['two places', { mapLocation: 'cpu', device: 'wasm' }, 'load: device and mapLocation exclude each other'],
    ['another device', { device: 'cuda' }, "load: device must be 'cpu', 'wasm', 'webgpu' or 'meta', got 'cuda'."],
    ['text for a flag', { weightsOnly: 'true' }, "load: weightsOnly must be true or false, got 'true'."],
    ['no function', { onProgress: 5 }, 'load: onProgress must be a function, got 5.'],
    ['no signal', { signal: new AbortController() }, 'load: signal must be an AbortSignal, got a AbortController.'],
    ['no time', { timeout: '5' }, "load: timeout must be a number of milliseconds above 0, got '5'."],
    ['time below 0', { timeout: -1 }, 'load: timeout must be a number of milliseconds above 0, got -1.'],
  ])('refuses %s', async (_, options, message) => {
    await expect(loose.load(file, options)).rejects.toThrow(message);
  });
});

describe('the network', () => {
  let server: Server;
  let address = '';
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/html') return void response.end('<!doctype html><p>Sign in</p>');
      if (request.url === '/silent') return;
      response.setHeader('content-length', 1000);
      response.write(new Uint8Array(10));
      // A download that stops, or breaks off.
      if (request.url === '/cut') setTimeout(() => response.destroy(), 20);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('names the address that cannot be reached', async () => {
    const nobody = 'http://127.0.0.1:9/net.pt';
    await expect(load(nobody)).rejects.toThrow(LoadError);
    await expect(load(nobody)).rejects.toThrow(`load: ${nobody} must be reachable, got TypeError`);
    await expect(load('net.pt')).rejects.toThrow('load: net.pt must be reachable, got ');
  });

  it('names the address that gives something else, or breaks off', async () => {
    await expect(load(`${address}/html`)).rejects.toThrow(
      `load: ${address}/html must be a file of torch.save or safetensors, got an HTML page`,
    );
    await expect(load(`${address}/cut`)).rejects.toThrow(`load: ${address}/cut broke off after 10 of 1000 bytes, got `);
  });

  const response = (path: string): Promise<Response> => fetch(`${address}${path}`);
  const endless = (): Promise<Response> => Promise.resolve(new Response(new ReadableStream()));
  const never = new Blob(['x']);
  never.arrayBuffer = () => new Promise(() => undefined);
  it.each<[string, () => io.LoadSource | Promise<io.LoadSource>]>([
    ['an address that does not answer', () => `${address}/silent`],
    ['a download that stops', () => `${address}/stops`],
    ['a response that stops', () => response('/stops')],
    ['a stream that does not end', endless],
    ['a file that is not given', () => never],
  ])('signal and timeout end %s', async (_, source) => {
    await expect(load(await source(), { timeout: 50 })).rejects.toThrow(/^load: .* must be read within 50 ms, which are over\.$/); // prettier-ignore
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('gone')), 50);
    await expect(load(await source(), { signal: controller.signal })).rejects.toThrow(/^gone$/);
    await expect(load(await source(), { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  it('metadata are read with the same care', async () => {
    await expect(loose.loadMetadata(undefined)).rejects.toThrow('loadMetadata: the source must be an address');
    await expect(loadMetadata(`${address}/html`)).rejects.toThrow('got an HTML page');
    await expect(loadMetadata('http://127.0.0.1:9/net.pt')).rejects.toThrow(
      'http://127.0.0.1:9/net.pt must be reachable',
    );
    await expect(loadMetadata(`${address}/silent`, { timeout: 50 })).rejects.toThrow(/^loadMetadata: .* must be read within 50 ms/); // prettier-ignore
    await expect(loadMetadata(`${address}/silent`, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  it('is refused where a response cannot be read', async () => {
    const used = new Response('x');
    await used.text();
    await expect(load(used)).rejects.toThrow('must not have been read before, got a response whose body was used.');
    await expect(load(Response.error())).rejects.toThrow('must be there to be read, got 0');
  });
});

describe('save writes nothing that load refuses', () => {
  const nested = (depth: number): unknown => {
    let value: unknown = 1;
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
    return value;
  };
  const w = zeros(2);

  it.each(['torch', 'legacy'] as const)('in depth, %s', async (format) => {
    // The outermost is at depth 0.
    const deepest = nested(501);
    expect(await load(await save(deepest, format))).toEqual(await load(await save(deepest, { format })));
    await expect(save(nested(502), format)).rejects.toThrow(
      'save: containers must be at most 500 deep, got more at value.',
    );
    await expect(save(nested(50_000), format)).rejects.toThrow('500 deep');
  });

  it.each<[string, unknown, unknown, string]>([
    ['another format', { w }, { format: 'pickle' }, "save: format must be 'torch', 'legacy' or 'safetensors', got 'pickle'."], // prettier-ignore
    ['no format', { w }, { format: null }, "save: format must be 'torch', 'legacy' or 'safetensors', got null."],
    ['an unknown option', { w }, { compress: true }, "save: no option is called 'compress'."],
    ['metadata that is a number', { w }, { format: 'safetensors', metadata: { step: 3 } }, "save: metadata must be text, got number 3 for 'step'."], // prettier-ignore
    ['metadata that is no object', { w }, { format: 'safetensors', metadata: 'x' }, "save: metadata must be an object of text, got 'x'."], // prettier-ignore
    ['metadata that is lost', { w }, { metadata: { a: 'b' } }, "save: metadata is kept by the format 'safetensors' alone, got it for 'torch'."], // prettier-ignore
    ['nothing', undefined, {}, 'save: value must be a checkpoint, got nothing.'],
    ['a long integer', { n: 2n ** 600n }, {}, 'save: integers must have at most 512 bits, got more at value.n.'],
    ['half a character', { a: ['\ud800'] }, {}, 'got half a surrogate pair at value.a.0.'],
    ['half a character in a name', { '\ud800': w }, { format: 'safetensors' }, 'got half a surrogate pair'],
    ['keys that are one', new Map([[1, 'a'], [1n, 'b']] as [unknown, unknown][]), {}, 'save: keys must differ in Python too, got two that are number 1 at value.'], // prettier-ignore
    ['a flag that is a number', new Set([true, 1]), {}, 'got two that are number 1'],
    ['an object as a key', new Map([[{}, 1]]), {}, 'save: keys and items of Sets must be text, numbers, booleans, null, tensors or arrays of them, got an object at value.'], // prettier-ignore
    ['a stand-in', { args: new io.Foreign('argparse.Namespace') }, {}, 'got a Foreign at value.args.'],
  ])('refuses %s', async (_, value, options, message) => {
    await expect(loose.save(value, options)).rejects.toThrow(message);
  });

  it('in integers and keys that are lists', async () => {
    for (const n of [2n ** 511n - 1n, -(2n ** 511n)]) expect(await load<unknown>(await save(n))).toBe(n);
    const map = new Map<unknown, unknown>([[[1, ['a']], 'x']]);
    expect(await load<unknown>(await save(map))).toEqual(map);
  });
});

describe('store and download refuse before anything is touched', () => {
  const content = 'the content must be an ArrayBuffer, as save() gives, a typed array or a Blob, got';
  it.each<[string, unknown, string]>([
    ['nothing', undefined, `${content} undefined.`],
    ['a promise', save({}), `${content} a promise (await it).`],
    ['text', 'weights', `${content} 'weights'.`],
    ['a state dict', {}, `${content} an object.`],
    ['an array', [1], `${content} an array`],
    ['no bytes', new ArrayBuffer(0), 'the content must have bytes, got none.'],
  ])('%s', async (_, value, message) => {
    for (const address of ['indexeddb:net', 'opfs:net']) {
      await expect(loose.store(address, value)).rejects.toThrow(`store: ${message}`);
    }
  });

  it('other addresses', async () => {
    await expect(loose.store('net', new ArrayBuffer(1))).rejects.toThrow(
      "store: the address must begin with 'indexeddb:' or 'opfs:', got 'net'.",
    );
    await expect(loose.store(undefined, new ArrayBuffer(1))).rejects.toThrow(
      'store: address must be a string, got nothing.',
    );
    await expect(loose.store('opfs:a/', new ArrayBuffer(1))).rejects.toThrow(
      'a path must be names with a slash between',
    );
  });

  it('files without a name', () => {
    expect(() => download(undefined, new ArrayBuffer(1))).toThrow('download: ');
  });
});
