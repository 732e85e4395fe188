// Lint rules: type-checked TypeScript, and the one direction of imports:
//   demo -> index -> nn, optim, amp, data, io -> ops -> op, autograd, tensor -> device -> shape, dtype, errors
// Formatting is Prettier's. AssemblyScript (assembly/) is checked by its own compiler.
// Circles, which no direction shows, fail the build (vite.config.ts).
import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Files and folders of src by layer, lowest first. */
const PURE = ['arguments', 'derivative', 'dtype', 'errors', 'expression', 'half', 'limits', 'random', 'shape'];
const CORE = ['autograd', 'elementwise', 'memory', 'op', 'pointwise', 'print', 'tensor'];
const OPS = ['ops', 'methods'];
const MODULES = ['nn', 'optim', 'amp', 'data', 'io'];
const ENGINES = ['device/wasm', 'device/webgpu'];

/** What a file or folder may not import. The last entry that matches a file counts. */
const FORBIDDEN = [
  { who: PURE, whom: ['device', ...CORE, ...OPS, ...MODULES], why: 'pure helpers import only each other' },
  { who: ['device'], whom: [...CORE, ...OPS, ...MODULES], why: 'a device never sees a Tensor, only views' },
  { who: ['device/wasm'], whom: [...CORE, ...OPS, ...MODULES, 'device/webgpu'], why: 'a device knows only views' },
  { who: ['device/webgpu'], whom: [...CORE, ...OPS, ...MODULES, 'device/wasm'], why: 'a device knows only views' },
  { who: CORE, whom: [...OPS, ...MODULES, ...ENGINES], why: 'the core knows no single op and no single device' },
  { who: OPS, whom: [...MODULES, ...ENGINES], why: 'ops see devices through the contract' },
  { who: MODULES, whom: ['device'], why: 'modules compute with ops, never on a device' },
  { who: ['nn'], whom: ['device', 'optim', 'amp', 'data', 'io'], why: 'nn stands alone' },
];

/** Folders below src are no deeper than this. */
const DEPTH = 4;

/** The rule for the files of `name`, once for each depth, since imports are relative. */
const direction = (name, whom, why) => [
  onlyTo(`src/${name}.ts`, name.split('/').length - 1, whom, why),
  ...Array.from({ length: DEPTH }, (_, depth) =>
    onlyTo(`src/${name}/${'*/'.repeat(depth)}*.ts`, name.split('/').length + depth, whom, why),
  ),
];

const onlyTo = (file, depth, whom, why) => {
  const up = depth === 0 ? './' : '../'.repeat(depth);
  const regex = `^${up.replaceAll('.', '\\.')}(${[...whom, 'index'].join('|')})(/|$)`;
  return {
    files: [file],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex, message: `${why}.` }] }] },
  };
};

export default defineConfig(
  // What imports the benchmark's peers can only be checked where they are installed.
  globalIgnores(['tests/bench/peers/tfjs.ts', 'tests/bench/peers/jax.ts', 'tests/bench/peers/onnx.ts']),
  globalIgnores(['assembly', 'build', 'dist', 'coverage', 'docs/api', 'playwright-report', 'test-results', '**/dist']),
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/device/wasm/virtual.d.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
          message: 'No `as unknown as`: it hides what the types could check.',
        },
        { selector: 'ExportDefaultDeclaration', message: 'Exports have names.' },
      ],
    },
  },
  ...FORBIDDEN.flatMap(({ who, whom, why }) => who.flatMap((name) => direction(name, whom, why))),
  {
    files: ['demo/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '/src/', message: "Demos import 'kindling'." }] }],
    },
  },
  { files: ['**/*.js'], languageOptions: { globals: { console: 'readonly', process: 'readonly' } } },
);
