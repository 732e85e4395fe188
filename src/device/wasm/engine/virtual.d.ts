// Modules that the build makes (vite.config.ts): the engine's binaries and its worker, inlined.
// In the entry with separate files both are empty, and init({ workerUrl, wasmUrl }) names the files.

declare module 'kindling:wasm' {
  /** Bytes of the relaxed and of the baseline build. */
  export const sizes: readonly [relaxed: number, baseline: number];
  /** Both, one after the other: packed (lzma.ts), then base64. */
  const packed: string;
  export default packed;
}

declare module 'kindling:worker' {
  /** Classic script of worker.ts with all its imports, for a Blob URL or for worker_threads with eval. */
  const script: string;
  export default script;
}
