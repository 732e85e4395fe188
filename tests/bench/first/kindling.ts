// kindling's first result, for `npm run bench -- --start`.
import { tensor } from 'kindling';

/** [[1, 2], [3, 4]] squared, summed. */
export function first(): Promise<number> {
  const a = tensor([1, 2, 3, 4]).view(2, 2);
  return a.matmul(a).sum().item();
}
