// Decompositions and solutions of small matrices, one matrix an invocation: assembly/kernels/linalg/linalg.ts in WGSL, which says what
// each kind reads and writes. It computes in float32, as WGSL has nothing wider. A matrix is copied to `w`, its workspace
// of 3 s² + 4 s + 8 numbers with s = max(m, n, k), where functions know it by its first element.
import { DeviceError } from '../../../base/errors';
import { faultsOf, type LinalgKind, type LinalgSizes } from '../../contract';
import { kernel, type Kernel } from '../shader';
import type { Lowerings } from './lowering';

/** Matrices of a workgroup: few, as each is much work. */
const MATRICES = 16;

/** Element (i, j) of the matrix at a, of n columns; columns turned, exchanged and sorted. */
const MATRIX = /* wgsl */ `
fn entry(a: u32, n: u32, i: u32, j: u32) -> f32 { return w[a + i * n + j]; }
fn put(a: u32, n: u32, i: u32, j: u32, value: f32) { w[a + i * n + j] = value; }
fn identity(a: u32, m: u32, n: u32) {
  for (var i = 0u; i < m; i++) { for (var j = 0u; j < n; j++) { put(a, n, i, j, select(0f, 1f, i == j)); } }
}
fn swapColumns(a: u32, m: u32, n: u32, c: u32, d: u32) {
  for (var i = 0u; i < m; i++) {
    let kept = entry(a, n, i, c);
    put(a, n, i, c, entry(a, n, i, d));
    put(a, n, i, d, kept);
  }
}
fn rotateColumns(a: u32, m: u32, n: u32, c: u32, d: u32, turn: vec2<f32>) {
  for (var i = 0u; i < m; i++) {
    let x = entry(a, n, i, c);
    let y = entry(a, n, i, d);
    put(a, n, i, c, turn.x * x - turn.y * y);
    put(a, n, i, d, turn.y * x + turn.x * y);
  }
}
// Cosine and sine of the rotation that makes the product of two columns, or the element between them, zero.
fn turnOf(difference: f32, off: f32) -> vec2<f32> {
  let theta = difference / (2f * off);
  let t = select(1f, -1f, theta < 0f) / (abs(theta) + sqrt(theta * theta + 1f));
  let cosine = 1f / sqrt(t * t + 1f);
  return vec2(cosine, t * cosine);
}
// The place of the extreme among values [first, n).
fn extreme(values: u32, first: u32, n: u32, descending: bool) -> u32 {
  var best = first;
  for (var j = first + 1u; j < n; j++) {
    if (select(w[values + j] < w[values + best], w[values + j] > w[values + best], descending)) { best = j; }
  }
  return best;
}`;

const CHOLESKY = /* wgsl */ `
// a [n, n] -> its lower factor, zeros above.
fn cholesky(a: u32, n: u32) -> u32 {
  for (var j = 0u; j < n; j++) {
    var pivot = entry(a, n, j, j);
    for (var l = 0u; l < j; l++) { pivot -= entry(a, n, j, l) * entry(a, n, j, l); }
    if (pivot <= 0f || isNan(pivot)) { return j + 1u; }
    let root = sqrt(pivot);
    put(a, n, j, j, root);
    for (var i = j + 1u; i < n; i++) {
      var sum = entry(a, n, i, j);
      for (var l = 0u; l < j; l++) { sum -= entry(a, n, i, l) * entry(a, n, j, l); }
      put(a, n, i, j, sum / root);
    }
    for (var i = 0u; i < j; i++) { put(a, n, i, j, 0f); }
  }
  return 0u;
}`;

