// Builds the demos, serves them and prints the address (npm run demo).
//   --no-coi     without the headers that give pages shared memory
//   --port=N     another port than 4173
import { build, preview } from 'vite';

/** With these headers pages get SharedArrayBuffer, so that workers share one memory. */
const ISOLATION = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

const port = Number(process.argv.find((argument) => argument.startsWith('--port='))?.slice('--port='.length) ?? 4173);
// `npm run demo --no-coi`, without a lone `--` before it, arrives in the environment.
const isolated = !process.argv.includes('--no-coi') && process.env.npm_config_coi === undefined;

await build({ mode: 'demo' });
const server = await preview({ mode: 'demo', preview: { port, headers: isolated ? ISOLATION : {} } });
const address = server.resolvedUrls?.local[0] ?? `http://localhost:${port}/`;
console.log(`\n  MNIST: ${address}mnist/  (${isolated ? 'shared memory' : 'no shared memory'}; end with Ctrl-C)`);
