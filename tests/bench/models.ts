// The models that are trained and run: sizes, parameters under PyTorch's names, and what they learn from. How they compute is
// written once for each library (peers/).
import { indices, values, type Indices, type Values } from './data';

export type ModelName = 'mlp' | 'cnn' | 'transformer' | 'lstm' | 'attention' | 'convTranspose';

/** The optimizer of every training step: Adam with PyTorch's defaults. */
export const ADAM = { lr: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;

export interface Model {
  readonly name: ModelName;
  /** Shapes by the names of PyTorch's state dict, in its order. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly input: Values | Indices;
  /** Classes, for the cross entropy of [*, classes]; or values, for the mean squared error. */
  readonly target: Values | Indices;
  /** What the model gives. */
  readonly output: readonly number[];
  /** Floating-point operations of a forward pass, counting products of matrices only; a training step takes three times that. */
  readonly flops: number;
}

/** Sizes of the transformer encoder. */
export const TRANSFORMER = {
  layers: 2, batch: 8, sequence: 64, width: 128, heads: 4, feedForward: 512, tokens: 65,
} as const; // prettier-ignore
/** Sizes of the LSTM, whose last output goes through a linear layer. */
export const LSTM = { batch: 16, sequence: 32, input: 64, hidden: 128, classes: 10 } as const;
/** Sizes of the multi-head self-attention. */
export const ATTENTION = { batch: 8, sequence: 128, width: 128, heads: 4 } as const;
/** Sizes of the transposed convolution: [8, 32, 16, 16] -> [8, 16, 32, 32]. */
export const CONV_TRANSPOSE = {
  batch: 8,
  inChannels: 32,
  outChannels: 16,
  side: 16,
  kernel: 4,
  stride: 2,
  padding: 1,
} as const;
/** Rows of a batch. */
const MLP_BATCH = 64;
const CNN_BATCH = 32;

const linear = (name: string, inFeatures: number, outFeatures: number): Record<string, readonly number[]> => ({
  [`${name}.weight`]: [outFeatures, inFeatures],
  [`${name}.bias`]: [outFeatures],
});

function encoderLayer(name: string): Record<string, readonly number[]> {
  const { width, feedForward } = TRANSFORMER;
  const norm = (which: string): Record<string, readonly number[]> => ({
    [`${name}.${which}.weight`]: [width],
    [`${name}.${which}.bias`]: [width],
  });
  return {
    [`${name}.self_attn.in_proj_weight`]: [3 * width, width],
    [`${name}.self_attn.in_proj_bias`]: [3 * width],
    ...linear(`${name}.self_attn.out_proj`, width, width),
    ...linear(`${name}.linear1`, width, feedForward),
    ...linear(`${name}.linear2`, feedForward, width),
    ...norm('norm1'),
    ...norm('norm2'),
  };
}

const MODELS: Readonly<Record<ModelName, () => Omit<Model, 'name'>>> = {
  /** Linear 784-256, ReLU, Linear 256-128, ReLU, Linear 128-10. */
  mlp: () => ({
    parameters: { ...linear('0', 784, 256), ...linear('2', 256, 128), ...linear('4', 128, 10) },
    input: values('mlp', [MLP_BATCH, 784]),
    target: indices('mlp classes', [MLP_BATCH], 10),
    output: [MLP_BATCH, 10],
    flops: 2 * MLP_BATCH * (784 * 256 + 256 * 128 + 128 * 10),
  }),
  /** Conv 1-16 of 3×3 with padding 1, ReLU, pool 2×2, Conv 16-32 likewise, ReLU, pool 2×2, Linear 1568-10. */
  cnn: () => ({
    parameters: {
      '0.weight': [16, 1, 3, 3],
      '0.bias': [16],
      '3.weight': [32, 16, 3, 3],
      '3.bias': [32],
      ...linear('7', 32 * 7 * 7, 10),
    },
    input: values('cnn', [CNN_BATCH, 1, 28, 28]),
    target: indices('cnn classes', [CNN_BATCH], 10),
    output: [CNN_BATCH, 10],
    flops: 2 * CNN_BATCH * (28 * 28 * 16 * 9 + 14 * 14 * 32 * 16 * 9 + 1568 * 10),
  }),
  /** Embedding, encoder layers (norm behind, ReLU, no dropout, no mask), Linear to the tokens. */
  transformer: () => {
    const { layers, batch, sequence, width, feedForward, tokens } = TRANSFORMER;
    const names = Array.from({ length: layers }, (_, i) => `encoder.layers.${i}`);
    return {
      parameters: {
        'embedding.weight': [tokens, width],
        ...Object.fromEntries(names.flatMap((name) => Object.entries(encoderLayer(name)))),
        ...linear('head', width, tokens),
      },
      input: indices('transformer', [batch, sequence], tokens),
      target: indices('transformer targets', [batch, sequence], tokens),
      output: [batch, sequence, tokens],
      flops:
        2 *
        batch *
        sequence *
        (layers * (4 * width ** 2 + 2 * sequence * width + 2 * width * feedForward) + width * tokens),
    };
  },
  lstm: () => {
    const { batch, sequence, input, hidden, classes } = LSTM;
    return {
      parameters: {
        'lstm.weight_ih_l0': [4 * hidden, input],
        'lstm.weight_hh_l0': [4 * hidden, hidden],
        'lstm.bias_ih_l0': [4 * hidden],
        'lstm.bias_hh_l0': [4 * hidden],
        ...linear('head', hidden, classes),
      },
      input: values('lstm', [batch, sequence, input]),
      target: indices('lstm classes', [batch], classes),
      output: [batch, classes],
      flops: 2 * batch * (sequence * 4 * hidden * (input + hidden) + hidden * classes),
    };
  },
  attention: () => {
    const { batch, sequence, width } = ATTENTION;
    return {
      parameters: {
        'attention.in_proj_weight': [3 * width, width],
        'attention.in_proj_bias': [3 * width],
        ...linear('attention.out_proj', width, width),
      },
      input: values('attention', [batch, sequence, width]),
      target: values('attention target', [batch, sequence, width]),
      output: [batch, sequence, width],
      flops: 2 * batch * sequence * (4 * width ** 2 + 2 * sequence * width),
    };
  },
  convTranspose: () => {
    const { batch, inChannels, outChannels, side, kernel, stride } = CONV_TRANSPOSE;
    const output = [batch, outChannels, stride * side, stride * side];
    return {
      parameters: { weight: [inChannels, outChannels, kernel, kernel], bias: [outChannels] },
      input: values('convTranspose', [batch, inChannels, side, side]),
      target: values('convTranspose target', output),
      output,
      flops: 2 * batch * side ** 2 * inChannels * outChannels * kernel ** 2,
    };
  },
};

export function modelOf(name: ModelName): Model {
  return { name, ...MODELS[name]() };
}

/** The numbers that training starts from: weights of about 1/√fan-in, norms at 1 and 0. */
export function initialParameters({ name: model, parameters }: Model): Record<string, Values> {
  const entries = Object.entries(parameters).map(([name, shape]): [string, Values] => {
    if (name.includes('norm')) {
      const one = name.endsWith('weight') ? 1 : 0;
      return [name, { shape, data: new Float32Array(shape[0]).fill(one) }];
    }
    const fanIn = shape.length === 1 ? 64 : shape.slice(1).reduce((product, size) => product * size, 1);
    return [name, values(`${model} ${name}`, shape, 1 / Math.sqrt(fanIn))];
  });
  return Object.fromEntries(entries);
}

/** Whether the target is classes (cross entropy) rather than values (mean squared error). */
export const hasClasses = (target: Values | Indices): target is Indices => target.data instanceof Int32Array;
