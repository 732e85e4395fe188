// What the library weighs: its shipped files, and pages that a bundler makes of the package.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { ROOT } from './engine.ts';

/** Bytes as they are and as servers send them. */
export interface Weight {
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
}

const FILES = [
  'kindling.global.js',
  'kindling.webgpu.js',
  'kindling.js',
  'kindling.external.js',
  'kindling-worker.js',
  'relaxed.wasm',
  'baseline.wasm',
] as const;

/** What pages do, and what they use for it. */
const PAGES = {
  'page: tensor, Linear, SGD': `import { nn, optim, tensor } from 'kindling';
    const net = new nn.Linear(2, 1);
    const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 });
    const loss = net(tensor([[1, 2]])).square().sum();
    loss.backward();
    await optimizer.step();
    console.log(await loss.item());`,
  'page: MNIST training': `import { data, manualSeed, nn, noGrad, optim, tensor } from 'kindling';
    manualSeed(1);
    const net = new nn.Sequential(
      new nn.Conv2d(1, 32, 3, { padding: 1 }), new nn.ReLU(), new nn.MaxPool2d(2),
      new nn.Conv2d(32, 64, 3, { padding: 1 }), new nn.ReLU(), new nn.MaxPool2d(2),
      new nn.Flatten(), new nn.Dropout(0.25), new nn.Linear(3136, 128), new nn.ReLU(), new nn.Linear(128, 10),
    );
    const lossFn = new nn.CrossEntropyLoss();
    const optimizer = new optim.Adam(net.parameters());
    export async function train(images, labels) {
      const set = new data.TensorDataset(tensor(images), tensor(labels, { dtype: 'int64' }));
      for await (const [x, y] of new data.DataLoader(set, { batchSize: 64, shuffle: true })) {
        optimizer.zeroGrad();
        const loss = lossFn(net(x), y);
        loss.backward();
        await optimizer.step();
      }
      return noGrad(() => net(tensor(images)).argmax(1));
    }`,
  'page: safetensors inference': `import { io, nn, noGrad, tensor } from 'kindling';
    export async function classify(address, pixels) {
      const net = new nn.Sequential(
        new nn.Conv2d(1, 32, 3), new nn.ReLU(), new nn.MaxPool2d(2), new nn.Flatten(), new nn.Linear(5408, 10),
      );
      net.loadStateDict(await io.load(address));
      net.eval();
      return noGrad(() => net(tensor(pixels)).softmax(1).tolist());
    }`,
} as const;

type Name = (typeof FILES)[number] | keyof typeof PAGES;
/** By file or page. */
export type Sizes = Readonly<Record<Name, Weight>>;
export const NAMES: readonly Name[] = [...FILES, ...(Object.keys(PAGES) as (keyof typeof PAGES)[])];

function weigh(parts: readonly (string | Uint8Array)[]): Weight {
  const total = (size: (part: string | Uint8Array) => number): number =>
    parts.reduce((sum, part) => sum + size(part), 0);
  return {
    raw: total((part) => Buffer.from(part).byteLength),
    gzip: total((part) => gzipSync(part, { level: 9 }).byteLength),
    brotli: total((part) => brotliCompressSync(part).byteLength),
  };
}

/** What a bundler makes of a module of that text: the entry and all it loads; the rest is there for when it is asked for. */
export async function bundlePage(text: string): Promise<readonly Rolldown.OutputChunk[]> {
  const result = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === 'page' ? '\0page' : null),
        load: (id) => (id === '\0page' ? text : null),
      },
    ],
    resolve: { alias: { kindling: resolve(ROOT, 'dist/esm/src/index.js') } },
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      rolldownOptions: { input: 'page', preserveEntrySignatures: 'strict' },
    },
  });
  const output = Array.isArray(result) ? result[0] : result;
  if (output === undefined || !('output' in output)) throw new Error('nothing was built');
  const chunks = output.output.filter((file) => file.type === 'chunk');
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    chunks.find(({ fileName }) => fileName === name)?.imports.forEach(load);
  };
  load(chunks[0].fileName);
  return chunks.filter(({ fileName }) => loaded.has(fileName));
}

/** Weighs what is built. */
export async function measureSizes(): Promise<Sizes> {
  const sizes: Partial<Record<Name, Weight>> = {};
  for (const file of FILES) sizes[file] = weigh([readFileSync(resolve(ROOT, 'dist', file))]);
  for (const [name, text] of Object.entries(PAGES)) {
    sizes[name as Name] = weigh((await bundlePage(text)).map(({ code }) => code));
  }
  return sizes as Sizes;
}

/** Rows of a table in Markdown, in kilobytes of 1000 bytes. */
export const tableRows = (sizes: Sizes): string[] =>
  NAMES.map((name) => {
    const { raw, gzip, brotli } = sizes[name];
    return `| ${[name.includes('page') ? name : `\`${name}\``, ...[raw, gzip, brotli].map((bytes) => Math.round(bytes / 1000))].join(' | ')} |`;
  });
