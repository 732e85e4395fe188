// Pipelines of one GPUDevice by key, compiled asynchronously, and the layouts and bind groups they share.
import type { Block } from './blocks';
import type { FaultUse, Kernel } from './shader';

/** A kernel compiled for one use of the fault table. */
export interface Pipeline {
  readonly id: number;
  readonly reads: number;
  readonly writes: number;
  readonly use: FaultUse;
  /** Null until it is compiled. */
  gpu: GPUComputePipeline | null;
}

/** Bind groups kept at most; beyond it all are forgotten. */
const MOST_BIND_GROUPS = 8192;
/** Uniform blocks are bound in multiples of this; also the alignment of dynamic offsets that every adapter grants. Bytes. */
export const UNIFORM_STEP = 256;

const COMPUTE = 4; // GPUShaderStage.COMPUTE, which is not there before a browser has WebGPU.

/** What is compiled and bound on one device. */
export class Pipelines {
  private readonly pipelines = new Map<string, Pipeline>();
  private readonly storageLayouts = new Map<string, GPUBindGroupLayout>();
  private readonly argumentLayouts = new Map<FaultUse, GPUBindGroupLayout>();
  private readonly bindGroups = new Map<string, GPUBindGroup>();
  private argumentGroups = new Map<string, GPUBindGroup>();
  private argumentBuffer: GPUBuffer | null = null;

  /** `ready` is called when a pipeline is compiled, `failed` if one does not compile. */
  constructor(
    private readonly device: GPUDevice,
    private readonly ready: () => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** The pipeline of a kernel; compilation starts at the first call. */
  pipeline({ key, source, text }: Kernel, use: FaultUse): Pipeline {
    const name = `${key} ${use}`;
    let pipeline = this.pipelines.get(name);
    if (pipeline !== undefined) return pipeline;
    const made: Pipeline = {
      id: this.pipelines.size,
      reads: source.reads.length,
      writes: source.writes.length,
      use,
      gpu: null,
    };
    pipeline = made;
    this.pipelines.set(name, pipeline);
    const { device } = this;
    const code = text(use);
    const layout = device.createPipelineLayout({
      bindGroupLayouts: [this.storageLayout(made), this.argumentLayout(use)],
    });
    const module = device.createShaderModule({ label: name, code });
    device.createComputePipelineAsync({ label: name, layout, compute: { module, entryPoint: 'main' } }).then(
      (gpu) => {
        made.gpu = gpu;
        this.ready();
      },
      (error: unknown) => this.failed(new Error(`${name}: ${String(error)}`)),
    );
    return pipeline;
  }

  /** The bind group of a pipeline's buffers. */
  storage(pipeline: Pipeline, blocks: readonly Block[]): GPUBindGroup {
    let key = `${pipeline.reads} ${pipeline.writes}`;
    for (const { id } of blocks) key += ` ${id}`;
    let group = this.bindGroups.get(key);
    if (group === undefined) {
      if (this.bindGroups.size >= MOST_BIND_GROUPS) this.bindGroups.clear();
      group = this.device.createBindGroup({
        layout: this.storageLayout(pipeline),
        entries: blocks.map(({ gpu }, binding) => ({ binding, resource: { buffer: gpu as GPUBuffer } })),
      });
      this.bindGroups.set(key, group);
    }
    return group;
  }

  /** Forgets the bind groups; they keep destroyed buffers alive. */
  forgetBindGroups(): void {
    this.bindGroups.clear();
  }

  /** The bind group of `bytes` of parameters at any offset of `buffer`, and of the fault table. */
  arguments(use: FaultUse, buffer: GPUBuffer, faults: GPUBuffer, bytes: number): GPUBindGroup {
    if (buffer !== this.argumentBuffer) {
      this.argumentBuffer = buffer;
      this.argumentGroups = new Map();
    }
    const key = `${use} ${bytes}`;
    let group = this.argumentGroups.get(key);
    if (group === undefined) {
      group = this.device.createBindGroup({
        layout: this.argumentLayout(use),
        entries: [
          { binding: 0, resource: { buffer, offset: 0, size: bytes } },
          ...(use === 'none' ? [] : [{ binding: 1, resource: { buffer: faults } }]),
        ],
      });
      this.argumentGroups.set(key, group);
    }
    return group;
  }

  private storageLayout({ reads, writes }: { readonly reads: number; readonly writes: number }): GPUBindGroupLayout {
    const key = `${reads} ${writes}`;
    let layout = this.storageLayouts.get(key);
    if (layout === undefined) {
      const entries = Array.from({ length: reads + writes }, (_, binding) => ({
        binding,
        visibility: COMPUTE,
        buffer: { type: binding < reads ? ('read-only-storage' as const) : ('storage' as const) },
      }));
      layout = this.device.createBindGroupLayout({ entries });
      this.storageLayouts.set(key, layout);
    }
    return layout;
  }

  private argumentLayout(use: FaultUse): GPUBindGroupLayout {
    let layout = this.argumentLayouts.get(use);
    if (layout === undefined) {
      const table = { type: use === 'guard' ? ('read-only-storage' as const) : ('storage' as const) };
      layout = this.device.createBindGroupLayout({
        entries: [
          { binding: 0, visibility: COMPUTE, buffer: { type: 'uniform', hasDynamicOffset: true } },
          ...(use === 'none' ? [] : [{ binding: 1, visibility: COMPUTE, buffer: table }]),
        ],
      });
      this.argumentLayouts.set(use, layout);
    }
    return layout;
  }
}
