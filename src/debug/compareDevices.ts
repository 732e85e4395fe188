// Where two devices part ways: one forward pass on each, operation by operation.
import type { TypedArray } from '../base/dtype';
import { KindError } from '../base/errors';
import { getRngState } from '../base/generator';
import { REAL, either, listOf } from '../base/kinds';
import type { Arguments } from '../base/arguments';
import { ModuleCalls } from '../base/moduleCalls';
import { listen, type Listener, type SpanKind } from '../base/observer';
import { formatShape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { noGrad } from '../core/backward';
import { DEVICE, TENSOR } from '../core/kinds';
import { Tensor } from '../core/tensor';
import { deepcopy } from '../nn/module/deepcopy';
import { MODULE, type DeviceGiven, type Module } from '../nn/module/module';
import { setRngState } from '../ops/random/random';

/** How `compareDevices` compares. */
export interface CompareDevicesOptions {
  /** The first is the one to go by; `['wasm', 'webgpu']` by default. */
  devices?: readonly [DeviceGiven, DeviceGiven];
  /** How far values may be apart: atol + rtol times that of the first device; 1e-3 and 1e-5 by default. */
  rtol?: number;
  atol?: number;
}

/** The first operation whose results are not close. */
export interface Divergence {
  /** Its place among all operations of the pass, from 0. */
  readonly step: number;
  /** `conv2d`. */
  readonly op: string;
  /** The module it was called in, from the outermost on; null outside of all. */
  readonly module: string | null;
  /** What is different, in words. */
  readonly reason: string;
  /** Greatest difference, 0 where shapes or operations differ. */
  readonly difference: number;
}

/** What an operation gave. */
interface Result {
  readonly op: string;
  readonly module: string | null;
  readonly outputs: readonly { readonly shape: readonly number[]; readonly values: Promise<TypedArray> }[];
}

/** Reads what each operation gives, as it is then. */
class ResultListener implements Listener {
  readonly results: Result[] = [];
  private readonly modules = new ModuleCalls();

  enter(kind: SpanKind, name: string, subject: unknown): readonly [SpanKind, string] {
    if (kind === 'module') this.modules.enter(name, subject);
    return [kind, name];
  }

  leave(token: unknown, result: unknown): void {
    const [kind, op] = token as readonly [SpanKind, string];
    if (kind === 'module') this.modules.leave();
    if (kind !== 'op') return;
    const outputs = (Array.isArray(result) ? (result as unknown[]) : [result]).filter(
      (output) => output instanceof Tensor,
    );
    const module = this.modules.current?.path ?? null;
    this.results.push({
      op,
      module,
      outputs: outputs.map((output) => ({ shape: output.shape, values: read(output) })),
    });
  }
}

/** The values; what they reject with is told by whoever awaits them. */
function read(tensor: Tensor): Promise<TypedArray> {
  const values = tensor.data();
  values.catch(() => undefined);
  return values;
}

const INPUTS = { ...either(TENSOR, listOf(TENSOR)), expected: 'a tensor or a list of tensors' };
const COMPARE = signature('compareDevices', [
  argument('net', MODULE), argument('inputs', INPUTS), argument('devices', listOf(DEVICE), ['wasm', 'webgpu'] as const),
  argument('rtol', REAL, 1e-3), argument('atol', REAL, 1e-5),
]); // prettier-ignore

/**
 * Runs copies of `net` on two devices, with the same inputs and the same random numbers, and gives the first operation whose
 * results are not close, with its module; null if all are. Modes stay as they are: call `net.eval()` first where that is meant.
 * @example await debug.compareDevices(net, randn(8, 3, 32, 32))   // { op: 'conv2d', module: 'Net.features.3', ... }
 * @throws DeviceError where a device is not to be had
 */
export async function compareDevices(
  net: Module,
  inputs: Tensor | readonly Tensor[],
  ...args: Arguments<
    [],
    [devices?: readonly [DeviceGiven, DeviceGiven], rtol?: number, atol?: number],
    CompareDevicesOptions
  >
): Promise<Divergence | null> {
  const { devices, rtol, atol } = COMPARE.takeRest([net, inputs], args);
  if (devices.length !== 2) throw new KindError('compareDevices', `devices must be two, got ${devices.length}.`);
  const given = inputs instanceof Tensor ? [inputs] : inputs;
  const random = getRngState();
  const runs: Result[][] = [];
  for (const device of devices) {
    setRngState(random);
    const copy = deepcopy(net).to(device);
    const listener = new ResultListener();
    const moved = given.map((input) => input.detach().to({ device }));
    const end = listen(listener);
    try {
      const output: unknown = noGrad(() => copy(...moved) as unknown);
      if (output instanceof Promise)
        throw new KindError('compareDevices', 'forward must be synchronous, got an async one.');
    } finally {
      end();
    }
    runs.push(listener.results);
  }
  return firstDivergence(runs[0], runs[1], (a, b) => Math.abs(a - b) <= atol + rtol * Math.abs(a));
}

async function firstDivergence(
  first: readonly Result[],
  second: readonly Result[],
  isClose: (a: number, b: number) => boolean,
): Promise<Divergence | null> {
  for (let step = 0; step < Math.max(first.length, second.length); step++) {
    const [one, other] = [first.at(step), second.at(step)];
    const shown = one ?? other;
    if (shown === undefined) break;
    const { op, module } = shown;
    const diverges = (reason: string, difference = 0): Divergence => ({ step, op, module, reason, difference });
    if (one === undefined || other === undefined || one.op !== other.op) {
      return diverges(`the operations differ: ${one?.op ?? 'none'} and ${other?.op ?? 'none'}`);
    }
    for (const [i, output] of one.outputs.entries()) {
      const { shape } = other.outputs[i];
      if (formatShape(output.shape) !== formatShape(shape)) {
        return diverges(`the shapes differ: ${formatShape(output.shape)} and ${formatShape(shape)}`);
      }
      const [a, b] = await Promise.all([output.values, other.outputs[i].values]);
      const found = greatestDifference(a, b, isClose);
      if (found === null) continue;
      return diverges(`result ${i} differs at element ${found.at}: ${found.values.join(' and ')}`, found.difference);
    }
  }
  return null;
}

/** Where values are farthest apart, if any are not close. NaN is close to NaN, and infinities to themselves. */
function greatestDifference(
  a: TypedArray,
  b: TypedArray,
  isClose: (a: number, b: number) => boolean,
): { readonly at: number; readonly difference: number; readonly values: readonly [number, number] } | null {
  let at = -1;
  let difference = -1;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Object.is(x, y) || x === y || isClose(x, y)) continue;
    const apart = Number.isNaN(x - y) ? Infinity : Math.abs(x - y);
    if (apart > difference) [at, difference] = [i, apart];
  }
  return at < 0 ? null : { at, difference, values: [Number(a[at]), Number(b[at])] };
}
