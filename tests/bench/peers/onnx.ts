// onnxruntime-web: forward lines only, as it has given up training. Each line is a model of its own, written by onnxModel.ts; what
// is measured includes the copy of inputs into its memory, which it asks of everyone.
import type * as Onnx from 'onnxruntime-web';
import { permute, values, type Indices, type Values } from '../data';
import { initialParameters, modelOf, TRANSFORMER, type Model, type ModelName } from '../models';
import { OnnxGraph } from '../onnxModel';
import { Unable, type Start, type Task, type Tasks } from '../peer';

const FILES = '/modules/onnxruntime-web/dist/';
const THREADS = 2;

/** Adds a model's nodes behind its input. */
type Forward = (graph: OnnxGraph, p: Readonly<Record<string, Values>>, input: string) => string;

const matrixOf = (graph: OnnxGraph, weight: Values): string => graph.constant(permute(weight, [1, 0]));

/** On any number of leading dimensions. */
const linear = (graph: OnnxGraph, p: Readonly<Record<string, Values>>, name: string, x: string): string =>
  graph.node('Add', [
    graph.node('MatMul', [x, matrixOf(graph, p[`${name}.weight`])]),
    graph.constant(p[`${name}.bias`]),
  ]);

/** On rows, in one operation. */
const gemm = (graph: OnnxGraph, p: Readonly<Record<string, Values>>, name: string, x: string): string =>
  graph.node('Gemm', [x, graph.constant(p[`${name}.weight`]), graph.constant(p[`${name}.bias`])], { transB: 1 });

const FORWARDS: Readonly<Partial<Record<ModelName, Forward>>> = {
  mlp: (graph, p, x) => {
    const hidden = graph.node('Relu', [gemm(graph, p, '0', x)]);
    return gemm(graph, p, '4', graph.node('Relu', [gemm(graph, p, '2', hidden)]));
  },
  cnn: (graph, p, x) => {
    const block = (name: string, y: string): string => {
      const weights = [graph.constant(p[`${name}.weight`]), graph.constant(p[`${name}.bias`])];
      const convolved = graph.node('Conv', [y, ...weights], { pads: [1, 1, 1, 1], kernel_shape: [3, 3] });
      return graph.node('MaxPool', [graph.node('Relu', [convolved])], { kernel_shape: [2, 2], strides: [2, 2] });
    };
    return gemm(graph, p, '7', graph.node('Flatten', [block('3', block('0', x))]));
  },
  transformer: (graph, p, tokens) => {
    const { batch, sequence, width, heads, layers } = TRANSFORMER;
    const norm = (name: string, y: string): string =>
      graph.node('LayerNormalization', [y, graph.constant(p[`${name}.weight`]), graph.constant(p[`${name}.bias`])], {
        axis: -1,
        epsilon: 1e-5,
      });
    const attention = (name: string, y: string): string => {
      const projection = graph.node('MatMul', [y, matrixOf(graph, p[`${name}.in_proj_weight`])]);
      const projected = graph.node('Add', [projection, graph.constant(p[`${name}.in_proj_bias`])]);
      const parts = graph.nodes('Split', [projected], 3, { axis: -1 });
      const byHead = parts.map((part) =>
        graph.node('Reshape', [part, graph.integers(batch, sequence, heads, width / heads)]),
      );
      const q = graph.node('Transpose', [byHead[0]], { perm: [0, 2, 1, 3] });
      const k = graph.node('Transpose', [byHead[1]], { perm: [0, 2, 3, 1] });
      const v = graph.node('Transpose', [byHead[2]], { perm: [0, 2, 1, 3] });
      const scale = graph.constant({ shape: [], data: Float32Array.of(1 / Math.sqrt(width / heads)) });
      const scores = graph.node('Mul', [graph.node('MatMul', [q, k]), scale]);
      const mixed = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: -1 }), v]);
      const joined = graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] });
      return linear(
        graph,
        p,
        `${name}.out_proj`,
        graph.node('Reshape', [joined, graph.integers(batch, sequence, width)]),
      );
    };
    let x = graph.node('Gather', [graph.constant(p['embedding.weight']), tokens]);
    for (let i = 0; i < layers; i++) {
      const name = `encoder.layers.${i}`;
      x = norm(`${name}.norm1`, graph.node('Add', [x, attention(`${name}.self_attn`, x)]));
      const up = graph.node('Relu', [linear(graph, p, `${name}.linear1`, x)]);
      x = norm(`${name}.norm2`, graph.node('Add', [x, linear(graph, p, `${name}.linear2`, up)]));
    }
    return linear(graph, p, 'head', x);
  },
};

