// Cases of the kind `big`: tensors given by formula; results by samples and sums.
import { Tensor } from '../../../src/core/tensor';
import type { AnyCase, Call, Named, RecordedTensor } from '../cases';
import { findFunction, present } from '../names';
import { compare, generate, reviveArguments, tensorsOf, type Formula } from '../values';
import { goBack, leavesOf } from './call';
import { camelCase } from '../names';
import { decodeNumbers, scaled } from '../values';
import { mismatch } from '../../harness/allclose';

interface Digest {
  readonly shape: readonly number[];
  readonly samples: RecordedTensor;
  readonly sum_abs: number;
  readonly wsum_abs: number;
}

export interface BigCase extends AnyCase, Call {
  readonly fn: string;
  readonly cot?: readonly Omit<Formula, 'shape'>[];
  readonly out: Digest;
  readonly grads?: Named<Digest>;
}

async function compareDigest(what: string, actual: unknown, digest: Digest, recorded: BigCase): Promise<void> {
  if (!(actual instanceof Tensor) || String(actual.shape) !== String(digest.shape)) {
    throw new Error(`${what}: expected [${digest.shape.join(', ')}], got ${String(actual)}`);
  }
  const values = Array.from(await actual.data(), Number);
  const expected = decodeNumbers(digest.samples);
  const samples = expected.map((_, j) => values[(j * 7919 + 13) % values.length]);
  const found = mismatch(samples, expected, scaled(recorded, expected));
  if (found !== null) throw new Error(`${what} samples: ${found}`);
  const sums = { sum_abs: 0, wsum_abs: 0 };
  values.forEach((value, i) => {
    sums.sum_abs += Math.abs(value);
    sums.wsum_abs += Math.abs(value) * (1 + (i % 17));
  });
  await compare(`${what} sum_abs`, sums.sum_abs, digest.sum_abs, recorded);
  await compare(`${what} wsum_abs`, sums.wsum_abs, digest.wsum_abs, recorded);
}

export async function runBig(recorded: BigCase): Promise<void> {
  const fn = present(findFunction(recorded.fn), recorded.fn);
  const args = reviveArguments(recorded.args, recorded.kwargs);
  const leaves = leavesOf(args, recorded.kwargs);
  const output = await fn(...args);
  const [[, first]] = tensorsOf(output, 'out');
  await compareDigest('out', first, recorded.out, recorded);
  if (recorded.cot === undefined) return;
  goBack(output, [generate({ ...recorded.cot[0], shape: first.shape })]);
  for (const [path, digest] of Object.entries(recorded.grads ?? {})) {
    await compareDigest(`grads.${path}`, leaves[camelCase(path)].grad, digest, recorded);
  }
}
