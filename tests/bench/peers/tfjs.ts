// TensorFlow.js: images as NHWC and weights as [in, out], as it wants them. The embedding is a product with one-hot tokens, since
// the wasm backend has no gradient of gather; what else a backend lacks it says itself.
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths, version_wasm } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';
import { permute, values, type Indices, type Values } from '../data';
import { ADAM, ATTENTION, CONV_TRANSPOSE, hasClasses, initialParameters, LSTM, modelOf, TRANSFORMER } from '../models';
import type { Model, ModelName } from '../models';
import { trainingTask, type Start, type Task, type Tasks } from '../peer';

/** Sizes of a self-attention. */
type AttentionSizes = Readonly<Record<'batch' | 'sequence' | 'width' | 'heads', number>>;

type Parameters = Readonly<Record<string, tf.Variable>>;

/** Threads for everyone are two: the wasm backend's pool has half of what it is told (its source, backend.cc). */
const THREADS = 4;

const toTensor = ({ shape, data }: Values | Indices): tf.Tensor =>
  tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32');
/** [N, C, H, W] as [N, H, W, C]. */
const toImages = (x: Values): tf.Tensor4D => toTensor(permute(x, [0, 2, 3, 1])) as tf.Tensor4D;
/** [out, in, H, W] as [H, W, in, out]. */
const toKernel = (weight: Values): tf.Tensor4D => toTensor(permute(weight, [2, 3, 1, 0])) as tf.Tensor4D;
/** Images and kernels back in PyTorch's order. */
const fromImages = (x: tf.Tensor): tf.Tensor => tf.transpose(x, [0, 3, 1, 2]);
const fromKernel = (weight: tf.Tensor): tf.Tensor => tf.transpose(weight, [3, 2, 0, 1]);

/** A task that calls a function; `read` turns its results into PyTorch's layout. */
function calls(
  compute: (call: number) => tf.Tensor | tf.Tensor[],
  read: (...results: tf.Tensor[]) => tf.Tensor[] = (...results) => results,
  more: Partial<Task> = {},
): Task {
  const call = (i: number): tf.Tensor[] => tf.tidy(() => [compute(i)].flat());
  return {
    async result() {
      const results = call(0);
      const parts = await Promise.all(read(...results).map((each) => each.data()));
      tf.dispose(results);
      return Float32Array.from(parts.flatMap((part) => Array.from(part)));
    },
    async run(count) {
      for (let i = 0; i < count - 1; i++) tf.dispose(call(i));
      const last = call(count - 1);
      await tf.tidy(() => last[last.length - 1].flatten().slice(0, 1)).data();
      tf.dispose(last);
    },
    ...more,
  };
}

const linear = (p: Parameters, name: string, x: tf.Tensor, activation: 'linear' | 'relu' = 'linear'): tf.Tensor =>
  tf.fused.matMul({ a: x, b: p[`${name}.weight`], bias: p[`${name}.bias`], activation });

const convolution = (p: Parameters, name: string, x: tf.Tensor): tf.Tensor4D =>
  tf.fused.conv2d({
    x: x as tf.Tensor4D,
    filter: p[`${name}.weight`] as tf.Tensor as tf.Tensor4D,
    strides: 1,
    pad: 'same',
    bias: p[`${name}.bias`],
    activation: 'relu',
  });

function layerNorm(x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(weight).add(bias);
}

/** Self-attention on [batch · sequence, width]. */
function attention(p: Parameters, name: string, x: tf.Tensor, sizes: AttentionSizes): tf.Tensor {
  const { batch, sequence, width, heads } = sizes;
  const size = width / heads;
  const projected = tf.fused.matMul({ a: x, b: p[`${name}.in_proj_weight`], bias: p[`${name}.in_proj_bias`] });
  const [q, k, v] = tf
    .split(projected, 3, 1)
    .map((each) => each.reshape([batch, sequence, heads, size]).transpose([0, 2, 1, 3]));
  const weights = tf.softmax(tf.matMul(q, k, false, true).mul(1 / Math.sqrt(size)));
  const mixed = tf
    .matMul(weights, v)
    .transpose([0, 2, 1, 3])
    .reshape([batch * sequence, width]);
  return linear(p, `${name}.out_proj`, mixed);
}

type Forward = (p: Parameters, input: tf.Tensor) => tf.Tensor;

