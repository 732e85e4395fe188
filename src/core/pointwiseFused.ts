// Several pointwise formulas over the same tensors as one operation: one kernel computes all results, and one all
// gradients. A gradient is such an operation again, so derivatives exist to any order. What recurrent cells are made of.
import { differentiate } from '../expression/derivative';
import type { PointwiseProgram, View } from '../device/contract';
import type { DType } from '../base/dtype';
import { add, constant, input, mul, type Expression } from '../expression/expression';
import { applyAll, type GradientThunks, type OpRecord } from './op';
import type { Tensor } from './tensor';

/** A tensor [.., k n] as the formulas see it: k elements, n apart in the last dimension. */
type Parts = readonly Expression[];
/** From the parts of every tensor to those of every result. */
export type FusedFormula = (...tensors: readonly Parts[]) => readonly Parts[];

/** The part of a view that starts at `k n` in the last dimension and has n elements there. */
function partOf({ buffer, dtype, shape, strides, offset }: View, k: number, n: number): View {
  const last = shape.length - 1;
  return { buffer, dtype, strides, shape: [...shape.slice(0, last), n], offset: offset + k * n * strides[last] };
}

const partsOf = (view: View, count: number): readonly View[] => {
  const n = view.shape[view.shape.length - 1] / count;
  return count === 1 ? [view] : Array.from({ length: count }, (_, k) => partOf(view, k, n));
};

/** Numbered inputs for tensors of so many parts, from number `first` on. */
function leavesOf(counts: readonly number[], dtype: DType, first = 0): readonly Parts[] {
  let next = first;
  return counts.map((count) => Array.from({ length: count }, () => input(next++, dtype)));
}

/** Bit i for item i that `holds`. */
const maskOf = <T>(items: readonly T[], holds: (item: T) => boolean): number =>
  items.reduce((mask, item, i) => (holds(item) ? mask | (1 << i) : mask), 0);

/** The operation that gives the gradients of some inputs, and which of its results is whose. */
interface Derived {
  readonly operation: Formulas;
  /** By input; -1 for those that need none. */
  readonly results: readonly number[];
}

/** The formulas for tensors of one dtype. */
class Formulas {
  private readonly record: OpRecord<readonly Tensor[], undefined>;
  private readonly derived = new Map<number, Derived>();

  constructor(
    private readonly name: string,
    private readonly dtype: DType,
    private readonly inputs: readonly Parts[],
    private readonly outputs: readonly Parts[],
  ) {
    const roots = outputs.flat();
    const program: PointwiseProgram = {
      name,
      inputs: inputs.flat().map(() => dtype),
      outputs: roots,
      outputDTypes: roots.map(() => dtype),
    };
    this.record = {
      name,
      shape: ([first]) => {
        const lead = first.shape.slice(0, -1);
        const n = first.shape[lead.length] / inputs[0].length;
        return outputs.map((parts) => ({ shape: [...lead, n * parts.length], dtype }));
      },
      forward: (device, tensors, outs) => {
        const read = tensors.flatMap((t, i) => partsOf(t, inputs[i].length));
        const written = outs.flatMap((out, i) => partsOf(out, outputs[i].length));
        device.run('pointwise', read, written, { program, scalars: [] });
      },
      backward: (grads, { inputs: saved, needs }): GradientThunks => {
        const given = outputs.map((_, i) => grads[i] ?? null);
        const { operation, results } = this.derive(needs, given);
        let gradients: readonly Tensor[] | null = null;
        const compute = (): readonly Tensor[] =>
          (gradients ??= operation.apply([...saved, ...given.filter((grad) => grad !== null)]));
        return results.map((result) => (result < 0 ? null : () => compute()[result]));
      },
    };
  }

  apply(tensors: readonly Tensor[]): Tensor[] {
    return applyAll(this.record, tensors, undefined);
  }

  private derive(needs: readonly boolean[], grads: readonly (Tensor | null)[]): Derived {
    const needed = maskOf(needs, (need) => need);
    const present = maskOf(grads, (grad) => grad !== null);
    const key = (needed << this.outputs.length) | present;
    let derived = this.derived.get(key);
    if (derived === undefined) this.derived.set(key, (derived = this.makeDerived(needed, present)));
    return derived;
  }

  /** The gradient of Σ_j grad_j y_j, in which every shared step back is taken once. */
  private makeDerived(needed: number, present: number): Derived {
    const { dtype, inputs } = this;
    const outputs = this.outputs.filter((_, i) => (present >>> i) & 1);
    const leaves = inputs.flat();
    const grads = leavesOf(
      outputs.map((parts) => parts.length),
      dtype,
      leaves.length,
    );
    const directions = grads.flat();
    const products = outputs.flat().map((y, i) => mul(directions[i], y));
    const total = products.reduce((sum, product) => add(sum, product));
    const all = differentiate(total, leaves, constant(1, dtype), total);
    // Inputs that are only ever added up have one gradient, which is computed once.
    const results: number[] = [];
    const distinct = new Map<string, Parts>();
    let first = 0;
    inputs.forEach((parts, i) => {
      const shares = all.slice(first, (first += parts.length));
      const key = shares.map(({ id }) => id).join();
      if ((needed >>> i) & 1) distinct.set(key, shares);
      results.push((needed >>> i) & 1 ? [...distinct.keys()].indexOf(key) : -1);
    });
    const operation = new Formulas(`${this.name}Backward`, dtype, [...inputs, ...grads], [...distinct.values()]);
    return { operation, results };
  }
}

/**
 * The function of tensors [.., counts[i] n] that computes all of `formula` in one kernel. All tensors have one dtype, the
 * same leading dimensions and the same n, which the caller checks.
 */
export function fused(
  name: string,
  counts: readonly number[],
  formula: FusedFormula,
): (...tensors: Tensor[]) => Tensor[] {
  const formulas = new Map<DType, Formulas>();
  return (...tensors) => {
    const [{ dtype }] = tensors;
    let known = formulas.get(dtype);
    if (known === undefined) {
      const leaves = leavesOf(counts, dtype);
      formulas.set(dtype, (known = new Formulas(name, dtype, leaves, formula(...leaves))));
    }
    return known.apply(tensors);
  };
}
