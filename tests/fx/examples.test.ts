// The published examples of torch.fx: conv-BN fusion, performance analysis, replacing operations and modules.
import { describe, expect, it } from 'vitest';
import { expectClose } from './close';
import { MODELS } from './models';
import { fx, manualSeed, nn, noGrad, randn, relu, sigmoid, tanh, zeros, type Tensor } from '../../src';

const { symbolicTrace } = fx;

const settle = (net: nn.Module): void => {
  for (const module of net.modules()) {
    if (!(module instanceof nn.BatchNorm2d)) continue;
    noGrad(() => {
      module.running_mean?.copy_(randn(module.numFeatures).mul(0.1));
      module.running_var?.copy_(randn(module.numFeatures).abs().add(0.5));
      module.weight?.copy_(randn(module.numFeatures));
      module.bias?.copy_(randn(module.numFeatures));
    });
  }
};

/** The model of the tutorial on fusing convolution and batch normalization. */
class WrappedBN extends nn.Module {
  mod = new nn.BatchNorm2d(1);
  override forward(x: Tensor): Tensor {
    return this.mod(x);
  }
}
class Tutorial extends nn.Module {
  conv1 = new nn.Conv2d(1, 1, 1);
  bn1 = new nn.BatchNorm2d(1);
  conv2 = new nn.Conv2d(1, 1, 1);
  nested = new nn.Sequential(new nn.BatchNorm2d(1), new nn.Conv2d(1, 1, 1));
  wrapped = new WrappedBN();
  override forward(x: Tensor): Tensor {
    return this.wrapped(this.nested(this.conv2(this.bn1(this.conv1(x)))));
  }
}

describe('fuse', () => {
  it('folds the normalizations of the tutorial', async () => {
    manualSeed(0);
    const net = new Tutorial();
    settle(net);
    net.eval();
    const fused = fx.fuse(net, { inputs: [zeros(1, 1, 8, 8)] });
    // What the tutorial prints: conv1, conv2 with the first of nested, nested.1 with that which is wrapped.
    expect(fused.graph.nodes.map(({ target }) => target)).toEqual(['x', 'conv1', 'conv2', 'nested.1', 'output']);
    expect(fused.modules().some((module) => module instanceof nn.BatchNorm2d)).toBe(false);
    const x = randn(5, 1, 8, 8);
    await expectClose(fused(x) as Tensor, net(x), 1e-5);
    // The model itself is as before.
    expect(net.modules().filter((module) => module instanceof nn.BatchNorm2d)).toHaveLength(3);
  });

  it.each(['Resnet', 'Mobilenet'])('finds the normalizations of %s by itself', async (name) => {
    manualSeed(4);
    const [make, inputs] = MODELS[name];
    const net = make();
    settle(net);
    net.eval();
    const given = inputs();
    const fused = fx.fuse(net, { inputs: given });
    expect(fused.modules().some((module) => module instanceof nn.BatchNorm2d)).toBe(false);
    await expectClose(fused(...given) as Tensor, net(...given) as Tensor, 1e-5);
  });

  it('leaves alone what others use, and refuses a model that is trained', async () => {
    class Twice extends nn.Module {
      conv = new nn.Conv2d(2, 2, 3, { padding: 1, bias: false });
      bn = new nn.BatchNorm2d(2);
      override forward(x: Tensor): Tensor {
        const y = this.conv(x);
        return this.bn(y).add(y);
      }
    }
    const net = new Twice();
    settle(net);
    const inputs = [zeros(1, 2, 4, 4)];
    expect(() => fx.fuse(net, { inputs })).toThrow('fuse: the module must be in evaluation mode. Call eval().');
    net.eval();
    const fused = fx.fuse(net, { inputs });
    const x = randn(1, 2, 4, 4);
    expect(await (fused(x) as Tensor).tolist()).toEqual(await net(x).tolist());
  });
});

