// Builds the demos, serves them and prints the address (npm run demo).
//   --no-coi     without the headers that give pages shared memory (vite.config.ts)
//   --port=N     another port than 4173
import { build, preview } from 'vite';

const port = Number(process.argv.find((argument) => argument.startsWith('--port='))?.slice('--port='.length) ?? 4173);

await build({ mode: 'demo' });
const server = await preview({ mode: 'demo', preview: { port } });
const address = server.resolvedUrls?.local[0] ?? `http://localhost:${port}/`;
const isIsolated = Object.keys(server.config.preview.headers).length > 0;
console.log(`\n  MNIST: ${address}mnist/  (${isIsolated ? '' : 'no '}shared memory; end with Ctrl-C)`);
