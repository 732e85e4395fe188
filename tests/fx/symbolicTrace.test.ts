// Tracing modules: the nodes, and that what they compute has the bits of the module.
import { describe, expect, it } from 'vitest';
import { errorOf } from '../harness/errors';
import {
  cat, fx, manualSeed, memory, nn, randn, relu, rand, TraceError, tensor, zeros, type Tensor, ones, where, getRngState,
} from '../../src'; // prettier-ignore

const { symbolicTrace } = fx;

/** The first example of torch.fx' documentation. */
class Example extends nn.Module {
  param = new nn.Parameter(rand(3, 4));
  linear = new nn.Linear(4, 5);

  override forward(x: Tensor): Tensor {
    return this.linear(x.add(this.param)).clamp({ min: 0, max: 1 });
  }
}

describe('symbolicTrace', () => {
  it('prints as torch.fx does', () => {
    const traced = symbolicTrace(new Example(), { inputs: [rand(3, 4)] });
    expect(String(traced.graph)).toBe(`graph():
    %x : [#users=1] = placeholder[target=x]
    %param : [#users=1] = getAttr[target=param]
    %add : [#users=1] = callMethod[target=add](args = (%x, %param), kwargs = {})
    %linear : [#users=1] = callModule[target=linear](args = (%add,), kwargs = {})
    %clamp : [#users=1] = callMethod[target=clamp](args = (%linear,), kwargs = {min: 0, max: 1})
    return clamp`);
    expect(traced.graph.tabular()).toBe(`opcode       name    target  args        kwargs
-----------  ------  ------  ----------  ----------------
placeholder  x       x       ()          {}
getAttr      param   param   ()          {}
callMethod   add     add     (x, param)  {}
callModule   linear  linear  (add,)      {}
callMethod   clamp   clamp   (linear,)   {min: 0, max: 1}
output       output  output  (clamp,)    {}`);
    expect(traced.code).toBe(`forward(x) {
  const param = this.param;
  const add = x.add(param);
  const linear = this.linear(add);
  const clamp = linear.clamp({ min: 0, max: 1 });
  return clamp;
}`);
    expect(traced.graph.nodes[3].meta).toMatchObject({ shape: [3, 5], dtype: 'float32' });
    expect(traced.graph.nodes[3].meta.stack).toMatch(/forward \(.*symbolicTrace\.test\.ts:/);
  });

  it('leaves the module as it was, and shares what it has', async () => {
    const net = new Example();
    const before = [await net.param.tolist(), net.param.device, getRngState().join(), memory().live];
    const traced = symbolicTrace(net, { inputs: [rand(3, 4, { device: 'meta' })] });
    expect([await net.param.tolist(), net.param.device, getRngState().join(), memory().live]).toEqual(before);
    expect(traced.namedParameters()).toEqual(net.namedParameters());
    expect(Object.keys(traced.stateDict())).toEqual(['param', 'linear.weight', 'linear.bias']);
    const x = randn(3, 4);
    expect(await (traced(x) as Tensor).tolist()).toEqual(await net(x).tolist());
  });

  it('functions, lists, constants and what gives several tensors', async () => {
    const mask = tensor([1, 0, 1]);
    const f = (x: Tensor, y: Tensor): unknown => {
      const [a, b] = cat([x, y], 1).chunk(2, 1);
      const { values, indices } = a.max(0);
      return { sum: relu(b.sub(values)).mul(mask), indices: [indices, x.shape[0]] };
    };
    const traced = symbolicTrace(f, { inputs: [zeros(2, 3), zeros(2, 3)] });
    expect(String(traced.graph)).toBe(`graph():
    %x : [#users=1] = placeholder[target=x]
    %y : [#users=1] = placeholder[target=y]
    %cat : [#users=1] = callFunction[target=cat](args = ([%x, %y], 1), kwargs = {})
    %chunk : [#users=2] = callMethod[target=chunk](args = (%cat, 2, 1), kwargs = {})
    %getitem : [#users=1] = callFunction[target=getitem](args = (%chunk, 0), kwargs = {})
    %getitem_1 : [#users=1] = callFunction[target=getitem](args = (%chunk, 1), kwargs = {})
    %max : [#users=2] = callMethod[target=max](args = (%getitem, 0), kwargs = {})
    %getitem_2 : [#users=1] = callFunction[target=getitem](args = (%max, 0), kwargs = {})
    %getitem_3 : [#users=1] = callFunction[target=getitem](args = (%max, 1), kwargs = {})
    %sub : [#users=1] = callMethod[target=sub](args = (%getitem_1, %getitem_2), kwargs = {})
    %relu : [#users=1] = callFunction[target=relu](args = (%sub,), kwargs = {})
    %_tensorConstant0 : [#users=1] = getAttr[target=_tensorConstant0]
    %mul : [#users=1] = callMethod[target=mul](args = (%relu, %_tensorConstant0), kwargs = {})
    return {sum: mul, indices: [getitem_3, 2]}`);
    const [x, y] = [randn(2, 3), randn(2, 3)];
    const [given, expected] = [traced(x, y), f(x, y)] as { sum: Tensor; indices: [Tensor, number] }[];
    expect(await given.sum.tolist()).toEqual(await expected.sum.tolist());
    expect(await given.indices[0].tolist()).toEqual(await expected.indices[0].tolist());
    expect(given.indices[1]).toBe(2);
  });

  it('reading a value says where, and how to go on', async () => {
    class Reads extends nn.Module {
      override async forward(x: Tensor): Promise<Tensor> {
        return (await x.sum().item()) > 0 ? x : x.neg();
      }
    }
    const error = errorOf(() => symbolicTrace(new Reads(), { inputs: [zeros(2)] }));
    expect(error).toBeInstanceOf(TraceError);
    expect(error.message).toMatch(
      /^item: reads values, which there are none of while tracing, in (Reads\.)?forward \(.*symbolicTrace\.test\.ts:\d+:\d+\)\. Compute with tensors/,
    );
    expect(errorOf(() => symbolicTrace((x: Tensor) => x.nonzero(), { inputs: [zeros(2)] })).message).toMatch(
      /^nonzero: reads values/,
    );
    const outside = new nn.Linear(2, 2);
    expect(() => symbolicTrace((x: Tensor) => outside(x), { inputs: [zeros(2)] })).toThrow(
      /Linear is called that is no member/,
    );
    await Promise.resolve();
  });

  it('what is returned unchanged is known apart', async () => {
    class Residual extends nn.Module {
      dropout = new nn.Dropout(0.5);
      override forward(x: Tensor): Tensor {
        const y = this.dropout(x);
        return y.mul(2).add(x.contiguous()).add(x);
      }
    }
    const net = new Residual().eval();
    const traced = symbolicTrace(net, { inputs: [zeros(4)] });
    expect(traced.graph.nodes.map(({ name, args }) => `${name}(${args.map(String).join()})`)).toEqual([
      'x()', 'dropout(x)', 'mul(dropout,2)', 'contiguous(x)', 'add(mul,contiguous)', 'add_1(add,x)', 'output(add_1)',
    ]); // prettier-ignore
    net.train();
    traced.train();
    const x = ones(4);
    manualSeed(3);
    const expected = await net(x).tolist();
    manualSeed(3);
    expect(await (traced(x) as Tensor).tolist()).toEqual(expected);
  });

  it('concreteArgs and isLeafModule', () => {
    class Inner extends nn.Module {
      layer = new nn.Linear(2, 2);
      override forward(x: Tensor): Tensor {
        return this.layer(x).tanh();
      }
    }
    class Net extends nn.Module {
      inner = new Inner();
      override forward(x: Tensor, scale: number | null, flag = true): Tensor {
        const y = flag ? this.inner(x) : x;
        return scale === null ? y : y.mul(scale);
      }
    }
    const targets = (gm: fx.GraphModule): string => gm.graph.nodes.map(({ target }) => target).join(' ');
    const inputs = [zeros(1, 2)];
    const net = new Net();
    expect(targets(symbolicTrace(net, { inputs, concreteArgs: { scale: null } }))).toBe('x inner.layer tanh output');
    expect(targets(symbolicTrace(net, { inputs, concreteArgs: { scale: 3, flag: false } }))).toBe('x mul output');
    const whole = symbolicTrace(net, { inputs, concreteArgs: { scale: 3 }, isLeafModule: (m) => m instanceof Inner });
    expect(targets(whole)).toBe('x inner mul output');
    expect(() => symbolicTrace(net, { inputs, concreteArgs: { size: 3 } })).toThrow(
      /named as inputs of forward \(x, scale, flag\)/,
    );
    expect(() => symbolicTrace(net, { inputs: [3] })).toThrow(/input x must be a tensor/);
    expect(() => symbolicTrace(net, { inputs, leaf: 1 } as never)).toThrow(/no option is called 'leaf'/);
  });

  it('wrap keeps a function whole', () => {
    const masked = fx.wrap('masked', (x: Tensor) => where(x.gt(0), x, zeros(1)));
    expect(String(symbolicTrace((x: Tensor) => masked(x).add(1), { inputs: [zeros(2)] }).code)).toBe(`forward(x) {
  const masked_1 = masked(x);
  const add = masked_1.add(1);
  return add;
}`);
  });
});
