// What stands between graphs and the tensors that they save: torch.autograd.graph. The graph itself is core/graph.ts.
import { FLAG, FUNCTION } from '../base/kinds';
import { AutogradError } from '../base/errors';
import { argument, signature, withoutEffect } from '../base/signature';
import { speakingForItself } from '../base/speaker';
import { noGrad } from '../core/backward';
import { checkReady, checkStandIn } from '../core/given';
import { placed, SavedTensor, saving, type SavingHook } from '../core/graph';
import { CALLBACK, during, regionOf, type Region } from '../core/region';
import { noteShown, unscoped } from '../core/scope';
import { to } from '../ops/shape/copy';
import type { Tensor } from '../core/tensor';

/** Runs what makes something that outlives all scopes. */
const apart = <T>(fn: () => T): T => unscoped(() => noGrad(fn));

/** What keeps, of each tensor, what `pack` gives. */
function packing(pack: (x: Tensor) => unknown, unpack: (packed: unknown) => Tensor): SavingHook {
  const [packs, unpacks] = ['savedTensorsHooks: packHook', 'savedTensorsHooks: unpackHook'];
  const packed = (x: Tensor): unknown => {
    const { storage } = x;
    const { version } = storage;
    const result = pack(x);
    checkReady(packs, result);
    if (storage.version === version) return result;
    throw new AutogradError(packs, 'must not change its tensor in place, got one that does. Change a clone() of it.');
  };
  return (t, edge) => {
    const { shape, dtype, device } = t;
    const kept = speakingForItself(() => apart(() => packed(t.detach())));
    noteShown(kept);
    return {
      unpack: () => {
        const given = apart(() => unpack(kept));
        checkStandIn(unpacks, given, { shape, dtype, device }, 'a tensor');
        return placed(given.alias(), edge);
      },
      release: () => undefined,
    };
  };
}

const HOOKS = signature('savedTensorsHooks', [
  argument('packHook', FUNCTION), argument('unpackHook', FUNCTION), argument('fn', CALLBACK, undefined),
]); // prettier-ignore

/**
 * While `fn` runs, graphs keep what `packHook` gives of each tensor that they save, and get back from `unpackHook`, in `backward`, a
 * tensor of the same values; without `fn`, a region for `using`, a method, or several functions. The innermost hooks count. Both run without
 * recording, outside of every scope. Whether the tensor was changed since is no longer noticed.
 * @throws AutogradError if `fn` is async, or packHook changes its tensor in place
 * @throws TypeError, ShapeError, DTypeError, DeviceError, in `backward`, if unpackHook gives no tensor like the one that was saved
 * @example const y = savedTensorsHooks((x) => x.to('bfloat16'), (x) => x.to('float32'), () => net(x));
 * @see torch.autograd.graph.saved_tensors_hooks
 */
export function savedTensorsHooks<P>(packHook: (x: Tensor) => P, unpackHook: (packed: P) => Tensor): Region;
export function savedTensorsHooks<P, T>(packHook: (x: Tensor) => P, unpackHook: (packed: P) => Tensor, fn: () => T): T;
export function savedTensorsHooks(...given: readonly unknown[]): unknown {
  const { packHook, unpackHook, fn } = HOOKS.take(given);
  const hook = packing(packHook as (x: Tensor) => unknown, unpackHook as (packed: unknown) => Tensor);
  return regionFor('savedTensorsHooks', hook, fn);
}

function regionFor(name: string, hook: SavingHook, fn: (() => unknown) | undefined): unknown {
  const enter = (): (() => void) => saving.enter(hook);
  return fn === undefined ? regionOf(name, enter) : during(name, enter, fn);
}

const SAVE_ON_CPU = signature('saveOnCpu', [
  argument('fn', CALLBACK, undefined), argument('pinMemory', FLAG, false), withoutEffect('deviceType'),
]); // prettier-ignore

/** Keeps what lies on webgpu in wasm's memory. Parameters and what is kept stay where they are: they take no memory of the graph's. */
const offloading: SavingHook = (t, edge) => {
  const { device, storage } = t;
  if (device === 'wasm' || storage.isLeaf || storage.isKept) return null;
  const copy = apart(() => to(t, 'wasm'));
  const saved = new SavedTensor(copy, null);
  copy.release();
  return {
    unpack: (op) =>
      placed(
        noGrad(() => to(saved.unpack(op), device)),
        edge,
      ),
    release: () => saved.release(),
  };
};

/**
 * While `fn` runs, what graphs save of tensors on webgpu lies in wasm's memory until `backward` wants it back; tensors on wasm and
 * parameters stay. Without `fn`, a region for `using`, a method, or several functions. `pinMemory` has no meaning here.
 * @throws AutogradError if `fn` is async
 * @example const loss = saveOnCpu(() => crossEntropy(net(x), y));
 * @see torch.autograd.graph.save_on_cpu
 */
export function saveOnCpu(options?: { pinMemory?: boolean; deviceType?: string }): Region;
export function saveOnCpu<T>(fn: () => T, options?: { pinMemory?: boolean; deviceType?: string }): T;
export function saveOnCpu(...given: readonly unknown[]): unknown {
  return regionFor('saveOnCpu', offloading, SAVE_ON_CPU.take(given).fn);
}
