// jax-js: functions of trees of arrays, compiled with jit as its documentation shows, or not at all ('eager'). A function owns its
// arguments: `.ref` keeps one for further use. Adam is written as its own companion library does (optax, scaleByAdam).
import * as jax from '@jax-js/jax';
import { init, jit, lax, nn, numpy as np, tree, valueAndGrad, vjp } from '@jax-js/jax';
import { permute, values, type Indices, type Values } from '../data';
import { ADAM, ATTENTION, CONV_TRANSPOSE, hasClasses, initialParameters, LSTM, modelOf, TRANSFORMER } from '../models';
import type { Model, ModelName } from '../models';
import { trainingTask, type Start, type Task, type Tasks } from '../peer';

type Array = np.Array;
type Parameters = Record<string, Array>;
/** Sizes of a self-attention. */
type AttentionSizes = Readonly<Record<'batch' | 'sequence' | 'width' | 'heads', number>>;

const toArray = ({ shape, data }: Values | Indices): Array =>
  np.array(data, { shape: [...shape], dtype: data instanceof Int32Array ? np.int32 : np.float32 });

/** Results that may be waiting: each holds its memory. */
const MOST_WAITING = 16;

/** A task that calls a function; every result is waited for, since one that is thrown away may never be computed. */
function calls(compute: (call: number) => Array | Array[], more: Partial<Task> = {}): Task {
  return {
    async result() {
      const parts = await Promise.all([compute(0)].flat().map((each) => each.data()));
      return Float32Array.from(parts.flatMap((part) => globalThis.Array.from(part as Float32Array)));
    },
    async run(count) {
      for (let done = 0; done < count; done += MOST_WAITING) {
        const waiting: Array[] = [];
        for (let i = done; i < Math.min(count, done + MOST_WAITING); i++) waiting.push(...[compute(i)].flat());
        await jax.blockUntilReady(waiting);
        tree.dispose(waiting);
      }
    },
    ...more,
  };
}

const linear = (p: Parameters, name: string, x: Array): Array =>
  np.dot(x, p[`${name}.weight`].ref).add(p[`${name}.bias`].ref);

/** The same padding on all sides of an image. */
const sidesOf = (padding: number): [number, number][] => [
  [padding, padding],
  [padding, padding],
];

const convolution = (p: Parameters, name: string, x: Array): Array => {
  return nn.relu(lax.convGeneralDilated(x, p[`${name}.weight`].ref, [1, 1], sidesOf(1)).add(p[`${name}.bias`].ref));
};

/** As in the MNIST page of its site. */
const pool = (x: Array): Array => lax.reduceWindow(x, np.max, [2, 2], [2, 2]);

const layerNorm = (x: Array, weight: Array, bias: Array): Array => nn.standardize(x).mul(weight).add(bias);

/** Self-attention on [batch, sequence, width]. */
function attention(p: Parameters, name: string, x: Array, { batch, sequence, width, heads }: AttentionSizes): Array {
  const projected = np.dot(x, p[`${name}.in_proj_weight`].ref).add(p[`${name}.in_proj_bias`].ref);
  const [q, k, v] = np.split(projected, 3, -1).map((each) => each.reshape([batch, sequence, heads, width / heads]));
  const mixed = nn.dotProductAttention(q, k, v).reshape([batch, sequence, width]);
  return linear(p, `${name}.out_proj`, mixed);
}

/** What owns and frees its parameters and its input. */
type Forward = (p: Parameters, input: Array) => Array;