describe('an Interpreter', () => {
  /** The tutorial on performance analysis: times of nodes, and a table of them. */
  class ProfilingInterpreter extends fx.Interpreter {
    private readonly total: number[] = [];
    private readonly runtimes = new Map<fx.Node, number[]>();

    constructor(model: nn.Module, inputs: readonly Tensor[]) {
      super(symbolicTrace(model, { inputs }));
    }

    override run(...inputs: readonly Tensor[]): unknown {
      const start = performance.now();
      const value = super.run(...inputs);
      this.total.push(performance.now() - start);
      return value;
    }

    override runNode(node: fx.Node): unknown {
      const start = performance.now();
      const value = super.runNode(node);
      this.runtimes.set(node, [...(this.runtimes.get(node) ?? []), performance.now() - start]);
      return value;
    }

    summary(): [op: string, name: string, runs: number][] {
      return [...this.runtimes].map(([node, times]) => [node.op, node.name, times.length]);
    }
  }

  it('measures each node, as in the tutorial on performance analysis', async () => {
    const net = new nn.Sequential(new nn.Conv2d(3, 4, 3), new nn.ReLU(), new nn.Flatten());
    const x = randn(2, 3, 5, 5);
    const interpreter = new ProfilingInterpreter(net, [x]);
    interpreter.run(x);
    const value = interpreter.run(x) as Tensor;
    expect(await value.tolist()).toEqual(await net(x).tolist());
    expect(interpreter.summary()).toEqual([
      ['placeholder', 'input', 2],
      ['callModule', '_0', 2],
      ['callModule', '_1', 2],
      ['callModule', '_2', 2],
      ['output', 'output', 2],
    ]);
  });

  it('changes what functions and methods do', async () => {
    class NegSigmSwap extends fx.Interpreter {
      override callFunction(fn: fx.Callee, args: readonly unknown[], kwargs: fx.Named): unknown {
        return fn === sigmoid ? (args[0] as Tensor).neg() : super.callFunction(fn, args, kwargs);
      }
      override callMethod(name: string, args: readonly unknown[], kwargs: fx.Named): unknown {
        return name === 'neg' ? sigmoid(args[0] as Tensor) : super.callMethod(name, args, kwargs);
      }
    }
    const gm = symbolicTrace((x: Tensor) => sigmoid(x).neg(), { inputs: [zeros(3)] });
    const x = randn(3);
    expect(await (new NegSigmSwap(gm).run(x) as Tensor).tolist()).toEqual(await sigmoid(x.neg()).tolist());
    class Swapped extends fx.Transformer {
      override callFunction(fn: fx.Callee, args: readonly unknown[], kwargs: fx.Named): unknown {
        return super.callFunction(fn === sigmoid ? tanh : fn, args, kwargs);
      }
    }
    const changed = new Swapped(gm).transform();
    expect(changed.code).toBe(
      'forward(x) {\n  const tanh = kindling.tanh(x);\n  const neg = tanh.neg();\n  return neg;\n}',
    );
    expect(await (changed(x) as Tensor).tolist()).toEqual(await tanh(x).neg().tolist());
    expect(() => gm(x, x)).toThrow('GraphModule: the graph takes 1 inputs, got 2.');
  });

  it('notes shapes for other inputs', () => {
    const gm = symbolicTrace(new nn.Sequential(new nn.Conv2d(3, 4, 3), new nn.Flatten()), {
      inputs: [zeros(1, 3, 5, 5)],
    });
    new fx.ShapeProp(gm).propagate(zeros(7, 3, 6, 6));
    expect(gm.graph.nodes.map(({ meta }) => meta.shape)).toEqual([
      [7, 3, 6, 6],
      [7, 4, 4, 4],
      [7, 64],
      [7, 64],
    ]);
  });
});

