// Saving and loading.
export { download, load, loadMetadata, save, type LoadOptions, type LoadSource } from './stateDict';
export type { Metadata } from './safetensors';
