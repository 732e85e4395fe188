// PyTorch's CPU generator (mt19937) and the distributions drawn from it, bit for bit and draw for draw,
// into plain typed arrays. No tensors here: ops upload what is drawn. Order of draws and arithmetic follow
// ATen (core/MT19937RNGEngine.h, core/DistributionsHelper.h, native/cpu/DistributionTemplates.h) of PyTorch 1.13 to 2.6.
// A generator and one function for each distribution, which share its state: hence the length.
import { instanceOf, kind } from './kinds';
import { argument, methodsTake, signature, taking } from './signature';
import { DTYPES } from './dtype';
import type { TypedArray } from './dtype';
import { ValueError } from './errors';
import { HALF_DIGITS, roundHalf, type Half } from './half';

/** Arrays that continuous distributions are drawn into. */
export type FloatArray = Float32Array | Float64Array;

/** Words of mt19937's state, and the distance of the word that the recurrence mixes in. */
const WORDS = 624;
const MIDDLE = 397;
const MATRIX = 0x9908b0df;
/** Bytes of a saved state: PyTorch's layout, a legacy record (see `getState`) followed by the float sample cache. */
const STATE_BYTES = 5056;
/** `randperm` draws 32 bits a position only below this, so that the bias of the modulo stays small. */
const PERMUTATION_LIMIT = Math.floor(0xffffffff / 20);
/** `normal_` treats fewer elements than this one by one, more of them in blocks of this size. */
const NORMAL_BLOCK = 16;
const HALF_BLOCK = NORMAL_BLOCK / 2;

/** What torch.manual_seed takes. Only the low 32 bits decide the numbers. */
export type Seed = number | bigint;

const SEED_GIVEN = argument(
  'seed',
  kind<Seed>('a number or a bigint', (value) => typeof value === 'bigint' || typeof value === 'number'),
);
const GENERATOR = signature('Generator', [SEED_GIVEN]);

/**
 * A source of random numbers with PyTorch's sequence for the same seed. Without a seed it starts from 67280421310721,
 * as torch.Generator does.
 * @see torch.Generator
 */
export class Generator {
  static readonly name: string = 'Generator';

  /** The state of the recurrence, and the output words made from it, of which `position` are used. */
  private readonly state = new Int32Array(WORDS);
  private readonly words = new Int32Array(WORDS);
  private position = WORDS;
  private seedValue = 0n;
  /** The second sample of the last Box-Muller pair, drawn but not yet asked for. */
  private cachedNormal: number | null = null;

  static {
    methodsTake(
      this, signature('manualSeed', [SEED_GIVEN]), signature('seed', []), signature('initialSeed', []), signature('getState', []),
      signature('setState', [argument('bytes', instanceOf('a Uint8Array', Uint8Array))]),
    ); // prettier-ignore
  }

  constructor(seed: Seed = 67280421310721n, ...none: never[]) {
    GENERATOR.take([seed, ...none]);
    this.manualSeed(seed);
  }

  /**
   * Starts the sequence of `seed` and drops the cached normal sample. Returns this generator.
   * @throws RangeError if `seed` is not an integer in [-2^63, 2^64).
   */
  manualSeed(seed: Seed): this {
    this.seedValue = checkSeed(seed);
    const { state } = this;
    state[0] = Number(this.seedValue & 0xffffffffn);
    for (let i = 1; i < WORDS; i++) {
      const previous = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = Math.imul(1812433253, previous) + i;
    }
    this.position = WORDS;
    this.cachedNormal = null;
    return this;
  }

  /** Seeds from the system's randomness and returns the seed. */
  seed(): bigint {
    const [low, high] = crypto.getRandomValues(new Uint32Array(2));
    this.manualSeed((BigInt(high & 0x1fffff) << 32n) | BigInt(low));
    return this.seedValue;
  }

  /** The seed that the sequence started from. */
  initialSeed(): bigint {
    return this.seedValue;
  }

  /** The next 32 bits, as an integer in [0, 2^32). */
  random(): number {
    if (this.position === WORDS) this.refill();
    return this.words[this.position++] >>> 0;
  }

