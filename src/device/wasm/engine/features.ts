// What this browser (or Node) can do, found out once and synchronously.

/** What the engine's start depends on. */
export interface Features {
  readonly simd: boolean;
  readonly relaxedSimd: boolean;
  /** Cross-origin isolated by its headers, without which no page has shared memory. */
  readonly isIsolated: boolean;
  /** Memory can be shared between threads. */
  readonly sharedMemory: boolean;
  /** Workers can be made at all. */
  readonly workers: boolean;
  readonly isNode: boolean;
  readonly cores: number;
}

/** A module of one function that leaves a v128, made by `body`. */
const probe = (...body: number[]): boolean =>
  WebAssembly.validate(
    // prettier-ignore
    new Uint8Array([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic, version
      1, 5, 1, 0x60, 0, 1, 0x7b, // type () -> v128
      3, 2, 1, 0, // one function of it
      10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b, // its code
    ]),
  );
/** i32x4.splat(0) */
const ZERO = [0x41, 0, 0xfd, 0x11];
/** f32x4.relaxed_madd */
const RELAXED_MADD = [0xfd, 0x85, 0x02];

export const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined;

/** Detects the features; cheap, but not free. */
export function detectFeatures(): Features {
  const isIsolated = isNode || (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;
  return {
    simd: probe(...ZERO),
    relaxedSimd: probe(...ZERO, ...ZERO, ...ZERO, ...RELAXED_MADD),
    isIsolated,
    sharedMemory: isIsolated && typeof SharedArrayBuffer !== 'undefined',
    workers: isNode || typeof Worker !== 'undefined',
    isNode,
    cores: typeof navigator === 'undefined' ? 1 : (navigator.hardwareConcurrency ?? 1),
  };
}
