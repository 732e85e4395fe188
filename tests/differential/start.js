// Starts main.ts in Node: Vite compiles the sources and serves the engine's binaries as virtual modules.
import { createServer } from 'vite';

const server = await createServer({
  server: { middlewareMode: true, ws: false },
  appType: 'custom',
  logLevel: 'error',
});
let status = 1;
try {
  // The engine is compiled here if it is stale, as the import of a module may not take that long.
  for (const name of ['relaxed', 'baseline']) await server.environments.ssr.pluginContainer.load(`\0kindling:${name}`);
  const { main } = await server.ssrLoadModule('/tests/differential/main.ts');
  status = await main(process.argv.slice(2));
} catch (error) {
  console.error(error);
} finally {
  await server.close();
}
// A pipe that is read slowly would lose the rest.
process.stdout.write('', () => process.exit(status));