const FORWARDS: Readonly<Record<ModelName, Forward>> = {
  mlp: (p, x) => linear(p, '4', nn.relu(linear(p, '2', nn.relu(linear(p, '0', x))))),
  cnn: (p, x) => {
    const features = pool(convolution(p, '3', pool(convolution(p, '0', x))));
    return linear(p, '7', features.reshape([-1, 32 * 7 * 7]));
  },
  transformer: (p, tokens) => {
    const norm = (name: string, x: Array): Array => layerNorm(x, p[`${name}.weight`].ref, p[`${name}.bias`].ref);
    let x = np.dot(nn.oneHot(tokens, TRANSFORMER.tokens), p['embedding.weight'].ref);
    for (let i = 0; i < TRANSFORMER.layers; i++) {
      const name = `encoder.layers.${i}`;
      x = norm(`${name}.norm1`, x.ref.add(attention(p, `${name}.self_attn`, x, TRANSFORMER)));
      x = norm(`${name}.norm2`, x.ref.add(linear(p, `${name}.linear2`, nn.relu(linear(p, `${name}.linear1`, x)))));
    }
    return linear(p, 'head', x);
  },
  lstm: (p, input) => {
    const { batch, sequence, hidden } = LSTM;
    const projected = np.dot(input, p['lstm.weight_ih_l0'].ref).add(p['lstm.bias_ih_l0'].ref);
    const steps = np.split(projected, sequence, 1).map((step) => step.reshape([batch, 4 * hidden]));
    let h = np.zeros([batch, hidden]);
    let c = np.zeros([batch, hidden]);
    for (const step of steps) {
      const recurrent = np.dot(h, p['lstm.weight_hh_l0'].ref).add(p['lstm.bias_hh_l0'].ref);
      const [i, f, g, o] = np.split(step.add(recurrent), 4, 1);
      c = nn
        .sigmoid(f)
        .mul(c)
        .add(nn.sigmoid(i).mul(np.tanh(g)));
      h = nn.sigmoid(o).mul(np.tanh(c.ref));
    }
    c.dispose();
    return linear(p, 'head', h);
  },
  attention: (p, x) => attention(p, 'attention', x, ATTENTION),
  convTranspose: (p, x) => {
    const { stride, padding } = CONV_TRANSPOSE;
    const sides = sidesOf(padding);
    const output = lax.convTranspose(x, p.weight.ref, [stride, stride], sides, { transposeKernel: true });
    return output.add(p.bias.ref);
  },
};

/** PyTorch's parameters: weights of linear layers as [in, out], biases of convolutions as [C, 1, 1]. */
function parametersOf(model: Model): Parameters {
  const isConvolution = (name: string): boolean =>
    model.parameters[name.replace(/bias$/, 'weight')]?.length === 4 && name.endsWith('bias');
  const entries = Object.entries(initialParameters(model)).map(([name, value]): [string, Array] => {
    if (isConvolution(name)) return [name, toArray({ shape: [value.shape[0], 1, 1], data: value.data })];
    const isLinear = value.shape.length === 2 && !name.startsWith('embedding');
    return [name, toArray(isLinear ? permute(value, [1, 0]) : value)];
  });
  return Object.fromEntries(entries);
}

/** The loss of a model's parameters. */
function lossOf({ name, target, output }: Model): (p: Parameters, input: Array, expected: Array) => Array {
  const run = (p: Parameters, input: Array): Array => {
    const found = FORWARDS[name](p, input);
    tree.dispose(p);
    return found;
  };
  if (!hasClasses(target)) return (p, input, expected) => np.square(run(p, input).sub(expected)).mean();
  const classes = output[output.length - 1];
  const rows = target.data.length;
  return (p, input, expected) =>
    nn
      .logSoftmax(run(p, input))
      .mul(nn.oneHot(expected, classes))
      .sum()
      .mul(-1 / rows);
}

interface AdamState {
  [name: string]: jax.JsTree<Array>;
  count: Array;
  mu: Parameters;
  nu: Parameters;
}

/** One step of Adam: parameters and state after it. */
function adam(p: Parameters, gradients: Parameters, { count, mu, nu }: AdamState): [Parameters, AdamState] {
  const { lr, beta1, beta2, eps } = ADAM;
  const next = count.add(1);
  const [p2, mu2, nu2]: Parameters[] = [{}, {}, {}];
  const correction1 = np.array(1).sub(np.power(beta1, next.ref));
  const correction2 = np.array(1).sub(np.power(beta2, next.ref));
  for (const name of Object.keys(p)) {
    const gradient = gradients[name];
    mu2[name] = mu[name].mul(beta1).add(gradient.ref.mul(1 - beta1));
    nu2[name] = nu[name].mul(beta2).add(np.square(gradient).mul(1 - beta2));
    const size = np.sqrt(nu2[name].ref.div(correction2.ref)).add(eps);
    p2[name] = p[name].sub(mu2[name].ref.div(correction1.ref).div(size).mul(lr));
  }
  correction1.dispose();
  correction2.dispose();
  return [p2, { count: next, mu: mu2, nu: nu2 }];
}

