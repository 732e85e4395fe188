// kindling as its users write it: a plain training loop; forward passes in a scope, which is to it what tidy is to tfjs.
import {
  autograd, diagnose, init, matmul, nn, noGrad, optim, scope, sigmoid, softmax, synchronize, tensor, type Tensor,
} from 'kindling'; // prettier-ignore
import { getDevice } from '../../../src/device/registry';
import type { WasmDevice } from '../../../src/device/wasm/device';
import type { KernelTime } from '../page';
import { values, type Indices, type Values } from '../data';
import { ATTENTION, CONV_TRANSPOSE, hasClasses, initialParameters, LSTM, modelOf, TRANSFORMER } from '../models';
import type { Model, ModelName } from '../models';
import { trainingTask, type Start, type Task, type Tasks } from '../peer';

const { functional: F } = nn;

const toTensor = ({ shape, data }: Values | Indices): Tensor => tensor(data).view(...shape);

/** A task that calls a function; the last of its results is waited for. */
function calls(compute: (call: number) => readonly Tensor[], more: Partial<Task> = {}): Task {
  return {
    async result() {
      const parts = await Promise.all(compute(0).map((each) => each.data()));
      return Float32Array.from(parts.flatMap((part) => Array.from(part as Float32Array)));
    },
    run: (count) =>
      scope(async () => {
        for (let i = 0; i < count - 1; i++) scope(() => void compute(i));
        await compute(count - 1)
          .at(-1)
          ?.flatten()
          .select(0, 0)
          .item();
      }),
    ...more,
  };
}

const forward = (compute: (call: number) => Tensor, more: Partial<Task> = {}): Task =>
  calls((call) => [noGrad(() => compute(call))], more);

/** The last output of an LSTM through a linear layer. */
class Recurrent extends nn.Module {
  lstm = new nn.LSTM({ inputSize: LSTM.input, hiddenSize: LSTM.hidden, batchFirst: true });
  head = new nn.Linear(LSTM.hidden, LSTM.classes);

  override forward(x: Tensor): Tensor {
    const [output] = this.lstm(x);
    return this.head(output.select(1, LSTM.sequence - 1));
  }
}

class SelfAttention extends nn.Module {
  attention = new nn.MultiheadAttention(ATTENTION.width, ATTENTION.heads, { batchFirst: true });

  override forward(x: Tensor): Tensor {
    return this.attention(x, x, x, { needWeights: false })[0];
  }
}

class LanguageModel extends nn.Module {
  embedding = new nn.Embedding(TRANSFORMER.tokens, TRANSFORMER.width);
  encoder = new nn.TransformerEncoder(
    new nn.TransformerEncoderLayer({
      dModel: TRANSFORMER.width,
      nhead: TRANSFORMER.heads,
      dimFeedforward: TRANSFORMER.feedForward,
      dropout: 0,
      batchFirst: true,
    }),
    TRANSFORMER.layers,
  );
  head = new nn.Linear(TRANSFORMER.width, TRANSFORMER.tokens);

  override forward(x: Tensor): Tensor {
    return this.head(this.encoder(this.embedding(x)));
  }
}

type Network = ((x: Tensor) => Tensor) & nn.Module;

