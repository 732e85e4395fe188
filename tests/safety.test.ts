// Whatever a shape rule lets through, no kernel may trap or leave its memory: every function, every method of tensors, every
// sample of an op and every module with each size 0, and with each of its optional arguments absent, trained in the checking mode
// (tests/harness/checking.ts).
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as k from '../src';
import { Tensor } from '../src';
import { TENSOR_METHODS } from './misuse/classes';
import { FUNCTIONS, LINALG, SPECIAL } from './misuse/functions';
import { FUNCTIONAL, INIT, MODULES, UNCALLABLE } from './misuse/modules';
import { make as drawn } from './ops/inputs';
import { LINALG_SAMPLES } from './ops/linalgSamples';
import { SAMPLES, type OpSample } from './ops/samples';
import { TENSOR_SAMPLES } from './ops/tensorSamples';

const { nn } = k;

/** What went wrong inside, of which no page should ever hear. */
const internal: string[] = [];

beforeAll(() => {
  k.onerror((error) => void (isInternal(error) && internal.push(error.message)));
});
beforeEach(() => void k.manualSeed(1));
afterEach(() => void internal.splice(0));
afterAll(() => {
  k.onerror(null);
  k.shutdown();
});

/** Tensors deep in what a function gives. */
function tensorsOf(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsOf);
  return [];
}

