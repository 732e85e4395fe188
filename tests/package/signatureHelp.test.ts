// What editors show of the shipped types at an open bracket: the names of arguments, in at most three forms.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: { '.': { types: string } } };
const TYPES = resolve(manifest.exports['.'].types).replace(/\.d\.ts$/, '');
const FILE = resolve('signatureHelp.ts');

/** Calls, and the names of their arguments by position, required ones first. */
const CALLS: readonly [call: string, names: string][] = [
  ['new nn.Linear(', 'inFeatures, outFeatures, bias?, device?, dtype?'],
  ['new nn.Bilinear(', 'in1Features, in2Features, outFeatures, bias?, device?, dtype?'],
  ['new nn.Conv2d(', 'inChannels, outChannels, kernelSize, stride?, padding?, dilation?, groups?, bias?, paddingMode?, device?, dtype?'],
  ['new nn.LazyConv1d(', 'outChannels, kernelSize, stride?, padding?, dilation?, groups?, bias?, paddingMode?, device?, dtype?'],
  ['new nn.ConvTranspose2d(', 'inChannels, outChannels, kernelSize, stride?, padding?, outputPadding?, groups?, bias?, dilation?, paddingMode?, device?, dtype?'],
  ['new nn.MaxPool2d(', 'kernelSize, stride?, padding?, dilation?, returnIndices?, ceilMode?'],
  ['new nn.AvgPool2d(', 'kernelSize, stride?, padding?, ceilMode?, countIncludePad?, divisorOverride?'],
  ['new nn.BatchNorm2d(', 'numFeatures, eps?, momentum?, affine?, trackRunningStats?, device?, dtype?'],
  ['new nn.LayerNorm(', 'normalizedShape, eps?, elementwiseAffine?, bias?, device?, dtype?'],
  ['new nn.GroupNorm(', 'numGroups, numChannels, eps?, affine?, device?, dtype?'],
  ['new nn.Dropout(', 'p?, inplace?'],
  ['new nn.Embedding(', 'numEmbeddings, embeddingDim, paddingIdx?, maxNorm?, normType?, scaleGradByFreq?, sparse?, _weight?, device?, dtype?'],
  ['new nn.LSTM(', 'inputSize, hiddenSize, numLayers?, bias?, batchFirst?, dropout?, bidirectional?, projSize?, device?, dtype?'],
  ['new nn.MultiheadAttention(', 'embedDim, numHeads, dropout?, bias?, addBiasKv?, addZeroAttn?, kdim?, vdim?, batchFirst?, device?, dtype?'],
  ['new nn.CrossEntropyLoss(', 'weight?, sizeAverage?, ignoreIndex?, reduce?, reduction?, labelSmoothing?'],
  ['new nn.Flatten(', 'startDim?, endDim?'],
  ['new optim.SGD(', 'params, lr?, momentum?, dampening?, weightDecay?, nesterov?, maximize?'],
  ['new optim.lrScheduler.StepLR(', 'optimizer, stepSize, gamma?, lastEpoch?, verbose?'],
  ['nn.functional.conv2d(', 'input, weight, bias?, stride?, padding?, dilation?, groups?'],
  ['nn.functional.crossEntropy(', 'input, target, weight?, sizeAverage?, ignoreIndex?, reduce?, reduction?, labelSmoothing?'],
  ['nn.functional.scaledDotProductAttention(', 'query, key, value, attnMask?, dropoutP?, isCausal?, scale?, enableGqa?, needAttnWeights?'],
  ['nn.functional.leakyRelu(', 'input, negativeSlope?, inplace?'],
  ['nn.init.kaimingNormal_(', 'tensor, a?, mode?, nonlinearity?, generator?'],
  ['nn.utils.clipGradNorm_(', 'parameters, maxNorm, normType?'],
  ['linalg.norm(', 'x, ord?, dim?, keepdim?, dtype?'],
  ['x.gather(', 'dim, index'],
  ['x.scatterAdd(', 'dim, index, src'],
  ['x.narrow(', 'dim, start, length'],
  ['x.topk(', 'k, dim?, largest?, sorted?'],
  ['x.transpose(', 'dim0, dim1'],
  ['x.sum(', 'dim?, keepdim?, dtype?'],
  ['x.addcmul(', 'tensor1, tensor2, value?'],
  ['x.normal_(', 'mean?, std?, generator?'],
]; // prettier-ignore

const text = [
  `import { linalg, nn, optim, type Tensor } from '${TYPES}';`,
  'declare const x: Tensor;',
  ...CALLS.map(([call]) => `${call});`),
].join('\n');

/** The one file of a program that exists only here. */
const service = ts.createLanguageService({
  getScriptFileNames: () => [FILE],
  getScriptVersion: () => '0',
  getScriptSnapshot(file) {
    const content = file === FILE ? text : ts.sys.readFile(file);
    return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
  },
  getCurrentDirectory: () => process.cwd(),
  getCompilationSettings: () => ({
    strict: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
    types: [],
  }),
  getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
  fileExists: (file) => ts.sys.fileExists(file),
  readFile: (file) => ts.sys.readFile(file),
});

/** The forms that an editor offers behind `call`, each as the names of its arguments. */
function formsOf(call: string): string[] {
  const at = text.indexOf(`\n${call}`) + 1 + call.length;
  const items = service.getSignatureHelpItems(FILE, at, {})?.items ?? [];
  return items.map(({ parameters }) =>
    parameters.map(({ displayParts }) => /^[^:]*/.exec(ts.displayPartsToString(displayParts))?.[0]).join(', '),
  );
}

test.each(CALLS)('%s shows its arguments', (call, names) => {
  const forms = formsOf(call);
  expect(forms).toContain(names);
  expect(forms.length).toBeLessThanOrEqual(3);
});
