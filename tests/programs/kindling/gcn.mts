// pytorch/examples/gcn: graph convolution on Zachary-like graph.
import { arange, eye, manualSeed, nn, noGrad, optim, rand, zeros, type Tensor } from 'kindling';

const F = nn.functional;

class GraphConv extends nn.Module {
  kernel: nn.Parameter;
  bias: nn.Parameter | null = null;
  constructor(inputDim: number, outputDim: number, useBias = false) {
    super();
    this.kernel = new nn.Parameter(zeros(inputDim, outputDim));
    nn.init.xavierNormal_(this.kernel);
    if (useBias) {
      this.bias = new nn.Parameter(zeros(outputDim));
      nn.init.zeros_(this.bias);
    }
  }
  forward(input: Tensor, adj: Tensor) {
    const support = input.mm(this.kernel);
    let output = adj.mm(support);
    if (this.bias) output = output.add(this.bias);
    return output;
  }
}

class GCN extends nn.Module {
  gc1: GraphConv;
  gc2: GraphConv;
  dropout: nn.Dropout;
  constructor(inputDim: number, hiddenDim: number, outputDim: number, useBias = true, dropoutP = 0) {
    super();
    this.gc1 = new GraphConv(inputDim, hiddenDim, useBias);
    this.gc2 = new GraphConv(hiddenDim, outputDim, useBias);
    this.dropout = new nn.Dropout(dropoutP);
  }
  forward(input: Tensor, adj: Tensor) {
    let x = F.relu(this.gc1(input, adj));
    x = this.dropout(x);
    x = this.gc2(x, adj);
    return F.logSoftmax(x, { dim: 1 });
  }
}

manualSeed(0);
// A graph of 200 nodes in 4 communities.
const n = 200;
const labels = arange(n).remainder(4);
const same = labels.unsqueeze(0).eq(labels.unsqueeze(1));
const u = rand(n, n);
let adj = u.lt(same.float().mul(0.09).add(0.01)).float();
adj = adj.maximum(adj.t()).add(eye(n));
// normalise: D^-1/2 (A + I) D^-1/2
const d = adj.sum(1).pow(-0.5);
adj = d.unsqueeze(1).mul(adj).mul(d.unsqueeze(0));
const features = eye(n);
const idx = arange(n);
const idxTrain = idx.at(':40'),
  idxTest = idx.at('40:');

const gcn = new GCN(n, 16, 4);
const optimizer = new optim.Adam(gcn.parameters(), { lr: 0.01, weightDecay: 5e-4 });
const criterion = new nn.NLLLoss();
for (let epoch = 0; epoch < 40; epoch++) {
  gcn.train();
  optimizer.zeroGrad();
  const output = gcn(features, adj);
  const loss = criterion(output.at(idxTrain), labels.at(idxTrain));
  loss.backward();
  optimizer.step();
  if (epoch % 10 === 9) {
    gcn.eval();
    const acc = noGrad(() => gcn(features, adj).argmax(1).at(idxTest).eq(labels.at(idxTest)).float().mean());
    console.log(`epoch ${epoch} loss ${(await loss.item()).toFixed(4)} test acc ${(await acc.item()).toFixed(3)}`);
  }
}