describe('changes of graphs', () => {
  it('replace one function by another', async () => {
    const gm = symbolicTrace((x: Tensor, y: Tensor) => x.add(y).mul(relu(x)), { inputs: [zeros(2), zeros(2)] });
    for (const node of gm.graph.nodes) {
      if (node.target !== 'add') continue;
      const mul = gm.graph.insertingAfter(node, () => gm.graph.callMethod('mul', node.args));
      node.replaceAllUsesWith(mul);
      gm.graph.eraseNode(node);
    }
    gm.recompile();
    const [x, y] = [randn(2), randn(2)];
    expect(await (gm(x, y) as Tensor).tolist()).toEqual(await x.mul(y).mul(relu(x)).tolist());
  });

  it('replace modules, whose parameters then learn and are saved', async () => {
    class Net extends nn.Module {
      features = new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU6());
      head = new nn.Linear(4, 2);
      override forward(x: Tensor): Tensor {
        return this.head(this.features(x));
      }
    }
    const net = new Net();
    const gm = symbolicTrace(net, { inputs: [zeros(1, 3)] });
    for (const node of gm.graph.nodes) {
      if (node.op === 'callModule' && gm.getSubmodule(node.target) instanceof nn.ReLU6)
        gm.setSubmodule(node.target, new nn.GELU());
    }
    gm.recompile();
    const x = randn(5, 3);
    const expected = net.head(nn.functional.gelu(net.features[0](x)));
    expect(await (gm(x) as Tensor).tolist()).toEqual(await expected.tolist());
    (gm(x) as Tensor).sum().backward();
    expect(net.head.weight.grad).not.toBeNull();
    const again = symbolicTrace(new Net(), { inputs: [zeros(1, 3)] });
    again.loadStateDict(gm.stateDict());
    expect(Object.keys(gm.stateDict())).toEqual(Object.keys(net.stateDict()));
    gm.to('float64');
    expect((gm(x.double()) as Tensor).dtype).toBe('float64');
  });

  it('replacePattern', async () => {
    const f = (x: Tensor, w: Tensor): Tensor => {
      const a = x.mul(sigmoid(x));
      const b = a.mul(sigmoid(a));
      const c = sigmoid(w);
      return b.add(w.mul(c)).add(c);
    };
    const inputs = [zeros(3), zeros(3)];
    const gm = symbolicTrace(f, { inputs });
    const found = fx.replacePattern(gm, (x: Tensor) => x.mul(sigmoid(x)), (x: Tensor) => nn.functional.silu(x), { inputs: [zeros(1)] }); // prettier-ignore
    expect(found.map(({ anchor }) => anchor.name)).toEqual(['mul', 'mul_1']);
    expect(gm.graph.nodes.map(({ target }) => target)).toEqual([
      'x', 'w', 'nn.functional.silu', 'nn.functional.silu', 'sigmoid', 'mul', 'add', 'add', 'output',
    ]); // prettier-ignore
    const [x, w] = [randn(3), randn(3)];
    await expectClose(gm(x, w) as Tensor, f(x, w), 1e-6);
  });

  it('dead code goes, what writes stays', () => {
    const gm = symbolicTrace((x: Tensor) => {
      const y = x.mul(2);
      y.exp().add(1);
      y.add_(1);
      return y;
    }, { inputs: [zeros(2)] }); // prettier-ignore
    expect(gm.graph.eliminateDeadCode()).toBe(true);
    expect(gm.graph.nodes.map(({ name }) => name)).toEqual(['x', 'mul', 'add_', 'output']);
    expect(gm.graph.eliminateDeadCode()).toBe(false);
  });

  it('lint finds what is wrong', () => {
    const graph = new fx.Graph();
    const x = graph.placeholder('x');
    const y = graph.callFunction(relu, [x]);
    graph.output(y);
    x.prepend(y);
    expect(() => graph.lint()).toThrow('lint: relu uses x, which is made behind it.');
    expect(() => new fx.GraphModule({}, graph)).toThrow(/relu uses x/);
    expect(() => graph.eraseNode(x)).toThrow(
      'nothing may use the node, got x, which relu use. Replace its uses first.',
    );
    x.append(y);
    expect(() => graph.lint()).not.toThrow();
    const missing = new fx.Graph();
    missing.output(missing.callModule('layers.3', []));
    expect(() => new fx.GraphModule(new nn.Linear(2, 2), missing)).toThrow(/layers/);
  });
});
