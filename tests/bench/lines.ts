// The lines of the benchmark: what is computed, how much work it is, and how closely results must agree. To add one: a row
// here, and what each library does for it in peers/ if its kind is new.
import { modelOf, type ModelName } from './models';

/** What is computed, by kind. Tensors are laid out as in PyTorch; a library may convert them beforehand. */
export type Job =
  | {
      /** [batch,] [m, k] times [k, n]; the right-hand side is another tensor at every call. */
      readonly kind: 'matmul';
      /** 0: none. */
      readonly batch: number;
      readonly m: number;
      readonly k: number;
      readonly n: number;
      /** The operand that is stored transposed: aᵀ as [k, m] or bᵀ as [n, k]. */
      readonly transposed: 'none' | 'left' | 'right';
    }
  | {
      /** Convolution of square images and kernels. */
      readonly kind: 'conv2d';
      readonly batch: number;
      readonly channels: number;
      readonly side: number;
      readonly out: number;
      readonly kernel: number;
      readonly padding: number;
      /** 1, or `channels` for a depthwise one. */
      readonly groups: number;
      /** Whether the gradients of input and weight are computed too, from a gradient of the output. */
      readonly gradients: boolean;
    }
  /** sigmoid(2x + 1) · x */
  | { readonly kind: 'gate'; readonly size: number }
  | { readonly kind: 'sum'; readonly size: number }
  /** Over the last dimension. */
  | { readonly kind: 'softmax'; readonly rows: number; readonly columns: number }
  /** Over the last dimension, with weight and bias. */
  | { readonly kind: 'layerNorm'; readonly rows: number; readonly columns: number }
  /** x = x + y, `calls` times, one call of the library after the other. */
  | { readonly kind: 'adds'; readonly size: number; readonly calls: number }
  /** Forward, backward, Adam. */
  | { readonly kind: 'train'; readonly model: ModelName }
  /** Forward, without gradients. */
  | { readonly kind: 'infer'; readonly model: ModelName };

export type JobKind = Job['kind'];
export type JobOf<K extends JobKind> = Extract<Job, { kind: K }>;

export interface Line {
  readonly name: string;
  readonly job: Job;
  /** Work of a call: floating-point operations, or bytes that must be read and written; null if neither says much. */
  readonly work: { readonly unit: 'flops' | 'bytes'; readonly amount: number } | null;
  /** Greatest difference between two libraries' results, as a part of the greatest magnitude in them. */
  readonly tolerance: number;
}

const FLOAT = 4;

function matmul(m: number, k: number, n: number, transposed: 'none' | 'left' | 'right' = 'none', batch = 0): Line {
  const sizes = m === k && k === n ? (batch > 0 ? `${batch}×${m}×${k}×${n}` : `${m}`) : `${m}×${k}×${n}`;
  const suffix = { none: '', left: ' AᵀB', right: ' ABᵀ' }[transposed];
  return {
    name: `matmul ${sizes}${suffix}`,
    job: { kind: 'matmul', batch, m, k, n, transposed },
    work: { unit: 'flops', amount: 2 * Math.max(1, batch) * m * k * n },
    tolerance: 1e-5,
  };
}

const SIZES = [
  [256, 256, 256],
  [512, 512, 512],
  [1024, 1024, 1024],
  [64, 784, 128],
] as const;

const CONV = { kind: 'conv2d', batch: 8, channels: 64, side: 32, out: 64, kernel: 3, padding: 1, groups: 1 } as const;
const CONV_FLOPS = 2 * CONV.batch * CONV.side ** 2 * CONV.out * CONV.channels * CONV.kernel ** 2;

const training = (name: string, model: ModelName): Line => ({
  name,
  job: { kind: 'train', model },
  work: { unit: 'flops', amount: 3 * modelOf(model).flops },
  // Adam divides by the gradient's size, so that rounding in small gradients shows in the losses.
  tolerance: 1e-3,
});

const inference = (name: string, model: ModelName): Line => ({
  name,
  job: { kind: 'infer', model },
  work: { unit: 'flops', amount: modelOf(model).flops },
  tolerance: 1e-4,
});

const pointwise = (name: string, job: Job, floats: number): Line => ({
  name,
  job,
  work: { unit: 'bytes', amount: FLOAT * floats },
  tolerance: 1e-5,
});

export const LINES: readonly Line[] = [
  ...SIZES.flatMap(([m, k, n]) => [matmul(m, k, n), matmul(m, k, n, 'left'), matmul(m, k, n, 'right')]),
  matmul(64, 64, 64, 'none', 32),
  {
    name: 'conv2d',
    job: { ...CONV, gradients: false },
    work: { unit: 'flops', amount: CONV_FLOPS },
    tolerance: 1e-5,
  },
  {
    name: 'conv2d with gradients',
    job: { ...CONV, gradients: true },
    work: { unit: 'flops', amount: 3 * CONV_FLOPS },
    tolerance: 1e-5,
  },
  {
    name: 'depthwise 3×3',
    job: { ...CONV, groups: CONV.channels, gradients: false },
    work: { unit: 'flops', amount: CONV_FLOPS / CONV.channels },
    tolerance: 1e-5,
  },
  pointwise('sigmoid(2x+1)·x 1e6', { kind: 'gate', size: 1e6 }, 2e6),
  // Summands of both signs cancel: the sum is a thousandth of what is added.
  { ...pointwise('sum 1e6', { kind: 'sum', size: 1e6 }, 1e6), tolerance: 1e-3 },
  pointwise('softmax 256×1000', { kind: 'softmax', rows: 256, columns: 1000 }, 2 * 256 * 1000),
  pointwise('layer norm 1024×768', { kind: 'layerNorm', rows: 1024, columns: 768 }, 2 * 1024 * 768),
  { name: '1000 adds of 10', job: { kind: 'adds', size: 10, calls: 1000 }, work: null, tolerance: 1e-5 },
  training('MLP step', 'mlp'),
  training('CNN step', 'cnn'),
  training('transformer step', 'transformer'),
  training('LSTM step', 'lstm'),
  training('MultiheadAttention step', 'attention'),
  training('ConvTranspose2d step', 'convTranspose'),
  inference('MLP inference', 'mlp'),
  inference('CNN inference', 'cnn'),
  inference('transformer inference', 'transformer'),
];
