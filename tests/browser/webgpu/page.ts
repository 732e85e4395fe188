// What runs in the page of the webgpu tests: the library from its sources, and comparisons of the two devices. Every
// comparison gives its mismatches in words; none is success.
import * as kindling from '../../../src';
import { DTypeError, Tensor, type DeviceName } from '../../../src';
import type { Device } from '../../../src/device/contract';
import { getDevice } from '../../../src/device/registry';
import type { WebGpuDevice } from '../../../src/device/webgpu/device';
import type { TypedArray } from '../../../src/base/dtype';
import { runFolder } from '../../conformance/suite';
import { setLackingDTypes } from '../../conformance/values';
import type { CaseFile } from '../../conformance/cases';
import { mismatch, type Tolerance } from '../../harness/allclose';
import { LINALG_SAMPLES } from '../../ops/linalgSamples';
import { SAMPLES, type Input } from '../../ops/samples';
import { TENSOR_SAMPLES } from '../../ops/tensorSamples';
import { FAMILIES } from './families';
import { BINARY, PAIRED, SINGLE, UNARY } from '../../special/functions';

const ALL_SAMPLES = { ...SAMPLES, ...TENSOR_SAMPLES, ...LINALG_SAMPLES };

/**
 * float32 on both sides, but sums are taken in another order: what is allowed goes by the greatest element, which tells how
 * large the summands are.
 */
function toleranceOf(expected: TypedArray): Tolerance {
  let scale = 1;
  for (const value of expected) if (Number.isFinite(Number(value))) scale = Math.max(scale, Math.abs(Number(value)));
  return { rtol: 1e-5, atol: 1e-5, scale };
}

type Result = Tensor | readonly Tensor[];
/** Elements of each result, by the name of the case. */
type Results = Map<string, readonly TypedArray[]>;

/** Starts one device alone; tensors are made there. */
async function start(device: DeviceName): Promise<void> {
  kindling.shutdown();
  await kindling.init({ device });
  kindling.manualSeed(1);
}

const listOf = (result: Result): readonly Tensor[] => (result instanceof Tensor ? [result] : result);

/** A random tensor of that description, the same on every device. */
function make({ shape, low, high, layout, kind }: Input): Tensor {
  if (kind === 'index') return kindling.randint(0, high, shape);
  if (kind === 'bool') return kindling.rand(shape).lt(0.5);
  const draw = (size: readonly number[]): Tensor => kindling.rand(size).mul(high - low).add(low).detach(); // prettier-ignore
  const last = shape[shape.length - 1];
  if (layout === 'transposed' && shape.length >= 2) {
    return draw([...shape.slice(0, -2), last, shape[shape.length - 2]]).transpose(-2, -1);
  }
  if (layout === 'strided' && shape.length >= 1) return draw([...shape.slice(0, -1), last * 2]).slice(-1, 0, null, 2);
  return draw(shape);
}

/** Results, and gradients of the inputs for a fixed cotangent. */
function forwardAndBackward(call: (...inputs: Tensor[]) => Result, inputs: readonly Tensor[], order: number): Tensor[] {
  const leaves = inputs.map((x) => (x.isFloatingPoint() && order > 0 ? x.detach().requiresGrad_() : x));
  const outputs = listOf(call(...leaves));
  const differentiable = outputs.filter((output) => output.requiresGrad);
  for (const output of differentiable) {
    output.backward(kindling.linspace(0.5, 1.5, output.numel()).reshape(output.shape), { retainGraph: true });
  }
  const gradients = leaves.flatMap(({ grad }) => (grad === null ? [] : [grad]));
  return [...outputs, ...gradients].map((t) => t.detach());
}

const read = (tensors: readonly Tensor[]): Promise<TypedArray[]> => Promise.all(tensors.map((t) => t.data()));

/** Tells `note` when this device, which has it, is asked for float64. */
function watchDouble(device: Device, note: () => void): void {
  const allocate = device.allocate.bind(device);
  const watched: Pick<Device, 'allocate'> = {
    allocate: (bytes, dtype) => {
      if (dtype === 'float64') note();
      return allocate(bytes, dtype);
    },
  };
  Object.assign(device, watched);
}

/** Whether webgpu says that it has no float64. */
const isRefusal = (error: unknown): boolean =>
  error instanceof DTypeError && error.message.startsWith('float64 is not supported on the webgpu');

/** `double` gets the cases that ask for float64 on wasm, and that webgpu refuses for want of it. */
async function sampleResults(device: DeviceName, double: Set<string>): Promise<Results> {
  await start(device);
  const results: Results = new Map();
  let name = '';
  if (device === 'wasm') watchDouble(getDevice(), () => void double.add(name));
  for (const [op, { call, inputs, order = 2 }] of Object.entries(ALL_SAMPLES)) {
    for (const [i, specs] of inputs.entries()) {
      name = `${op}, inputs ${i}`;
      const tensors = specs.map(make);
      try {
        results.set(name, await read(forwardAndBackward(call, tensors, order)));
      } catch (error) {
        if (device === 'wasm' || !isRefusal(error)) {
          throw new Error(`${name} on ${device}: ${String(error)}`, { cause: error });
        }
        double.add(name);
      }
    }
  }
  return results;
}

/** On webgpu with the kernels of real adapters or of those that compute on the processor. */
async function familyResults(device: DeviceName, isSoftware = false): Promise<Results> {
  await start(device);
  const home = getDevice();
  if (home.name === 'webgpu') (home as WebGpuDevice).stream.isSoftware = isSoftware;
  const results: Results = new Map();
  for (const { name, call, inputs, order = 1 } of FAMILIES) {
    kindling.manualSeed(2);
    results.set(name, await read(forwardAndBackward(call, inputs(), order)));
  }
  return results;
}

