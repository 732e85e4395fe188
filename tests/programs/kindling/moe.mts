// A sparse mixture of experts: noisy top-k gating, tokens sent to their experts by masks, a loss that balances the load.
import { manualSeed, nn, optim, randn, randnLike, topk, zerosLike, type Tensor } from 'kindling';

const F = nn.functional;

class Expert extends nn.Module {
  net: nn.Sequential;
  constructor(nEmbed: number) {
    super();
    this.net = new nn.Sequential(new nn.Linear(nEmbed, 2 * nEmbed), new nn.ReLU(), new nn.Linear(2 * nEmbed, nEmbed));
  }
  forward(x: Tensor) {
    return this.net(x);
  }
}

class NoisyTopkRouter extends nn.Module {
  topkrouteLinear: nn.Linear;
  noiseLinear: nn.Linear;
  constructor(
    nEmbed: number,
    numExperts: number,
    readonly topK: number,
  ) {
    super();
    this.topkrouteLinear = new nn.Linear(nEmbed, numExperts);
    this.noiseLinear = new nn.Linear(nEmbed, numExperts);
  }
  forward(mhOutput: Tensor): [Tensor, Tensor] {
    const logits = this.topkrouteLinear(mhOutput);
    const noise = randnLike(logits).mul(F.softplus(this.noiseLinear(mhOutput)));
    const noisyLogits = logits.add(noise);
    const [topKLogits, indices] = topk(noisyLogits, this.topK, { dim: -1 });
    const sparseLogits = zerosLike(noisyLogits).fill_(-Infinity).scatter(-1, indices, topKLogits);
    return [F.softmax(sparseLogits, { dim: -1 }), indices];
  }
}

class SparseMoE extends nn.Module {
  router: NoisyTopkRouter;
  experts: nn.ModuleList<Expert>;
  constructor(nEmbed: number, numExperts: number, topK: number) {
    super();
    this.router = new NoisyTopkRouter(nEmbed, numExperts, topK);
    this.experts = new nn.ModuleList(Array.from({ length: numExperts }, () => new Expert(nEmbed)));
  }
  async run(x: Tensor): Promise<[Tensor, Tensor]> {
    const [gating, indices] = this.router(x);
    const finalOutput = zerosLike(x);
    const flatX = x.view(-1, x.size(-1));
    const flatGating = gating.view(-1, gating.size(-1));
    for (const [i, expert] of [...this.experts].entries()) {
      const expertMask = indices.eq(i).any({ dim: -1 });
      const flatMask = expertMask.view(-1);
      if (await flatMask.any().item()) {
        const expertInput = await flatX.maskedAt(flatMask);
        const expertOutput = expert(expertInput);
        const gatingScores = (await flatGating.maskedAt(flatMask)).at(':', i).unsqueeze(1);
        const rows = (await flatMask.nonzero()).squeeze(1);
        finalOutput.view(-1, x.size(-1)).indexAdd_(0, rows, expertOutput.mul(gatingScores));
      }
    }
    const load = flatGating.mean(0);
    return [finalOutput, load.mul(load).sum().mul(load.size(0))];
  }
}

manualSeed(0);
const moe = new SparseMoE(8, 4, 2);
const x = randn(4, 10, 8);
const target = x.flip(-1).tanh();
const optimizer = new optim.Adam(moe.parameters(), { lr: 1e-2 });
for (let step = 1; step <= 40; step++) {
  const [out, balance] = await moe.run(x);
  const loss = F.mseLoss(out, target).add(balance, { alpha: 0.01 });
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  if (step % 10 === 0) console.log(step, (await loss.item()).toFixed(4), (await balance.item()).toFixed(3));
}
