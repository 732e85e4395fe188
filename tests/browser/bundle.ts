// Scripts for pages that test the library from its sources.
import { bundleText, engineModules } from '../../tools/engineModules';

/** The module at `entry` and all it imports, as one classic script. */
export const bundlePage = (entry: string): Promise<string> =>
  bundleText({
    plugins: [engineModules()],
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      lib: { entry, formats: ['iife'], name: 'tests' },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
