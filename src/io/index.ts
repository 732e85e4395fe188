// Saving and loading.
export { Foreign } from './foreign';
export { load, loadMetadata } from './load';
export type { LoadOptions, MapLocation, StoredStorage } from './loadOptions';
export type { Metadata } from './safetensors';
export { save, type Checkpoint, type Format, type SaveOptions } from './save';
export { download, remove, store, type LoadSource, type ReadOptions, type StoreContent } from './source';