const NETWORKS: Readonly<Record<ModelName, () => Network>> = {
  mlp: () =>
    new nn.Sequential(
      new nn.Linear(784, 256),
      new nn.ReLU(),
      new nn.Linear(256, 128),
      new nn.ReLU(),
      new nn.Linear(128, 10),
    ),
  cnn: () =>
    new nn.Sequential(
      new nn.Conv2d(1, 16, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Conv2d(16, 32, 3, { padding: 1 }),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Linear(32 * 7 * 7, 10),
    ),
  transformer: () => new LanguageModel(),
  lstm: () => new Recurrent(),
  attention: () => new SelfAttention(),
  convTranspose: () => {
    const { inChannels, outChannels, kernel, stride, padding } = CONV_TRANSPOSE;
    return new nn.ConvTranspose2d(inChannels, outChannels, kernel, { stride, padding });
  },
};

/** The network with the numbers that all libraries start from. */
function networkOf(model: Model): Network {
  const network = NETWORKS[model.name]();
  const entries = Object.entries(initialParameters(model)).map(([name, value]) => [name, toTensor(value)] as const);
  network.loadStateDict(Object.fromEntries(entries));
  return network;
}

/** The loss of what a model gives. */
function lossOf({ target }: Model): (output: Tensor) => Tensor {
  const expected = toTensor(target);
  if (!hasClasses(target)) return (output) => F.mseLoss(output, expected);
  const classes = expected.flatten();
  return (output) => F.crossEntropy(output.flatten(0, -2), classes);
}

const TASKS: Tasks = {
  matmul({ batch, m, k, n, transposed }) {
    const outer = batch > 0 ? [batch] : [];
    const a = toTensor(values('a', [...outer, ...(transposed === 'left' ? [k, m] : [m, k])]));
    const b = toTensor(values('b', [...outer, ...(transposed === 'right' ? [n, k] : [k, n])]));
    let copies = [b.clone()];
    return forward(
      (call) => {
        const right = copies[call];
        return matmul(transposed === 'left' ? a.mT : a, transposed === 'right' ? right.mT : right);
      },
      {
        limit: Math.ceil(2 ** 24 / b.numel()),
        async prepare(count) {
          for (const copy of copies) copy.release();
          copies = noGrad(() => Array.from({ length: count }, () => b.clone()));
          await synchronize();
        },
      },
    );
  },
  conv2d({ batch, channels, side, out, kernel, padding, groups, gradients }) {
    const x = toTensor(values('x', [batch, channels, side, side]));
    const weight = toTensor(values('weight', [out, channels / groups, kernel, kernel]));
    const convolve = (): Tensor => F.conv2d(x, weight, { padding, groups });
    if (!gradients) return forward(convolve);
    x.requiresGrad = weight.requiresGrad = true;
    const gradOutputs = toTensor(values('gradient', [batch, out, side, side]));
    return calls(() => {
      const y = convolve();
      return [y, ...autograd.grad(y, [x, weight], { gradOutputs })];
    });
  },
  gate({ size }) {
    const x = toTensor(values('x', [size], 4));
    return forward(() => sigmoid(x.mul(2).add(1)).mul(x));
  },
  sum({ size }) {
    const x = toTensor(values('x', [size]));
    return forward(() => x.sum());
  },
  softmax({ rows, columns }) {
    const x = toTensor(values('x', [rows, columns], 4));
    return forward(() => softmax(x, 1));
  },
  layerNorm({ rows, columns }) {
    const x = toTensor(values('x', [rows, columns]));
    const [weight, bias] = [toTensor(values('weight', [columns])), toTensor(values('bias', [columns]))];
    return forward(() => F.layerNorm(x, [columns], weight, bias));
  },
  adds({ size, calls: count }) {
    const start = toTensor(values('x', [size]));
    const step = toTensor(values('y', [size]));
    return forward(() => {
      let x = start;
      for (let i = 0; i < count; i++) x = x.add(step);
      return x;
    });
  },
  train({ model: name }) {
    const model = modelOf(name);
    const network = networkOf(model);
    const optimizer = new optim.Adam(network.parameters());
    const input = toTensor(model.input);
    const loss = lossOf(model);
    return trainingTask({
      step() {
        const value = loss(network(input));
        optimizer.zeroGrad();
        value.backward();
        optimizer.step();
        return value;
      },
      read: (value) => value.item(),
    });
  },
  infer({ model: name }) {
    const model = modelOf(name);
    const network = networkOf(model).eval();
    const input = toTensor(model.input);
    return forward(() => network(input));
  },
};

export const start: Start = async (backend) => {
  const [device, threads] = backend.split(' ');
  await init({ device: device as 'wasm' | 'webgpu', threads: threads === 'single' ? 1 : 2 });
  await synchronize();
  return { description: diagnose().replaceAll('\n', '; '), tasks: TASKS };
};

const measured = new Map<string, KernelTime>();
let endMeasuring: (() => Promise<void>) | null = null;

/** Begins or ends to measure; gives what the kernels have taken since the last call, the most expensive first; for `--profile`. */
export function profile(isOn: boolean): KernelTime[] {
  const times = [...measured.values()].sort((a, b) => b.ms - a.ms);
  measured.clear();
  void endMeasuring?.();
  endMeasuring = null;
  if (!isOn) return times;
  endMeasuring = (getDevice('wasm') as WasmDevice).stream.measure((commands) => {
    for (const { name: kernel, start, end } of commands) {
      const { commands: count, ms } = measured.get(kernel) ?? { commands: 0, ms: 0 };
      measured.set(kernel, { kernel, commands: count + 1, ms: ms + end - start });
    }
  });
  return times;
}
