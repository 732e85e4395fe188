// Cases of the kind `file`: checkpoints that must be read bit for bit, and broken or malicious ones that must be refused.
import { isPlainObject } from '../../../src/base/arguments';
import { Tensor } from '../../../src/core/tensor';
import { NotThere, type AnyCase, type Context, type RecordedTensor } from '../cases';
import { findFunction, present } from '../names';
import { isRecordedTensor, revive } from '../values';

export interface FileCase extends AnyCase {
  readonly format: 'torch' | 'safetensors';
  readonly file: string;
  readonly refuse: boolean;
  readonly expect?: unknown;
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly metadata_versions?: readonly (readonly [name: string, version: number])[];
}

/** The entries of a Map or an object, by the text of their keys. */
function entriesOf(value: unknown): Map<string, unknown> | null {
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [String(key), item as unknown]));
  return isPlainObject(value) ? new Map(Object.entries(value)) : null;
}

async function same(what: string, actual: unknown, expected: unknown): Promise<void> {
  if (isRecordedTensor(expected)) {
    await sameTensor(what, actual, expected);
  } else if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) {
      throw new Error(`${what}: expected ${expected.length} items, got ${String(actual)}`);
    }
    for (let i = 0; i < expected.length; i++) await same(`${what}[${i}]`, actual[i], expected[i]);
  } else if (isPlainObject(expected) && Array.isArray(expected.$dict)) {
    const entries = entriesOf(actual);
    const wanted = expected.$dict as [unknown, unknown][];
    if (entries === null) throw new Error(`${what}: expected a dict, got ${String(actual)}`);
    if (entries.size !== wanted.length) {
      throw new Error(`${what}: expected ${wanted.length} keys, got ${[...entries.keys()].join(', ')}`);
    }
    for (const [key, value] of wanted) await same(`${what}.${String(key)}`, entries.get(String(key)), value);
  } else {
    const value = revive(expected);
    const got = typeof actual === 'bigint' ? Number(actual) : actual;
    if (!Object.is(got, value)) throw new Error(`${what}: expected ${String(value)}, got ${String(actual)}`);
  }
}

/** Equal bit for bit. */
async function sameTensor(what: string, actual: unknown, { dtype, shape, data }: RecordedTensor): Promise<void> {
  if (!(actual instanceof Tensor) || actual.dtype !== dtype || String(actual.shape) !== String(shape)) {
    throw new Error(`${what}: expected ${dtype} [${shape.join(', ')}], got ${String(actual)}`);
  }
  const got = new Uint8Array(await actual.bytes());
  const expected = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const at = expected.findIndex((byte, i) => got[i] !== byte);
  if (at >= 0) throw new Error(`${what}: byte ${at} must be ${expected[at]}, got ${got[at]}`);
}

export async function runFile(recorded: FileCase, { folder, at }: Context): Promise<void> {
  const load = present(findFunction('io.load'), 'io.load');
  const bytes = await folder.bytes(`${at}/${recorded.file}`);
  if (recorded.refuse) {
    await mustRefuse(() => load(bytes));
    return;
  }
  const loaded = await load(bytes);
  await same('value', loaded, recorded.expect);
  if (recorded.metadata !== undefined && recorded.metadata !== null) {
    const metadata = await present(findFunction('io.load_metadata'), 'io.loadMetadata')(bytes);
    if (JSON.stringify(metadata) !== JSON.stringify(recorded.metadata)) {
      throw new Error(`metadata: expected ${JSON.stringify(recorded.metadata)}, got ${JSON.stringify(metadata)}`);
    }
  }
  if (recorded.metadata_versions !== undefined) {
    const metadata = Reflect.get(loaded as object, '_metadata') as unknown;
    const entries = entriesOf(metadata);
    if (entries === null) throw new NotThere('_metadata of a loaded state dict');
    for (const [name, version] of recorded.metadata_versions) {
      const got = entriesOf(entries.get(name))?.get('version');
      if (got !== version) throw new Error(`_metadata of '${name}': expected version ${version}, got ${String(got)}`);
    }
  }
}

async function mustRefuse(load: () => unknown): Promise<void> {
  try {
    await load();
  } catch (error) {
    if (error instanceof Error && !error.message.startsWith('internal:')) return;
    throw error;
  }
  throw new Error('must be refused, but was loaded');
}