  /** The next 64 bits: two draws, the high half first. */
  random64(): bigint {
    const high = this.random();
    return (BigInt(high) << 32n) | BigInt(this.random());
  }

  /** A uniform double in [0, 1) of 53 bits: the low ones of the next 64. */
  random53(): number {
    const high = this.random() & 0x1fffff;
    return (high * 2 ** 32 + this.random()) * 2 ** -53;
  }

  /** A standard normal double by Box and Muller: two 53-bit draws for every second call. */
  normal(): number {
    if (this.cachedNormal !== null) {
      const sample = this.cachedNormal;
      this.cachedNormal = null;
      return sample;
    }
    const theta = 2 * Math.PI * this.random53();
    const radius = Math.sqrt(-2 * Math.log1p(-this.random53()));
    this.cachedNormal = radius * Math.sin(theta);
    return radius * Math.cos(theta);
  }

  /** The state in the bytes of torch.get_rng_state(), so that one can be carried over to the other. */
  getState(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(STATE_BYTES);
    const view = new DataView(bytes.buffer);
    // The record, at byte: 0 seed u64, 8 left i32, 12 seeded i32, 16 next u64, 24 state u64[624],
    // 5016 normal x, y, rho f64[3] (the cached sample is y), 5040 its validity i32, 5048 float cache (unused by CPU ops).
    view.setBigUint64(0, BigInt.asUintN(64, this.seedValue), true);
    view.setInt32(8, WORDS - this.position + 1, true);
    view.setInt32(12, 1, true);
    view.setBigUint64(16, BigInt(this.position), true);
    for (let i = 0; i < WORDS; i++) view.setUint32(24 + 8 * i, this.state[i], true);
    view.setFloat64(5024, this.cachedNormal ?? 0, true);
    view.setInt32(5040, this.cachedNormal === null ? 0 : 1, true);
    return bytes;
  }

  /**
   * Takes up the sequence where `getState` was called. Returns this generator.
   * @throws RangeError if `bytes` is not a saved state.
   */
  setState(bytes: Uint8Array): this {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length !== STATE_BYTES) {
      throw new ValueError('setState', `a state has ${STATE_BYTES} bytes, got ${bytes.length}.`);
    }
    const left = view.getInt32(8, true);
    const next = Number(view.getBigUint64(16, true));
    if (view.getInt32(12, true) !== 1 || left < 1 || left > WORDS || next > WORDS) {
      throw new ValueError('setState', `bytes are no saved state, got ${left} words left at position ${next}.`);
    }
    this.seedValue = view.getBigUint64(0, true);
    for (let i = 0; i < WORDS; i++) this.state[i] = view.getUint32(24 + 8 * i, true);
    // One left means that the block is used up; PyTorch's position is then 624, or 0 right after seeding.
    this.position = left === 1 ? WORDS : next;
    this.cachedNormal = view.getInt32(5040, true) === 0 ? null : view.getFloat64(5024, true);
    this.temper();
    return this;
  }

  /** The next 624 words of the recurrence. */
  private refill(): void {
    const { state } = this;
    for (let i = 0; i < WORDS - MIDDLE; i++) state[i] = state[i + MIDDLE] ^ twist(state[i], state[i + 1]);
    for (let i = WORDS - MIDDLE; i < WORDS - 1; i++)
      state[i] = state[i + MIDDLE - WORDS] ^ twist(state[i], state[i + 1]);
    state[WORDS - 1] = state[MIDDLE - 1] ^ twist(state[WORDS - 1], state[0]);
    this.temper();
    this.position = 0;
  }

  private temper(): void {
    const { state, words } = this;
    for (let i = 0; i < WORDS; i++) {
      let y = state[i];
      y ^= y >>> 11;
      y ^= (y << 7) & 0x9d2c5680;
      y ^= (y << 15) & 0xefc60000;
      words[i] = y ^ (y >>> 18);
    }
  }
}

function twist(u: number, v: number): number {
  return (((u & 0x80000000) | (v & 0x7fffffff)) >>> 1) ^ (-(v & 1) & MATRIX);
}

