// How the engine's binaries and its worker reach the sources: as virtual modules, the same in builds, the development server
// and tests, so that the library has no assets at run time.
import { resolve } from 'node:path';
import { build, type Plugin } from 'vite';
import { embedEngine, ENGINES, engineSources, readEngine, ROOT, type EngineBuild } from './engine.ts';

const WORKER_ENTRY = resolve(ROOT, 'src/device/wasm/workers/worker.ts');

/** What a bundler made of one entry, as one text. */
export async function bundleText(options: Parameters<typeof build>[0]): Promise<string> {
  const result = await build({ configFile: false, root: ROOT, logLevel: 'warn', ...options });
  const output = Array.isArray(result) ? result[0] : result;
  if (output === undefined || !('output' in output)) throw new Error('nothing was built');
  return output.output[0].code;
}

/** The worker as one classic script with everything it imports. */
const bundleWorker = (): Promise<string> =>
  bundleText({
    build: {
      write: false,
      target: 'es2022',
      minify: true,
      lib: { entry: WORKER_ENTRY, formats: ['iife'], name: 'kindlingWorker' },
    },
  });

const isBuild = (name: string): name is EngineBuild => (ENGINES as readonly string[]).includes(name);

/**
 * Serves `kindling:relaxed`, `kindling:baseline` (a binary each) and `kindling:worker` (script text); see
 * src/device/wasm/engine/virtual.d.ts. With `separate` these are empty and the files are emitted beside the bundle.
 */
export function engineModules({ separate = false } = {}): Plugin {
  return {
    name: 'kindling-engine',
    resolveId: {
      filter: { id: /^kindling:/ },
      handler: (id) => `\0${id}`,
    },
    load: {
      filter: { id: /^\0kindling:/ },
      async handler(id) {
        const name = id.slice('\0kindling:'.length);
        if (separate) return `export default '';`;
        for (const file of isBuild(name) ? engineSources() : [WORKER_ENTRY]) this.addWatchFile(file);
        return `export default ${JSON.stringify(isBuild(name) ? await embedEngine(name) : await bundleWorker())};`;
      },
    },
    async generateBundle() {
      if (!separate) return;
      for (const name of ENGINES) {
        this.emitFile({ type: 'asset', fileName: `${name}.wasm`, source: await readEngine(name) });
      }
      this.emitFile({ type: 'asset', fileName: 'kindling-worker.js', source: await bundleWorker() });
    },
  };
}
