// summary: torchinfo's figures for a network of its documentation, and what is shown of deeper ones.
import { describe, expect, it, vi } from 'vitest';
import { nn, randn, summary, zeros, type Tensor } from '../../src';

const F = nn.functional;

/** SingleInputNet of torchinfo's README. */
class SingleInputNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 10, 5);
  conv2 = new nn.Conv2d(10, 20, 5);
  drop = new nn.Dropout2d(0.3);
  fc1 = new nn.Linear(320, 50);
  fc2 = new nn.Linear(50, 10);
  override forward(x: Tensor): Tensor {
    x = F.relu(F.maxPool2d(this.conv1(x), 2));
    x = F.relu(F.maxPool2d(this.drop(this.conv2(x)), 2));
    x = F.relu(this.fc1(x.view(-1, 320)));
    return F.logSoftmax(this.fc2(x), 1);
  }
}

const MULTIPLY_ADDS = 2 * (10 * 24 * 24 * 25 + 20 * 8 * 8 * 250 + 320 * 50 + 50 * 10);

describe('figures', () => {
  it('of a network of the documentation', () => {
    const net = new SingleInputNet();
    net.conv1.weight.requiresGrad_(false);
    const found = summary(net, randn(2, 1, 28, 28), { verbose: 0 });
    // Shapes, parameters and sizes as torchinfo prints them.
    expect(found.layers.map(({ type, outputShape, parameters }) => [type, outputShape, parameters])).toEqual([
      ['SingleInputNet', [2, 10], 21840],
      ['Conv2d', [2, 10, 24, 24], 260],
      ['Conv2d', [2, 20, 8, 8], 5020],
      ['Dropout2d', [2, 20, 8, 8], 0],
      ['Linear', [2, 50], 16050],
      ['Linear', [2, 10], 510],
    ]);
    expect(found.totalMultiplyAdds).toBe(MULTIPLY_ADDS);
    expect([found.totalParameters, found.trainableParameters]).toEqual([21840, 21840 - 250]);
    const text = String(found).split('\n');
    expect(text.slice(-10)).toEqual([
      'Total params: 21,840',
      'Trainable params: 21,590',
      'Non-trainable params: 250',
      'Total mult-adds (M): 0.96',
      expect.stringMatching(/^=+$/),
      'Input size (MB): 0.01',
      'Forward/backward pass size (MB): 0.11',
      'Params size (MB): 0.09',
      'Estimated Total Size (MB): 0.21',
      expect.stringMatching(/^=+$/),
    ]);
    expect(text[4]).toMatch(/^├─Conv2d \(conv1\): 1-1 +\[2, 10, 24, 24\] +260 +288,000 +0\.05$/);
    expect(text[8]).toMatch(/^└─Linear \(fc2\): 1-5 +\[2, 10\] +510 +1,000 +0\.00$/);
  });

  it('are the same on the meta device, where nothing is computed', () => {
    const net = new SingleInputNet().to('meta');
    const found = summary(net, zeros([2, 1, 28, 28], { device: 'meta' }), { verbose: 0 });
    expect([found.totalParameters, found.totalMultiplyAdds]).toEqual([21840, MULTIPLY_ADDS]);
  });

  it('of layers in layers, of one that is called twice, of a lazy one', () => {
    const shared = new nn.Linear(4, 4);
    const net = new nn.Sequential(new nn.Sequential(shared, new nn.ReLU(), shared), new nn.LazyLinear(2));
    net.train();
    const found = summary(net, randn(3, 4), { verbose: 0 });
    expect(net.training && shared.training).toBe(true);
    const rows = String(found).split('\n').slice(3, 9);
    expect(rows.map((row) => row.slice(0, row.indexOf('[')).trimEnd())).toEqual([
      'Sequential: 0-1',
      '├─Sequential (0): 1-1',
      '│    ├─Linear (0): 2-1',
      '│    ├─ReLU (1): 2-2',
      '│    └─Linear (0): 2-3',
      expect.stringMatching(/^└─\w*Linear \(1\): 1-2$/),
    ]);
    expect(rows[4]).toContain('(recursive)');
    expect(rows[1]).toMatch(/\[3, 4\] +-- +96/);
    const flat = String(summary(net, [randn(3, 4)], { depth: 1, verbose: 0 })).split('\n');
    expect(flat[4]).toMatch(/Sequential \(0\): 1-1 +\[3, 4\] +20 /);
  });
});

it('prints, and refuses what is wrong', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const found = summary(new nn.Linear(2, 3), randn(1, 2));
  expect(log.mock.calls).toEqual([[String(found)]]);
  log.mockRestore();
  expect(() => summary(new nn.Linear(2, 3), 1 as never)).toThrow(
    'summary: inputs must be a tensor or a list of tensors',
  );
  expect(() => summary(new nn.Linear(2, 3), randn(1, 2), { verbose: 2 as never })).toThrow(
    'summary: verbose must be 0 or 1',
  );
  expect(() => summary(new nn.Linear(2, 3), randn(1, 5), { verbose: 0 })).toThrow('linear: the last dimension');
});