function checkSeed(seed: Seed): bigint {
  const integer = typeof seed === 'bigint' || Number.isSafeInteger(seed) ? BigInt(seed) : null;
  if (integer === null || integer < -(2n ** 63n) || integer >= 2n ** 64n) {
    throw new ValueError('manualSeed', `seed must be an integer in [-2^63, 2^64), got ${seed}.`);
  }
  return BigInt.asUintN(64, integer);
}

/** The generator that is used where none is given; it starts from a seed of the system's randomness. */
export const defaultGenerator = new Generator();
defaultGenerator.seed();

/** Seeds the default generator and returns it. @see torch.manual_seed */
export const manualSeed: (seed: Seed) => Generator = taking(signature('manualSeed', [SEED_GIVEN]), (seed) =>
  defaultGenerator.manualSeed(seed),
);
/** Seeds the default generator from the system's randomness. @see torch.seed */
export const seed: () => bigint = taking(signature('seed', []), () => defaultGenerator.seed());
/** The seed of the default generator. @see torch.initial_seed */
export const initialSeed: () => bigint = taking(signature('initialSeed', []), () => defaultGenerator.initialSeed());
/** The state of the default generator. @see torch.get_rng_state */
export const getRngState: () => Uint8Array<ArrayBuffer> = taking(signature('getRngState', []), () =>
  defaultGenerator.getState(),
);

/** A seed for another generator, drawn as torch.empty((), dtype=torch.int64).random_() does. */
export function drawSeed(generator: Generator = defaultGenerator): bigint {
  return BigInt.asUintN(63, generator.random64());
}

/**
 * Uniform numbers in [from, to): 24 random bits each for float32, 53 for float64; for the values of a 16-bit type, here
 * and below in a Float32Array with `half`, as many as it has digits.
 */
export function fillUniform(
  out: FloatArray,
  from = 0,
  to = 1,
  generator: Generator = defaultGenerator,
  half: Half | null = null,
): void {
  checkOrder('uniform', from, to);
  if (half !== null) {
    const start = roundHalf(half, from);
    const range = roundHalf(half, roundHalf(half, to) - start);
    const values = 2 ** HALF_DIGITS[half];
    for (let i = 0; i < out.length; i++) {
      out[i] = roundHalf(half, ((generator.random() % values) / values) * range + start);
    }
    return;
  }
  if (out instanceof Float64Array) {
    const range = to - from;
    for (let i = 0; i < out.length; i++) out[i] = fusedMultiplyAdd(generator.random53(), range, from);
    return;
  }
  // The product is exact in double and only the sum is rounded to float32: PyTorch's fused multiply-add.
  const start = Math.fround(from);
  const scale = Math.fround(Math.fround(to) - start) * 2 ** -24;
  for (let i = 0; i < out.length; i++) out[i] = (generator.random() & 0xffffff) * scale + start;
}

/**
 * Normal numbers. 16 or more are made in blocks of 16 from uniform ones, the j-th paired with the (j+8)-th; a last partial
 * block is replaced by the last 16 elements, drawn afresh. Fewer are made one by one in double.
 */
export function fillNormal(
  out: FloatArray,
  mean = 0,
  std = 1,
  generator: Generator = defaultGenerator,
  half: Half | null = null,
  isDense = true,
): void {
  if (!(std >= 0)) throw new ValueError('normal', `std must be at least 0, got ${std}.`);
  const n = out.length;
  if (n < NORMAL_BLOCK || !isDense) {
    for (let i = 0; i < n; i++) out[i] = generator.normal() * std + mean;
    return;
  }
  fillUniform(out, 0, 1, generator, half);
  for (let start = 0; start + NORMAL_BLOCK <= n; start += NORMAL_BLOCK) boxMuller(out, start, mean, std, half);
  if (n % NORMAL_BLOCK !== 0) {
    fillUniform(out.subarray(n - NORMAL_BLOCK), 0, 1, generator, half);
    boxMuller(out, n - NORMAL_BLOCK, mean, std, half);
  }
}

/** Turns 16 uniform numbers at `start` into normal ones. */
function boxMuller(out: FloatArray, start: number, mean: number, std: number, half: Half | null): void {
  if (half !== null) boxMullerHalf(half, out, start, mean, std);
  else if (out instanceof Float32Array) boxMullerSingle(out, start, mean, std);
  else boxMullerDouble(out, start, mean, std);
}

