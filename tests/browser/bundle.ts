// Scripts for pages that test the library from its sources.
import { build } from 'vite';
import { compactShaders, engineModules } from '../../vite.config';

/** The module at `entry` and all it imports, as one classic script. */
export async function bundlePage(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    // Shaders as they are shipped.
    plugins: [engineModules(), compactShaders()],
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      lib: { entry, formats: ['iife'], name: 'tests' },
    },
  });
  const output = Array.isArray(result) ? result[0] : result;
  if (output === undefined || !('output' in output)) throw new Error(`the page of ${entry} was not built`);
  return output.output[0].code;
}