const TRIANGLE = /* wgsl */ `
// b [n, k] -> a⁻¹ b for a triangle of a [n, n].
fn solveTriangular(a: u32, b: u32, n: u32, k: u32, upper: bool, unit: bool) {
  for (var step = 0u; step < n; step++) {
    let i = select(step, n - 1u - step, upper);
    let first = select(0u, i + 1u, upper);
    let last = select(i, n, upper);
    for (var j = 0u; j < k; j++) {
      var sum = entry(b, k, i, j);
      for (var l = first; l < last; l++) { sum -= entry(a, n, i, l) * entry(b, k, l, j); }
      if (!unit) { sum /= entry(a, n, i, i); }
      put(b, k, i, j, sum);
    }
  }
}`;

const LU = /* wgsl */ `
// a [m, n] -> L (ones on its diagonal) and U in place, the order of rows [m], its sign at w[sign].
fn lu(a: u32, m: u32, n: u32, order: u32, sign: u32) -> u32 {
  var failed = 0u;
  w[sign] = 1f;
  for (var i = 0u; i < m; i++) { w[order + i] = f32(i); }
  for (var j = 0u; j < min(m, n); j++) {
    var best = j;
    for (var i = j + 1u; i < m; i++) { if (abs(entry(a, n, i, j)) > abs(entry(a, n, best, j))) { best = i; } }
    if (entry(a, n, best, j) == 0f) {
      if (failed == 0u) { failed = j + 1u; }
      continue;
    }
    if (best != j) {
      w[sign] = -w[sign];
      for (var l = 0u; l < n; l++) {
        let kept = entry(a, n, j, l);
        put(a, n, j, l, entry(a, n, best, l));
        put(a, n, best, l, kept);
      }
      let row = w[order + j];
      w[order + j] = w[order + best];
      w[order + best] = row;
    }
    for (var i = j + 1u; i < m; i++) {
      let factor = entry(a, n, i, j) / entry(a, n, j, j);
      put(a, n, i, j, factor);
      for (var l = j + 1u; l < n; l++) { put(a, n, i, l, entry(a, n, i, l) - factor * entry(a, n, j, l)); }
    }
  }
  return failed;
}
// Rows of b [n, k] in another order; spare takes one column.
fn permuteRows(b: u32, n: u32, k: u32, order: u32, spare: u32) {
  for (var j = 0u; j < k; j++) {
    for (var i = 0u; i < n; i++) { w[spare + i] = entry(b, k, u32(w[order + i]), j); }
    for (var i = 0u; i < n; i++) { put(b, k, i, j, w[spare + i]); }
  }
}`;

const QR = /* wgsl */ `
// Column l of b [m, width] reflected by the vector below the diagonal of column j of a [m, n].
fn reflectColumn(a: u32, n: u32, b: u32, width: u32, m: u32, j: u32, l: u32, tau: f32) {
  var sum = entry(b, width, j, l);
  for (var i = j + 1u; i < m; i++) { sum += entry(a, n, i, j) * entry(b, width, i, l); }
  sum *= tau;
  put(b, width, j, l, entry(b, width, j, l) - sum);
  for (var i = j + 1u; i < m; i++) { put(b, width, i, l, entry(b, width, i, l) - sum * entry(a, n, i, j)); }
}
// a [m, n] -> R in its first k rows; q [m, k]. taus takes min(m, n) numbers.
fn qr(a: u32, q: u32, m: u32, n: u32, k: u32, taus: u32) {
  let steps = min(m, n);
  for (var j = 0u; j < steps; j++) {
    // H = I - tau v vᵀ with v_j = 1 takes column j to (beta, 0, ...); v is kept below the diagonal.
    let alpha = entry(a, n, j, j);
    var squares = 0f;
    for (var i = j + 1u; i < m; i++) { squares += entry(a, n, i, j) * entry(a, n, i, j); }
    var tau = 0f;
    if (squares > 0f) {
      let norm = sqrt(alpha * alpha + squares);
      let beta = select(norm, -norm, alpha > 0f);
      tau = (beta - alpha) / beta;
      for (var i = j + 1u; i < m; i++) { put(a, n, i, j, entry(a, n, i, j) / (alpha - beta)); }
      put(a, n, j, j, beta);
    }
    w[taus + j] = tau;
    for (var l = j + 1u; l < n; l++) { reflectColumn(a, n, a, n, m, j, l, tau); }
  }
  identity(q, m, k);
  for (var step = 0u; step < steps; step++) {
    let j = steps - 1u - step;
    for (var l = j; l < k; l++) { reflectColumn(a, n, q, k, m, j, l, w[taus + j]); }
  }
  for (var i = 1u; i < k; i++) { for (var l = 0u; l < min(i, n); l++) { put(a, n, i, l, 0f); } }
}`;