/** PyTorch has functions of its own for bfloat16, which round every result; those of float16 are float32's. */
function boxMullerHalf(half: Half, out: FloatArray, start: number, mean: number, std: number): void {
  const round = (x: number): number => roundHalf(half, x);
  const step = half === 'bfloat16' ? round : Math.fround;
  const [center, scale] = [round(mean), round(std)];
  for (let j = start; j < start + HALF_BLOCK; j++) {
    const radius = round(Math.sqrt(step(-2 * step(Math.log(round(1 - out[j]))))));
    const theta = round(2 * Math.PI * out[j + HALF_BLOCK]);
    out[j] = round(step(step(radius * step(Math.cos(theta))) * scale) + center);
    out[j + HALF_BLOCK] = round(step(step(radius * step(Math.sin(theta))) * scale) + center);
  }
}

function boxMullerDouble(out: Float64Array, start: number, mean: number, std: number): void {
  for (let j = start; j < start + HALF_BLOCK; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - out[j]));
    const theta = 2 * Math.PI * out[j + HALF_BLOCK];
    out[j] = radius * Math.cos(theta) * std + mean;
    out[j + HALF_BLOCK] = radius * Math.sin(theta) * std + mean;
  }
}

/**
 * Every intermediate result is rounded as PyTorch's vector code does: near a zero of the cosine the angle's rounding is
 * all that decides the sample. (A rounding function as argument would put every number on the heap.)
 */
function boxMullerSingle(out: Float32Array, start: number, mean: number, std: number): void {
  const fullTurn = Math.fround(2 * Math.PI);
  for (let j = start; j < start + HALF_BLOCK; j++) {
    const radius = Math.fround(Math.sqrt(-2 * Math.fround(Math.log(1 - out[j]))));
    const theta = Math.fround(fullTurn * out[j + HALF_BLOCK]);
    out[j] = Math.fround(radius * Math.fround(Math.cos(theta))) * std + mean;
    out[j + HALF_BLOCK] = Math.fround(radius * Math.fround(Math.sin(theta))) * std + mean;
  }
}

/**
 * Normal numbers cut off to [a, b], by the inverse of the error function on a uniform number. @see torch.nn.init.trunc_normal_
 * @throws RangeError if a > b or std is not positive.
 */
export function fillTruncNormal(
  out: FloatArray,
  mean = 0,
  std = 1,
  a = -2,
  b = 2,
  generator: Generator = defaultGenerator,
  half: Half | null = null,
): void {
  checkOrder('truncNormal', a, b);
  if (!(std > 0)) throw new ValueError('truncNormal', `std must be positive, got ${std}.`);
  // The normal distribution function is (1 + erf(z / sqrt 2)) / 2, so erf itself is uniform between these.
  fillUniform(out, erf((a - mean) / (std * Math.SQRT2)), erf((b - mean) / (std * Math.SQRT2)), generator, half);
  const round = (x: number): number => (half === null ? x : roundHalf(half, x));
  const scale = round(std * Math.SQRT2);
  for (let i = 0; i < out.length; i++) {
    const x = round(round(round(inverseErf(out[i])) * scale) + round(mean));
    out[i] = Math.min(Math.max(x, a), b);
  }
}

/** Exponential numbers with rate `lambda`: -log(1 - u) / lambda. */
export function fillExponential(out: FloatArray, lambda = 1, generator: Generator = defaultGenerator): void {
  if (!(lambda > 0)) throw new ValueError('exponential', `lambda must be positive, got ${lambda}.`);
  for (let i = 0; i < out.length; i++) out[i] = -Math.log1p(-generator.random53()) / lambda;
}

/** 1 with probability `p`, else 0. The order of draws is that of PyTorch builds without MKL. */
export function fillBernoulli(out: TypedArray, p = 0.5, generator: Generator = defaultGenerator): void {
  if (!(p >= 0 && p <= 1)) throw new ValueError('bernoulli', `p must be in [0, 1], got ${p}.`);
  const write = integerWriter(out);
  for (let i = 0; i < out.length; i++) write(i, generator.random53() < p ? 1 : 0);
}

