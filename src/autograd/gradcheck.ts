// Gradients against finite differences.
import type { Arguments } from '../base/arguments';
import { FLAG, FUNCTION, NUMBER, oneOrMore } from '../base/kinds';
import { argument, signature } from '../base/signature';
import { TENSOR } from '../core/kinds';
import { enableGrad, grad, isGradEnabled, noGrad } from '../core/backward';
import { AutogradError } from '../base/errors';
import { full } from '../ops/shape/creation';
import { cat } from '../ops/shape/cat';
import { narrow, reshape } from '../ops/shape/view';
import { copy_ } from '../ops/shape/copy';
import { rand } from '../ops/random/random';
import { checkGiven, checkReady } from '../core/given';
import { Tensor } from '../core/tensor';

/** Tolerances of gradcheck: |analytic - numeric| <= atol + rtol |numeric|. */
export interface GradcheckOptions {
  /** Step of the central difference. */
  eps?: number;
  atol?: number;
  rtol?: number;
  /** Return false on a mismatch instead of throwing. */
  raiseException?: boolean;
}

const GRADCHECK = signature('gradcheck', [
  argument('fn', FUNCTION), argument('inputs', oneOrMore(TENSOR)), argument('eps', NUMBER, 1e-6), argument('atol', NUMBER, 1e-5),
  argument('rtol', NUMBER, 1e-3), argument('raiseException', FLAG, true),
]); // prettier-ignore
const GRADGRADCHECK = GRADCHECK.as('gradgradcheck');
type GradcheckArguments = Arguments<
  [],
  [eps?: number, atol?: number, rtol?: number, raiseException?: boolean],
  GradcheckOptions
>;

/** A function of tensors, of which those that require gradients are checked. */
export type CheckedFunction = (...inputs: Tensor[]) => Tensor | readonly Tensor[];
/** Such a function whose arguments may also be given in other ways, as those of kindling itself. */
type NamedFunction = (...inputs: never) => Tensor | readonly Tensor[];

/** The differentiable results of a checked function. @throws TypeError unless it gives tensors, at once */
function listOf(out: Tensor | readonly Tensor[]): Tensor[] {
  checkReady('gradcheck: fn', out);
  const list: readonly Tensor[] = Array.isArray(out) ? (out as readonly Tensor[]) : [out as Tensor];
  for (const t of list) checkGiven('gradcheck: fn', t);
  return list.filter((t) => t.isFloatingPoint());
}

/** The view of one element of x. */
function elementOf(x: Tensor, flat: number): Tensor {
  let view = x;
  let rest = flat;
  for (let d = x.ndim - 1; d >= 0; d--) {
    view = narrow(view, d, rest % x.shape[d], 1);
    rest = Math.floor(rest / x.shape[d]);
  }
  return view;
}

/** All elements of several tensors, in one read. */
async function valuesOf(tensors: readonly Tensor[]): Promise<number[]> {
  if (tensors.every((t) => t.numel() === 0)) return [];
  const all = await noGrad(() => cat(tensors.map((t) => reshape(t.detach().to('float64'), -1)))).data();
  return Array.from(all, Number);
}

/** rows[i][j]: derivative of output element j with respect to input element i, by central differences. */
async function numericJacobian(fn: CheckedFunction, inputs: Tensor[], at: number, eps: number): Promise<number[][]> {
  const x = inputs[at];
  const results = noGrad(() => {
    const before = x.detach().clone();
    const runs: Tensor[][] = [];
    for (let i = 0; i < x.numel(); i++) {
      for (const step of [eps, -eps]) {
        elementOf(x.detach(), i).add_(full([], step, { dtype: x.dtype, device: x.device }));
        runs.push(listOf(fn(...inputs)).map((t) => t.clone()));
        copy_(x.detach(), before);
      }
    }
    return runs;
  });
  const values = await valuesOf(results.flat());
  const width = results.length > 0 ? results[0].reduce((n, t) => n + t.numel(), 0) : 0;
  return Array.from({ length: x.numel() }, (_, i) =>
    Array.from({ length: width }, (_, j) => (values[2 * i * width + j] - values[(2 * i + 1) * width + j]) / (2 * eps)),
  );
}

/** The same by the recorded gradients, one backward pass per output element. */
async function analyticJacobian(fn: CheckedFunction, inputs: Tensor[], at: number): Promise<number[][]> {
  const x = inputs[at];
  const outputs = listOf(fn(...inputs));
  const rows: Tensor[] = [];
  for (const out of outputs) {
    for (let j = 0; j < out.numel(); j++) {
      const one = noGrad(() => {
        const zeros = out.zerosLike();
        elementOf(zeros, j).fill_(1);
        return zeros;
      });
      const g = out.requiresGrad
        ? grad([out], [x], { gradOutputs: [one], retainGraph: true, allowUnused: true })[0]
        : null;
      rows.push(g ?? x.detach().zerosLike());
    }
  }
  const values = await valuesOf(rows);
  const n = x.numel();
  return Array.from({ length: n }, (_, i) => rows.map((_, j) => values[j * n + i]));
}

