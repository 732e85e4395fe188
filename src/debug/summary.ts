// What a network is made of, layer by layer: torchinfo's summary.
import type { Arguments } from '../base/arguments';
import { itemSize } from '../base/dtype';
import { COUNT, either, listOf, oneOf } from '../base/kinds';
import { listen, type Listener, type QueuedWork, type SpanKind } from '../base/observer';
import { formatShape, type Shape } from '../base/shape';
import { argument, signature } from '../base/signature';
import { noGrad } from '../core/backward';
import { TENSOR } from '../core/kinds';
import { Tensor } from '../core/tensor';
import { isUninitialized } from '../nn/module/lazy';
import { MODULE, type Module } from '../nn/module/module';
import { multiplyAddsOf } from '../profiler/flops';

/** How a summary is made. */
export interface SummaryOptions {
  /** Layers inside of so many others are shown; 3 by default. */
  depth?: number;
  /** 1, the default, prints the summary to the console; 0 does not. */
  verbose?: 0 | 1;
}

/** One call of a layer. */
export interface LayerSummary {
  /** Class. */
  readonly type: string;
  /** What its parent calls it; empty for the network itself. */
  readonly name: string;
  /** How many layers it lies in. */
  readonly depth: number;
  /** Number among those of its depth, from 1. */
  readonly index: number;
  /** Of its first result; null for a layer that gives no tensor. */
  readonly outputShape: Shape | null;
  /** Elements of its parameters, those of layers inside included. */
  readonly parameters: number;
  /** Of products and convolutions in it. */
  readonly multiplyAdds: number;
  /** Bytes of its results. */
  readonly outputBytes: number;
  /** Whether it was called before, so that its parameters are counted already. */
  readonly isRecursive: boolean;
  /** Whether layers lie inside of it. */
  readonly isLeaf: boolean;
}

type Row = { -readonly [K in keyof LayerSummary]: LayerSummary[K] };

/** Follows one forward pass. */
class LayerListener implements Listener {
  readonly rows: Row[] = [];
  private readonly modules: Module[] = [];
  private readonly stack: Row[] = [];
  private readonly counts: number[] = [];
  private readonly seen = new Set<unknown>();
  private readonly names: ReadonlyMap<unknown, string>;

  constructor(net: Module) {
    this.names = new Map(net.namedModules().map(([path, module]) => [module, path.split('.').at(-1) ?? '']));
  }

  enter(kind: SpanKind, type: string, subject: unknown): Row | null {
    if (kind !== 'module') return null;
    const module = subject as Module;
    const depth = this.stack.length;
    const index = (this.counts[depth] = (this.counts[depth] ?? 0) + 1);
    const isRecursive = this.seen.has(module);
    this.seen.add(module);
    const name = this.names.get(module) ?? '';
    const row: Row = {
      ...{
        type,
        name,
        depth,
        index,
        isRecursive,
        outputShape: null,
        outputBytes: 0,
        multiplyAdds: 0,
        parameters: 0,
        isLeaf: true,
      },
    };
    const parent = this.stack.at(-1);
    if (parent !== undefined) parent.isLeaf = false;
    this.rows.push(row);
    this.modules.push(module);
    this.stack.push(row);
    return row;
  }

  leave(token: unknown, result: unknown): void {
    if (token === null) return;
    const row = token as Row;
    this.stack.pop();
    const outputs = tensorsIn(result);
    row.outputShape = outputs[0]?.shape ?? null;
    row.outputBytes = outputs.reduce((sum, output) => sum + bytesOf(output), 0);
  }

  queue({ kernel, inputs, outputs }: QueuedWork, queue: () => void): void {
    const multiplyAdds = multiplyAddsOf(kernel, inputs, outputs);
    for (const row of this.stack) row.multiplyAdds += multiplyAdds;
    queue();
  }

  /** Counts parameters, which the first call may have made. */
  count(): void {
    this.modules.forEach((module, i) => (this.rows[i].parameters = sizeOf(module.parameters())));
  }
}

const bytesOf = (tensor: Tensor): number => tensor.numel() * itemSize(tensor.dtype);
const sizeOf = (tensors: readonly Tensor[]): number =>
  tensors.reduce((sum, tensor) => sum + (isUninitialized(tensor) ? 0 : tensor.numel()), 0);

function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  return Array.isArray(value) ? (value as unknown[]).flatMap(tensorsIn) : [];
}

/** What `summary` gives: the layers in order of their calls, and sums. Printed as torchinfo prints it. */
export class ModelSummary {
  /** Elements of all parameters. */
  readonly totalParameters: number;
  /** Of those that require gradients. */
  readonly trainableParameters: number;
  /** Of products and convolutions, without biases. */
  readonly totalMultiplyAdds: number;
  /** Bytes of the inputs. */
  readonly inputBytes: number;
  /** Bytes of the results of layers with parameters, twice, as torchinfo estimates what a training step keeps. */
  readonly outputBytes: number;
  /** Bytes of the parameters. */
  readonly parameterBytes: number;