const FORWARDS: Readonly<Record<ModelName, Forward>> = {
  mlp: (p, x) => linear(p, '4', linear(p, '2', linear(p, '0', x, 'relu'), 'relu')),
  cnn: (p, x) => {
    const pool = (y: tf.Tensor4D): tf.Tensor4D => tf.maxPool(y, 2, 2, 'valid');
    const features = pool(convolution(p, '3', pool(convolution(p, '0', x))));
    return linear(p, '7', features.reshape([features.shape[0], -1]));
  },
  transformer: (p, tokens) => {
    const { batch, sequence, layers, tokens: count } = TRANSFORMER;
    const norm = (name: string, x: tf.Tensor): tf.Tensor => layerNorm(x, p[`${name}.weight`], p[`${name}.bias`]);
    let x: tf.Tensor = tf.matMul(tf.oneHot(tokens.flatten(), count).toFloat(), p['embedding.weight']);
    for (let i = 0; i < layers; i++) {
      const name = `encoder.layers.${i}`;
      x = norm(`${name}.norm1`, x.add(attention(p, `${name}.self_attn`, x, TRANSFORMER)));
      x = norm(`${name}.norm2`, x.add(linear(p, `${name}.linear2`, linear(p, `${name}.linear1`, x, 'relu'))));
    }
    return linear(p, 'head', x).reshape([batch, sequence, count]);
  },
  lstm: (p, input) => {
    const { batch, sequence, input: size, hidden } = LSTM;
    const projected = tf.fused
      .matMul({ a: input.reshape([-1, size]), b: p['lstm.weight_ih_l0'], bias: p['lstm.bias_ih_l0'] })
      .reshape([batch, sequence, 4 * hidden]);
    const steps = tf.unstack(projected, 1);
    let h: tf.Tensor = tf.zeros([batch, hidden]);
    let c: tf.Tensor = tf.zeros([batch, hidden]);
    for (const step of steps) {
      const recurrent = tf.fused.matMul({ a: h, b: p['lstm.weight_hh_l0'], bias: p['lstm.bias_hh_l0'] });
      const [i, f, g, o] = tf.split(step.add(recurrent), 4, 1);
      c = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()));
      h = o.sigmoid().mul(c.tanh());
    }
    return linear(p, 'head', h);
  },
  attention: (p, x) => {
    const { batch, sequence, width } = ATTENTION;
    return attention(p, 'attention', x.reshape([-1, width]), ATTENTION).reshape([batch, sequence, width]);
  },
  convTranspose: (p, x) => {
    const { batch, side, stride, outChannels } = CONV_TRANSPOSE;
    const kernel = p.weight as tf.Tensor as tf.Tensor4D;
    const size: [number, number, number, number] = [batch, side * stride, side * stride, outChannels];
    // 'same' is PyTorch's padding of 1 for a kernel of 4 and a stride of 2.
    return tf.conv2dTranspose(x as tf.Tensor4D, kernel, size, stride, 'same').add(p.bias);
  },
};

/** PyTorch's parameters as variables in the order that tfjs wants. */
function parametersOf(model: Model): Parameters {
  const entries = Object.entries(initialParameters(model)).map(([name, value]): [string, tf.Variable] => {
    let converted = value;
    if (model.name === 'cnn' && name === '7.weight') {
      // The features are flattened as [H, W, C] instead of [C, H, W].
      const { data } = permute({ shape: [10, 32, 7, 7], data: value.data }, [2, 3, 1, 0]);
      converted = { shape: [32 * 7 * 7, 10], data };
    } else if (value.shape.length === 4) converted = permute(value, [2, 3, 1, 0]);
    else if (value.shape.length === 2 && !name.startsWith('embedding')) converted = permute(value, [1, 0]);
    return [name, tf.variable(toTensor(converted))];
  });
  return Object.fromEntries(entries);
}

const isImage = ({ shape }: Values | Indices): boolean => shape.length === 4;
const toInput = (x: Values | Indices): tf.Tensor => (isImage(x) ? toImages(x as Values) : toTensor(x));

/** The loss of what a model gives. */
function lossOf({ target, output }: Model): (output: tf.Tensor) => tf.Scalar {
  if (!hasClasses(target)) {
    const expected = toInput(target);
    return (found) => tf.losses.meanSquaredError(expected, found);
  }
  const classes = output[output.length - 1];
  const expected = tf.oneHot(toTensor(target).flatten(), classes);
  return (found) => tf.losses.softmaxCrossEntropy(expected, found.reshape([-1, classes]));
}

