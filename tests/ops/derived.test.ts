// Tests that every operation passes because of its entry in samples.ts.
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as k from '../../src';
import type { Tensor } from '../../src';
import { mismatch } from '../harness/allclose';
import { LINALG_SAMPLES } from './linalgSamples';
import { listOf, make } from './inputs';
import { SAMPLES } from './samples';
import { TENSOR_SAMPLES } from './tensorSamples';

const { gradcheck, gradgradcheck } = k.autograd;

beforeEach(() => void k.manualSeed(1));
afterAll(() => {
  k.shutdown();
});

/** Leaves that require gradients where they can. */
const leaves = (inputs: readonly Tensor[]): Tensor[] =>
  inputs.map((x) => (x.isFloatingPoint() ? x.detach().requiresGrad_() : x));

// unfold is in both: of windows of images, and of a dimension.
describe.each([SAMPLES, TENSOR_SAMPLES, LINALG_SAMPLES].flatMap((samples) => Object.entries(samples)))(
  '%s',
  (_name, sample) => {
    const { call, inputs, order = 2, agrees = true, bad = [] } = sample;

    it('gives the same for every layout', async () => {
      for (const spec of inputs) {
        const xs = spec.map(make);
        const strided = listOf(call(...xs));
        const dense = listOf(call(...xs.map((x) => x.clone())));
        for (const [i, out] of strided.entries()) {
          expect(out.shape).toEqual(dense[i].shape);
          expect(mismatch(await out.data(), await dense[i].data(), { rtol: 1e-12, atol: 1e-12 })).toBeNull();
        }
      }
    });

    it.runIf(agrees)('agrees between float32 and float64', async () => {
      for (const spec of inputs) {
        // Values that both dtypes hold, so that no comparison falls differently.
        const single = spec.map(make).map((x) => (x.isFloatingPoint() ? x.float() : x));
        const double = single.map((x) => (x.isFloatingPoint() ? x.double() : x));
        const expected = listOf(call(...double));
        for (const [i, out] of listOf(call(...single)).entries()) {
          if (out.isFloatingPoint()) expect(out.dtype).toBe('float32');
          expect(mismatch(await out.data(), await expected[i].data(), { rtol: 2e-5, atol: 2e-5 })).toBeNull();
        }
      }
    });

    it.runIf(order >= 1)('has the gradients that finite differences give', async () => {
      for (const spec of inputs) {
        const xs = leaves(spec.map(make));
        expect(await gradcheck(call, xs)).toBe(true);
      }
    });

    it.runIf(order >= 2)('has the second gradients that finite differences give', async () => {
      for (const spec of inputs) {
        const xs = leaves(spec.map(make));
        expect(await gradgradcheck(call, xs)).toBe(true);
      }
    });

    it.runIf(order === 0)('is not differentiable where it is piecewise constant', () => {
      for (const spec of inputs) {
        for (const out of listOf(call(...leaves(spec.map(make))))) {
          if (!out.isFloatingPoint()) expect(out.requiresGrad).toBe(false);
        }
      }
    });

    it.runIf(bad.length > 0)('says what is wrong', () => {
      for (const [wrong, message] of bad) expect(wrong).toThrow(message);
    });
  },
);
