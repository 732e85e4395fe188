// Vectors of T (float32 or float64) whatever their number of lanes: loads and stores of incomplete vectors,
// horizontal folds, multiply-add.

/** Lanes of a vector of T. */
export function lanes<T>(): u32 {
  return 16 / sizeof<T>();
}

/** a * b + c, in one rounding where the build has relaxed SIMD. */
export function madd<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, c);
  return v128.add<T>(v128.mul<T>(a, b), c);
}

/** The vector at p, of which only the first `count` (at least 1) elements are there; lanes beyond are `fill`'s. */
@inline
export function loadLanes<T>(p: usize, count: u32, fill: v128): v128 {
  return count >= lanes<T>() ? v128.load(p) : loadPartial<T>(p, count, fill);
}

/** Stores the first `count` (at least 1) lanes at p. */
@inline
export function storeLanes<T>(p: usize, v: v128, count: u32): void {
  if (count >= lanes<T>()) v128.store(p, v);
  else storePartial<T>(p, v, count);
}

/** The same for fewer than a vector has. */
export function loadPartial<T>(p: usize, count: u32, fill: v128): v128 {
  let v = v128.replace_lane<T>(fill, 0, load<T>(p));
  if (sizeof<T>() == 4) {
    if (count > 1) v = v128.replace_lane<T>(v, 1, load<T>(p, 4));
    if (count > 2) v = v128.replace_lane<T>(v, 2, load<T>(p, 8));
  }
  return v;
}

/** The same for fewer than a vector has. */
export function storePartial<T>(p: usize, v: v128, count: u32): void {
  store<T>(p, v128.extract_lane<T>(v, 0));
  if (sizeof<T>() == 4) {
    if (count > 1) store<T>(p, v128.extract_lane<T>(v, 1), 4);
    if (count > 2) store<T>(p, v128.extract_lane<T>(v, 2), 8);
  }
}

/** Sum of the lanes, pairwise. */
export function horizontalSum<T>(v: v128): T {
  if (sizeof<T>() == 4) v = v128.add<T>(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return <T>(v128.extract_lane<T>(v, 0) + v128.extract_lane<T>(v, 1));
}

/** Greatest lane; NaN if there is one. */
export function horizontalMax<T>(v: v128): T {
  if (sizeof<T>() == 4) v = v128.max<T>(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return max<T>(v128.extract_lane<T>(v, 0), v128.extract_lane<T>(v, 1));
}
