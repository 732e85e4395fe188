// The options of `load`.
import { isPlainObject, type Arguments } from '../base/arguments';
import { ANYTHING, FLAG, FUNCTION, instanceOf, kind } from '../base/kinds';
import { argument, optional, signature } from '../base/signature';
import { describe } from '../base/errorText';
import { KindError } from '../base/errors';
import type { Tensor } from '../core/tensor';
import type { ReadOptions } from './source';

/** Where tensors are put. */
type DeviceName = Tensor['device'];
type DeviceGiven = DeviceName | 'cpu';

/** A storage of a file, as a function for `mapLocation` sees it: it is in the file, and not on a device yet. */
export interface StoredStorage {
  readonly device: 'cpu';
}

/** Where tensors are put, by the name of where they were: 'cpu', 'cuda:0'. */
export type MapLocation =
  | DeviceGiven
  | Readonly<Record<string, DeviceGiven>>
  | ((storage: StoredStorage, location: string) => StoredStorage | DeviceGiven | null | undefined);

export interface LoadOptions extends ReadOptions {
  /**
   * Where the tensors are put, as PyTorch's map_location: a device for all ('cpu' is wasm), an object by the places they were
   * saved on, or a function of a storage and its place, which gives a device, or the storage itself for wasm. What it does
   * not name is put where it is by default.
   */
  mapLocation?: MapLocation | null;
  /** Whether to refuse a file that holds more than tensors, containers and plain values; false by default. */
  weightsOnly?: boolean;
  /** Where the tensors are put; by default the device that `init` chose. Excludes mapLocation. */
  device?: DeviceGiven;
}
const PROGRESS = kind<NonNullable<LoadOptions['onProgress']>>('a function', FUNCTION.accepts);
const MILLISECONDS = kind<number>(
  'a number of milliseconds above 0',
  (value) => typeof value === 'number' && value > 0,
);
/** What each of these may be is said by who reads them. */
const ANY_OBJECT = { ...ANYTHING, takesObject: true };
const TAKES = signature('load', [
  argument('source', ANY_OBJECT, undefined), argument('mapLocation', ANYTHING, undefined), argument('weightsOnly', FLAG, false),
  argument('device', ANYTHING, undefined), optional('onProgress', PROGRESS),
  optional('signal', instanceOf('an AbortSignal', AbortSignal)), optional('timeout', MILLISECONDS),
]); // prettier-ignore
export type LoadArguments = Arguments<
  [],
  [
    mapLocation?: MapLocation | null,
    weightsOnly?: boolean,
    device?: DeviceGiven,
    onProgress?: (loaded: number, total: number | null) => void,
    signal?: AbortSignal | undefined,
    timeout?: number | undefined,
  ],
  LoadOptions
>;

/** The device for what was at a location. */
export type Located = (record: { readonly location: string }) => DeviceName | undefined;

interface CheckedOptions extends ReadOptions {
  readonly located: Located;
  readonly weightsOnly: boolean;
}

/** @throws TypeError for options that do not exist, exclude each other or are of another kind */
export function loadOptions(op: string, args: readonly unknown[]): CheckedOptions {
  const { mapLocation, weightsOnly, device, ...reading } = TAKES.takeRest([undefined], args, op);
  if (device !== undefined && mapLocation !== undefined) {
    throw new KindError(op, `device and mapLocation exclude each other, got ${describe(mapLocation)}.`);
  }
  const located = locator(op, device === undefined ? mapLocation : deviceOf(op, 'device', device));
  return { located, weightsOnly, ...reading };
}

function locator(op: string, map: unknown): Located {
  if (map === undefined || map === null) return () => undefined;
  if (typeof map === 'string') {
    const device = deviceOf(op, 'mapLocation', map);
    return () => device;
  }
  if (typeof map === 'function') {
    const storage: StoredStorage = { device: 'cpu' };
    return ({ location }) => {
      const given: unknown = Reflect.apply(map, undefined, [storage, location]);
      if (given === storage) return 'wasm';
      return given === undefined || given === null ? undefined : deviceOf(op, 'what mapLocation gives', given);
    };
  }
  if (!isPlainObject(map)) {
    throw new KindError(
      op,
      `mapLocation must be a device, an object of devices by location or a function, got ${describe(map)}.`,
    );
  }
  const places = new Map(Object.entries(map).map(([from, to]) => [from, deviceOf(op, `mapLocation['${from}']`, to)]));
  return ({ location }) => places.get(location);
}

/** @throws TypeError for what is no device */
function deviceOf(op: string, what: string, name: unknown): DeviceName {
  if (name === 'cpu') return 'wasm';
  if (name === 'wasm' || name === 'webgpu' || name === 'meta') return name;
  throw new KindError(op, `${what} must be 'cpu', 'wasm', 'webgpu' or 'meta', got ${describe(name)}.`);
}