/** The tasks, with functions compiled or as they are. */
function tasksOf(compile: boolean): Tasks {
  const compiled = <F extends (...args: never[]) => jax.JsTree<Array>>(f: F): F =>
    compile ? (jit(f as never) as never) : f;
  return {
    matmul({ batch, m, k, n, transposed }) {
      const outer = batch > 0 ? [batch] : [];
      const a = toArray(values('a', [...outer, ...(transposed === 'left' ? [k, m] : [m, k])]));
      const b = toArray(values('b', [...outer, ...(transposed === 'right' ? [n, k] : [k, n])]));
      const multiply = compiled((a: Array, b: Array) =>
        np.matmul(
          transposed === 'left' ? np.matrixTranspose(a) : a,
          transposed === 'right' ? np.matrixTranspose(b) : b,
        ),
      );
      let copies = [b.ref.add(0)];
      return calls((call) => multiply(a.ref, copies[call].ref), {
        limit: Math.ceil(2 ** 24 / b.size),
        async prepare(count) {
          tree.dispose(copies);
          copies = globalThis.Array.from({ length: count }, () => b.ref.add(0));
          await jax.blockUntilReady(copies);
        },
      });
    },
    conv2d({ batch, channels, side, out, kernel, padding, groups, gradients }) {
      const x = toArray(values('x', [batch, channels, side, side]));
      const weight = toArray(values('weight', [out, channels / groups, kernel, kernel]));
      const convolve = (x: Array, weight: Array): Array =>
        lax.convGeneralDilated(x, weight, [1, 1], sidesOf(padding), { featureGroupCount: groups });
      if (!gradients) {
        const call = compiled(convolve);
        return calls(() => call(x.ref, weight.ref));
      }
      const dy = toArray(values('gradient', [batch, out, side, side]));
      const call = compiled((x: Array, weight: Array, dy: Array): Array[] => {
        const [y, backward] = vjp(convolve, [x, weight]);
        const [dx, dWeight] = backward(dy) as [Array, Array];
        backward.dispose();
        return [y, dx, dWeight];
      });
      return calls(() => call(x.ref, weight.ref, dy.ref));
    },
    gate({ size }) {
      const x = toArray(values('x', [size], 4));
      const call = compiled((x: Array) => nn.sigmoid(x.ref.mul(2).add(1)).mul(x));
      return calls(() => call(x.ref));
    },
    sum({ size }) {
      const x = toArray(values('x', [size]));
      const call = compiled((x: Array) => x.sum());
      return calls(() => call(x.ref));
    },
    softmax({ rows, columns }) {
      const x = toArray(values('x', [rows, columns], 4));
      const call = compiled((x: Array) => nn.softmax(x, -1));
      return calls(() => call(x.ref));
    },
    layerNorm({ rows, columns }) {
      const x = toArray(values('x', [rows, columns]));
      const [weight, bias] = [toArray(values('weight', [columns])), toArray(values('bias', [columns]))];
      const call = compiled(layerNorm);
      return calls(() => call(x.ref, weight.ref, bias.ref));
    },
    adds({ size, calls: count }) {
      const start = toArray(values('x', [size]));
      const step = toArray(values('y', [size]));
      const add = compiled((x: Array, y: Array) => x.add(y));
      return calls(
        () => {
          let x = start.ref;
          for (let i = 0; i < count; i++) x = add(x, step.ref);
          return x;
        },
        { limit: 1 },
      );
    },
    train({ model: name }) {
      const model = modelOf(name);
      let parameters = parametersOf(model);
      const zeros = (): Parameters => tree.map((each: Array) => np.zerosLike(each), tree.ref(parameters)) as Parameters;
      let state: AdamState = { count: np.array(0), mu: zeros(), nu: zeros() };
      const input = toArray(model.input);
      const target = toArray(model.target);
      const differentiate = valueAndGrad(lossOf(model));
      const step = compiled((p: Parameters, state: AdamState, input: Array, target: Array) => {
        const [loss, gradients] = differentiate(tree.ref(p), input, target);
        return [loss, ...adam(p, gradients as Parameters, state)] as [Array, Parameters, AdamState];
      });
      return trainingTask({
        step() {
          const [loss, ...next] = step(parameters, state, input.ref, target.ref);
          [parameters, state] = next;
          return loss;
        },
        async read(loss) {
          // Its site's training page waits for the parameters, too.
          await jax.blockUntilReady(parameters);
          return (await loss.data())[0];
        },
        drop: (loss) => loss.dispose(),
      });
    },
    infer({ model: name }) {
      const model = modelOf(name);
      const parameters = parametersOf(model);
      const input = toArray(model.input);
      const call = compiled((p: Parameters, input: Array) => {
        const output = FORWARDS[name](p, input);
        tree.dispose(p);
        return output;
      });
      return calls(() => call(tree.ref(parameters), input.ref));
    },
  };
}

export const start: Start = async (backend) => {
  const [device, mode] = backend.split(' ') as [jax.Device, string?];
  const available = await init(device);
  if (!available.includes(device)) throw new Error(`jax-js has not started its ${device} backend`);
  jax.defaultDevice(device);
  const threads = device === 'wasm' ? `, ${navigator.hardwareConcurrency} threads` : '';
  return { description: `jax-js, ${device}${threads}, ${mode ?? 'jit'}`, tasks: tasksOf(mode !== 'eager') };
};
