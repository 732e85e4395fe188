// Loops without an optimizer.
import type { MakeLoop } from './run';

export const PLAIN = {
  'by hand': ({ randn, noGrad }) => {
    const w = randn(64, 64).mul(0.1).requiresGrad_();
    const v = randn(64, 1).mul(0.1).requiresGrad_();
    const x = randn(2048, 64);
    const y = x.at(':', ':1').mul(0.5);
    return () => {
      const loss = x.matmul(w).tanh().matmul(v).sub(y).square().mean();
      loss.backward();
      noGrad(() => {
        for (const p of [w, v]) {
          if (p.grad !== null) p.sub_(p.grad.mul(0.1));
          p.grad = null;
        }
      });
      return loss;
    };
  },

  inference: ({ noGrad, randn }, { perceptron, call }) => {
    const net = perceptron(256, 1024, 10);
    return () => noGrad(() => call(net, randn(512, 256)).argmax(1).float().mean()); // prettier-ignore
  },

  /** A value of 4 MB that is replaced by what a net makes of it. */
  replaced: ({ nn, noGrad, randn, tanh }) => {
    const net = new nn.Linear(256, 256);
    let x = randn(4096, 256);
    return () => (x = noGrad(() => tanh(net(x)))).at(0, 0);
  },

  unused: ({ ones }) => {
    const x = ones(256, 1024);
    return (i) => x.mul(i).at(0, 0);
  },
} satisfies Record<string, MakeLoop>;
