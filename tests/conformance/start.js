// Starts main.ts in Node: Vite compiles the sources and serves the engine's binaries as virtual modules.
import { createServer } from 'vite';
import { classicScript, replaced } from './classicScript.js';

const flag = process.argv.indexOf('--script');

const server = await createServer({
  server: { middlewareMode: true, ws: false },
  appType: 'custom',
  logLevel: 'error',
  plugins: flag < 0 ? [] : [classicScript(process.argv[flag + 1])],
});
let status = 2;
try {
  // The engine is compiled here if it is stale, as the import of a module may not take that long.
  for (const name of ['relaxed', 'baseline']) await server.environments.ssr.pluginContainer.load(`\0kindling:${name}`);
  const { main } = await server.ssrLoadModule('/tests/conformance/main.ts');
  status = await main(process.argv.slice(2));
  if (flag >= 0 && replaced.size < 2) throw new Error('conformance: the sources were tested, not the script.');
} catch (error) {
  status = 2;
  console.error(error);
} finally {
  await server.close();
}
// A pipe that is read slowly would lose the rest.
process.stdout.write('', () => process.exit(status));
