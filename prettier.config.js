// Formatting. AssemblyScript is TypeScript but for decorators on functions, which Prettier's parser refuses:
// they are formatted as line comments and printed as decorators again.
import * as estree from 'prettier/plugins/estree';
import * as typescript from 'prettier/plugins/typescript';

const DECORATOR = /^( *)@(?=\w+(\(.*\))?$)/gm;
const MARK = '//decorator@';

/** @type {import('prettier').Plugin} */
const assemblyScript = {
  languages: [{ name: 'AssemblyScript', parsers: ['assemblyscript'] }],
  parsers: {
    assemblyscript: {
      ...typescript.parsers.typescript,
      astFormat: 'assemblyscript',
      preprocess: (text) => text.replace(DECORATOR, `$1${MARK}`),
    },
  },
  printers: {
    assemblyscript: {
      ...estree.printers.estree,
      printComment(path, options) {
        const printed = estree.printers.estree.printComment(path, options);
        return typeof printed === 'string' && printed.startsWith(MARK) ? `@${printed.slice(MARK.length)}` : printed;
      },
    },
  },
};

/** @type {import('prettier').Config} */
export default {
  printWidth: 120,
  singleQuote: true,
  plugins: [assemblyScript],
  overrides: [{ files: 'assembly/**/*.ts', options: { parser: 'assemblyscript' } }],
};
