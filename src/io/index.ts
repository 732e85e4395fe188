// Saving and loading.
export {
  load,
  loadMetadata,
  save,
  type Checkpoint,
  type Format,
  type LoadOptions,
  type SaveOptions,
} from './checkpoint';
export type { Metadata } from './safetensors';
export { download, remove, store, type LoadSource, type ReadOptions } from './source';
