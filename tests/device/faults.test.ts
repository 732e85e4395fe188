// The ledger alone: how ranges spread, shrink and are blamed.
import { describe, expect, test } from 'vitest';
import type { View } from '../../src/device/contract';
import { CommandLog } from '../../src/device/commandLog';
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

  const faultsOf = (ledger: FaultLedger, ...values: ReturnType<typeof value>[]) =>
    values.map(({ buffer }) => ledger.faultOf(buffer));

  test('after a write elsewhere everything written meanwhile is in doubt, nothing before or after', () => {
    const ledger = new FaultLedger();
    const before = compute(ledger, []);
    const during = compute(ledger, []);
    const behind = compute(ledger, []);
    const overrun = ledger.learnOverrun(2, error);
    ledger.confirm(3);
    const after = compute(ledger, []);
    expect(faultsOf(ledger, before, during, behind, after)).toEqual([null, overrun, overrun, null]);
    expect(ledger.undelivered()).toEqual([overrun]);
  });

  describe('a command that stopped in the middle', () => {
    test('costs what depends on it, and nothing else', () => {
      const ledger = new FaultLedger(new CommandLog());
      const [weights, others, moved] = [value(ledger), value(ledger), value(ledger)];
      const x = compute(ledger, []);
      const torn = compute(ledger, [x.view]);
      const seq = ledger.seq;
      const beside = compute(ledger, [x.view]);
      const behind = compute(ledger, [torn.view, beside.view]);
      ledger.admit([behind.view, weights.view], [weights.view]);
      const step = ledger.seq;
      ledger.admit([beside.view, others.view], [others.view]);
      const ofWeights = compute(ledger, [weights.view]);
      ledger.admit([ofWeights.view, moved.view], [moved.view]);
      const second = ledger.seq;
      const ofOthers = compute(ledger, [others.view]);
      const fault = ledger.learnTear(seq, error);
      expect([...ledger.blockedBy(seq)]).toEqual([step, second]);
      ledger.confirm(ledger.seq);
      expect(faultsOf(ledger, x, torn, beside, behind, weights, others, ofWeights, moved, ofOthers)).toEqual(
        [null, fault, null, fault, fault, null, fault, fault, null], // prettier-ignore
      );
      // What is queued once it is known: the page itself holds off what depends on it.
      expect(ledger.admit([behind.view, weights.view], [weights.view])).toBe(false);
      expect(ledger.admit([weights.view], [weights.view])).toBe(false);
      expect(ledger.admit([beside.view, others.view], [others.view])).toBe(true);
      // Blocked writes were never made.
      ledger.deliver(fault);
      expect(faultsOf(ledger, torn, behind, weights, ofWeights, moved)).toEqual([fault, fault, null, fault, null]);
      expect(ledger.admit([weights.view], [weights.view])).toBe(true);
      expect(ledger.undelivered()).toEqual([]);
    });

    test('leaves half of what it wrote in place, until all of that is written anew', () => {
      const ledger = new FaultLedger(new CommandLog());
      const [weights, x] = [value(ledger), value(ledger)];
      ledger.admit([x.view, weights.view], [weights.view]);
      const fault = ledger.learnTear(1, error);
      ledger.deliver(fault);
      ledger.confirm(1);
      expect(faultsOf(ledger, weights)).toEqual([fault]);
      expect(ledger.admit([x.view], [weights.view])).toBe(true);
      expect(faultsOf(ledger, weights)).toEqual([null]);
    });

    test('is over for what was written anew meanwhile, but not for a read before', () => {
      const ledger = new FaultLedger(new CommandLog());
      const [weights, x] = [value(ledger), value(ledger)];
      const early = ledger.snapshot(weights.buffer);
      ledger.admit([x.view, weights.view], [weights.view]);
      const between = ledger.snapshot(weights.buffer);
      ledger.admit([x.view], [weights.view]);
      const fault = ledger.learnTear(1, error);
      expect(ledger.blockedBy(1).size).toBe(0);
      expect([early, between, weights.buffer].map((buffer) => ledger.faultOf(buffer))).toEqual([null, fault, null]);
    });

    test('may be one that writes bytes of the page', () => {
      const ledger = new FaultLedger(new CommandLog());
      const [written, other] = [value(ledger), value(ledger)];
      const seq = ledger.admitWrite(written.buffer);
      ledger.admitWrite(other.buffer);
      const fault = ledger.learnTear(seq, error);
      expect(faultsOf(ledger, written, other, compute(ledger, [written.view]))).toEqual([fault, null, fault]);
    });

    test('is found among thousands that are done', () => {
      const ledger = new FaultLedger(new CommandLog());
      const x = value(ledger);
      const results = Array.from({ length: 5000 }, () => compute(ledger, [x.view]));
      ledger.forget(4000);
      const last = compute(ledger, [results[4999].view]);
      const fault = ledger.learnTear(5000, error);
      expect(faultsOf(ledger, results[4998], results[4999], last)).toEqual([null, fault, fault]);
    });
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
