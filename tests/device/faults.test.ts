// The ledger alone: how ranges spread, shrink and are blamed.
import { describe, expect, test } from 'vitest';
import type { View } from '../../src/device/contract';
import { FaultLedger, StreamBuffer } from '../../src/device/faults';
import { FaultError } from '../../src/base/errors';

const INDEX = { op: 'gather', what: 'index', ignore: null };
const error = new FaultError('gather', 'index 9 is out of range [0, 3)');

function value(ledger: FaultLedger, sealed = true): { view: View; buffer: StreamBuffer } {
  const buffer = new StreamBuffer(16, ledger.seq);
  buffer.isSealed = sealed;
  return { buffer, view: { buffer, dtype: 'float32', shape: [4], strides: [1], offset: 0 } };
}

/** A fresh result of a command over `inputs`. */
function compute(ledger: FaultLedger, inputs: View[], fallible = false): ReturnType<typeof value> {
  const out = value(ledger, false);
  const faults = { options: INDEX, bound: 3, source: inputs.at(-1)?.buffer ?? null };
  ledger.admit(inputs, [out.view], fallible ? faults : undefined);
  out.buffer.isSealed = true;
  return out;
}

describe('FaultLedger', () => {
  test('a result depends on the fallible commands of its inputs', () => {
    const ledger = new FaultLedger();
    const x = value(ledger);
    const a = compute(ledger, [x.view], true);
    const b = compute(ledger, [x.view], true);
    const c = compute(ledger, [a.view, b.view]);
    expect([c.buffer.valueFirst, c.buffer.valueLast]).toEqual([1, 2]);
    expect(ledger.describe(2)).toMatchObject({ seq: 2, options: INDEX, bound: 3 });
    ledger.confirm(3);
    expect(ledger.faultOf(c.buffer)).toBeNull();
    expect(c.buffer.valueLast).toBe(0);
    expect(ledger.describe(2)).toBeUndefined();
  });

  test('a write to a sealed buffer is guarded by the ranges of all it touches', () => {
    const ledger = new FaultLedger();
    const weights = value(ledger);
    const bad = compute(ledger, [weights.view], true);
    expect(ledger.guardFirst).toBe(0);
    expect(ledger.admit([bad.view, weights.view], [weights.view])).toBe(true);
    expect([ledger.guardFirst, ledger.guardLast]).toEqual([1, 1]);
    // Without any range it is guarded by its own number, against traps.
    ledger.confirm(2);
    expect(ledger.admit([], [weights.view])).toBe(true);
    expect([ledger.guardFirst, ledger.guardLast]).toEqual([3, 3]);
  });

  test('a fault in the value stays, a fault in a pending write goes when it is delivered', () => {
    const ledger = new FaultLedger();
    const weights = value(ledger);
    const bad = compute(ledger, [], true);
    ledger.admit([bad.view, weights.view], [weights.view]);
    const fault = ledger.learn(1, 1, error);
    ledger.confirm(2);
    expect(ledger.faultOf(weights.buffer)).toBe(fault);
    // The page skips what the device would skip.
    expect(ledger.admit([bad.view, weights.view], [weights.view])).toBe(false);
    expect(ledger.admit([weights.view], [weights.view])).toBe(false);
    ledger.deliver(fault);
    expect(ledger.faultOf(weights.buffer)).toBeNull();
    expect(ledger.faultOf(bad.buffer)).toBe(fault);
    expect(ledger.admit([weights.view], [weights.view])).toBe(true);
    expect(ledger.admit([bad.view], [weights.view])).toBe(false);
    expect(ledger.faultOf(compute(ledger, [bad.view]).buffer)).toBe(fault);
  });

  test('the same bad data, met forward and backward, are told of once', () => {
    const ledger = new FaultLedger();
    const labels = value(ledger);
    const weights = value(ledger);
    compute(ledger, [labels.view], true);
    const grad = compute(ledger, [labels.view], true);
    ledger.admit([grad.view, weights.view], [weights.view]);
    const forward = ledger.learn(1, 1, error);
    ledger.deliver(forward);
    const backward = ledger.learn(2, 2, error);
    ledger.confirm(3);
    expect(ledger.undelivered()).toEqual([]);
    expect(backward.isTold).toBe(true);
    expect(ledger.faultOf(weights.buffer)).toBeNull();
    expect(ledger.faultOf(grad.buffer)).toBe(backward);
    // Using the bad data again is another fault.
    compute(ledger, [labels.view], true);
    expect(ledger.learn(4, 4, error).deliveredAt).toBe(0);
  });

  test('a read is judged by what it read, not by what came later', () => {
    const ledger = new FaultLedger();
    const weights = value(ledger);
    const snapshot = ledger.snapshot(weights.buffer);
    const bad = compute(ledger, [], true);
    ledger.admit([bad.view, weights.view], [weights.view]);
    ledger.learn(1, 1, error);
    ledger.confirm(2);
    expect(ledger.faultOf(snapshot)).toBeNull();
    expect(ledger.faultOf(weights.buffer)).not.toBeNull();
  });

  test('after a trap everything written meanwhile is in doubt, nothing before or after', () => {
    const ledger = new FaultLedger();
    const before = compute(ledger, []);
    const during = compute(ledger, []);
    const behind = compute(ledger, []);
    const trap = ledger.learnTrap(2, error);
    ledger.confirm(3);
    const after = compute(ledger, []);
    expect([before, during, behind, after].map(({ buffer }) => ledger.faultOf(buffer))).toEqual([
      null,
      trap,
      trap,
      null,
    ]);
    expect(ledger.undelivered()).toEqual([trap]);
  });

  test('numbers go on beyond 32 bits and never map to 0', () => {
    const ledger = new FaultLedger();
    ledger.seq = 2 ** 32 - 2;
    expect(ledger.nextSeq()).toBe(2 ** 32 - 1);
    expect(ledger.nextSeq()).toBe(2 ** 32 + 1);
    expect(ledger.widen(0xffffffff)).toBe(2 ** 32 - 1);
    expect(ledger.widen(1)).toBe(2 ** 32 + 1);
  });
});
