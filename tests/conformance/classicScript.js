// Lets the cases run on a built classic script: what tests import of the sources comes from its global.
import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';

const ENTRIES = /\/src(\/(index|base\/errors|core\/tensor))?$/;
const CREATION = /\/src\/ops\/shape\/creation$/;

/** Those of the library's modules in whose place the script was put. */
export const replaced = new Set();

/** A Vite plugin that puts the script in the place of the library's modules. */
export function classicScript(file) {
  const kindling = new Script(`${readFileSync(file, 'utf8')}\n;kindling`).runInThisContext();
  const names = Object.keys(kindling);
  const modules = {
    '\0script': [
      ...names.map((name, i) => `const name${i} = kindling[${JSON.stringify(name)}];`),
      `export { ${names.map((name, i) => `name${i} as ${name}`).join(', ')} };`,
    ].join('\n'),
    '\0creation':
      'export const fromArray = (values, shape, options) => kindling.tensor(values, options).view([...shape]);',
  };
  globalThis.kindling = kindling;
  return {
    name: 'classic-script',
    enforce: 'pre',
    resolveId(id, importer = '') {
      if (!importer.includes('/tests/')) return null;
      const module = ENTRIES.test(id) ? '\0script' : CREATION.test(id) ? '\0creation' : null;
      if (module !== null) replaced.add(module);
      return module;
    },
    load: (id) => modules[id] ?? null,
  };
}
