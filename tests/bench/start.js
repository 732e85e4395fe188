// Starts main.ts (npm run bench): the peers are installed if they are not there, and Vite compiles the sources.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'vite';

const folder = import.meta.dirname;

if (!existsSync(`${folder}/node_modules`)) {
  console.log('Installing the libraries to compare with ...');
  execFileSync('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund'], { stdio: 'inherit' });
}

const server = await createServer({
  server: { middlewareMode: true, ws: false },
  appType: 'custom',
  logLevel: 'error',
});
let status = 1;
try {
  const { main } = await server.ssrLoadModule('/tests/bench/main.ts');
  status = await main(process.argv.slice(2));
} catch (error) {
  console.error(error);
} finally {
  await server.close();
}
// A pipe that is read slowly would lose the rest.
process.stdout.write('', () => process.exit(status));
