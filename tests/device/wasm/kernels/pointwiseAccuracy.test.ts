// Elementary functions against double precision: JavaScript's own, and values to 17 digits for those it lacks
// (computed with mpmath). Errors of float32 are counted in units in the last place of the exact result.
import { describe, expect, test } from 'vitest';
import type { DType } from '../../../../src/base/dtype';
import * as e from '../../../../src/expression/expression';
import type { Build } from '../../../harness/kernel';
import { PointwiseBench } from '../../../harness/pointwise';

const BUILDS: readonly Build[] = ['baseline', 'relaxed'];
type Function = (x: number) => number;

/** Distance to the next float32 away from 0. */
function ulp(x: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(x))), -126);
  return 2 ** (exponent - 23);
}

/** Points between bounds: evenly spread, and evenly in their logarithm towards 0. */
function points(low: number, high: number, n = 6000): Float32Array {
  const x: number[] = [low, high];
  for (let i = 0; i < n; i++) x.push(low + ((high - low) * (i + 0.37)) / n);
  for (const end of [low, high]) for (let i = 1; i < 400; i++) x.push(end * 2 ** (-i / 3));
  return Float32Array.from(x.filter((v) => v >= low && v <= high));
}

const sigmoid: Function = (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

/** Function, exact, range, and the greatest error in units in the last place. */
const FUNCTIONS: readonly [
  name: string,
  f: (x: e.Expression) => e.Expression,
  exact: Function,
  low: number,
  high: number,
  ulps: number,
][] = [
  ['exp', e.exp, Math.exp, -103, 88.7, 1.5],
  ['expm1', e.expm1, Math.expm1, -20, 88.7, 2],
  ['log', e.log, Math.log, 1e-45, 3.4e38, 1],
  ['log near 1', e.log, Math.log, 0.5, 2, 1],
  ['log1p', e.log1p, Math.log1p, -0.99, 1e5, 2],
  ['tanh', e.tanh, Math.tanh, -12, 12, 3],
  ['sigmoid', e.sigmoid, sigmoid, -100, 30, 3],
  ['sqrt', e.sqrt, Math.sqrt, 0, 1e30, 0.51],
  ['exp2', e.exp2, (x) => 2 ** x, -140, 127, 0.51],
  ['log2', e.log2, Math.log2, 1e-45, 1e30, 0.51],
  ['log10', e.log10, Math.log10, 1e-45, 1e30, 0.51],
  ['sin', e.sin, Math.sin, -1e6, 1e6, 0.51],
  ['cos', e.cos, Math.cos, -1e6, 1e6, 0.51],
  ['tan', e.tan, Math.tan, -20, 20, 0.51],
  ['asin', e.asin, Math.asin, -1, 1, 0.51],
  ['acos', e.acos, Math.acos, -1, 1, 0.51],
  ['atan', e.atan, Math.atan, -1e3, 1e3, 0.51],
  ['sinh', e.sinh, Math.sinh, -88, 88, 0.51],
  ['cosh', e.cosh, Math.cosh, -88, 88, 0.51],
  ['asinh', e.asinh, Math.asinh, -1e5, 1e5, 0.51],
  ['acosh', e.acosh, Math.acosh, 1, 1e5, 0.51],
  ['atanh', e.atanh, Math.atanh, -0.999, 0.999, 0.51],
];

describe.each(BUILDS)('float32 functions (%s)', (build) => {
  test.each(FUNCTIONS)('%s', (_name, f, exact, low, high, ulps) => {
    const bench = new PointwiseBench(build);
    const x = points(low, high);
    const actual = bench.evaluate(f(e.input(0, 'float32')), [bench.place('float32', x)]);
    let worst = 0;
    let at = 0;
    x.forEach((v, i) => {
      const error = Math.abs(actual[i] - exact(v)) / ulp(exact(v));
      if (!(error <= worst) && actual[i] !== exact(v)) [worst, at] = [error, i];
    });
    expect(worst, `at ${x[at]}: ${actual[at]}, exactly ${exact(x[at])}`).toBeLessThanOrEqual(ulps);
  });

  test('infinities, zeros and what is undefined', () => {
    const bench = new PointwiseBench(build);
    const x = bench.place('float32', Float32Array.of(Infinity, -Infinity, 0, -0, -1, 1, 1e-40, 3e38));
    const special: readonly [(x: e.Expression) => e.Expression, Function][] = [
      [e.exp, Math.exp],
      [e.expm1, Math.expm1],
      [e.log, Math.log],
      [e.log1p, Math.log1p],
      [e.tanh, Math.tanh],
      [e.sigmoid, sigmoid],
      [e.sqrt, Math.sqrt],
    ];
    for (const [f, exact] of special) {
      const expected = [Infinity, -Infinity, 0, -0, -1, 1, Math.fround(1e-40), Math.fround(3e38)].map((v) =>
        Math.fround(exact(v)),
      );
      bench.evaluate(f(e.input(0, 'float32')), [x]).forEach((v, i) => {
        if (Number.isFinite(expected[i])) expect(Math.abs(v - expected[i])).toBeLessThanOrEqual(3 * ulp(expected[i]));
        else expect(v).toBe(expected[i]);
      });
    }
  });
});

/** x and f(x) to 17 digits. */
const EXACT: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  erf: [
    [1e-30, 1.1283791670955127e-30],
    [1e-8, 1.1283791670955126e-8],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [0.9, 0.7969082124228322],
    [1.0, 0.8427007929497149],
    [1.5, 0.9661051464753108],
    [1.999, 0.9953015566513705],
    [2.0, 0.9953222650189527],
    [2.5, 0.999593047982555],
    [3.3, 0.9999969422902035],
    [4.2, 0.9999999971445058],
    [5.9, 0.9999999999999999],
    [-0.3, -0.3286267594591274],
    [-2.2, -0.9981371537020182],
  ],
  erfc: [
    [-3, 1.9999779095030015],
    [-0.5, 1.5204998778130465],
    [0.1, 0.887537083981715],
    [0.7, 0.32219880616258156],
    [1.5, 0.033894853524689274],
    [1.999, 0.004698443348629487],
    [2.001, 0.00465710928147535],
    [3, 2.209049699858544e-5],
    [5, 1.537459794428035e-12],
    [10, 2.088487583762545e-45],
    [20, 5.395865611607901e-176],
    [26, 5.663192408856143e-296],
  ],
  erfinv: [
    [1e-10, 8.862269254527581e-11],
    [0.1, 0.08885599049425769],
    [-0.4, -0.37080715859355795],
    [0.5, 0.4769362762044699],
    [0.7, 0.7328690779592167],
    [0.99, 1.8213863677184494],
    [0.999999, 3.458910737275499],
    [-0.9999999999, -4.572824958544925],
  ],
  lgamma: [
    [1e-5, 11.512919692895826],
    [0.1, 2.252712651734206],
    [0.5, 0.5723649429247001],
    [0.9, 0.06637623973474295],
    [1.3, -0.10817480950786049],
    [2.5, 0.2846828704729192],
    [3, 0.6931471805599453],
    [10, 12.80182748008147],
    [11.9, 17.25847745059552],
    [12.1, 17.74700727079874],
    [100, 359.1342053695754],
    [100000.0, 1051287.7089736569],
    [-0.5, 1.2655121234846454],
    [-1.3, 1.2024757863901112],
    [-10.7, -15.416789096416636],
    [-1e-300, 690.7755278982137],
    [-1e-20, 46.051701859880914],
    [1e-20, 46.051701859880914],
    [-1e-10, 23.025850929998178],
    [-1e-8, 18.42068074972452],
    [1.0000000001, -5.772157125783244e-11],
    [0.9999999999, 5.7721571274281786e-11],
    [1.25, -0.09827183642181316],
    [1.75, -0.08440112102048555],
    [2.0000000001, 4.2278437011204657e-11],
    [2.4999, 0.28461255726068263],
    [2.5001, 0.2847531885887333],
    [11, 15.104412573075516],
    [-1.0000001, 16.11809560809603],
    [-20.0000001, -26.21752112353365],
    [-1000.3, -5912.844034778521],
    [1e300, 6.897755278982137e302],
    [2.55e305, 1.7906725941420033e308],
  ],
  digamma: [
    [0.001, -1000.5755719318103],
    [0.1, -10.423754940411076],
    [0.5, -1.9635100260214235],
    [1, -0.5772156649015329],
    [1.5, 0.03648997397857652],
    [2, 0.42278433509846713],
    [5, 1.5061176684318005],
    [9.9, 2.2411803166063815],
    [10.1, 2.262214357094148],
    [100, 4.600161852738087],
    [1000000.0, 13.815510057964191],
    [-0.5, 0.03648997397857652],
    [-3.3, 3.620353460592126],
    [-1e-300, 9.999999999999999e299],
    [-1e-20, 1.0000000000000002e20],
    [1e-20, -1.0000000000000002e20],
    [-1e-10, 9999999999.422785],
    [-1e-8, 99999999.42278431],
    [-1.0000001, 10000000.4169454],
    [-20.0000001, 10000002.903662695],
    [-1000.3, 9.191055669255658],
    [1e300, 690.7755278982137],
  ],
  polygamma1: [
    [0.1, 101.43329915079275],
    [0.5, 4.934802200544679],
    [1, 1.6449340668482264],
    [2.5, 0.49035775610023485],
    [7, 0.15354517795933756],
    [14.9, 0.06941658320709579],
    [15.1, 0.06846641759625392],
    [100, 0.010050166663333571],
    [-0.5, 8.934802200544679],
    [-2.3, 14.725912160961292],
    [1e-20, 1.0000000000000002e40],
    [-1e-8, 1e16],
    [-1.0000001, 99999999883229.2],
    [-1000.3, 15.078414502249117],
    [1e10, 1.00000000005e-10],
  ],
  polygamma2: [
    [0.1, -2001.8614573783436],
    [0.5, -16.82879664423432],
    [1, -2.4041138063191885],
    [2.5, -0.2362040516417274],
    [7, -0.023530472985855238],
    [14.9, -0.004816732932829049],
    [15.1, -0.004685824568908116],
    [100, -0.00010100499983335],
    [-0.5, -0.82879664423432],
    [-2.3, 68.71379252927031],
    [1e-20, -2.0000000000000003e60],
    [-1e-8, 2e24],
    [-1.0000001, 1.999999996496797e21],
    [-1000.3, 68.83754271616841],
    [1e10, -1.0000000001e-20],
  ],
  polygamma3: [
    [0.1, 60004.51287679025],
    [0.5, 97.40909103400244],
    [1, 6.493939402266829],
    [2.5, 0.22390584881725206],
    [7, 0.007198198563125445],
    [14.9, 0.0006681876646206824],
    [15.1, 0.0006411441574921985],
    [100, 2.030199990001333e-6],
    [-0.5, 193.40909103400244],
    [-2.3, 768.9350646661422],
    [1e-20, 6.000000000000001e80],
    [-1e-8, 5.999999999999999e32],
    [-1.0000001, 5.999999985987188e28],
    [-1000.3, 769.020914331925],
    [1e10, 2.0000000003e-30],
  ],
};

