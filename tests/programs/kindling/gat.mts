// Graph attention and message passing over an edge list, as PyTorch Geometric does it: scatter, softmax by target node.
import { arange, manualSeed, nn, optim, rand, randn, zeros, type Tensor } from 'kindling';

const F = nn.functional;

function scatterSoftmax(src: Tensor, index: Tensor, n: number) {
  const max = zeros(n).scatterReduce(0, index, src.detach(), 'amax', { includeSelf: false });
  const e = src.sub(max.at(index)).exp();
  const sum = zeros(n).scatterAdd(0, index, e);
  return e.div(sum.at(index).add(1e-16));
}
class GATConv extends nn.Module {
  lin: nn.Linear;
  attSrc: nn.Parameter;
  attDst: nn.Parameter;
  constructor(inC: number, outC: number) {
    super();
    this.lin = new nn.Linear(inC, outC, { bias: false });
    this.attSrc = new nn.Parameter(randn(outC).mul(0.1));
    this.attDst = new nn.Parameter(randn(outC).mul(0.1));
  }
  forward(x: Tensor, edgeIndex: Tensor) {
    const [src, dst] = edgeIndex;
    const h = this.lin(x);
    const alpha = scatterSoftmax(
      F.leakyRelu(h.mv(this.attSrc).at(src).add(h.mv(this.attDst).at(dst)), 0.2),
      dst,
      x.size(0),
    );
    const messages = h.at(src).mul(alpha.unsqueeze(1));
    return zeros(x.size(0), h.size(1)).indexAdd(0, dst, messages);
  }
}
class GAT extends nn.Module {
  c1 = new GATConv(16, 32);
  c2 = new GATConv(32, 4);
  forward(x: Tensor, e: Tensor) {
    return this.c2(F.elu(this.c1(x, e)), e);
  }
}
manualSeed(0);
const n = 120;
const labels = arange(n).remainder(4);
const p = rand(n, n)
  .lt(labels.unsqueeze(0).eq(labels.unsqueeze(1)).float().mul(0.15).add(0.01))
  .float();
p.fillDiagonal_(1);
const edges = (await p.nonzero()).t();
console.log('edges', edges.shape);
const x = randn(n, 16).add(F.oneHot(labels, 16).mul(1.0));
const model = new GAT();
const opt = new optim.Adam(model.parameters(), { lr: 0.01, weightDecay: 5e-4 });
for (let i = 1; i <= 60; i++) {
  const out = model(x, edges);
  const loss = F.crossEntropy(out.at(':60'), labels.at(':60'));
  opt.zeroGrad();
  loss.backward();
  opt.step();
  if (i % 20 === 0)
    console.log(
      i,
      (await loss.item()).toFixed(4),
      await out.at('60:').argmax(1).eq(labels.at('60:')).float().mean().item(),
    );
}
