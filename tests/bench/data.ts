// The numbers that all libraries compute on: the same for the same name, on every page.

/** A dense array of float32 in row-major order, as PyTorch lays it out. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** Indices, for labels and tokens. */
export interface Indices {
  readonly shape: readonly number[];
  readonly data: Int32Array<ArrayBuffer>;
}

export const numelOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Numbers in [0, 1) that depend on the name alone (mulberry32, seeded with the name's FNV-1a hash). */
function generator(name: string): () => number {
  let state = 2166136261;
  for (const letter of name) state = Math.imul(state ^ letter.charCodeAt(0), 16777619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Uniform numbers in [-scale, scale). */
export function values(name: string, shape: readonly number[], scale = 1): Values {
  const next = generator(name);
  return { shape, data: Float32Array.from({ length: numelOf(shape) }, () => scale * (2 * next() - 1)) };
}

/** Uniform integers in [0, end). */
export function indices(name: string, shape: readonly number[], end: number): Indices {
  const next = generator(name);
  return { shape, data: Int32Array.from({ length: numelOf(shape) }, () => Math.floor(end * next())) };
}

/** The same numbers with the dimensions in another order: `permute(oihw, [2, 3, 1, 0])` is hwio. */
export function permute({ shape, data }: Values, order: readonly number[]): Values {
  const strides = shape.map((_, dim) => numelOf(shape.slice(dim + 1)));
  const permuted = order.map((dim) => shape[dim]);
  const steps = order.map((dim) => strides[dim]);
  const result = new Float32Array(data.length);
  const index = permuted.map(() => 0);
  for (let i = 0, source = 0; i < result.length; i++) {
    result[i] = data[source];
    for (let dim = permuted.length - 1; dim >= 0; dim--) {
      source += steps[dim];
      if (++index[dim] < permuted[dim]) break;
      source -= steps[dim] * permuted[dim];
      index[dim] = 0;
    }
  }
  return { shape: permuted, data: result };
}
