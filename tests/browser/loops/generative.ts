// Loops in which nets learn to make examples.
import type { Tensor } from 'kindling';
import type { MakeLoop } from './run';

export const GENERATIVE = {
  gan: ({ nn, optim, randn, ones }, { perceptron, call, trained }) => {
    const [generator, critic] = [perceptron(16, 128, 64), perceptron(64, 128, 1)];
    const [forGenerator, forCritic] = [generator, critic].map((net) => new optim.Adam(net.parameters(), { lr: 2e-4 }));
    const lossOf = (x: Tensor, label: number): Tensor =>
      nn.functional.binaryCrossEntropyWithLogits(call(critic, x), ones(256, 1).mul(label));
    return () => {
      const fake = call(generator, randn(256, 16));
      trained(forCritic, lossOf(randn(256, 64), 1).add(lossOf(fake.detach(), 0)));
      return trained(forGenerator, lossOf(fake, 1));
    };
  },

  'wgan-gp': ({ autograd, optim, rand, randn, ones }, { perceptron, call, trained }) => {
    const [generator, critic] = [perceptron(16, 64, 32), perceptron(32, 64, 1)];
    const options = { lr: 1e-3, betas: [0, 0.9] as [number, number] };
    const [forGenerator, forCritic] = [generator, critic].map((net) => new optim.Adam(net.parameters(), options));
    const penalty = (real: Tensor, fake: Tensor): Tensor => {
      const alpha = rand(real.size(0), 1).expandAs(real);
      const between = real.mul(alpha).add(fake.mul(alpha.neg().add(1))).detach().requiresGrad_(); // prettier-ignore
      const score = call(critic, between);
      const [gradient] = autograd.grad(score, between, { gradOutputs: ones(score.size()), createGraph: true });
      return gradient.view(gradient.size(0), -1).norm(2, 1).sub(1).pow(2).mean();
    };
    return () => {
      const real = randn(256, 32).mul(0.5).add(1);
      const fake = call(generator, randn(256, 16)).detach();
      trained(forCritic, call(critic, fake).mean().sub(call(critic, real).mean()).add(penalty(real, fake)));
      return trained(forGenerator, call(critic, call(generator, randn(256, 16))).mean().neg()); // prettier-ignore
    };
  },

  vae: ({ nn, optim, rand, randnLike }, { perceptron, call, trained }) => {
    const F = nn.functional;
    const [encoder, decoder] = [perceptron(784, 128, 40), perceptron(20, 128, 784)];
    const optimizer = new optim.Adam([...encoder.parameters(), ...decoder.parameters()], { lr: 1e-3 });
    return () => {
      const x = rand(128, 784);
      const [mean, logVar] = call(encoder, x).chunk(2, 1);
      const deviation = logVar.mul(0.5).exp();
      const z = randnLike(deviation).mul(deviation).add(mean);
      const error = F.binaryCrossEntropyWithLogits(call(decoder, z), x, { reduction: 'sum' });
      const divergence = logVar.add(1).sub(mean.pow(2)).sub(logVar.exp()).sum().mul(-0.5);
      return trained(optimizer, error.add(divergence));
    };
  },

  /** A diffusion model: noise of a random strength is predicted. */
  ddpm: ({ nn, optim, randn, randint, linspace, cumprod }, { trained }) => {
    const F = nn.functional;
    class Denoiser extends nn.Module {
      readonly time = new nn.Embedding(100, 16);
      readonly first = new nn.Conv2d(1, 16, 3, { padding: 1 });
      readonly norm = new nn.GroupNorm(4, 16);
      readonly second = new nn.Conv2d(16, 16, 3, { padding: 1 });
      readonly last = new nn.Conv2d(16, 1, 3, { padding: 1 });
      override forward(x: Tensor, t: Tensor) {
        const h = F.silu(this.norm(this.first(x))).add(this.time(t).at(':', ':', null, null));
        return this.last(F.silu(this.second(h)).add(h));
      }
    }
    const net = new Denoiser();
    const optimizer = new optim.Adam(net.parameters(), { lr: 1e-3 });
    const kept = cumprod(linspace(1e-4, 0.02, 100).neg().add(1), 0);
    return () => {
      const [x, noise, t] = [randn(16, 1, 16, 16), randn(16, 1, 16, 16), randint(100, [16])];
      const share = kept.at(t).view(-1, 1, 1, 1);
      const noisy = x.mul(share.sqrt()).add(noise.mul(share.neg().add(1).sqrt()));
      return trained(optimizer, F.mseLoss(net(noisy, t), noise));
    };
  },
} satisfies Record<string, MakeLoop>;
