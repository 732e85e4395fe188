// docs/not-there.md: which of PyTorch's public names kindling has not, and why. The names are those of PyTorch 1.13 (pytorch.json).
import { readFileSync } from 'node:fs';
import * as kindling from '../../src';
import { camelCase } from '../conformance/names';

type Names = Readonly<Record<string, readonly string[]>>;
const NAMES = JSON.parse(readFileSync('tests/docs/pytorch.json', 'utf8')) as Names;

/** What stands for a module of PyTorch. */
const HOMES: Readonly<Record<string, object | undefined>> = {
  torch: kindling,
  'torch.Tensor': kindling.Tensor.prototype,
  'torch.nn': kindling.nn,
  'torch.nn.Module': kindling.nn.Module.prototype,
  'torch.nn.functional': kindling.nn.functional,
  'torch.nn.init': kindling.nn.init,
  'torch.nn.utils': kindling.nn.utils,
  'torch.nn.utils.rnn': kindling.nn.utils.rnn,
  'torch.nn.utils.parametrize': kindling.nn.utils.parametrize,
  'torch.nn.utils.parametrizations': kindling.nn.utils.parametrizations,
  'torch.nn.utils.prune': kindling.nn.utils.prune,
  'torch.optim': kindling.optim,
  'torch.optim.lr_scheduler': kindling.optim.lrScheduler,
  'torch.utils.data': kindling.data,
  'torch.autograd': kindling.autograd,
  'torch.linalg': kindling.linalg,
  'torch.special': kindling.special,
  'torch.cuda.amp': kindling.amp,
};
/** Those that came with a namespace of their own, where there is one. */
const namespace = (path: string): object | undefined => {
  const found = path
    .split('.')
    .slice(1)
    .reduce<unknown>((at, name) => Reflect.get(Object(at) as object, camelCase(name)) as unknown, kindling);
  return typeof found === 'object' && found !== null ? found : undefined;
};

/** A group of names that are left out for one reason. */
interface Group {
  readonly title: string;
  readonly reason: string;
  /** Of names with their module before them. */
  readonly holds: (path: string, name: string) => boolean;
}

const matches =
  (pattern: RegExp): Group['holds'] =>
  (_, name) =>
    pattern.test(name);
const isOf =
  (...paths: readonly string[]): Group['holds'] =>
  (path) =>
    paths.includes(path);

