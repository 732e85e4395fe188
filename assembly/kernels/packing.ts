// Copies slices of a strided matrix into the panels that the micro-kernel reads. Whatever the strides are,
// the panel comes out the same, so transposed operands cost nothing extra.
//
//   panel of width w:   p = 0: lane 0 ... lane w-1 | p = 1: lane 0 ... lane w-1 | ...
//
// Lanes beyond `lanes` repeat others or hold 0; their results are never stored.

/** Packs element (lane, p) at source + lane * laneStride + p * stride (bytes) for p < depth; width is 4, 6 or 8. */
export function packPanel(
  source: usize,
  panel: usize,
  width: u32,
  lanes: u32,
  depth: u32,
  laneStride: usize,
  stride: usize,
): void {
  const step = width << 2;
  // Two vectors make a row of the panel. They overlap in a panel of 6 and coincide in one of 4.
  const second = step - 16;
  if (stride == 4) {
    transposeLanes(source, panel, lanes, depth, laneStride, step);
    if (second != 0) {
      const first = min(second >> 2, lanes - 1);
      transposeLanes(source + laneStride * first, panel + second, lanes - first, depth, laneStride, step);
    }
  } else if (laneStride == 4 && lanes == width) {
    for (let p: u32 = 0; p < depth; p++) {
      v128.store(panel, v128.load(source));
      v128.store(panel + second, v128.load(source + second));
      panel += step;
      source += stride;
    }
  } else {
    for (let p: u32 = 0; p < depth; p++) {
      for (let lane: u32 = 0; lane < lanes; lane++)
        store<f32>(panel + (lane << 2), load<f32>(source + laneStride * lane));
      for (let lane = lanes; lane < width; lane++) store<f32>(panel + (lane << 2), 0);
      panel += step;
      source += stride;
    }
  }
}

/** Transposes up to 4 contiguous rows into 4 adjacent lanes of a panel. Missing rows repeat the last one. */
function transposeLanes(source: usize, panel: usize, lanes: u32, depth: u32, laneStride: usize, step: usize): void {
  const row1 = lanes > 1 ? source + laneStride : source;
  const row2 = lanes > 2 ? row1 + laneStride : row1;
  const row3 = lanes > 3 ? row2 + laneStride : row2;
  transposeRows(source, row1, row2, row3, panel, depth, step);
}

/** Writes element p of the four rows to 4 adjacent lanes at panel + p * step (bytes), for p < depth. */
export function transposeRows(
  row0: usize,
  row1: usize,
  row2: usize,
  row3: usize,
  panel: usize,
  depth: u32,
  step: usize,
): void {
  let p: u32 = 0;
  for (; p + 4 <= depth; p += 4) {
    const x0 = v128.load(row0);
    const x1 = v128.load(row1);
    const x2 = v128.load(row2);
    const x3 = v128.load(row3);
    const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(panel, v128.shuffle<f64>(low01, low23, 0, 2));
    panel += step;
    v128.store(panel, v128.shuffle<f64>(low01, low23, 1, 3));
    panel += step;
    v128.store(panel, v128.shuffle<f64>(high01, high23, 0, 2));
    panel += step;
    v128.store(panel, v128.shuffle<f64>(high01, high23, 1, 3));
    panel += step;
    row0 += 16;
    row1 += 16;
    row2 += 16;
    row3 += 16;
  }
  for (; p < depth; p++) {
    store<f32>(panel, load<f32>(row0));
    store<f32>(panel, load<f32>(row1), 4);
    store<f32>(panel, load<f32>(row2), 8);
    store<f32>(panel, load<f32>(row3), 12);
    panel += step;
    row0 += 4;
    row1 += 4;
    row2 += 4;
    row3 += 4;
  }
}
