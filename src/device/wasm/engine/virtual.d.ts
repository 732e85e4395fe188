// Modules that the build makes (tools/engineModules.ts): the engine's binaries and its worker, inlined.
// In the entry with separate files they are empty, and init({ workerUrl, wasmUrl }) names the files.

declare module 'kindling:relaxed' {
  /** The binary with relaxed SIMD: deflated, then base64. */
  const deflated: string;
  export default deflated;
}

declare module 'kindling:baseline' {
  /** The binary for engines without it. */
  const deflated: string;
  export default deflated;
}

declare module 'kindling:worker' {
  /** Classic script of worker.ts with all its imports, for a Blob URL or for worker_threads with eval. */
  const script: string;
  export default script;
}