/** Sweeps of rotations before giving up; ten are rare. */
const SWEEPS = 60;
/** 2^-23. */
const EPSILON = '1.1920929e-7f';

const EIGH = /* wgsl */ `
// Symmetric a [n, n] (its lower triangle is read) -> eigenvalues [n] ascending, vectors [n, n] in columns.
fn eigh(a: u32, vectors: u32, n: u32, values: u32) -> u32 {
  identity(vectors, n, n);
  for (var i = 0u; i < n; i++) { for (var j = 0u; j < i; j++) { put(a, n, j, i, entry(a, n, i, j)); } }
  var failed = 1u;
  for (var sweep = 0u; sweep < ${SWEEPS}u && failed != 0u; sweep++) {
    failed = 0u;
    for (var c = 0u; c < n; c++) {
      for (var d = c + 1u; d < n; d++) {
        let off = entry(a, n, c, d);
        let scale = abs(entry(a, n, c, c)) + abs(entry(a, n, d, d));
        if (!(abs(off) > 1e-3f * ${EPSILON} * scale)) { continue; }
        failed = 1u;
        let turn = turnOf(entry(a, n, d, d) - entry(a, n, c, c), off);
        rotateColumns(a, n, n, c, d, turn);
        for (var i = 0u; i < n; i++) {
          let x = entry(a, n, c, i);
          let y = entry(a, n, d, i);
          put(a, n, c, i, turn.x * x - turn.y * y);
          put(a, n, d, i, turn.y * x + turn.x * y);
        }
        put(a, n, c, d, 0f);
        put(a, n, d, c, 0f);
        rotateColumns(vectors, n, n, c, d, turn);
      }
    }
  }
  for (var i = 0u; i < n; i++) { w[values + i] = entry(a, n, i, i); }
  for (var i = 0u; i < n; i++) {
    let best = extreme(values, i, n, false);
    if (best == i) { continue; }
    swapColumns(values, 1u, n, i, best);
    swapColumns(vectors, n, n, i, best);
  }
  return failed;
}`;

