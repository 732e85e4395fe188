// Kernels that walk along one axis: each result is made by one invocation or by a whole workgroup together.

/** Invocations that share one result. */
export type Lanes = 1 | 64 | 256;

/** Elements of an axis for each result beyond which invocations of a software adapter share it. */
const LONG = 256;

/**
 * How many lanes suit an axis of `n` elements that lie `inner` apart, of which there are `items`. Neighbouring invocations
 * should read neighbouring elements, and all of the adapter should have work; short axes are not worth a barrier. On a
 * processor a barrier costs as much as dozens of elements (0.4 µs for every four invocations on SwiftShader), and
 * neighbours do not matter.
 */
export function lanesFor(
  { isSoftware }: { readonly isSoftware: boolean },
  items: number,
  n: number,
  inner: number,
): Lanes {
  if (isSoftware) return n <= LONG * items ? 1 : 256;
  if (n <= 32 || inner >= 32 || (inner > 1 && items >= 4096)) return 1;
  return n >= 2048 ? 256 : 64;
}

/** Results of a workgroup whose invocations work alone: few, as each is the work of a whole axis. */
const ALONE = 64;

/** Workgroups for `items` results. */
export const groupsOf = (lanes: Lanes, items: number): number => (lanes === 1 ? Math.ceil(items / ALONE) : items);

/** Size of a workgroup. */
export const sizeOf = (lanes: Lanes): number => (lanes === 1 ? ALONE : lanes);

/** The start of a body: `item` is the number of the result, below p.items. */
export const itemOf = (lanes: Lanes): string =>
  `let item = ${lanes === 1 ? 'i' : 'group'};\nif (item >= p.items) { return; }`;

/** A loop of `k` over [from, to), shared among the lanes. */
export const loop = (lanes: Lanes, from: string, to: string, body: string): string =>
  lanes === 1
    ? `for (var k = ${from}; k < ${to}; k++) { ${body} }`
    : `for (var k = ${from} + lane; k < ${to}; k += ${lanes}u) { ${body} }`;

/** Before a statement that one lane alone is to run. */
export const once = (lanes: Lanes): string => (lanes === 1 ? '' : 'if (lane == 0u)');

/** Declares `name`(value, lane): `combine` (of a and b) over the values of all lanes, for each of them. */
export function folding(lanes: Lanes, name: string, type: string, combine: string): string {
  if (lanes === 1) return `fn ${name}(value: ${type}, lane: u32) -> ${type} { return value; }`;
  return /* wgsl */ `
var<workgroup> ${name}Parts: array<${type}, ${lanes}>;
fn ${name}(value: ${type}, lane: u32) -> ${type} {
  ${name}Parts[lane] = value;
  workgroupBarrier();
  for (var half = ${lanes / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) {
      let a = ${name}Parts[lane];
      let b = ${name}Parts[lane + half];
      ${name}Parts[lane] = ${combine};
    }
    workgroupBarrier();
  }
  let all = ${name}Parts[0];
  workgroupBarrier();
  return all;
}`;
}
