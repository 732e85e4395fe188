// Pointwise functions at zeros, the least and the greatest numbers, poles, halves, infinities and NaN, against PyTorch 1.13.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tensor, type Tensor } from '../../src';
import { BINARY, UNARY } from './functions';

const DTYPES = ['float32', 'float64'] as const;
type Table = Readonly<Record<string, string>>;
const recorded = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as Readonly<
  Record<'unary' | 'binary', Readonly<Record<(typeof DTYPES)[number], Table>>>
>;

/** How far apart results may be, and where they differ for a reason. */
interface Difference {
  readonly rtol?: readonly [float32: number, float64: number];
  readonly atol?: readonly [float32: number, float64: number];
  readonly except?: (x: number, y: number) => boolean;
  readonly why: string;
}

const isPole = (x: number): boolean => x <= 0 && Number.isInteger(x);

/** Of e^x - 1 for x just below 0, or of a sum of 1 and little: PyTorch rounds in between. */
const cancelling: Difference = { atol: [4e-7, 1e-15], why: 'PyTorch loses the digits of a small difference' };
const unflushed: Difference = {
  atol: [2.4e-38, 1e-300],
  why: "PyTorch's vector function gives 0 below the normal numbers",
};
const remainders: Difference = {
  except: (x, y) => Math.abs(x) > 1e38 && Math.abs(y) < 1,
  why: "PyTorch's vector fmod of float32 gives NaN where the quotient overflows; C's gives the remainder",
};

const DIFFERENCES: Readonly<Record<string, Difference>> = {
  expm1: unflushed, log1p: unflushed, sigmoid: unflushed, silu: { ...unflushed, atol: [2e-36, 1e-300] }, erfc: unflushed, tan: unflushed,
  mish: { ...unflushed, atol: [2e-36, 1e-300] }, softplus: { ...cancelling, ...unflushed }, logsigmoid: unflushed, i1: unflushed, i1e: unflushed, powMinusTwo: unflushed,
  elu: cancelling, selu: cancelling, celu: cancelling, tanhshrink: cancelling, gelu: cancelling, ndtr: cancelling,
  logaddexp: cancelling, logaddexp2: cancelling,
  fmod: remainders, remainder: remainders, floorDivide: remainders,
  pow: { rtol: [2e-6, 2e-13], why: 'the logarithm of a great power has not all digits' },
  igamma: { rtol: [4e-6, 5e-9], atol: [0, 1e-300], except: (a, x) => Number.isNaN(a + x) || a > 1e38, why: 'NaN is NaN; of a great a P is 0 in PyTorch but for some' },
  igammac: { rtol: [4e-6, 5e-9], except: (a, x) => Number.isNaN(a + x) || a > 1e38 || a < 1e-9, why: "NaN is NaN; small ones are wrong in PyTorch's float32: mpmath agrees with ours (tests/ops)" },
  erfinv: { except: (x) => Math.abs(x) > 0.999, why: "PyTorch's is less exact near 1: mpmath agrees with ours (pointwiseAccuracy)" },
  digamma: { except: (x) => Math.abs(x + 1) < 1e-5, why: "PyTorch's pole at -1 is out of place; mpmath agrees with ours" },
  polygamma1: { rtol: [2e-5, 2e-9], except: (x) => isPole(x) || Math.abs(x + 1) < 1e-5 || x < -20, why: 'so exact is its trigamma; infinite at poles' },
  polygamma2: { rtol: [2e-6, 1e-12], except: (x) => Math.abs(x) === Infinity, why: 'cancellation; there the limit is 0, or there is none' },
  polygamma3: { rtol: [2e-6, 1e-12], except: (x) => Math.abs(x) === Infinity || x > 1e99, why: 'there the limit is 0, or there is none' },
}; // prettier-ignore

function decode(text: string, dtype: (typeof DTYPES)[number]): Float32Array | Float64Array {
  const { buffer } = Uint8Array.from(Buffer.from(text, 'base64'));
  return dtype === 'float32' ? new Float32Array(buffer) : new Float64Array(buffer);
}

/** Where the function's values differ from PyTorch's. */
async function differences(
  name: string,
  f: (...x: Tensor[]) => Tensor,
  table: Table,
  columns: readonly string[],
  dtype: (typeof DTYPES)[number],
): Promise<string[]> {
  const inputs = columns.map((column) => decode(table[column], dtype));
  const actual = await f(...inputs.map((values) => tensor(values))).data();
  const { rtol = [2e-6, 2e-14], atol = [0, 0], except = () => false } = DIFFERENCES[name] ?? {};
  const at = DTYPES.indexOf(dtype);
  return [...decode(table[name], dtype)].flatMap((want, i) => {
    const got = Number(actual[i]);
    const x = inputs.map((values) => values[i]);
    const isClose = got === want || Math.abs(got - want) <= rtol[at] * Math.abs(want) + atol[at];
    if (isClose || (Number.isNaN(got) && Number.isNaN(want)) || except(x[0], x[1])) return [];
    return [`${name}(${x.map((v) => (Object.is(v, -0) ? '-0' : v)).join(', ')}) is ${got}, in PyTorch ${want}`];
  });
}

test.each(DTYPES.flatMap((dtype) => Object.keys(UNARY).map((name) => [name, dtype] as const)))(
  '%s of %s',
  async (name, dtype) => {
    expect(await differences(name, UNARY[name], recorded.unary[dtype], ['points'], dtype)).toEqual([]);
  },
);

test.each(DTYPES.flatMap((dtype) => Object.keys(BINARY).map((name) => [name, dtype] as const)))(
  '%s of two %s',
  async (name, dtype) => {
    expect(await differences(name, BINARY[name], recorded.binary[dtype], ['a', 'b'], dtype)).toEqual([]);
  },
);