function tasksOf(ort: typeof Onnx, backend: string): Tasks {
  const toTensor = ({ shape, data }: Values | Indices): Onnx.Tensor =>
    data instanceof Int32Array
      ? new ort.Tensor('int32', data, [...shape])
      : new ort.Tensor('float32', data, [...shape]);

  /** A task that runs a model on these inputs. */
  async function runs(
    inputs: Readonly<Record<string, Values | Indices>>,
    shape: readonly number[],
    compute: (graph: OnnxGraph, ...names: string[]) => string,
    /** How often a call runs it, each time with what came out as its first input. */
    repeat = 1,
  ): Promise<Task> {
    const graph = new OnnxGraph();
    const names = Object.entries(inputs).map(([name, value]) => graph.input(name, value));
    const session = await ort.InferenceSession.create(graph.encode(compute(graph, ...names), shape), {
      executionProviders: [backend],
      ...(backend === 'webgpu' ? { preferredOutputLocation: 'gpu-buffer' as const } : {}),
    });
    const feeds = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, toTensor(value)]));
    const call = async (): Promise<Onnx.Tensor> => {
      let fed = feeds;
      for (let i = 1; ; i++) {
        const output = Object.values(await session.run(fed))[0];
        if (fed !== feeds) fed[names[0]].dispose();
        if (i === repeat) return output;
        fed = { ...feeds, [names[0]]: output };
      }
    };
    return {
      result: async () => Float32Array.from((await (await call()).getData()) as Float32Array),
      async run(count) {
        for (let i = 0; i < count - 1; i++) (await call()).dispose();
        const last = await call();
        await last.getData();
        last.dispose();
      },
    };
  }

  const scalar = (value: number): Values => ({ shape: [], data: Float32Array.of(value) });

  return {
    matmul({ batch, m, k, n, transposed }) {
      const outer = batch > 0 ? [batch] : [];
      const a = values('a', [...outer, ...(transposed === 'left' ? [k, m] : [m, k])]);
      const b = values('b', [...outer, ...(transposed === 'right' ? [n, k] : [k, n])]);
      const flags = { transA: Number(transposed === 'left'), transB: Number(transposed === 'right') };
      return runs({ a, b }, [...outer, m, n], (graph, ...operands) =>
        transposed === 'none' ? graph.node('MatMul', operands) : graph.node('Gemm', operands, flags),
      );
    },
    conv2d({ batch, channels, side, out, kernel, padding, groups, gradients }) {
      if (gradients) throw new Unable('has no gradients');
      const x = values('x', [batch, channels, side, side]);
      const weight = values('weight', [out, channels / groups, kernel, kernel]);
      const sizes = { group: groups, kernel_shape: [kernel, kernel], pads: Array<number>(4).fill(padding) };
      return runs({ x, weight }, [batch, out, side, side], (graph, ...inputs) => graph.node('Conv', inputs, sizes));
    },
    gate: ({ size }) =>
      runs({ x: values('x', [size], 4) }, [size], (graph, x) => {
        const doubled = graph.node('Mul', [x, graph.constant(scalar(2))]);
        const gate = graph.node('Sigmoid', [graph.node('Add', [doubled, graph.constant(scalar(1))])]);
        return graph.node('Mul', [gate, x]);
      }),
    sum: ({ size }) =>
      runs({ x: values('x', [size]) }, [], (graph, x) => graph.node('ReduceSum', [x], { keepdims: 0 })),
    softmax: ({ rows, columns }) =>
      runs({ x: values('x', [rows, columns], 4) }, [rows, columns], (graph, x) =>
        graph.node('Softmax', [x], { axis: -1 }),
      ),
    layerNorm: ({ rows, columns }) =>
      runs({ x: values('x', [rows, columns]) }, [rows, columns], (graph, x) => {
        const affine = [values('weight', [columns]), values('bias', [columns])].map((each) => graph.constant(each));
        return graph.node('LayerNormalization', [x, ...affine], { axis: -1, epsilon: 1e-5 });
      }),
    adds: ({ size, calls }) =>
      runs(
        { x: values('x', [size]), y: values('y', [size]) },
        [size],
        (graph, x, y) => graph.node('Add', [x, y]),
        calls,
      ),
    train() {
      throw new Unable('does not train');
    },
    infer({ model: name }) {
      const model: Model = modelOf(name);
      const forward = FORWARDS[name];
      if (forward === undefined) throw new Unable(`the ${name} is not written as a model for it`);
      return runs({ input: model.input }, model.output, (graph, x) => forward(graph, initialParameters(model), x));
    },
  };
}

export const start: Start = async (backend) => {
  // As published: it finds its own workers and binaries beside itself.
  const file = backend === 'webgpu' ? 'ort.webgpu.min.mjs' : 'ort.wasm.min.mjs';
  const ort = (await import(/* @vite-ignore */ `${FILES}${file}`)) as typeof Onnx;
  ort.env.wasm.numThreads = THREADS;
  ort.env.wasm.wasmPaths = new URL(FILES, location.href).href;
  const version = ort.env.versions.web ?? ort.env.versions.common;
  return { description: `onnxruntime-web ${version}, ${backend}, ${THREADS} threads`, tasks: tasksOf(ort, backend) };
};
