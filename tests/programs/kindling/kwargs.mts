// Named arguments as PyTorch programs write them. Inputs of modules are given by position.
import {
  arange,
  cat,
  clamp,
  data,
  full,
  gather,
  manualSeed,
  matmul,
  nn,
  norm,
  ones,
  optim,
  rand,
  randn,
  randperm,
  repeatInterleave,
  tensor,
  topk,
  unique,
  where,
  zeros,
} from 'kindling';
const F = nn.functional;
manualSeed(0);
const x = randn(3, 4);
const i = tensor([[0], [1], [2]], { dtype: 'int64' });
const mask = x.gt(0);
const p = new nn.Parameter(ones(2));
const opt = new optim.SGD([p], { lr: 0.1 });
const tries: Record<string, () => unknown> = {
  'x.gather({dim,index})': () => x.gather({ dim: 1, index: i }),
  'gather(x,{dim,index})': () => gather(x, { dim: 1, index: i }),
  'gather(1,{index})': () => x.gather(1, { index: i }),
  'x.indexSelect({dim,index})': () => x.indexSelect({ dim: 0, index: i.view(-1) }),
  'maskedFill(mask,{value})': () => x.maskedFill(mask, { value: -1e9 }),
  'maskedFill_(mask,{value})': () => x.clone().maskedFill_(mask, { value: -1e9 }),
  'narrow({dim,start,length})': () => x.narrow({ dim: 1, start: 0, length: 2 }),
  'select({dim,index})': () => x.select({ dim: 1, index: 0 }),
  'zeroGrad({setToNone:true})': () => opt.zeroGrad({ setToNone: true }),
  'zeroGrad({setToNone:false})': () => {
    p.sum().backward();
    opt.zeroGrad({ setToNone: false });
    if (p.grad === null) throw new Error('SILENT: set to null');
  },
  'net.zeroGrad({setToNone:false})': () => {
    const l = new nn.Linear(1, 1);
    l(ones(1, 1)).sum().backward();
    l.zeroGrad({ setToNone: false });
    if (l.weight.grad === null) throw new Error('SILENT: set to null');
  },
  'net.train({mode:false})': () => {
    const l = new nn.Linear(1, 1);
    l.train({ mode: false });
    if (l.training !== false) throw new Error(`SILENT: training is ${String(l.training)}`);
  },
  'p.requiresGrad_({requiresGrad:false})': () => {
    const t = ones([2], { requiresGrad: true });
    t.requiresGrad_({ requiresGrad: false });
    if (t.requiresGrad) throw new Error('SILENT: still requires grad');
  },
  'clamp({min})': () => x.clamp({ min: 0 }),
  'clamp(x,{max})': () => clamp(x, { max: 0 }),
  'clamp_({min,max})': () => x.clone().clamp_({ min: 0, max: 1 }),
  'topk({k,dim})': () => topk(x, { k: 2, dim: -1 }),
  'x.repeatInterleave({repeats,dim})': () => x.repeatInterleave({ repeats: 2, dim: 0 }),
  'repeatInterleave(x,2,{dim})': () => repeatInterleave(x, 2, { dim: 0 }),
  'x.norm({p,dim})': () => x.norm({ p: 2, dim: 1 }),
  'norm(x,{dim})': () => norm(x, { dim: 1 }),
  'F.softmax(x,{dim})': () => F.softmax(x, { dim: -1 }),
  'F.pad(x,[..],{value})': () => F.pad(x, [1, 1], { value: 3 }),
  'F.pad(x,{pad,mode})': () => F.pad(x, { pad: [1, 1], mode: 'constant', value: 3 }),
  'F.dropout(x,{p,training})': () => F.dropout(x, { p: 0.5, training: true }),
  'F.normalize(x,{dim})': () => F.normalize(x, { dim: 1 }),
  'F.oneHot(i,{numClasses})': () => F.oneHot(i, { numClasses: 3 }),
  'F.embedding(input,weight)': () => F.embedding(i, x),
  'F.interpolate': () => F.interpolate(randn(1, 1, 4, 4), { scaleFactor: 2, mode: 'nearest' }),
  'F.klDiv(logTarget)': () => F.klDiv(x.logSoftmax(1), x.softmax(1), { reduction: 'batchmean' }),
  'F.crossEntropy({ignoreIndex})': () => F.crossEntropy(x, i.view(-1), { ignoreIndex: -1 }),
  'F.linear(x,{weight,bias})': () => F.linear(x, { weight: randn(2, 4), bias: zeros(2) }),
  'F.layerNorm(x,{normalizedShape})': () => F.layerNorm(x, { normalizedShape: [4] }),
  'x.transpose({dim0,dim1})': () => x.transpose({ dim0: 0, dim1: 1 }),
  'x.flatten({startDim})': () => x.flatten({ startDim: 0 }),
  'x.unsqueeze({dim})': () => x.unsqueeze({ dim: 0 }),
  'x.squeeze({dim})': () => x.squeeze({ dim: 0 }),
  'x.view({size})': () => x.view({ size: [4, 3] }),
  'x.expand({size})': () => x.unsqueeze(0).expand({ size: [2, 3, 4] }),
  'x.repeat({sizes})': () => x.repeat({ repeats: [2, 1] }),
  'cat({tensors,dim})': () => cat({ tensors: [x, x], dim: 0 }),
  'zeros({size})': () => zeros({ size: [2, 2] }),
  'zeros(2,3,{dtype})': () => zeros(2, 3, { dtype: 'int64' }),
  'full({size,fillValue})': () => full({ size: [2], fillValue: 1 }),
  'randperm(n,{generator})': () => randperm(4, { generator: manualSeed(0) }),
  'arange({start,end})': () => arange({ start: 0, end: 4 }),
  'where(c,{input,other})': () => where(mask, { input: x, other: 0 }),
  'matmul(a,{other})': () => matmul(x, { other: x.t() }),
  'x.to({dtype})': () => x.to({ dtype: 'int64' }),
  'x.to(device,{nonBlocking})': () => x.to('wasm', { nonBlocking: true }),
  'x.sum({dim,keepdim})': () => x.sum({ dim: 1, keepdim: true }),
  'x.sum({axis})': () => x.sum({ axis: 1 }),
  'x.mean({dim:[..]})': () => x.mean({ dim: [0, 1] }),
  'x.std({dim,unbiased})': () => x.std({ dim: 0, unbiased: false }),
  'x.sort({descending})': () => x.sort({ descending: true }),
  'x.argmax({dim})': () => x.argmax({ dim: -1 }),
  'x.max({dim})': () => x.max({ dim: 1 })[0],
  'x.chunk({chunks,dim})': () => x.chunk({ chunks: 2, dim: 1 }),
  'x.split({splitSize})': () => x.split({ splitSize: 2, dim: 1 }),
  'x.multinomial({numSamples})': () => x.softmax(1).multinomial({ numSamples: 1 }),
  'x.scatter_({..})': () => zeros(3, 4).scatter_({ dim: 1, index: i, value: 1 }),
  'x.scatter_(1,i,{value})': () => zeros(3, 4).scatter_(1, i, { value: 1 }),
  'x.add(y,{alpha})': () => x.add(x, { alpha: 2 }),
  'x.add_(y,{alpha})': () => x.clone().add_(x, { alpha: -0.1 }),
  'x.mul(other)': () => x.mul({ other: x }),
  'x.pow({exponent})': () => x.pow({ exponent: 2 }),
  'x.lerp(end,weight)': () => x.lerp(x, 0.5),
  'x.lerp_(end,{weight})': () => x.clone().lerp_(x, { weight: 0.5 }),
  'x.addcmul_(a,b,{value})': () => x.clone().addcmul_(x, x, { value: 0.5 }),
  'x.normal_({mean,std})': () => x.clone().normal_({ mean: 0, std: 0.02 }),
  'x.uniform_(a,b)': () => x.clone().uniform_(-1, 1),
  'x.backward({retainGraph})': () => p.sum().backward({ retainGraph: true }),
  'x.backward(gradient)': () => p.mul(2).backward(ones(2)),
  'unique(x,{returnCounts})': () => unique(i, { returnCounts: true }),
  'nn.Embedding({numEmbeddings,..})': () => new nn.Embedding({ numEmbeddings: 3, embeddingDim: 4, paddingIdx: 0 }),
  'nn.Linear({inFeatures..})': () => new nn.Linear({ inFeatures: 3, outFeatures: 4, bias: false }),
  'nn.Linear(3,4,{bias})': () => new nn.Linear(3, 4, { bias: false }),
  'nn.Dropout({p})': () => new nn.Dropout({ p: 0.1 }),
  'nn.MultiheadAttention(..)': () =>
    new nn.MultiheadAttention(8, 2, { batchFirst: true })(randn(1, 2, 8), randn(1, 2, 8), randn(1, 2, 8), {
      attnMask: null,
    }),
  'nn.init.normal_(w,{std})': () => nn.init.normal_(zeros(2, 2), { mean: 0, std: 0.02 }),
  'nn.init.kaimingNormal_': () => nn.init.kaimingNormal_(zeros(2, 2), { mode: 'fan_out', nonlinearity: 'relu' }),
  'nn.init.constant_(b,{val})': () => nn.init.constant_(zeros(2), { val: 1 }),
  'nn.init.xavierUniform_(w,{gain})': () => nn.init.xavierUniform_(zeros(2, 2), { gain: 1 }),
  'clipGradNorm_(ps,{maxNorm})': () => nn.utils.clipGradNorm_([p], { maxNorm: 1 }),
  'new optim.SGD({params})': () => new optim.SGD({ params: [p], lr: 1 }),
  'StepLR({optimizer})': () => new optim.lrScheduler.StepLR({ optimizer: opt, stepSize: 1 }),
  'LambdaLR(opt,{lrLambda})': () => new optim.lrScheduler.LambdaLR(opt, { lrLambda: (e) => 0.9 ** e }),
  TensorDataset: () => new data.TensorDataset(x),
  'DataLoader({dataset})': () => new data.DataLoader({ dataset: new data.TensorDataset(x), batchSize: 2 }),
  'DataLoader(numWorkers,pinMemory)': () =>
    new data.DataLoader(new data.TensorDataset(x), { batchSize: 2, numWorkers: 2, pinMemory: true }),
  'rand({size})': () => rand({ size: [2, 2] }),
  'randn([2,2],{generator})': () => randn([2, 2], { generator: manualSeed(0) }),
  'F.gumbelSoftmax': () => F.gumbelSoftmax(x, { tau: 1, hard: true }),
  'F.smoothL1Loss({beta})': () => F.smoothL1Loss(x, x, { beta: 1 }),
};
let working = 0;
for (const [name, fn] of Object.entries(tries)) {
  try {
    await fn();
    working++;
  } catch (error) {
    console.log(name, error);
  }
}
console.log(`${working} of ${Object.keys(tries).length} forms work`);
