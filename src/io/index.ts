// Saving and loading.
export { download, load, loadMetadata, save, type LoadOptions, type LoadSource, type StateDict } from './stateDict';
export type { Metadata } from './safetensors';