const SVD = /* wgsl */ `
// a [m, n], m >= n -> U [m, n]; singular values [n] descending; v [n, n] V.
fn svd(a: u32, v: u32, m: u32, n: u32, values: u32) -> u32 {
  identity(v, n, n);
  // Columns are turned against each other until all are orthogonal: a V = U S.
  var failed = 1u;
  for (var sweep = 0u; sweep < ${SWEEPS}u && failed != 0u; sweep++) {
    failed = 0u;
    for (var c = 0u; c < n; c++) {
      for (var d = c + 1u; d < n; d++) {
        var products = vec3<f32>();
        for (var i = 0u; i < m; i++) {
          let x = entry(a, n, i, c);
          let y = entry(a, n, i, d);
          products += vec3(x * x, y * y, x * y);
        }
        // Two units in the last place: rounding keeps columns from being more orthogonal than that.
        if (!(abs(products.z) > 2f * ${EPSILON} * sqrt(products.x) * sqrt(products.y))) { continue; }
        failed = 1u;
        let turn = turnOf(products.y - products.x, products.z);
        rotateColumns(a, m, n, c, d, turn);
        rotateColumns(v, n, n, c, d, turn);
      }
    }
  }
  for (var j = 0u; j < n; j++) { w[values + j] = normalized(a, m, n, j); }
  for (var i = 0u; i < n; i++) {
    let best = extreme(values, i, n, true);
    if (best == i) { continue; }
    swapColumns(values, 1u, n, i, best);
    swapColumns(a, m, n, i, best);
    swapColumns(v, n, n, i, best);
  }
  for (var j = 0u; j < n; j++) { if (w[values + j] <= w[values] * ${EPSILON}) { complete(a, m, n, j); } }
  return failed;
}
// Divides column j by its length, and gives that.
fn normalized(a: u32, m: u32, n: u32, j: u32) -> f32 {
  var squares = 0f;
  for (var i = 0u; i < m; i++) { squares += entry(a, n, i, j) * entry(a, n, i, j); }
  let value = sqrt(squares);
  if (value > 0f) { for (var i = 0u; i < m; i++) { put(a, n, i, j, entry(a, n, i, j) / value); } }
  return value;
}
// Column j, whose singular value is 0, becomes orthogonal to those before.
fn complete(a: u32, m: u32, n: u32, j: u32) {
  for (var trial = 0u; trial < m; trial++) {
    for (var i = 0u; i < m; i++) { put(a, n, i, j, select(0f, 1f, i == trial)); }
    for (var twice = 0u; twice < 2u; twice++) {
      for (var l = 0u; l < j; l++) {
        var dot = 0f;
        for (var i = 0u; i < m; i++) { dot += entry(a, n, i, j) * entry(a, n, i, l); }
        for (var i = 0u; i < m; i++) { put(a, n, i, j, entry(a, n, i, j) - dot * entry(a, n, i, l)); }
      }
    }
    let length = normalized(a, m, n, j);
    if (length * length >= 0.1f / f32(m)) { return; }
  }
}`;

/** What a kind is made of. */
interface Recipe {
  readonly functions: string;
  readonly outs: readonly string[];
  /** Computes matrix `i`, at `a` in the workspace; `b` and `rest` follow it. */
  readonly body: string;
}

/** Elements of an output, from the workspace. */
const give = (out: string, from: string, count: string, type = ''): string =>
  `for (var e = 0u; e < ${count}; e++) { ${out}[p.${out}At + i * ${count} + e] = ${type}(w[${from} + e]); }`;

const TAKE_B = 'for (var e = 0u; e < p.n * p.k; e++) { w[b + e] = right[p.rightAt + i * p.n * p.k + e]; }';

const RECIPES: { readonly [K in LinalgKind]: Recipe } = {
  cholesky: {
    functions: CHOLESKY,
    outs: ['factor: f32'],
    body: `failed = cholesky(a, p.n); ${give('factor', 'a', '(p.n * p.n)')}`,
  },
  lu: {
    functions: LU,
    outs: ['factors: f32', 'order: i32', 'sign: f32'],
    body: `failed = lu(a, p.m, p.n, rest + 1u, rest);
${give('factors', 'a', '(p.m * p.n)')} ${give('order', 'rest + 1u', 'p.m', 'i32')} ${give('sign', 'rest', '1u')}`,
  },
  solve: {
    functions: LU + TRIANGLE,
    outs: ['x: f32'],
    body: `${TAKE_B}
failed = lu(a, p.n, p.n, rest + 1u, rest);
permuteRows(b, p.n, p.k, rest + 1u, rest + 1u + p.n);
solveTriangular(a, b, p.n, p.k, false, true);
solveTriangular(a, b, p.n, p.k, true, false);
${give('x', 'b', '(p.n * p.k)')}`,
  },
  solveTriangular: {
    functions: TRIANGLE,
    outs: ['x: f32'],
    body: `${TAKE_B}
solveTriangular(a, b, p.n, p.k, p.upper != 0u, p.unitriangular != 0u);
${give('x', 'b', '(p.n * p.k)')}`,
  },
  qr: {
    functions: QR,
    outs: ['q: f32', 'r: f32'],
    body: `qr(a, b, p.m, p.n, p.k, rest); ${give('q', 'b', '(p.m * p.k)')} ${give('r', 'a', '(p.k * p.n)')}`,
  },
  eigh: {
    functions: EIGH,
    outs: ['values: f32', 'vectors: f32'],
    body: `failed = eigh(a, b, p.n, rest); ${give('values', 'rest', 'p.n')} ${give('vectors', 'b', '(p.n * p.n)')}`,
  },
  svd: {
    functions: SVD,
    outs: ['u: f32', 'values: f32', 'vh: f32'],
    body: `failed = svd(a, b, p.m, p.n, rest);
${give('u', 'a', '(p.m * p.n)')} ${give('values', 'rest', 'p.n')}
for (var e = 0u; e < p.n * p.n; e++) { vh[p.vhAt + i * p.n * p.n + e] = entry(b, p.n, e % p.n, e / p.n); }`,
  },
};