/** The arguments of a function at special values, as columns. */
const POINTS = [...SINGLE];
const PAIRS = [PAIRED.flatMap((a) => PAIRED.map(() => a)), PAIRED.flatMap(() => PAIRED)] as const;

async function specialResults(device: DeviceName): Promise<Results> {
  await start(device);
  const results: Results = new Map();
  const x = kindling.tensor(Float32Array.from(POINTS));
  const [a, b] = PAIRS.map((column) => kindling.tensor(Float32Array.from(column)));
  for (const [name, f] of Object.entries(UNARY)) results.set(name, await read([f(x)]));
  for (const [name, f] of Object.entries(BINARY)) results.set(name, await read([f(a, b)]));
  return results;
}

/** Below this a device may take numbers for 0, and what is made of them. */
const LEAST = 2 ** -126;
const FLUSHED = 2 ** -118;

/** Absolute errors that cancellation leaves in float32: of summands of this size. */
const CANCELLING: Readonly<Record<string, number>> = { polygamma2: 8, logaddexp2: 1, ndtri: 1 };

function specialMismatches(name: string, actual: TypedArray, expected: TypedArray): string[] {
  const columns = name in UNARY ? [POINTS] : PAIRS;
  const failures: string[] = [];
  expected.forEach((value, i) => {
    const [want, got] = [Number(value), Number(actual[i])];
    const at = columns.map((column) => column[i]);
    if (at.some((x) => x !== 0 && Math.abs(x) < LEAST)) return;
    if (Object.is(want, got) || (want === 0 && got === 0)) return;
    const isFlushed = Math.abs(want) < FLUSHED && Math.abs(got) < FLUSHED;
    const tolerance = 1e-5 * Math.abs(want) + 2e-7 * (CANCELLING[name] ?? 0);
    if (isFlushed || Math.abs(got - want) <= tolerance) return;
    failures.push(`${name}(${at.join(', ')}) is ${got} on webgpu, ${want} on wasm`);
  });
  return failures;
}

function compareResults(actual: Results, expected: Results): string[] {
  const failures: string[] = [];
  for (const [name, values] of expected) {
    const others = actual.get(name) ?? [];
    if (others.length !== values.length) failures.push(`${name}: ${others.length} results, expected ${values.length}`);
    values.forEach((value, i) => {
      if (others[i] === undefined) return;
      const found = mismatch(others[i], value, toleranceOf(value));
      if (found !== null) failures.push(`${name}, result ${i}: ${found}`);
    });
  }
  return failures;
}

/** An op that was compared, and whether its gradients were too. */
export interface OpSupport {
  readonly name: string;
  readonly hasGradient: boolean;
}

const suites = {
  /** Every op that tests/ops has samples of, forward and backward. `absent`: those that webgpu refuses for what it lacks. */
  async samples(): Promise<{ cases: number; failures: string[]; ops: OpSupport[]; absent: string[] }> {
    const needed = new Set<string>();
    const expected = await sampleResults('wasm', needed);
    const refused = new Set<string>();
    const actual = await sampleResults('webgpu', refused);
    // Some ops take float64 only where there is one.
    const failures = [...refused]
      .filter((name) => !needed.has(name))
      .map((name) => `${name}: webgpu refuses it for want of float64, which it does not need on wasm`);
    for (const name of refused) expected.delete(name);
    failures.push(...compareResults(actual, expected));
    const absent = new Set([...refused].map((name) => name.slice(0, name.indexOf(','))));
    const ops = Object.entries(ALL_SAMPLES)
      .filter(([name]) => !absent.has(name))
      .map(([name, { order = 2 }]) => ({ name, hasGradient: order > 0 }));
    return { cases: expected.size, failures, ops, absent: [...absent] };
  },

  /** The kernel families on many sizes. */
  async families(): Promise<{ cases: number; failures: string[] }> {
    const expected = await familyResults('wasm');
    const onProcessor = compareResults(await familyResults('webgpu', true), expected);
    return {
      cases: expected.size,
      failures: [...onProcessor, ...compareResults(await familyResults('webgpu'), expected)],
    };
  },

  /** Pointwise functions at special values. */
  async special(): Promise<{ cases: number; failures: string[] }> {
    const expected = await specialResults('wasm');
    const actual = await specialResults('webgpu');
    const failures: string[] = [];
    for (const [name, [values]] of expected)
      failures.push(...specialMismatches(name, (actual.get(name) ?? [])[0], values));
    return { cases: expected.size, failures };
  },

  /** Recorded cases of PyTorch. */
  async conformance(files: readonly CaseFile[]): Promise<{ passed: number; failures: string[] }> {
    await start('webgpu');
    setLackingDTypes(['float64']);
    const folder = {
      list: () => Promise.resolve(files.map((_, i) => String(i))),
      read: (path: string) => Promise.resolve(files[Number(path)]),
      bytes: () => Promise.reject(new Error('there are no other files')),
    };
    const outcomes = (await runFolder(folder, /.*/)).flatMap((unit) => unit.outcomes);
    const failed = outcomes.filter(({ state }) => state === 'failed');
    return {
      passed: outcomes.filter(({ state }) => state === 'passed').length,
      failures: failed.map(({ id, detail }) => `${id}: ${detail}`),
    };
  },
};

/** What the page offers to the specs. */
export type Suites = typeof suites;

Object.assign(globalThis, { kindling, suites });
