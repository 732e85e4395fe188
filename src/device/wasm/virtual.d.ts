// Modules that the build makes (vite.config.ts): the engine's binaries and its worker, inlined.
// In the entry with separate files both are empty, and init({ workerUrl, wasmUrl }) names the files.

declare module 'kindling:wasm' {
  /** The relaxed and the baseline build: interleaved (interleave.ts), deflated (raw), then base64. */
  const deflated: string;
  export default deflated;
}

declare module 'kindling:worker' {
  /** Classic script of worker.ts with all its imports, for a Blob URL or for worker_threads with eval. */
  const script: string;
  export default script;
}
