// The first result of jax-js on its wasm backend, for `npm run bench -- --start`.
import * as jax from '@jax-js/jax';
import { init, numpy as np } from '@jax-js/jax';

/** [[1, 2], [3, 4]] squared, summed. */
export async function first(): Promise<number> {
  await init('wasm');
  jax.defaultDevice('wasm');
  const a = np.array(Float32Array.of(1, 2, 3, 4), { shape: [2, 2] });
  const [sum] = await np.dot(a.ref, a).sum().data();
  return sum;
}
