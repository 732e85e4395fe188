// Lint rules: type-checked TypeScript, and the one direction of imports:
//   demo -> index -> io, amp -> nn -> optim, data, distributions, autograd -> ops -> core -> device -> expression -> base
// Formatting is Prettier's. AssemblyScript (assembly/) is checked by its own compiler.
// Circles, which no direction shows, fail the build (vite.config.ts).
import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** What each folder of src may import beside itself; the files at the root of src may import everything. */
const MAY_IMPORT = {
  base: [],
  expression: ['base'],
  device: ['expression', 'base'],
  core: ['device', 'expression', 'base'],
  ops: ['core', 'device', 'expression', 'base'],
  autograd: ['ops', 'core', 'base'],
  data: ['ops', 'core', 'base'],
  distributions: ['ops', 'core', 'base'],
  profiler: ['base'],
  debug: ['profiler', 'nn', 'ops', 'core', 'base'],
  testing: ['core', 'base'],
  nn: ['autograd', 'ops', 'core', 'expression', 'base'],
  optim: ['ops', 'core', 'expression', 'base'],
  amp: ['optim', 'ops', 'core', 'base'],
  io: ['nn', 'ops', 'core', 'base'],
  compile: ['optim', 'nn', 'core', 'device', 'base'],
  func: ['nn', 'autograd', 'ops', 'core', 'base'],
  averaging: ['nn', 'optim', 'ops', 'core', 'base'],
  quantization: ['nn', 'autograd', 'ops', 'core', 'device', 'expression', 'base'],
  utils: ['autograd', 'core', 'base'],
  fx: ['nn', 'ops', 'core', 'base'],
};
/** Parts of folders that see less than the folder does. */
const APART = [
  { target: 'src/device/wasm', from: 'src/device/webgpu' },
  { target: 'src/device/webgpu', from: 'src/device/wasm' },
  // The core and what computes with tensors see devices through the contract.
  ...['core', 'ops'].flatMap((target) =>
    ['wasm', 'webgpu'].map((from) => ({ target: `src/${target}`, from: `src/device/${from}` })),
  ),
];

const ZONES = [
  ...Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
    target: `src/${folder}`,
    from: 'src',
    except: [folder, ...allowed].map((name) => `./${name}`),
    message: `src/${folder} may import ${allowed.length === 0 ? 'only itself' : `src/{${allowed.join(',')}}`}.`,
  })),
  ...APART,
].map((zone) => ({ ...zone, target: `${zone.target}/**/*` }));

export default defineConfig(
  // What imports the benchmark's peers can only be checked where they are installed.
  globalIgnores(['tests/bench/{first,peers}/jax.ts', 'tests/bench/peers/{tfjs,onnx}.ts']),
  // Written as their authors would, under strict types alone.
  globalIgnores(['tests/programs/kindling']),
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
    ignores: ['src/device/wasm/engine/virtual.d.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
          message: 'No `as unknown as`: it hides what the types could check.',
        },
        { selector: 'ExportDefaultDeclaration', message: 'Exports have names.' },
        {
          selector: 'NewExpression[callee.name=/^(Range|Type)Error$/]',
          message: 'ValueError and KindError (base/errors.ts) are these and know who speaks.',
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: { 'import-x/no-restricted-paths': ['error', { zones: ZONES }] },
  },
  {
    files: ['demo/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '/src/', message: "Demos import 'kindling'." }] }],
    },
  },
  { files: ['**/*.js'], languageOptions: { globals: { console: 'readonly', process: 'readonly' } } },
);