// The first group that holds a name has it; what none holds is not written yet.
const GROUPS: readonly Group[] = [
  {
    title: 'Complex numbers',
    reason:
      'There is no complex dtype, so what takes or gives complex numbers is left out, such as Fourier transforms. `linalg.eig` is for matrices whose eigenvalues are real.',
    holds: (path, name) =>
      path === 'torch.fft' ||
      /complex|conj|^(angle|real|imag|polar|isreal|stft|istft|cfloat|cdouble|chalf|eig|eigvals|adjoint|H|mH)$/.test(
        name,
      ) ||
      /^(resolve|is)_neg$/.test(name),
  },
  {
    title: 'Sparse tensors',
    reason:
      'Tensors are dense. `indexAdd`, `scatterReduce` and `gather` go over lists of edges; embeddings have dense gradients, of which `SparseAdam` takes the rows that are not 0.',
    holds: matches(
      /sparse|coalesce|crow_indices|ccol_|col_indices|row_indices|^(indices|values)(_copy)?$|hspmm|hsmm|^smm$|spmm|dsmm|sspaddmm|saddmm|dense_dim|to_dense|SparseAdam|AggregationType/,
    ),
  },
  {
    title: 'Quantized tensors',
    reason:
      'Quantized tensors are a class of their own, `QuantizedTensor`, with `intRepr` and its like, and no dtypes of tensors.',
    holds: matches(/quant|^q_|qscheme|^qu?int|int_repr|fbgemm|fake_|qparams/),
  },
  {
    title: 'Named dimensions',
    reason: 'A prototype in PyTorch that was not continued.',
    holds: matches(/^(names?|has_names|align_\w+|refine_names|rename_?)$/),
  },
  {
    title: 'Compilation and its types',
    reason: 'Programs are JavaScript, which the browser compiles; there is nothing to trace or to script.',
    holds: (path, name) =>
      (path === 'torch' && /^[A-Z]/.test(name) && !/Tensor$|Storage$|^(Generator|Size)$/.test(name)) ||
      /^(fork|wait|import_ir|parse_|merge_type|unify_type|init_num_threads|has_torch_function|read_vitals|set_vital|vitals|is_vulkan)|^boolean_dispatch$|handle_torch_function|^(CONV_BN|FUSE_|HOIST_|INSERT_|REMOVE_)/.test(
        name,
      ),
  },
  {
    title: 'Classes of tensors and of memory',
    reason:
      "Tensors have dtypes; their memory is the library's: it has no addresses, is not shared by hand and is not resized. `storage()` and `FloatTensor(...)` are from before dtypes.",
    holds: matches(
      /Storage$|Tensor$|^Size$|storage|data_ptr|^type$|^(set_|resize_?|resize_as_?|is_set_to|share_memory_?|is_shared|pin_memory|is_pinned|new|as_subclass|numpy|apply_|map_|map2_|layout|memory_format|empty_strided|new_empty_strided|from_file|frombuffer|as_strided_|to_empty|volatile|output_nr|record_stream|reinforce|is_distributed|nelement|ndimension)$/,
    ),
  },
  {
    title: 'Other devices and more than one of them',
    reason: "The devices are `'wasm'` (or `'cpu'`), `'webgpu'` and `'meta'`; a page has one process.",
    holds: matches(
      /cuda|cudnn|miopen|mkl|mps|xpu|ipu|vulkan|mkldnn|is_(cpu|ort|meta|nested)|has_(lapack|openmp|spectral)|DataParallel|SyncBatchNorm|Distributed|get_device$|float32_matmul_precision|to_padded_tensor|is_same_size|memory_format$/,
    ),
  },
  {
    title: 'Automatic casts',
    reason: 'Casts are written: `x.half()`. `amp.GradScaler` scales losses.',
    holds: matches(/autocast|custom_bwd|custom_fwd/),
  },
  {
    title: 'Switches of the process',
    reason:
      'Results are deterministic for any number of workers (`init({ threads })` chooses it), `setDefaultDtype` and `setPrintOptions` are there.',
    holds: matches(
      /determinis|num_threads|interop|warn_always|flush_denormal|anomaly|default_tensor_type|can_cast|^is_inference|default_generator|autograd\.variable|dump_patches|T_destination/,
    ),
  },
  {
    title: 'Pipes of data and processes that load it',
    reason: 'Datasets and `DataLoader` are there; batches are made on the page, ahead of the device.',
    holds: (path, name) =>
      path === 'torch.utils.data' &&
      /DataPipe|DataChunk|DataLoader2|validation|datapipe|worker|deterministic|default_convert|Distributed/.test(name),
  },
  {
    title: 'In-place forms as functions',
    reason: 'They are methods: `x.abs_()` for `torch.abs_(x)`.',
    holds: (path, name) => path === 'torch' && name.endsWith('_'),
  },
  {
    title: 'Parts of the machine',
    reason:
      'What PyTorch calls itself, under names that its documentation does not have. The functions of `nn.functional` and the methods stand for them.',
    holds: (path, name) =>
      /_copy$|^(native_|batch_norm_|_)|_with_indices$|unsafe_|^(grid_sampler|affine_grid_generator|conv_tbc|convolution|segment_reduce|norm_except_dim|nuclear_norm|frobenius_norm|typename|scalar_tensor|feature_dropout|max_pool1d_with_indices|assert_int_or_pair|factory_kwargs|invert_permutation|transfer_parametrizations_and_params|is_storage|as_strided_scatter|retains_grad|range)/.test(
        name,
      ) ||
      (path === 'torch' &&
        /^(batch_norm|bilinear|binary_cross_entropy|cosine_|ctc_loss|embedding|hinge_|instance_norm|kl_div|margin_|pairwise|pdist|poisson_nll|triplet_|gru|lstm|rnn_|hardshrink|AVG|SUM|layout|dtype)/.test(
          name,
        )) ||
      (path === 'torch.autograd' &&
        /^(Any|Callable|DeviceType|List|Optional|Sequence|Tuple|Union|Variable|variable|cast|is_tensor_like|kineto|Profiler|NestedIO|SavedTensor)/.test(
          name,
        )) ||
      /^(Container|RNNBase|RNNCellBase|NLLLoss2d|register_backward_hook)$/.test(name),
  },
  {
    title: 'Names from before',
    reason: 'PyTorch has replaced or removed them: `nn.init.normal_`, `clipGradNorm_`, `linalg.svd`.',
    holds: (path, name) =>
      path === 'torch.nn.init' ||
      /^(clip_grad_norm|symeig|svd|lstsq|solve|lu|eig|geqrf|orgqr|ormqr|lobpcg|chain_matmul|vander)$/.test(name),
  },
  {
    title: 'Known by another name',
    reason:
      "`io.load` and `io.save`; dtypes are strings (`'float32'` for `torch.float`, `'int64'` for `torch.long`); `Math.PI`, `Math.E`, `Infinity`, `NaN`; `tensor(array)` for `asarray` and `from_numpy`; `setPrintOptions` for `set_printoptions`; the state of modules is `getExtraState`, `setExtraState`, which a class defines.",
    holds: matches(
      /^(load|save|float|double|half|int|long|short|pi|e|inf|nan|asarray|from_numpy|set_printoptions|get_extra_state|set_extra_state)$/,
    ),
  },
  {
    title: 'Rarer special functions and decompositions',
    reason: 'Bessel functions, orthogonal polynomials and some factorizations have no kernels yet.',
    holds: isOf('torch.special', 'torch.linalg'),
  },
];
const REST: Omit<Group, 'holds'> = { title: 'Not written yet', reason: 'Nothing speaks against them.' };

