// Lint rules: type-checked TypeScript, and the one direction of imports:
//   demo -> index -> nn, optim, data, io -> ops -> op, autograd, tensor -> device -> shape, dtype, errors
// Formatting is Prettier's. AssemblyScript (assembly/) is checked by its own compiler.
import eslint from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What the folders and files of src may not import, lowest layer first. A name stands for a file or a folder. */
const PURE = ['shape', 'dtype', 'errors', 'expression', 'random', 'arguments'];
const CORE = ['tensor', 'op', 'autograd', 'memory', 'flow'];
const OPS = ['ops', 'methods'];
const MODULES = ['nn', 'optim', 'data', 'io'];
const ENGINES = ['device/wasm', 'device/webgpu'];

const FORBIDDEN = [
  { who: PURE, whom: ['device', ...CORE, ...OPS, ...MODULES], why: 'pure helpers import only each other' },
  { who: ['device'], whom: [...CORE, ...OPS, ...MODULES], why: 'a device never sees a Tensor, only views' },
  { who: ['device/wasm'], whom: ['device/webgpu'], why: 'devices do not know each other' },
  { who: ['device/webgpu'], whom: ['device/wasm'], why: 'devices do not know each other' },
  { who: CORE, whom: [...OPS, ...MODULES, ...ENGINES], why: 'the core knows no single op and no single device' },
  { who: OPS, whom: [...MODULES, ...ENGINES], why: 'ops see devices through the contract' },
  { who: MODULES, whom: ['device'], why: 'modules compute with ops, never on a device' },
  { who: ['nn'], whom: ['optim', 'data', 'io'], why: 'nn stands alone' },
  { who: [...PURE, 'device', ...CORE, ...OPS, ...MODULES], whom: ['index'], why: 'the public API is for users' },
];

const inSource = (name) => `./src/${name}{.ts,/**/*}`;

export default defineConfig(
  globalIgnores(['assembly', 'build', 'dist', 'coverage', 'docs/api', 'playwright-report', 'test-results', '**/dist']),
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.d.ts', '.js'] })],
    },
    rules: {
      eqeqeq: 'error',
      'import-x/no-cycle': 'error',
      'import-x/no-restricted-paths': [
        'error',
        {
          basePath: import.meta.dirname,
          zones: [
            ...FORBIDDEN.map(({ who, whom, why }) => ({
              target: who.map(inSource),
              from: whom.map(inSource),
              message: `${why} (see eslint.config.js).`,
            })),
            { target: './src', from: ['./tests', './demo'], message: 'src stands alone.' },
            { target: './demo', from: './src', message: "Demos import the public API: 'kindling'." },
          ],
        },
      ],
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
  { files: ['**/*.js'], languageOptions: { globals: { console: 'readonly', process: 'readonly' } } },
);