/** The value with each of its tensors changed, deep in arrays. */
function changed(value: unknown, change: (x: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return change(value);
  return Array.isArray(value) ? value.map((item) => changed(item, change)) : value;
}

/** A tensor that cannot be made is refused in time, if not in the words that its caller needs: misuse/ asks for those. */
const isInternal = (error: unknown): boolean => /^internal: (?!tensor:|storage:)/.test((error as Error).message);

/** Runs it and reads all that it gives, and the gradients of what it was given: errors are fine, but none from inside. */
async function survives(what: string, run: () => unknown, leaves: readonly Tensor[] = []): Promise<void> {
  try {
    const results = tensorsOf(await run());
    const [loss] = results.filter((t) => t.requiresGrad);
    if (loss !== undefined) loss.sum().backward();
    for (const t of [...results, ...leaves.map((leaf) => leaf.grad)]) await t?.data();
  } catch (error) {
    if (isInternal(error)) internal.push(`${what}: ${(error as Error).message}`);
  }
}

/** Fails if anything went wrong inside since the last look. */
async function expectNothingInternal(): Promise<void> {
  await k.synchronize().catch((error: unknown) => isInternal(error) && internal.push((error as Error).message));
  expect(internal).toEqual([]);
}

/** Sizes of the tensors among some arguments. */
const sizesOf = (args: readonly unknown[]): number[] => [
  ...new Set(tensorsOf(args).flatMap(({ shape }) => [...shape])),
];

/** The same tensor with all dimensions of a size empty. */
const without =
  (size: number) =>
  (x: Tensor): Tensor =>
    x.shape.reduce((t: Tensor, n, d) => (n === size ? t.narrow(d, 0, 0).clone() : t), x);
/** The same tensor with its first dimension empty. */
const withoutBatch = (x: Tensor): Tensor => (x.ndim === 0 ? x : x.narrow(0, 0, 0).clone());

/** Leaves that want gradients where they can. */
const asLeaves = (args: readonly unknown[]): unknown[] =>
  args.map((arg) => changed(arg, (x) => (x.isFloatingPoint() ? x.detach().clone().requiresGrad_() : x)));

const CALLS = (
  [
    ['', k, FUNCTIONS],
    ['F.', nn.functional, FUNCTIONAL],
    ['linalg.', k.linalg, LINALG],
    ['special.', k.special, SPECIAL],
    ['init.', nn.init, INIT],
  ] as const
).flatMap(([place, from, table]) =>
  Object.entries(table).map(([name, args]) => ({ name: `${place}${name}`, args, from })),
);
type Fn = (...args: unknown[]) => unknown;
const find = (from: object, name: string): Fn | undefined =>
  Reflect.get(from, name.replace(/^.*\./, '')) as Fn | undefined;

describe.each(CALLS)('$name', ({ name, args, from }) => {
  const fn = find(from, name);
  it.runIf(typeof fn === 'function')('takes each size 0', async () => {
    const changes = [withoutBatch, ...sizesOf(args()).map(without)];
    for (const change of changes) {
      const given = asLeaves(args().map((arg) => changed(arg, change)));
      await survives(name, () => fn?.(...given), tensorsOf(given));
    }
    await expectNothingInternal();
  });
  it.runIf(typeof fn === 'function')('does without each of its arguments, alone and together', async () => {
    const all = args();
    for (let i = 1; i < all.length; i++) {
      for (const absent of [null, undefined]) {
        const given = asLeaves(args().map((arg, j) => (j === i ? absent : arg)));
        await survives(`${name} without argument ${i}`, () => fn?.(...given), tensorsOf(given));
      }
      const fewer = asLeaves(args().slice(0, i));
      await survives(`${name} of ${i} arguments`, () => fn?.(...fewer), tensorsOf(fewer));
    }
    await expectNothingInternal();
  });
});

/** Methods of tensors, those that change them in place among them, and what they are called with behind the tensor. */
const METHODS = [
  ...Object.entries(TENSOR_METHODS).map(([name, args]) => ({ name, args: () => [k.randn(2, 2), ...args()] })),
  ...Object.entries(FUNCTIONS).flatMap(([name, args]) => [
    { name, args },
    { name: `${name}_`, args },
  ]),
].filter(({ name }) => typeof Object.getOwnPropertyDescriptor(Tensor.prototype, name)?.value === 'function');

it.each(METHODS)('Tensor.$name takes each size 0', async ({ name, args }) => {
  const changes = [withoutBatch, ...sizesOf(args()).map(without)];
  for (const change of changes) {
    const all = args().map((arg) => changed(arg, change));
    const given = name.endsWith('_') ? all : asLeaves(all);
    const [self, ...rest] = given;
    if (!(self instanceof Tensor)) continue;
    await survives(name, () => (Reflect.get(self, name) as Fn).call(self, ...rest), tensorsOf(given));
  }
  await expectNothingInternal();
});

/** No functions of the library's: the modules that call them have made the shapes agree. */
const CELLS: readonly string[] = ['gruCell', 'lstmCell', 'rnnReluCell', 'rnnTanhCell'];

/** Shapes with each of their sizes 0, alone and together with all of the same size. */
function emptied(shapes: readonly (readonly number[])[]): number[][][] {
  const alone = shapes.flatMap((shape, i) =>
    shape.map((_, d) => shapes.map((other, j) => other.map((n, e) => (i === j && d === e ? 0 : n)))),
  );
  const sizes = [...new Set(shapes.flat())];
  return [...alone, ...sizes.map((size) => shapes.map((shape) => shape.map((n) => (n === size ? 0 : n))))];
}

const TABLES: Readonly<Record<string, OpSample>> = { ...SAMPLES, ...TENSOR_SAMPLES, ...LINALG_SAMPLES };

it.each(Object.entries(TABLES).filter(([name]) => !CELLS.includes(name)))(
  'a sample of %s takes each size 0',
  async (name, { call, inputs }) => {
    for (const given of inputs) {
      for (const shapes of emptied(given.map(({ shape }) => shape))) {
        const leaves = asLeaves(given.map((input, i) => drawn({ ...input, shape: shapes[i] }))) as Tensor[];
        await survives(`${name} of ${JSON.stringify(shapes)}`, () => call(...leaves), leaves);
      }
    }
    await expectNothingInternal();
  },
);

type Make = new (...args: unknown[]) => k.nn.Module & ((...args: unknown[]) => unknown);

/** Makes the module, runs it forward and backward, and takes a step of SGD. */
async function trains(what: string, make: () => InstanceType<Make>, args: readonly unknown[]): Promise<void> {
  await survives(
    what,
    async () => {
      const module = make();
      const results = tensorsOf(await module(...args));
      const parameters = [...module.parameters()];
      const [loss] = results.filter((t) => t.requiresGrad);
      loss?.sum().backward();
      if (parameters.length > 0) new k.optim.SGD(parameters, { lr: 0.1 }).step();
      return [...results.map((t) => t.detach()), ...parameters.map((t) => t.detach())];
    },
    tensorsOf(args),
  );
}

describe.each(Object.entries(MODULES).filter(([name]) => !UNCALLABLE.includes(name)))('nn.%s', (name, [make, call]) => {
  const Module = Reflect.get(nn, name) as Make;

  it('takes each size 0', async () => {
    const changes = [withoutBatch, ...sizesOf(call()).map(without)];
    for (const change of changes) {
      const given = asLeaves(call().map((arg) => changed(arg, change)));
      await trains(name, () => new Module(...make()), given);
    }
    await expectNothingInternal();
  });

  it('does without each of its arguments, alone and together', async () => {
    const options = make();
    for (let i = 0; i <= options.length; i++) {
      const ways = [
        make().slice(0, i),
        ...[null, false, undefined].map((absent) => make().map((arg, j) => (j === i ? absent : arg))),
      ];
      for (const way of ways)
        await trains(`${name}(${way.map(String).join(', ')})`, () => new Module(...way), asLeaves(call()));
    }
    // All flags together: without bias, without affine parameters, without statistics.
    const flagless = (): unknown[] => make().map((arg) => (arg === true ? false : arg));
    await trains(`${name} without flags`, () => new Module(...flagless()), asLeaves(call()));
    for (let i = 1; i < call().length; i++) {
      const given = asLeaves(call().map((arg, j) => (j === i ? null : arg)));
      await trains(`${name} called without argument ${i}`, () => new Module(...make()), given);
      await trains(`${name} called with ${i}`, () => new Module(...make()), asLeaves(call().slice(0, i)));
    }
    await expectNothingInternal();
  });
});

it('normalization of empty planes and batches gives what PyTorch gives', async () => {
  const norm = new nn.GroupNorm(2, 4);
  for (const shape of [[2, 4, 0], [0, 4, 3], [2, 4, 0, 5]]) {
    const x = k.zeros(shape, { requiresGrad: true });
    const y = norm(x);
    expect(y.shape).toEqual(shape);
    expect(await y.tolist()).toEqual(await k.zeros(shape).tolist());
    y.sum().backward();
    expect(await norm.weight?.grad?.tolist()).toEqual([0, 0, 0, 0]);
  }
  await k.synchronize();
}); // prettier-ignore