/**
 * Compares the gradients of `fn` with central differences, for every input that requires gradients. Inputs should be float64.
 * Resolves to true. @throws AutogradError naming input, output element and both values on a mismatch.
 * @see torch.autograd.gradcheck
 */
export function gradcheck(
  fn: CheckedFunction,
  inputs: Tensor | readonly Tensor[],
  ...args: GradcheckArguments
): Promise<boolean>;
export function gradcheck(
  fn: NamedFunction,
  inputs: Tensor | readonly Tensor[],
  ...args: GradcheckArguments
): Promise<boolean>;
export async function gradcheck(
  checked: CheckedFunction | NamedFunction,
  inputs: Tensor | readonly Tensor[],
  ...args: GradcheckArguments
): Promise<boolean> {
  const fn = checked as CheckedFunction;
  const { eps, atol, rtol, raiseException } = GRADCHECK.take([fn, inputs, ...args]);
  const list = inputs instanceof Tensor ? [inputs] : [...inputs];
  if (!isGradEnabled()) throw new AutogradError('gradcheck', 'must run with recording on, got a call inside noGrad.');
  if (!list.some((t) => t.requiresGrad))
    throw new AutogradError('gradcheck', 'at least one input must require gradients.');
  for (const [at, x] of list.entries()) {
    if (!x.requiresGrad) continue;
    if (x.dtype !== 'float64')
      throw new AutogradError('gradcheck', `inputs must be float64 for finite differences, got ${x.dtype} at ${at}.`);
    const numeric = await numericJacobian(fn, list, at, eps);
    const analytic = await analyticJacobian(fn, list, at);
    for (const [i, row] of numeric.entries()) {
      for (const [j, expected] of row.entries()) {
        const actual = analytic[i][j];
        const close = Math.abs(actual - expected) <= atol + rtol * Math.abs(expected);
        if (close || (Number.isNaN(actual) && Number.isNaN(expected))) continue;
        if (!raiseException) return false;
        throw new AutogradError(
          'gradcheck',
          `derivative of output element ${j} by element ${i} of input ${at} is ${expected} by finite differences, ` +
            `got ${actual} (difference ${Math.abs(actual - expected)}, allowed ${atol + rtol * Math.abs(expected)}).`,
          { input: at, element: i, output: j, expected, actual },
        );
      }
    }
  }
  return true;
}

/** gradcheck of the gradients of `fn`, with random first gradients. @see torch.autograd.gradgradcheck */
export function gradgradcheck(
  fn: CheckedFunction,
  inputs: Tensor | readonly Tensor[],
  ...args: GradcheckArguments
): Promise<boolean>;
export function gradgradcheck(
  fn: NamedFunction,
  inputs: Tensor | readonly Tensor[],
  ...args: GradcheckArguments
): Promise<boolean>;
export async function gradgradcheck(
  checked: CheckedFunction | NamedFunction,
  inputs: Tensor | readonly Tensor[],
  ...args: GradcheckArguments
): Promise<boolean> {
  const fn = checked as CheckedFunction;
  const { eps, atol, rtol, raiseException } = GRADGRADCHECK.take([fn, inputs, ...args]);
  const list = inputs instanceof Tensor ? [inputs] : [...inputs];
  const outputs = noGrad(() => listOf(fn(...list)));
  const firsts = outputs.map((out) => rand(out.shape, { dtype: out.dtype, device: out.device }).requiresGrad_());
  const wanted = list.filter((t) => t.requiresGrad);
  const gradients: CheckedFunction = (...args) => {
    const own = args.slice(0, list.length);
    // The objects of `list` are passed through, so that the wanted inputs are those of the graph.
    const outs = listOf(fn(...own));
    const used = outs.flatMap((out, i) => (out.requiresGrad ? [{ out, first: args[list.length + i] }] : []));
    const results = grad(used.map((u) => u.out), wanted, {
      gradOutputs: used.map((u) => u.first),
      createGraph: true,
      allowUnused: true,
    }); // prettier-ignore
    return results.map((g, i) => g ?? wanted[i].detach().zerosLike());
  };
  // Finite differences run without recording, but here the function itself needs a graph.
  return gradcheck((...args) => enableGrad(() => gradients(...args)), [...list, ...firsts], {
    eps,
    atol,
    rtol,
    raiseException,
  });
}