const SIZES = ['batch', 'm', 'n', 'k', 'upper', 'unitriangular'].map((name) => `${name}: u32`);

const linalgKernel = (kind: LinalgKind, records: boolean): Kernel =>
  kernel(`linalg ${kind} ${records}`, () => {
    const { functions, outs, body } = RECIPES[kind];
    return {
      reads: ['matrix: f32', ...(kind.startsWith('solve') ? ['right: f32'] : [])],
      writes: [...outs, 'info: i32', 'w: f32'],
      params: SIZES,
      size: MATRICES,
      records,
      globals: MATRIX + functions,
      body: `if (i >= p.batch) { return; }
let size = max(max(p.m, p.n), p.k);
let a = i * (3u * size * size + 4u * size + 8u);
let b = a + size * size;
let rest = b + size * size;
for (var e = 0u; e < p.m * p.n; e++) { w[a + e] = matrix[p.matrixAt + i * p.m * p.n + e]; }
var failed = 0u;
${body}
info[p.infoAt + i] = i32(failed);
${records ? 'if (failed != 0u) { record(MATRIX_FAULT, i32(i)); }' : ''}`,
    };
  });

/** Operations that one invocation may take: some seconds, after which browsers and systems give a GPU up for hung. */
const MOST_OPERATIONS = 3e8;

/** Operations for a matrix, about: ten sweeps of rotations of all pairs of columns, or elimination. */
function operationsOf(kind: LinalgKind, { m, n, k }: LinalgSizes): number {
  if (kind === 'eigh' || kind === 'svd') return 60 * n * n * (m + n);
  return 4 * Math.max(m, n) * n * Math.max(n, k);
}

/** @throws DeviceError for matrices that would stop the GPU for longer than it is given */
function checkSize(kind: LinalgKind, sizes: LinalgSizes): void {
  if (operationsOf(kind, sizes) <= MOST_OPERATIONS) return;
  const { m, n } = sizes;
  throw new DeviceError(
    'linalg',
    `${kind} on webgpu takes small matrices, one an invocation, got [${m}, ${n}]. Compute it with .to('wasm').`,
    { kind, m, n },
  );
}

export const LINALG: Lowerings<'linalg'> = {
  linalg(stream, inputs, outputs, params) {
    const { kind, sizes, options } = params;
    checkSize(kind, sizes);
    const { batch, m, n, k, upper, unitriangular } = sizes;
    const size = Math.max(m, n, k);
    const workspace = stream.temporary(batch * (3 * size * size + 4 * size + 8), 'float32');
    const words = [batch, m, n, k, upper ? 1 : 0, unitriangular ? 1 : 0];
    const code = linalgKernel(kind, options !== null);
    stream.run(code, inputs, [...outputs, workspace], words, Math.ceil(batch / MATRICES), {
      faults: faultsOf('linalg', inputs, params),
      to: outputs,
    });
    stream.free(workspace.buffer);
  },
};
