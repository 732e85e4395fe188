// Every unit test and every conformance case runs in the checking mode; CHECKING=off for those that measure.
import { expect } from 'vitest';
import { Tensor } from '../../src/core/tensor';
import { startChecking } from '../../src/device/checking';

if (process.env.CHECKING !== 'off') startChecking();

// A tensor is equal to itself: Vitest would go through what can be iterated, and compare views instead.
expect.addEqualityTesters([
  (a: unknown, b: unknown): boolean | undefined => (a instanceof Tensor && b instanceof Tensor ? a === b : undefined),
]);
