// Which format a file is of, by its bytes, and what it is if it is no checkpoint.
import { LoadError } from '../base/errors';
import { decodeText, type Bytes } from './bytes';
import { isSafetensors } from './safetensors';
import { isZip } from './zip';

export type FileFormat = 'zip' | 'pickle' | 'safetensors';

/** Opcodes that a pickle without a protocol begins with: names, marks, containers, integers. It ends with a dot. */
const FIRST_OPCODES = new Set(Array.from('c(]}iN)L', (code) => code.charCodeAt(0)));
const LAST_OPCODE = '.'.charCodeAt(0);

/** Files of other kinds by their first bytes. */
const OTHERS: readonly (readonly [begin: string, what: string])[] = [
  ['\x1f\x8b', 'a gzip archive. Unpack it first'],
  ['7z\xbc\xaf', 'a 7z archive. Unpack it first'],
  ['BZh', 'a bzip2 archive. Unpack it first'],
  ['\xfd7zXZ', 'an xz archive. Unpack it first'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive. Unpack it first'],
  ['\x89HDF', 'an HDF5 file, as Keras writes. Export the weights to safetensors'],
  ['GGUF', 'a GGUF file. Take the safetensors of the model'],
  ['\x93NUMPY', 'a NumPy array. Save tensors with torch.save or as safetensors'],
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['GIF8', 'a GIF image'],
  ['%PDF', 'a PDF document'],
  ['\0asm', 'a WebAssembly module'],
];

/** @throws LoadError that says what `source` is instead of a checkpoint */
export function sniff(file: Bytes, source: string): FileFormat {
  const refuse = (what: string): never => {
    throw new LoadError('load', `${source} must be a file of torch.save or safetensors, got ${what}.`);
  };
  if (file.length === 0) return refuse('an empty one');
  if (isZip(file)) return 'zip';
  // Before pickles, as the length of a header may have any bytes.
  if (isSafetensors(file)) return 'safetensors';
  if (file[0] === 0x80 && file.length > 1 && file[1] <= 5) return 'pickle';
  const begin = String.fromCharCode(...file.subarray(0, 16));
  const other = OTHERS.find(([bytes]) => begin.startsWith(bytes));
  if (other !== undefined) return refuse(other[1]);
  const text = textOf(file);
  if (text !== null) {
    const named = textKind(text);
    if (named !== null) return refuse(`${named}: ${JSON.stringify(text.slice(0, 60))}`);
  }
  if (FIRST_OPCODES.has(file[0]) && (text === null || file[file.length - 1] === LAST_OPCODE)) return 'pickle';
  if (text !== null) return refuse(`text: ${JSON.stringify(text.slice(0, 60))}`);
  if (file.length < 16) return refuse(`${file.length} bytes. The file is cut off`);
  // Said by the reader of safetensors, which has the least to tell it by.
  return 'safetensors';
}

/** The beginning of a file that is text, without the space in front; null for other bytes. */
function textOf(file: Bytes): string | null {
  const text = decodeText(file.subarray(0, 512));
  const isText = (character: string, i: number): boolean =>
    (character >= ' ' && character !== '\uFFFD') ||
    '\t\n\f\r'.includes(character) ||
    // The last one may be cut in two.
    i === text.length - 1;
  return Array.from(text).every(isText) ? text.replace(/^\uFEFF/, '').trimStart() : null;
}

function textKind(text: string): string | null {
  if (text.startsWith('version https://git-lfs.github.com/')) {
    return 'a git-LFS pointer, which stands for a file kept elsewhere. Fetch it with git lfs pull, or from the address that resolves it'; // prettier-ignore
  }
  if (/^<\?xml/i.test(text)) return 'an XML document, as a server sends for an error';
  if (/^<(!doctype|html|head|body|!--)/i.test(text)) return 'an HTML page, as a server sends for an error or a sign-in';
  if (/^(\{\s*("|\}|$)|\[\s*(["{[\]\d-]|$))/.test(text)) return 'JSON, as a server sends for an error';
  return null;
}