const FUNCTION_OF: Readonly<Record<string, (x: e.Expression) => e.Expression>> = {
  erf: e.erf,
  erfc: e.erfc,
  erfinv: e.erfinv,
  lgamma: e.lgamma,
  digamma: e.digamma,
  polygamma1: (x) => e.polygamma(1, x),
  polygamma2: (x) => e.polygamma(2, x),
  polygamma3: (x) => e.polygamma(3, x),
};

describe('special functions', () => {
  test.each(Object.keys(EXACT))('%s', (name) => {
    const bench = new PointwiseBench();
    for (const dtype of ['float64', 'float32'] as const satisfies readonly DType[]) {
      const values = dtype === 'float64' ? new Float64Array(EXACT[name].length) : new Float32Array(EXACT[name].length);
      EXACT[name].forEach(([x], i) => (values[i] = x));
      const actual = bench.evaluate(FUNCTION_OF[name](e.input(0, dtype)), [bench.place(dtype, values)]);
      EXACT[name].forEach(([x, exact], i) => {
        // Rounding x to float32 moves the result more than the function's own error does where it is steep.
        const tolerance = dtype === 'float64' ? 2e-13 : x === values[i] ? 2e-7 : 5e-5;
        if (dtype === 'float32' && (Math.abs(x) > 0.9999 || values[i] === 0 || Math.abs(exact) > 3.4e38)) return;
        expect(Math.abs(actual[i] - exact) / Math.max(Math.abs(exact), 1e-30), `${dtype} ${name}(${x})`).toBeLessThan(
          tolerance,
        );
      });
    }
  });

  test('erf of float32 over its range', () => {
    for (const build of BUILDS) {
      const bench = new PointwiseBench(build);
      const x = points(-5, 5);
      const place = (dtype: DType, values: Float32Array | Float64Array): number[] =>
        bench.evaluate(e.erf(e.input(0, dtype)), [bench.place(dtype, values)]);
      const exact = place('float64', Float64Array.from(x));
      place('float32', x).forEach((v, i) => {
        expect(Math.abs(v - exact[i]) / ulp(exact[i]), `erf(${x[i]})`).toBeLessThanOrEqual(3);
      });
    }
  });

  test('pow, floorDivide and remainder of floats', () => {
    const bench = new PointwiseBench();
    const bases = [2, -2, 0.5, 10, -1, 0, 1, 3.7, -8, Infinity];
    const exponents = [3, -3, 0.5, 0, 100, 2.5, -0.5, 1.5, 65, Infinity];
    const [a, b] = [bases.flatMap((v) => exponents.map(() => v)), bases.flatMap(() => exponents)];
    for (const dtype of ['float32', 'float64'] as const) {
      const array = (v: number[]): Float32Array | Float64Array =>
        dtype === 'float32' ? Float32Array.from(v) : Float64Array.from(v);
      const views = [bench.place(dtype, array(a)), bench.place(dtype, array(b))];
      const round = dtype === 'float32' ? Math.fround : (v: number): number => v;
      const [x, y] = [e.input(0, dtype), e.input(1, dtype)];
      const powers = bench.evaluate(e.pow(x, y), views);
      a.forEach((v, i) => {
        // JavaScript differs from IEEE 754 in 1^∞ and (-1)^∞ only.
        const expected = Math.abs(v) === 1 && b[i] === Infinity ? 1 : round(round(v) ** b[i]);
        if (Number.isFinite(expected))
          expect(Math.abs(powers[i] - expected)).toBeLessThanOrEqual(2e-7 * Math.abs(expected));
        else expect(powers[i], `${v} ** ${b[i]}`).toBe(expected);
      });
      const quotients = bench.evaluate(e.floorDivide(x, y), views);
      const remainders = bench.evaluate(e.remainder(x, y), views);
      a.forEach((v, i) => {
        if (!Number.isFinite(v) || !Number.isFinite(b[i]) || b[i] === 0) return;
        expect(quotients[i] + 0).toBe(Math.floor(round(v) / b[i]) + 0);
        expect(remainders[i]).toBeCloseTo(round(v) - quotients[i] * b[i], 4);
      });
    }
  });
});
