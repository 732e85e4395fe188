// What the MNIST demo counts and reads without a tensor; the page itself is tested in a browser.
import { describe, expect, test } from 'vitest';
import { Confusion, History, MovingAverage, Speedometer } from '../../demo/mnist/metrics';
import { parseOptions } from '../../demo/mnist/options';

describe('Confusion', () => {
  test('counts rows by what was written and columns by what was read', () => {
    const confusion = new Confusion();
    confusion.add([7, 7, 1, 9], [7, 1, 1, 4]);
    confusion.add([7], [7]);
    expect(confusion.counts[7 * 10 + 7]).toBe(2);
    expect(confusion.counts[7 * 10 + 1]).toBe(1);
    expect(confusion.counts[9 * 10 + 4]).toBe(1);
    expect(confusion.total).toBe(5);
    expect(confusion.accuracy).toBe(3 / 5);
    expect(confusion.share(7, 1)).toBe(1 / 3);
  });

  test('has no share and no accuracy of nothing', () => {
    expect(new Confusion().share(0, 0)).toBe(0);
    expect(new Confusion().accuracy).toBeNaN();
  });
});

test('a moving average begins with the first value and follows the later ones', () => {
  const average = new MovingAverage(0.9);
  expect(average.add(5)).toBeCloseTo(5);
  for (let i = 0; i < 200; i++) average.add(1);
  expect(average.add(1)).toBeCloseTo(1);
});

describe('Speedometer', () => {
  test('tells the steps per second of the last window', () => {
    const speed = new Speedometer(1000);
    for (let time = 0; time <= 4000; time += time < 2000 ? 100 : 20) speed.tick(time);
    expect(speed.rate(4000)).toBeCloseTo(50);
  });

  test('is silent while there is too little, and after a pause', () => {
    const speed = new Speedometer();
    expect(speed.rate(0)).toBeNull();
    speed.tick(0);
    expect(speed.rate(0)).toBeNull();
    speed.tick(10);
    expect(speed.rate(10)).toBeCloseTo(100);
    speed.reset();
    expect(speed.rate(10)).toBeNull();
  });
});

test('a history takes a test to the entry of its step', () => {
  const history = new History();
  for (const step of [5, 10, 15]) history.add(step, 1 / step, 0.5);
  history.addTest(10, 0.75);
  history.addTest(12, 0.8);
  expect(history.steps).toEqual([5, 10, 15]);
  expect(history.testAccuracy).toEqual([null, 0.75, null]);
});

describe('parseOptions', () => {
  test('has defaults', () => {
    const defaults = { epochs: 1, batchSize: 64, lr: 0.002, seed: 0, threads: null, device: 'auto', autostart: false };
    expect(parseOptions('')).toEqual({ ...defaults, limit: Infinity });
    expect(parseOptions('?threads=many&device=abacus')).toEqual({ ...defaults, limit: Infinity });
  });

  test('reads the address', () => {
    const options = parseOptions('?seed=2&autostart=1&epochs=3&limit=6400&threads=2&device=wasm&lr=1e-3&batchSize=32');
    const expected = { seed: 2, autostart: true, epochs: 3, limit: 6400, threads: 2, device: 'wasm' };
    expect(options).toEqual({ ...expected, lr: 0.001, batchSize: 32 });
  });
});