/**
 * Uniform integers in [low, high): 32 random bits each, or 64 where the range does not fit in 32.
 * @throws RangeError if low >= high or a bound is no safe integer.
 */
export function fillRandint(out: TypedArray, low: number, high: number, generator: Generator = defaultGenerator): void {
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || low >= high) {
    throw new ValueError('randint', `low must be less than high, both safe integers, got ${low} and ${high}.`);
  }
  const write = integerWriter(out);
  const range = high - low;
  if (range < 2 ** 32) {
    for (let i = 0; i < out.length; i++) write(i, (generator.random() % range) + low);
  } else {
    const wide = BigInt(high) - BigInt(low);
    for (let i = 0; i < out.length; i++) write(i, Number((generator.random64() % wide) + BigInt(low)));
  }
}

/** 0 ... n-1 in random order, by Fisher and Yates. @see torch.randperm */
export function permutation(n: number, generator: Generator = defaultGenerator): Int32Array<ArrayBuffer> {
  if (!Number.isInteger(n) || n < 0 || n >= PERMUTATION_LIMIT) {
    throw new ValueError('randperm', `n must be an integer in [0, ${PERMUTATION_LIMIT}), got ${n}.`);
  }
  const order = new Int32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = 0; i < n - 1; i++) {
    const other = i + (generator.random() % (n - i));
    const index = order[i];
    order[i] = order[other];
    order[other] = index;
  }
  return order;
}

/** Writes safe integers into any typed array; int64 by halves, as making BigInts is slow. */
function integerWriter(out: TypedArray): (index: number, value: number) => void {
  if (!(out instanceof BigInt64Array)) return (index, value) => void (out[index] = value);
  const halves = new Int32Array(out.buffer, out.byteOffset, out.length * (DTYPES.int64.bytes / DTYPES.int32.bytes));
  return (index, value) => {
    halves[2 * index] = value;
    halves[2 * index + 1] = Math.floor(value / 2 ** 32);
  };
}

function checkOrder(op: string, low: number, high: number): void {
  if (!(low <= high)) throw new ValueError(op, `the lower bound must not exceed the upper, got ${low} and ${high}.`);
}

/** x y + z with one rounding (barring ties of the sum's error), from the exact product of Dekker and sum of Knuth. */
function fusedMultiplyAdd(x: number, y: number, z: number): number {
  const product = x * y;
  const [xHigh, xLow] = splitDouble(x);
  const [yHigh, yLow] = splitDouble(y);
  const productError = xHigh * yHigh - product + xHigh * yLow + xLow * yHigh + xLow * yLow;
  const sum = product + z;
  const zPart = sum - product;
  const sumError = product - (sum - zPart) + (z - zPart);
  return sum + (sumError + productError);
}

/** A double as the sum of two with 26 bits each. */
function splitDouble(x: number): [high: number, low: number] {
  const scaled = x * (2 ** 27 + 1);
  const high = scaled - (scaled - x);
  return [high, x - high];
}

/** The error function, by the series 2 / sqrt(pi) exp(-x^2) sum_k (2 x^2)^k x / (1 * 3 * ... * (2k + 1)), free of cancellation. */
function erf(x: number): number {
  // Beyond 6 the difference to 1 is below the spacing of doubles.
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let k = 1; Math.abs(term) > Math.abs(sum) * 2 ** -54; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The inverse of `erf`: Winitzki's formula (relative error 2e-3), then two steps of Halley, each of which cubes the error. */
function inverseErf(y: number): number {
  if (Math.abs(y) >= 1) return y === 1 ? Infinity : y === -1 ? -Infinity : NaN;
  const shape = 0.147;
  const log = Math.log1p(-y * y);
  const half = 2 / (Math.PI * shape) + log / 2;
  let x = Math.sign(y) * Math.sqrt(Math.sqrt(half * half - log / shape) - half);
  for (let step = 0; step < 2; step++) {
    // Newton's step s = f / f'; with f'' / f' = -2x, Halley's is s / (1 + x s).
    const newton = ((erf(x) - y) * Math.sqrt(Math.PI) * Math.exp(x * x)) / 2;
    x -= newton / (1 + x * newton);
  }
  return x;
}