const TASKS: Tasks = {
  matmul({ batch, m, k, n, transposed }) {
    const outer = batch > 0 ? [batch] : [];
    const a = toTensor(values('a', [...outer, ...(transposed === 'left' ? [k, m] : [m, k])]));
    const b = toTensor(values('b', [...outer, ...(transposed === 'right' ? [n, k] : [k, n])]));
    const fresh = (): tf.Tensor => tf.add(b, 0);
    let copies = [fresh()];
    return calls((call) => tf.matMul(a, copies[call], transposed === 'left', transposed === 'right'), undefined, {
      limit: Math.ceil(2 ** 24 / b.size),
      async prepare(count) {
        tf.dispose(copies);
        copies = Array.from({ length: count }, fresh);
        await tf.tidy(() => copies[count - 1].flatten().slice(0, 1)).data();
      },
    });
  },
  conv2d({ batch, channels, side, out, kernel, padding, groups, gradients }) {
    const x = toImages(values('x', [batch, channels, side, side]));
    const weight = values('weight', [out, channels / groups, kernel, kernel]);
    if (groups > 1) {
      // [channels, 1, H, W] as [H, W, channels, 1]
      const filter = toTensor(permute(weight, [2, 3, 0, 1])) as tf.Tensor4D;
      return calls(
        () => tf.depthwiseConv2d(x, filter, 1, padding),
        (y) => [fromImages(y)],
      );
    }
    const filter = toKernel(weight);
    const convolve = (image: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D => tf.conv2d(image, filter, 1, padding);
    if (!gradients) {
      return calls(
        () => convolve(x, filter),
        (y) => [fromImages(y)],
      );
    }
    const dy = toImages(values('gradient', [batch, out, side, side]));
    const gradient = tf.grads(convolve as (...args: tf.Tensor[]) => tf.Tensor);
    return calls(
      () => gradient([x, filter], dy),
      (dx, dWeight) => [fromImages(convolve(x, filter)), fromImages(dx), fromKernel(dWeight)],
    );
  },
  gate({ size }) {
    const x = toTensor(values('x', [size], 4));
    return calls(() => x.mul(2).add(1).sigmoid().mul(x));
  },
  sum({ size }) {
    const x = toTensor(values('x', [size]));
    return calls(() => x.sum());
  },
  softmax({ rows, columns }) {
    const x = toTensor(values('x', [rows, columns], 4));
    return calls(() => tf.softmax(x));
  },
  layerNorm({ rows, columns }) {
    const x = toTensor(values('x', [rows, columns]));
    const [weight, bias] = [toTensor(values('weight', [columns])), toTensor(values('bias', [columns]))];
    return calls(() => layerNorm(x, weight, bias));
  },
  adds({ size, calls: count }) {
    const start = toTensor(values('x', [size]));
    const step = toTensor(values('y', [size]));
    return calls(() => {
      let x = start;
      for (let i = 0; i < count; i++) x = x.add(step);
      return x;
    });
  },
  train({ model: name }) {
    const model = modelOf(name);
    const parameters = parametersOf(model);
    const optimizer = tf.train.adam(ADAM.lr, ADAM.beta1, ADAM.beta2, ADAM.eps);
    const input = toInput(model.input);
    const loss = lossOf(model);
    return trainingTask({
      step: () => optimizer.minimize(() => loss(FORWARDS[name](parameters, input)), true) as tf.Scalar,
      async read(value) {
        const [number] = await value.data();
        value.dispose();
        return number;
      },
      drop: (value) => value.dispose(),
    });
  },
  infer({ model: name }) {
    const model = modelOf(name);
    const parameters = parametersOf(model);
    const input = toInput(model.input);
    return calls(() => FORWARDS[name](parameters, input));
  },
};

export const start: Start = async (backend) => {
  tf.enableProdMode();
  setWasmPaths('/modules/@tensorflow/tfjs-backend-wasm/dist/');
  setThreadsCount(THREADS);
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs has not started its ${backend} backend`);
  await tf.ready();
  const flags = ['WASM_HAS_SIMD_SUPPORT', 'WASM_HAS_MULTITHREAD_SUPPORT'];
  const features = backend === 'wasm' ? await Promise.all(flags.map((flag) => tf.env().getAsync(flag))) : [];
  const wasm = backend === 'wasm' ? `, wasm ${version_wasm}, simd ${features[0]}, threads ${features[1]}` : '';
  return { description: `tfjs ${tf.version_core}, ${tf.getBackend()}${wasm}`, tasks: TASKS };
};
