// What the recorded cases hold: files of JSON described in FORMAT.md, tensors as base64.
import type { DType } from '../../src/base/dtype';

/** A tensor: the little-endian bytes of its elements, row by row. `grad`: a leaf that requires a gradient. */
export interface RecordedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: string;
  readonly grad?: boolean;
}

export type Named<T> = Readonly<Record<string, T>>;

/** How close floats must be. */
export interface CaseTolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** Arguments of a call or a constructor. */
export interface Call {
  readonly args: readonly unknown[];
  readonly kwargs: Named<unknown>;
}

/** A module to build and what it then loads. */
export interface ModuleSpec {
  readonly cls: string;
  readonly ctor: Call;
  readonly state?: Named<RecordedTensor>;
}

/** What every case has. */
export interface AnyCase extends Partial<CaseTolerance> {
  readonly id: string;
  readonly kind: string;
}

/** A file of cases. */
export interface CaseFile {
  readonly unit: string;
  readonly group: string;
  readonly cases: readonly AnyCase[];
}

/** A folder of cases, wherever it is. */
export interface CaseFolder {
  /** Paths of the case files, as in index.json. */
  list(): Promise<readonly string[]>;
  read(path: string): Promise<CaseFile>;
  /** The bytes of another file, for example a checkpoint. */
  bytes(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** Where a case runs. */
export interface Context {
  readonly folder: CaseFolder;
  /** The folder of the case's file, for example 'serialization'. */
  readonly at: string;
}

/** What a case needs that kindling does not have yet: a failure of its own sort. */
export class NotThere extends Error {}

/** What a case needs that the device cannot have; such cases are skipped and counted with this reason. */
export class Inexpressible extends Error {}
