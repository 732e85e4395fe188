// Kernels, and from a kernel's body to WGSL: bindings, parameters, the guard of in-place commands, and the fault table.
import {
  FAULT_DIVISION,
  FAULT_INDEX,
  FAULT_MATRIX,
  FAULT_OVERFLOW,
  FAULT_WORDS,
} from '../../../assembly/engine/commands';
import type { FaultReport, View } from '../contract';
import { FAULT_HEADER_WORDS, FAULT_SLOTS } from './layout';
import { library } from './math';

/** Invocations of a workgroup, unless a kernel says otherwise. */
export const WORKGROUP = 256;

/** Workgroups for one invocation each. */
export const groupsFor = (invocations: number): number => Math.ceil(invocations / WORKGROUP);

/** A kernel before its bindings: what a family makes for one choice of types and variants. */
export interface KernelSource {
  /** Buffers that are read, as 'x: f32'. For each there is p.xAt, the place of the view's first element. */
  readonly reads: readonly string[];
  /** Buffers that are written (and may be read). */
  readonly writes: readonly string[];
  /** Parameters, as 'n: u32'; in WGSL p.n. */
  readonly params: readonly string[];
  /** Functions and workgroup memory. */
  readonly globals?: string;
  /**
   * Statements of the entry point. In scope: `group`, the number of the workgroup, `lane` within it, and `i`, the number
   * of the invocation. There may be more groups than were asked for.
   */
  readonly body: string;
  /** Invocations of a workgroup. */
  readonly size?: number;
  /** Whether it calls record(). */
  readonly records?: boolean;
}

/** A kernel that has a name: equal keys mean equal text. Made once, by `kernel`. */
export interface Kernel {
  readonly key: string;
  readonly source: KernelSource;
  /** WGSL types of the parameters, in order; the places of the views come first. */
  readonly parameters: readonly string[];
  /** Its whole text. */
  readonly text: (use: FaultUse) => string;
}

const kernels = new Map<string, Kernel>();

/** The kernel of this key; `make` writes its source the first time. */
export function kernel(key: string, make: () => KernelSource): Kernel {
  let known = kernels.get(key);
  if (known === undefined) {
    const source = make();
    known = { key, source, parameters: parameterTypes(source), text: (use) => wgsl(source, use) };
    kernels.set(key, known);
  }
  return known;
}

/** Why a pipeline looks into the fault table: to hold off a write, to record a fault, or for both. */
export type FaultUse = 'none' | 'guard' | 'record' | 'both';

const nameOf = (declaration: string): string => declaration.slice(0, declaration.indexOf(':'));
const typeOf = (declaration: string): string => declaration.slice(declaration.indexOf(':') + 1).trim();

/** Types of all parameters in their order: of places, then of the kernel. */
function parameterTypes({ reads, writes, params }: KernelSource): readonly string[] {
  return [...[...reads, ...writes].map(() => 'u32'), ...params.map(typeOf)];
}

/** Whether a fault lies in the range of commands that this one depends on. `load` reads a word of the table. */
const guard = (load: (at: string) => string): string => /* wgsl */ `
fn blocked() -> bool {
  let known = ${load('1')};
  let live = ${load('0')} - known;
  if (live > ${FAULT_SLOTS}u) { return true; }
  for (var j = 0u; j < live; j++) {
    let seq = ${load(`${FAULT_HEADER_WORDS}u + ((known + j) % ${FAULT_SLOTS}u) * ${FAULT_WORDS}u`)};
    if (seq - p.guardFirst <= p.guardSpan) { return true; }
  }
  return false;
}`;

/** One entry a command is kept: a thousand bad labels in one batch must not fill the table. */
const RECORD = /* wgsl */ `
const INDEX_FAULT = ${FAULT_INDEX}u;
const DIVISION_FAULT = ${FAULT_DIVISION}u;
const MATRIX_FAULT = ${FAULT_MATRIX}u;
const OVERFLOW_FAULT = ${FAULT_OVERFLOW}u;
fn record(kind: u32, value: i32) {
  if (atomicExchange(&faults[2], p.seq) == p.seq) { return; }
  let at = atomicAdd(&faults[0], 1u);
  if (at - atomicLoad(&faults[1]) >= ${FAULT_SLOTS}u) { return; }
  let entry = ${FAULT_HEADER_WORDS}u + (at % ${FAULT_SLOTS}u) * ${FAULT_WORDS}u;
  atomicStore(&faults[entry], p.seq);
  atomicStore(&faults[entry + 1u], kind);
  atomicStore(&faults[entry + 2u], bitcast<u32>(value));
  atomicStore(&faults[entry + 3u], select(0u, 0xffffffffu, value < 0));
}`;

/** The end of a kernel that computes on int64 with the functions that note what leaves the stored range (math.ts). */
export const RECORD_BEYOND = 'if (isBeyond) { record(OVERFLOW_FAULT, 0); }';

/** How such a kernel is run for an op over `source`; without a fault if it does not compute on int64. */
export const longFaults = (op: string, isLong: boolean, source: View | null): { faults?: FaultReport } =>
  isLong ? { faults: { options: { op, what: 'value', ignore: null }, bound: 0, source: source?.buffer ?? null } } : {};

/** The whole text of a kernel. */
function wgsl(source: KernelSource, use: FaultUse): string {
  const { reads, writes, params, globals = '', body, size = WORKGROUP } = source;
  const buffers = [...reads, ...writes];
  const bindings = buffers.map((declaration, i) => {
    const access = i < reads.length ? 'read' : 'read_write';
    return `@group(0) @binding(${i}) var<storage, ${access}> ${nameOf(declaration)}: array<${typeOf(declaration)}>;`;
  });
  const fields = [
    ...buffers.map((declaration) => `${nameOf(declaration)}At: u32`),
    ...params,
    ...(use === 'none' ? [] : ['guardFirst: u32', 'guardSpan: u32', 'seq: u32']),
  ];
  const isRecording = use === 'record' || use === 'both';
  const isGuarded = use === 'guard' || use === 'both';
  const table = isRecording ? 'read_write> faults: array<atomic<u32>>' : 'read> faults: array<u32>';
  const load = (at: string): string => (isRecording ? `atomicLoad(&faults[${at}])` : `faults[${at}]`);
  const own = `${globals}\n${body}`;
  return [
    own.includes('subgroup') ? 'enable subgroups;' : '',
    ...bindings,
    `struct Parameters { ${fields.length === 0 ? 'unused: u32' : fields.join(', ')} }`,
    '@group(1) @binding(0) var<uniform> p: Parameters;',
    ...(use === 'none' ? [] : [`@group(1) @binding(1) var<storage, ${table};`]),
    ...(isGuarded ? [guard(load)] : []),
    ...(isRecording ? [RECORD] : []),
    library(own),
    globals,
    `@compute @workgroup_size(${size})`,
    'fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {',
    isGuarded ? 'if (blocked()) { return; }' : '',
    'let group = id.y * groups.x + id.x;',
    `let i = group * ${size}u + lane;`,
    body,
    '}',
  ].join('\n');
}