/** Names that are public in PyTorch and that kindling has not, by module. */
export function missing(): ReadonlyMap<string, readonly string[]> {
  const lists = Object.entries(NAMES).map(([path, names]): [string, string[]] => {
    const home = HOMES[path] ?? namespace(path);
    return [path, names.filter((name) => home === undefined || !(camelCase(name) in home))];
  });
  return new Map(lists);
}

/** The text of the page, before it is formatted. */
export function page(): string {
  const groups = new Map<Omit<Group, 'holds'>, string[]>([...GROUPS, REST].map((group) => [group, []]));
  let [all, gone] = [0, 0];
  for (const [path, names] of missing()) {
    all += NAMES[path].length;
    gone += names.length;
    const byGroup = new Map<string[], string[]>();
    for (const name of names) {
      const list = groups.get(GROUPS.find(({ holds }) => holds(path, name)) ?? REST) ?? [];
      byGroup.set(list, [...(byGroup.get(list) ?? []), `\`${name}\``]);
    }
    for (const [list, own] of byGroup) {
      list.push(own.length === NAMES[path].length ? `- \`${path}\`: all of it` : `- \`${path}\`: ${own.join(', ')}`);
    }
  }
  const sections = [...groups].filter(([, lists]) => lists.length > 0);
  return `# Not there

Which names of PyTorch 1.13 kindling has not, and why: of ${all} public names in ${Object.keys(NAMES).length} modules ${gone}. Names are
as PyTorch writes them; those that are there are written in camelCase. This page is generated (\`tests/docs/notThere.ts\`), and a
test holds it against the library.

${sections.map(([{ title, reason }, lists]) => `## ${title}\n\n${reason}\n\n${lists.join('\n')}\n`).join('\n')}`;
}