  /** @internal */
  constructor(
    net: Module,
    inputs: readonly Tensor[],
    readonly layers: readonly LayerSummary[],
    private readonly depth: number,
  ) {
    const parameters = net.parameters();
    this.totalParameters = sizeOf(parameters);
    this.trainableParameters = sizeOf(parameters.filter(({ requiresGrad }) => requiresGrad));
    this.totalMultiplyAdds = layers[0].multiplyAdds;
    this.inputBytes = inputs.reduce((sum, input) => sum + bytesOf(input), 0);
    this.parameterBytes = parameters.reduce((sum, parameter) => sum + (isUninitialized(parameter) ? 0 : bytesOf(parameter)), 0); // prettier-ignore
    const kept = layers.filter(({ isLeaf, parameters }) => isLeaf && parameters > 0);
    this.outputBytes = 2 * kept.reduce((sum, layer) => sum + layer.outputBytes, 0);
  }

  /** The table. */
  toString(): string {
    const shown = this.layers.filter(({ depth }) => depth <= this.depth);
    const cells = shown.map((layer, i) => [
      `${branchOf(shown, i)}${layer.type}${layer.name === '' ? '' : ` (${layer.name})`}: ${layer.depth}-${layer.index}`,
      layer.outputShape === null ? '--' : formatShape(layer.outputShape),
      this.parametersOf(layer),
      layer.multiplyAdds === 0 ? '--' : layer.multiplyAdds.toLocaleString('en-US'),
      megabytes(layer.outputBytes),
    ]);
    const titles = ['Layer (name): depth-index', 'Output Shape', 'Param #', 'Mult-Adds', 'Output (MB)'];
    const widths = titles.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i].length)) + 2);
    const line = (row: readonly string[]): string =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('')
        .trimEnd();
    const rule = '='.repeat(widths.reduce((sum, width) => sum + width, 0));
    const number = (value: number): string => value.toLocaleString('en-US');
    const { totalParameters, trainableParameters, inputBytes, outputBytes, parameterBytes } = this;
    return [
      ...[rule, line(titles), rule, ...cells.map(line), rule],
      `Total params: ${number(totalParameters)}`,
      `Trainable params: ${number(trainableParameters)}`,
      `Non-trainable params: ${number(totalParameters - trainableParameters)}`,
      `Total mult-adds (M): ${(this.totalMultiplyAdds / 1e6).toFixed(2)}`,
      rule,
      `Input size (MB): ${megabytes(inputBytes)}`,
      `Forward/backward pass size (MB): ${megabytes(outputBytes)}`,
      `Params size (MB): ${megabytes(parameterBytes)}`,
      `Estimated Total Size (MB): ${megabytes(inputBytes + outputBytes + parameterBytes)}`,
      rule,
    ].join('\n');
  }

  /** Those of a layer whose insides are shown stand there. */
  private parametersOf({ isLeaf, isRecursive, parameters, depth }: LayerSummary): string {
    if (!isLeaf && depth < this.depth) return '--';
    if (parameters === 0) return '--';
    return isRecursive ? '(recursive)' : parameters.toLocaleString('en-US');
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);

/** The lines of the tree in front of row `at`. */
function branchOf(rows: readonly LayerSummary[], at: number): string {
  const { depth } = rows[at];
  if (depth === 0) return '';
  /** Whether another row of that depth follows in the same parent. */
  const goesOn = (level: number): boolean => {
    for (const row of rows.slice(at + 1)) if (row.depth <= level) return row.depth === level;
    return false;
  };
  const before = Array.from({ length: depth - 1 }, (_, i) => (goesOn(i + 1) ? '│    ' : '     '));
  return `${before.join('')}${goesOn(depth) ? '├─' : '└─'}`;
}

const INPUTS = { ...either(TENSOR, listOf(TENSOR)), expected: 'a tensor or a list of tensors' };
const VERBOSE = { ...oneOf('0', '1'), expected: '0 or 1', accepts: (value: unknown): value is 0 | 1 => value === 0 || value === 1 }; // prettier-ignore
const SUMMARY = signature('summary', [
  argument('net', MODULE), argument('inputs', INPUTS), argument('depth', COUNT, 3), argument('verbose', VERBOSE, 1),
]); // prettier-ignore

/**
 * Runs `net` once, in evaluation mode and without gradients, and tells of each layer its output shape, parameters, multiply-adds
 * of products and convolutions (biases are not counted), and memory of its output; printed to the console unless `verbose` is 0. With
 * a network and inputs on the meta device nothing is computed.
 * @example summary(net, randn(1, 3, 224, 224))
 * @see torchinfo.summary
 */
export function summary(
  net: Module,
  inputs: Tensor | readonly Tensor[],
  ...args: Arguments<[], [depth?: number, verbose?: 0 | 1], SummaryOptions>
): ModelSummary {
  const { depth, verbose } = SUMMARY.takeRest([net, inputs], args);
  const given = inputs instanceof Tensor ? [inputs] : inputs;
  const listener = new LayerListener(net);
  const modes = net.modules().map((module) => [module, module.training] as const);
  const end = listen(listener);
  net.eval();
  try {
    noGrad(() => void (net(...given) as unknown));
  } finally {
    end();
    for (const [module, training] of modes) module.training = training;
  }
  listener.count();
  const found = new ModelSummary(net, given, listener.rows, depth);
  // eslint-disable-next-line no-console -- what it is for
  if (verbose === 1) console.log(String(found));
  return found;
}
